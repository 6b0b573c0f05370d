"""The soft skeleton of one image and its gradient, level by level and slab by slab.

A slab is a row of a 2D image or a plane of a 3D one, as one line of memory, in which each row has two more columns on
either side that repeat its border: that changes no extremum of which a border pixel is part. So an image is (slabs, n),
n = H (W + 4), H = 1 in 2D, and neighbours are the same line shifted by one, or by a row's length (`stride`). Each level
passes over the image once, with a ring of three slabs for every intermediate result: these stay in the cache and take
negligible memory.

Loops touch few arrays each, and neighbours as shifted views (an index x - 1 might be negative, which numba would
check): only then does the compiler turn them into vector instructions.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

PAD = 2  # columns on either side: a pixel's gradient may depend on its neighbour's other neighbour
RING = 3
Array = npt.NDArray[Any]


def pad(image: Array) -> Array:
    """Copy an image (slabs, H, W) into slabs with its border repeated on either side, (slabs, n)."""
    slabs, height, width = image.shape
    padded = np.empty((slabs, height, width + 2 * PAD), image.dtype)
    padded[..., PAD:-PAD] = image
    padded[..., :PAD] = image[..., :1]
    padded[..., -PAD:] = image[..., -1:]
    return padded.reshape(slabs, -1)


def unpad(image: Array, shape: tuple[int, ...]) -> Array:
    """View slabs (slabs, n) as the image (slabs, H, W) without the repeated border."""
    slabs, height, width = shape
    return image.reshape(slabs, height, width + 2 * PAD)[..., PAD:-PAD]


def rings(image: Array, number: int) -> Array:
    """Make rings of slabs for intermediates of an image (slabs, n)."""
    return np.zeros((number, RING, image.shape[1]), image.dtype)


@compiled
def is_zero(image: Array) -> bool:
    """Return whether an image is all zero."""
    for value in image.flat:  # noqa: SIM110
        if value != 0:
            return False
    return True


@compiled
def copy(line: Array, out: Array) -> None:
    """Copy a line; several times faster than a slice assignment, which allows for overlaps."""
    for x in range(line.shape[0]):
        out[x] = line[x]


@compiled
def fill(line: Array, value: float) -> None:
    """Set a line to one value."""
    for x in range(line.shape[0]):
        line[x] = value


@compiled
def smallest_of_lines(first: Array, second: Array, third: Array, out: Array) -> None:
    """Write the minimum of three lines to another one.

    Written in place, it would become a conditional store, which costs several times as much on some processors.
    """
    for x in range(out.shape[0]):
        out[x] = min(min(first[x], second[x]), third[x])


@compiled
def largest_of_lines(first: Array, second: Array, third: Array, out: Array) -> None:
    """Write the maximum of three lines to another one; see `smallest_of_lines`."""
    for x in range(out.shape[0]):
        out[x] = max(max(first[x], second[x]), third[x])


@compiled
def smallest_of_five(line: Array, slab_before: Array, slab_behind: Array, out: Array) -> None:
    """Write the minimum of each pixel, its neighbours along the line and those in the adjacent slabs."""
    width = line.shape[0] - 2
    before, here, behind = line[:width], line[1 : 1 + width], line[2:]
    slab_before, slab_behind, inner = slab_before[1:], slab_behind[1:], out[1:]
    for x in range(width):
        smallest = min(min(before[x], here[x]), behind[x])
        inner[x] = min(min(smallest, slab_before[x]), slab_behind[x])


@compiled
def largest_along(line: Array, out: Array) -> None:
    """Write the maximum of each pixel and its neighbours along the line."""
    width = line.shape[0] - 2
    before, here, behind, inner = line[:width], line[1 : 1 + width], line[2:], out[1:]
    for x in range(width):
        inner[x] = max(max(before[x], here[x]), behind[x])


@compiled
def repeat_border(slab: Array, stride: int) -> None:
    """Fill the columns beside the image with the border's values."""
    for start in range(0, slab.shape[0], stride):
        slab[start] = slab[start + 1] = slab[start + PAD]
        end = start + stride
        slab[end - 1] = slab[end - 2] = slab[end - PAD - 1]


