"""Homotopic thinning in 2D (Zhang and Suen) and 3D (Lee et al.), over lists of foreground pixels.

Passes go over a list of the foreground pixels, a few per cent of the image where structures are thin. What a pass
learns about a pixel's neighbourhood is stored at its place in the image and holds until a neighbour is removed. A
neighbourhood is a number whose bit k is neighbour k.
"""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from topology._zhang_suen import AROUND, REMOVABLE_2D
from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]

BACKGROUND, UNKNOWN, STAYS = 0, 1, 2  # larger: whether and when it may be removed


def _framed(mask: Array) -> Array:
    """Copy a mask into an image with a frame of background, always in C order."""
    framed = np.zeros([n + 2 for n in mask.shape], np.uint8)
    framed[(slice(1, -1),) * mask.ndim] = mask
    return framed


@compiled
def _foreground(image: Array) -> Array:
    """Return the pixels of the foreground, several times faster than NumPy."""
    number = 0
    for pixel in range(image.shape[0]):
        number += image[pixel] != BACKGROUND
    pixels = np.empty(number, np.int64)
    number = 0
    for pixel in range(image.shape[0]):
        if image[pixel] != BACKGROUND:
            pixels[number] = pixel
            number += 1
    return pixels


# ---- 2D ----


def thin_2d(mask: Array) -> Array:
    """Thin a 2D mask; the same pixels as scikit-image's `skeletonize`.

    Args:
        mask: bool (H, W).

    Returns:
        bool (H, W).
    """
    padded = _framed(mask)
    width = padded.shape[1]
    steps = np.array([dy * width + dx for dy, dx in AROUND])
    _thin_2d(padded.ravel(), _foreground(padded.ravel()), steps, REMOVABLE_2D)
    return padded[1:-1, 1:-1] != BACKGROUND


@compiled
def _thin_2d(image: Array, pixels: Array, steps: Array, removable: Array) -> None:
    left = pixels.shape[0]
    doomed = np.empty(left, pixels.dtype)
    changed = True
    while changed:
        changed = False
        for bit in (1, 2):
            number, kept = 0, 0
            for n in range(left):
                pixel = pixels[n]
                if image[pixel] == UNKNOWN:
                    code = 0
                    for k in range(8):
                        code |= (image[pixel + steps[k]] != BACKGROUND) << k
                    image[pixel] = STAYS + removable[code]
                if (image[pixel] - STAYS) & bit:
                    doomed[number] = pixel
                    number += 1
                else:
                    pixels[kept] = pixel
                    kept += 1
            for n in range(number):  # all at once: no pixel of a pass sees another's removal
                image[doomed[n]] = BACKGROUND
            for n in range(number):
                for k in range(8):
                    neighbour = doomed[n] + steps[k]
                    image[neighbour] = min(image[neighbour], UNKNOWN)
            changed |= number > 0
            left = kept


# ---- 3D ----

# the 26 neighbours in raster order, and the order in which borders are peeled, as steps along the axes
_NEIGHBOURS = [step for step in product((-1, 0, 1), repeat=3) if any(step)]
_BORDERS = [(0, -1, 0), (0, 1, 0), (0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)]
_BORDERS_OF_ONE_PLANE = _BORDERS[:4]


_SLOTS, _SPREAD = 2**14, 2654435761  # of a hash table that caches answers


def _adjacent() -> Array:
    """Return for each of the 26 neighbours the set of those that touch it."""
    table = np.zeros(26, np.int64)
    for a, here in enumerate(_NEIGHBOURS):
        for b, there in enumerate(_NEIGHBOURS):
            if a != b and max(abs(i - j) for i, j in zip(here, there, strict=True)) == 1:
                table[a] |= 1 << b
    return table


def _cells() -> tuple[Array, Array]:
    """Return the neighbours that share each corner, edge and side of a voxel, and its sign in the Euler number."""
    sharing, signs = [], []
    for cell in _NEIGHBOURS:  # (1, 1, 1) is a corner, (0, 1, 1) an edge, (0, 0, 1) a side
        shared = 0
        for k, step in enumerate(_NEIGHBOURS):
            shared |= all(s in (0, c) for s, c in zip(step, cell, strict=True)) << k
        sharing.append(shared)
        signs.append(1 if np.count_nonzero(cell) != 2 else -1)
    return np.array(sharing), np.array(signs)


ADJACENT = _adjacent()
SHARING, SIGNS = _cells()


