"""Simple points, those whose flip changes no topology: to thin a mask in subfields, and to warp it into another.

The neighbours of a pixel are numbered in raster order, and a set of them is a number whose bit k is neighbour k.
Whether a pixel is simple depends on the set of its neighbours in the foreground alone, not on the pixel itself.
"""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]

_SLOTS, _SPREAD = 2**14, 2654435761  # of a hash table that caches answers
_KEPT = 2  # a pixel of the foreground that may not be deleted in this round
_OUTSIDE = 2  # a pixel beyond the image where that is neither foreground nor background


class Rule(NamedTuple):
    """The definition of a simple point, as bit sets for the loops.

    Attributes:
        adjacent: for each neighbour those that touch it.
        crossing: for each neighbour those that it shares a side with, among those that share an edge with the centre.
        sides: the neighbours that share a side with the centre; 0 where the background does not matter.
    """

    adjacent: Array
    crossing: Array
    sides: int


def _around(ndim: int) -> list[tuple[int, ...]]:
    return [step for step in product((-1, 0, 1), repeat=ndim) if any(step)]


def _sets(around: list[tuple[int, ...]], steps: int, reach: int) -> Array:
    """Return for each neighbour the set of those that lie up to `steps` axes away, all within `reach` of the centre."""
    table = np.zeros(len(around), np.int64)
    for a, here in enumerate(around):
        for b, there in enumerate(around):
            apart = [abs(i - j) for i, j in zip(here, there, strict=True)]
            within = max(np.count_nonzero(here), np.count_nonzero(there)) <= reach
            table[a] |= (within and a != b and max(apart) == 1 and sum(apart) <= steps) << b
    return table


def digital(ndim: int) -> Rule:
    """Return the rule of digital topology: foreground with full adjacency (8, 26), background with 4 or 6."""
    around = _around(ndim)
    sides = sum(1 << k for k, step in enumerate(around) if np.count_nonzero(step) == 1)
    return Rule(_sets(around, ndim, ndim), _sets(around, 1, 2), sides)


def one_piece(ndim: int) -> Rule:
    """Return the rule that a set of neighbours is one component with full adjacency, whatever the others are."""
    around = _around(ndim)
    return Rule(_sets(around, ndim, ndim), np.zeros(len(around), np.int64), 0)


@compiled
def _reached(start: int, among: int, adjacent: Array) -> Any:
    """Return the set of neighbours that a path can reach."""
    reached: Any = np.int64(start)
    front: Any = np.int64(start)
    while front:
        grown = np.int64(0)
        for k in range(adjacent.shape[0]):
            if (front >> k) & 1:
                grown |= adjacent[k]
        front = grown & among & ~reached
        reached |= front
    return reached


@compiled
def _is_simple(code: int, adjacent: Array, crossing: Array, sides: int) -> bool:
    """Return whether the foreground around a pixel is one piece, and the background at its sides is one piece."""
    if code == 0 or _reached(code & -code, code, adjacent) != code:
        return False
    met = sides & ~code
    return sides == 0 or (met != 0 and met & ~_reached(met & -met, ~code, crossing) == 0)


@compiled
def _ask(code: int, adjacent: Array, crossing: Array, sides: int, asked: Array, answers: Array) -> bool:
    """Return the same from a cache: structures are smooth, so that few neighbourhoods are frequent."""
    slot = (code * _SPREAD >> 16) & (_SLOTS - 1)
    if asked[slot] != code:
        asked[slot] = code
        answers[slot] = _is_simple(code, adjacent, crossing, sides)
    return answers[slot]


def _memory() -> tuple[Array, Array]:
    return np.full(_SLOTS, -1, np.int64), np.zeros(_SLOTS, np.bool_)


def _framed(mask: Array, frame: int) -> tuple[Array, Array]:
    """Copy a mask into an image with a frame, and return the steps to the neighbours in its memory."""
    image = np.full([n + 2 for n in mask.shape], frame, np.uint8)
    image[(slice(1, -1),) * mask.ndim] = mask
    return image, np.array(_around(mask.ndim)) @ np.array(image.strides)


# ---- thinning in subfields ----


def thin_in_subfields(mask: Array, rounds: int) -> Array:
    """Delete simple points, except end points, of one subfield after another; see `topology.subfield_skeleton`.

    Args:
        mask: bool (H, W) or (D, H, W).
        rounds: over all subfields.

    Returns:
        bool, same shape.
    """
    image, steps = _framed(mask, 0)
    places = np.nonzero(image)
    # of the pixels' coordinates in the framed image: even ones first, the first axis changing fastest
    field = sum(((place & 1) << axis for axis, place in enumerate(places)), np.zeros(len(places[0]), np.int64))
    pixels = np.ravel_multi_index(places, image.shape)[np.argsort(field, kind="stable")]
    _thin(image.ravel(), pixels, rounds, steps, *digital(mask.ndim), *_memory())
    return image[(slice(1, -1),) * mask.ndim] != 0


@compiled
def _foreground_around(image: Array, pixel: int, steps: Array) -> Any:
    code = np.int64(0)
    for k in range(steps.shape[0]):
        code |= np.int64(image[pixel + steps[k]] != 0) << k
    return code


@compiled
def _thin(
    image: Array,
    pixels: Array,
    rounds: int,
    steps: Array,
    adjacent: Array,
    crossing: Array,
    sides: int,
    asked: Array,
    answers: Array,
) -> None:
    left = pixels.shape[0]
    for _ in range(rounds):
        for n in range(left):
            code = _foreground_around(image, pixels[n], steps)
            image[pixels[n]] = _KEPT if code & (code - 1) == 0 else 1  # at most one neighbour: an end
        kept = 0
        for n in range(left):  # no two pixels of a subfield touch, so the order within it does not matter
            pixel = pixels[n]
            if image[pixel] != _KEPT and _ask(
                _foreground_around(image, pixel, steps), adjacent, crossing, sides, asked, answers
            ):
                image[pixel] = 0
            else:
                pixels[kept] = pixel
                kept += 1
        if kept == left:
            break
        left = kept


# ---- warping ----


def flip_simple_points(mask: Array, pixels: Array, *, published: bool) -> Array:
    """Flip the pixels that are simple when they are visited; see `topology.warp`.

    Args:
        mask: bool (H, W) or (D, H, W).
        pixels: flat indices in the order of the visits.
        published: the rule of the published code: the neighbours of the other kind, within the image, are one piece.

    Returns:
        bool, same shape.
    """
    image, steps = _framed(mask, _OUTSIDE if published else 0)
    places = [place + 1 for place in np.unravel_index(pixels, mask.shape)]
    order = np.ravel_multi_index(places, image.shape)
    rule = one_piece(mask.ndim) if published else digital(mask.ndim)
    _flip(image.ravel(), order, steps, *rule, *_memory())
    return image[(slice(1, -1),) * mask.ndim] == 1


@compiled
def _flip(
    image: Array,
    pixels: Array,
    steps: Array,
    adjacent: Array,
    crossing: Array,
    sides: int,
    asked: Array,
    answers: Array,
) -> None:
    for pixel in pixels:
        wanted = 1 if sides else 1 - image[pixel]
        code: Any = np.int64(0)
        for k in range(steps.shape[0]):
            code |= np.int64(image[pixel + steps[k]] == wanted) << k
        if _ask(code, adjacent, crossing, sides, asked, answers):
            image[pixel] = 1 - image[pixel]