@compiled
def erode_slab(image: Array, stride: int, d: int, eroded: Array, line: Array) -> None:
    """Write the minimum over the cross around each pixel of slab d; a neighbour outside is the pixel itself.

    Args:
        image: (slabs, n).
        stride: length of a row.
        d: number of the slab.
        eroded: the result.
        line: overwritten where a slab has several rows.
    """
    slab, before, behind = image[d], image[max(d - 1, 0)], image[min(d + 1, image.shape[0] - 1)]
    inner = slab.shape[0] - stride
    if inner == 0:
        smallest_of_five(slab, before, behind, eroded)
    else:
        smallest_of_five(slab, before, behind, line)
        smallest_of_lines(line[:stride], slab[:stride], slab[stride : 2 * stride], eroded[:stride])
        smallest_of_lines(line[stride:inner], slab[: inner - stride], slab[2 * stride :], eroded[stride:inner])
        smallest_of_lines(line[inner:], slab[inner:], slab[inner - stride : inner], eroded[inner:])
    repeat_border(eroded, stride)


@compiled
def widen_slab(eroded: Array, stride: int, lines: Array, widest: Array) -> None:
    """Write the maxima over three pixels of each row of a slab to `lines`, and their maxima over three rows."""
    inner = eroded.shape[0] - stride
    if inner == 0:
        largest_along(eroded, widest)
    else:
        largest_along(eroded, lines)
        largest_of_lines(lines[:stride], lines[:stride], lines[stride : 2 * stride], widest[:stride])
        largest_of_lines(lines[stride:inner], lines[: inner - stride], lines[2 * stride :], widest[stride:inner])
        largest_of_lines(lines[inner:], lines[inner:], lines[inner - stride : inner], widest[inner:])


@compiled
def open_slab(image: Array, stride: int, d: int, eroded: Array, lines: Array, widest: Array, opened: Array) -> None:
    """Open slab d: erode and dilate the next slab (at first itself as well), and write the maximum over three."""
    last = image.shape[0] - 1
    if d == 0:
        erode_slab(image, stride, 0, eroded[0], opened)
        widen_slab(eroded[0], stride, lines[0], widest[0])
    if d < last:
        behind = (d + 1) % RING
        erode_slab(image, stride, d + 1, eroded[behind], opened)
        widen_slab(eroded[behind], stride, lines[behind], widest[behind])
    largest_of_lines(widest[max(d - 1, 0) % RING], widest[d % RING], widest[min(d + 1, last) % RING], opened)


@compiled
def subtract(slab: Array, opened: Array, ridge: Array) -> None:
    """Compute what the opening removes from a slab, relu(I - open(I))."""
    zero = slab.dtype.type(0)
    for x in range(slab.shape[0]):
        ridge[x] = max(slab[x] - opened[x], zero)


@compiled
def accumulate(skeleton: Array, ridge: Array) -> None:
    """Add a level's ridge to the skeleton, S + relu(R - S R), rounded as written."""
    zero = ridge.dtype.type(0)
    for x in range(ridge.shape[0]):
        skeleton[x] = max(ridge[x] - skeleton[x] * ridge[x], zero) + skeleton[x]


@compiled
def survive(survival: Array, ridge: Array) -> None:
    """Multiply the factors 1 - R of the levels.

    A factor of 0 is left out and marked by the sign: dividing by a factor then gives the product of all others. There
    is at most one, since the ridges of a pixel sum to at most 1: each level loses its ridge.
    """
    zero, one = ridge.dtype.type(0), ridge.dtype.type(1)
    for x in range(ridge.shape[0]):
        factor = one - ridge[x]
        survival[x] *= -one if factor == zero else factor


@compiled
def deepen(image: Array, stride: int, skeleton: Array, survival: Array, work: Array) -> None:
    """Add one level to the skeleton and erode the image in place.

    Args:
        image: (slabs, n).
        stride: length of a row.
        skeleton: (slabs, n), S so far.
        survival: (slabs, n), see `survive`; empty where no gradient is wanted.
        work: four rings.
    """
    eroded, lines, widest, opened, ridge = work[0], work[1], work[2], work[3, 0], work[3, 1]
    for d in range(image.shape[0]):
        open_slab(image, stride, d, eroded, lines, widest, opened)
        subtract(image[d], opened, ridge)
        if len(survival) > 0:
            survive(survival[d], ridge)
        accumulate(skeleton[d], ridge)
        copy(eroded[d % RING], image[d])  # the next slab is already eroded