def thin_3d(mask: Array) -> Array:
    """Thin a 3D mask; the same voxels as scikit-image's `skeletonize`.

    Args:
        mask: bool (D, H, W).

    Returns:
        bool (D, H, W).
    """
    padded = _framed(mask)
    strides = np.array(padded.strides)
    steps = np.array([int(np.dot(step, strides)) for step in _NEIGHBOURS])
    peeled = _BORDERS_OF_ONE_PLANE if len(mask) == 1 else _BORDERS
    borders = np.array([int(np.dot(step, strides)) for step in peeled])
    _thin_3d(padded.ravel(), _foreground(padded.ravel()), steps, borders, ADJACENT, SHARING, SIGNS)
    return padded[1:-1, 1:-1, 1:-1] != BACKGROUND


@compiled
def _neighbourhood(image: Array, voxel: int, steps: Array) -> Any:
    code = np.int64(0)
    for k in range(26):
        code |= np.int64(image[voxel + steps[k]] != BACKGROUND) << k
    return code


@compiled
def _keeps_euler(code: int, sharing: Array, signs: Array) -> bool:
    """Return whether the Euler number (26-adjacency) stays without the voxel and all cells that are its alone."""
    change = -1  # the voxel itself
    for c in range(26):
        if code & sharing[c] == 0:
            change += signs[c]
    return change == 0


@compiled
def _holds_together(code: int, adjacent: Array) -> bool:
    """Return whether the neighbours are one component (or none) without the voxel."""
    reached: Any = code & -code
    front = reached
    while front:
        grown = np.int64(0)
        for k in range(26):
            if (front >> k) & 1:
                grown |= adjacent[k]
        front = grown & code & ~reached
        reached |= front
    return reached == code


@compiled
def _may_go(code: int, adjacent: Array, sharing: Array, signs: Array) -> bool:
    """Return whether a voxel with these neighbours is a candidate: not the end of a line, irrelevant to topology."""
    end_of_line = code != 0 and code & (code - 1) == 0
    return not end_of_line and _keeps_euler(code, sharing, signs) and _holds_together(code, adjacent)


@compiled
def _remove(image: Array, voxel: int, steps: Array) -> None:
    image[voxel] = BACKGROUND
    for k in range(26):
        image[voxel + steps[k]] = min(image[voxel + steps[k]], UNKNOWN)


@compiled
def _find_candidates(
    image: Array,
    voxels: Array,
    border: int,
    steps: Array,
    adjacent: Array,
    sharing: Array,
    signs: Array,
    asked: Array,
    answers: Array,
    candidates: Array,
) -> Any:
    """Write the removable voxels without a neighbour at a border, and return their number and that of the voxels left.

    `asked` and `answers` cache the neighbourhoods seen before; structures are smooth, so that few kinds are frequent.
    """
    number, kept = 0, 0
    for n in range(voxels.shape[0]):
        voxel = voxels[n]
        if image[voxel] == BACKGROUND:
            continue
        voxels[kept] = voxel
        kept += 1
        if image[voxel + border] == BACKGROUND:
            if image[voxel] == UNKNOWN:
                code = _neighbourhood(image, voxel, steps)
                slot = (code * _SPREAD >> 16) & (_SLOTS - 1)
                if asked[slot] != code:
                    asked[slot] = code
                    answers[slot] = _may_go(code, adjacent, sharing, signs)
                image[voxel] = STAYS + answers[slot]
            if image[voxel] > STAYS:
                candidates[number] = voxel
                number += 1
    return number, kept


@compiled
def _thin_3d(
    image: Array, voxels: Array, steps: Array, borders: Array, adjacent: Array, sharing: Array, signs: Array
) -> None:
    candidates = np.empty_like(voxels)
    asked, answers = np.full(_SLOTS, -1, np.int64), np.zeros(_SLOTS, np.uint8)
    left, unchanged = voxels.shape[0], 0
    while unchanged < borders.shape[0]:
        unchanged = 0
        for border in borders:
            number, left = _find_candidates(
                image, voxels[:left], border, steps, adjacent, sharing, signs, asked, answers, candidates
            )
            removed = 0
            for n in range(number):  # one by one: a removal may make the next one matter
                voxel = candidates[n]
                if image[voxel] > STAYS or _holds_together(_neighbourhood(image, voxel, steps), adjacent):
                    _remove(image, voxel, steps)
                    removed += 1
            unchanged += removed == 0
