"""Slow and obvious versions of what the suite computes fast: pixel by pixel, in NumPy and SciPy."""

from itertools import product

import numpy as np
from scipy import ndimage


def scnp(z: np.ndarray, y: np.ndarray, window: int) -> np.ndarray:
    """SCNP's logits of one image, equation 1 read aloud."""
    result = np.empty_like(z)
    reach = window // 2
    for here in np.ndindex(z.shape):
        around = tuple(slice(max(i - reach, 0), i + reach + 1) for i in here)
        same = z[around][y[around] == y[here]]
        result[here] = same.min() if y[here] else same.max()
    return result


def soft_skeleton(p: np.ndarray, iterations: int) -> np.ndarray:
    """Algorithm 1 of clDice with SciPy's grey morphology, what lies outside the image never winning."""
    cross = ndimage.generate_binary_structure(p.ndim, 1)
    box = np.ones((3,) * p.ndim, bool)

    def erode(image: np.ndarray) -> np.ndarray:
        return ndimage.grey_erosion(image, footprint=cross, mode="constant", cval=np.inf)

    def opened(image: np.ndarray) -> np.ndarray:
        return ndimage.grey_dilation(erode(image), footprint=box, mode="constant", cval=-np.inf)

    skeleton = np.maximum(p - opened(p), 0)
    for _ in range(iterations):
        p = erode(p)
        ridge = np.maximum(p - opened(p), 0)
        skeleton = skeleton + np.maximum(ridge - skeleton * ridge, 0)
    return skeleton


def components(mask: np.ndarray, adjacency: int) -> list[set[tuple[int, ...]]]:
    """Connected components by flood fill."""
    steps = [s for s in product((-1, 0, 1), repeat=mask.ndim) if any(s)]
    if adjacency in (4, 6):
        steps = [s for s in steps if sum(map(abs, s)) == 1]
    left = {tuple(int(i) for i in place) for place in np.argwhere(mask)}
    found = []
    while left:
        component, border = set(), {left.pop()}
        while border:
            here = border.pop()
            component.add(here)
            near = {tuple(i + d for i, d in zip(here, step, strict=True)) for step in steps} & left
            left -= near
            border |= near
        found.append(component)
    return found


def holes(mask: np.ndarray, adjacency: int) -> list[set[tuple[int, ...]]]:
    """Components of the background that do not reach the outside."""
    framed = components(~np.pad(mask, 1), {8: 4, 4: 8, 26: 6, 6: 26}[adjacency])
    enclosed = [hole for hole in framed if (0,) * mask.ndim not in hole]
    return [{tuple(i - 1 for i in place) for place in hole} for hole in enclosed]


def touching(mask: np.ndarray, seeds: np.ndarray, adjacency: int) -> np.ndarray:
    """The components that hold a seed."""
    kept = np.zeros(mask.shape, bool)
    for component in components(mask, adjacency):
        if any(seeds[place] for place in component):
            for place in component:
                kept[place] = True
    return kept