@compiled
def erode(image: Array, stride: int, work: Array) -> None:
    """Erode an image in place, with two rings."""
    slabs, eroded, line = image.shape[0], work[0], work[1, 0]
    erode_slab(image, stride, 0, eroded[0], line)
    for d in range(slabs):
        if d < slabs - 1:
            erode_slab(image, stride, d + 1, eroded[(d + 1) % RING], line)
        copy(eroded[d % RING], image[d])


@compiled
def skeleton_gradient(scale: float, weights: Array, offset: float, stride: int, out: Array) -> None:
    """Write the gradient of a slab of the skeleton, scale * weights + offset, 0 beside the image."""
    width = stride - 2 * PAD
    factor, addend = out.dtype.type(scale), out.dtype.type(offset)
    for row in range(weights.shape[0] // width):
        start = row * stride
        out[start] = out[start + 1] = out[start + stride - 2] = out[start + stride - 1] = 0
        given, line = weights[row * width : (row + 1) * width], out[start + PAD : start + PAD + width]
        for x in range(width):
            line[x] = factor * given[x] + addend


@compiled
def ridge_gradient(grad: Array, ridge: Array, survival: Array) -> None:
    """Replace the gradient of the skeleton by that of the ridge of one level: times the other levels' factors."""
    zero, one = ridge.dtype.type(0), ridge.dtype.type(1)
    for x in range(ridge.shape[0]):
        factor = one - ridge[x]
        others = max(survival[x], zero) / (one if factor == zero else factor)
        others = -survival[x] if factor == zero else others
        grad[x] = grad[x] * others if ridge[x] > zero else zero


@compiled
def hand_over(winner: Array, extremum: Array, rest: Array, grad: Array) -> None:
    """Assign the gradient of an extremum to the pixels of a line that attain it, and remove it from the rest."""
    zero = rest.dtype.type(0)
    for x in range(rest.shape[0]):
        taken = rest[x] if winner[x] == extremum[x] else zero
        grad[x] += taken
        rest[x] -= taken


@compiled
def subtract_backward(
    before: Array,
    here: Array,
    behind: Array,
    opened: Array,
    grad_ridge: Array,
    grad_before: Array,
    grad_here: Array,
    grad_behind: Array,
) -> None:
    """Propagate the gradient of I - open(I) to the first of three widened slabs that attains the opening."""
    zero = grad_ridge.dtype.type(0)
    for x in range(opened.shape[0]):
        lost = -grad_ridge[x]
        in_before, in_here, in_behind = before[x] == opened[x], here[x] == opened[x], behind[x] == opened[x]
        grad_before[x] += lost if in_before else zero
        grad_here[x] += lost if in_here & (not in_before) else zero
        grad_behind[x] += lost if in_behind & (not (in_before | in_here)) else zero


@compiled
def hand_over_along(line: Array, extremum: Array, rest: Array, grad: Array) -> None:
    """Assign the gradient of an extremum to the pixel itself, else to the previous one, else to the next one.

    `rest` is 0 outside the image. Written as what each pixel receives, so that it can be vectorised.
    """
    zero, width = rest.dtype.type(0), rest.shape[0] - 2 * PAD
    two_before, before, here, behind = line[:width], line[1 : 1 + width], line[2 : 2 + width], line[3 : 3 + width]
    of_before, of_here, of_behind = extremum[1 : 1 + width], extremum[2 : 2 + width], extremum[3 : 3 + width]
    rest_before, rest_here, rest_behind = rest[1 : 1 + width], rest[2 : 2 + width], rest[3 : 3 + width]
    received = grad[2 : 2 + width]
    for x in range(width):
        from_here = rest_here[x] if here[x] == of_here[x] else zero
        from_behind = rest_behind[x] if here[x] == of_behind[x] else zero
        from_behind = zero if behind[x] == of_behind[x] else from_behind
        from_before = rest_before[x] if here[x] == of_before[x] else zero
        from_before = zero if before[x] == of_before[x] else from_before
        from_before = zero if two_before[x] == of_before[x] else from_before
        received[x] += from_here + from_behind + from_before


@compiled
def keep_the_rest(line: Array, extremum: Array, rest: Array) -> None:
    """Clear the gradient of the extrema that one of the three pixels along the line attains."""
    zero, width = rest.dtype.type(0), rest.shape[0] - 2 * PAD
    before, here, behind = line[1 : 1 + width], line[2 : 2 + width], line[3 : 3 + width]
    of_here, left = extremum[2 : 2 + width], rest[2 : 2 + width]
    for x in range(width):
        attained = (before[x] == of_here[x]) | (here[x] == of_here[x]) | (behind[x] == of_here[x])
        left[x] = zero if attained else left[x]


@compiled
def widen_backward(eroded: Array, stride: int, lines: Array, widest: Array, rest: Array, work: Array) -> None:
    """Propagate the gradient of `widen_slab` back: `work[0]` becomes that of the eroded slab; `rest` is overwritten."""
    inner = eroded.shape[0] - stride
    grad_eroded, grad_lines = work[0], work[1]
    fill(grad_eroded, 0)
    if inner == 0:
        hand_over_along(eroded, widest, rest, grad_eroded)
    else:
        fill(grad_lines, 0)
        hand_over(lines, widest, rest, grad_lines)
        hand_over(lines[:inner], widest[stride:], rest[stride:], grad_lines[:inner])
        hand_over(lines[stride:], widest[:inner], rest[:inner], grad_lines[stride:])
        hand_over_along(eroded, lines, grad_lines, grad_eroded)


@compiled
def erode_backward(image: Array, stride: int, d: int, eroded: Array, rest: Array, grad_image: Array) -> None:
    """Propagate the gradient of `erode_slab` back into a ring of the image's gradient; `rest` is overwritten."""
    slabs, inner = image.shape[0], image.shape[1] - stride
    slab, grad = image[d], grad_image[d % RING]
    hand_over_along(slab, eroded, rest, grad)
    keep_the_rest(slab, eroded, rest)
    if inner > 0:
        hand_over(slab[:inner], eroded[stride:], rest[stride:], grad[:inner])
        hand_over(slab[stride:], eroded[:inner], rest[:inner], grad[stride:])
    if d > 0:
        hand_over(image[d - 1], eroded, rest, grad_image[(d - 1) % RING])
    if d < slabs - 1:
        hand_over(image[d + 1], eroded, rest, grad_image[(d + 1) % RING])


@compiled
def ascend(
    image: Array,
    stride: int,
    grad: Array,
    scale: float,
    weights: Array,
    offset: float,
    survival: Array,
    work: Array,
) -> None:
    """Convert the gradient of the image one level deeper to that of this level's image, in place.

    Args:
        image: (slabs, n), of this level.
        stride: length of a row.
        grad: (slabs, n), in: of the eroded image through deeper levels; out: of this one.
        scale: the gradient of the finished skeleton is scale * weights + offset.
        weights: (slabs, H * W), not padded.
        offset: see `scale`.
        survival: (slabs, n), see `survive`.
        work: seven rings.
    """
    slabs = image.shape[0]
    eroded, lines, widest, grad_opening, grad_image = work[0], work[1], work[2], work[3], work[4]
    opened, ridge, free = work[5, 0], work[5, 1], work[6]
    fill(grad_opening[0], 0)
    for d in range(slabs + 1):
        if d < slabs:
            open_slab(image, stride, d, eroded, lines, widest, opened)
            subtract(image[d], opened, ridge)
            grad_ridge = grad_image[d % RING]
            skeleton_gradient(scale, weights[d], offset, stride, grad_ridge)
            ridge_gradient(grad_ridge, ridge, survival[d])
            fill(grad_opening[(d + 1) % RING], 0)
            one, two, three = max(d - 1, 0) % RING, d % RING, min(d + 1, slabs - 1) % RING
            subtract_backward(
                widest[one],
                widest[two],
                widest[three],
                opened,
                grad_ridge,
                grad_opening[one],
                grad_opening[two],
                grad_opening[three],
            )
        if d > 0:
            before = (d - 1) % RING  # all openings that this slab is part of are done
            widen_backward(eroded[before], stride, lines[before], widest[before], grad_opening[before], free)
            for x in range(opened.shape[0]):
                free[0, x] += grad[d - 1, x]
            erode_backward(image, stride, d - 1, eroded[before], free[0], grad_image)
        if d > 1:
            copy(grad_image[(d - 2) % RING], grad[d - 2])
    copy(grad_image[(slabs - 1) % RING], grad[slabs - 1])
