"""Slow and obvious versions of what the suite computes fast: pixel by pixel, in NumPy, SciPy and GUDHI."""

from collections.abc import Iterator
from itertools import product

import gudhi
import numpy as np
import torch
from scipy import ndimage

import topology


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


def skeleton_from_all_sides(mask: torch.Tensor) -> torch.Tensor:
    """The union of the skeletons of all mirror images, and of those with the first two axes exchanged."""
    union = torch.zeros_like(mask)
    axes = range(2, mask.ndim)
    for mirrored in product((False, True), repeat=len(axes)):
        chosen = [axis for axis, is_mirrored in zip(axes, mirrored, strict=True) if is_mirrored]
        moved = mask.flip(chosen)
        union |= topology.skeletonize(moved).flip(chosen)
        union |= topology.skeletonize(moved.transpose(2, 3)).transpose(2, 3).flip(chosen)
    return union


def features(image: np.ndarray, dim: int) -> list[tuple[int, int]]:
    """Flat indices of birth and death pixels of the finite features of the superlevel sets, the longest-lived first."""
    falling = 1 - image
    # GUDHI reads flat cells with the first axis fastest
    complex_ = gudhi.CubicalComplex(dimensions=falling.shape, top_dimensional_cells=falling.ravel(order="F"))
    complex_.compute_persistence()
    regular = complex_.cofaces_of_persistence_pairs()[0]
    pairs = np.asarray(regular[dim]).reshape(-1, 2) if dim < len(regular) else np.zeros((0, 2), int)
    flat = [
        tuple(np.ravel_multi_index(np.unravel_index(cell, image.shape, "F"), image.shape) for cell in p) for p in pairs
    ]
    values = image.ravel()
    return sorted(((b, d) for b, d in flat if values[b] > values[d]), key=lambda p: values[p[1]] - values[p[0]])


def mean_error_at_critical_pixels(p: np.ndarray, y: np.ndarray, dims: tuple[int, ...], t: float) -> float:
    """PHPM's term of one class, equations 4 and 5."""
    filtered = np.where(y & (p >= t), 1.0, np.where(~y & (p <= t), 0.0, p))
    total = 0.0
    for dim in dims:
        cells = [cell for pair in features(filtered, dim) for cell in pair]
        errors = [(p.ravel()[c] - y.ravel()[c]) ** 2 for c in cells if filtered.ravel()[c] != y.ravel()[c]]
        total += np.mean(errors) if errors else 0.0
    return total


def patches(shape: tuple[int, ...], side: int) -> Iterator[tuple[slice, ...]]:
    """Square patches side by side, what is left at the border too."""
    for corner in product(*(range(0, length, side) for length in shape)):
        yield tuple(slice(start, start + side) for start in corner)


def persistence_penalty(p: np.ndarray, y: np.ndarray, dims: tuple[int, ...], side: int, threshold: float) -> float:
    """TopoLoss's term of one class."""
    total = 0.0
    for where in patches(p.shape, side):
        image, mask = p[where], y[where]
        if mask.all() or not mask.any():
            continue
        for dim in dims:
            wanted = len(features(mask.astype(float), dim))
            for rank, (birth, death) in enumerate(features(image, dim)):
                b, d = image.ravel()[birth], image.ravel()[death]
                if rank < wanted and b - d <= 0.99:
                    total += (b - 1) ** 2 + d**2
                elif rank >= wanted and b - d > threshold:
                    total += (b - d) ** 2 / 2
    return total


def euler_number(mask: np.ndarray) -> int:
    """The alternating count of the corners, edges, faces (and cubes) of closed pixels: full adjacency."""
    cells = set()
    for pixel in np.argwhere(mask):  # in doubled coordinates, pixels lie at odd places and their borders around them
        cells |= {tuple(2 * pixel + 1 + step) for step in product((-1, 0, 1), repeat=mask.ndim)}
    return sum((-1) ** sum(int(i) % 2 for i in cell) for cell in cells)
