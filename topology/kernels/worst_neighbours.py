"""The position of the worst logit of a pixel's own class in the window around it (SCNP)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]


@compiled
def start(z: Array, foreground: Array, counts: Array, wanted: bool, value: Array, place: Array) -> None:
    """Make each pixel of the wanted kind its own candidate; the others have none (infinite).

    Args:
        z: (slabs, H, W), logits.
        foreground: bool, of the same shape.
        counts: bool, False for pixels that count as no one's neighbour; or empty.
        wanted: the kind: foreground (smallest logit is worst) or background (largest).
        value: (slabs, H, W), out: the quantity to minimise, z or -z.
        place: (slabs, H, W), out: flat index of the candidate.
    """
    none, sign = z.dtype.type(np.inf), z.dtype.type(1 if wanted else -1)
    flat_z, flat_kind, flat_counts = z.ravel(), foreground.ravel(), counts.ravel()
    flat_value, flat_place = value.ravel(), place.ravel()
    for i in range(flat_z.shape[0]):
        flat_value[i] = sign * flat_z[i] if flat_kind[i] == wanted else none
        flat_place[i] = i
    for i in range(flat_counts.shape[0]):
        flat_value[i] = flat_value[i] if flat_counts[i] else none


@compiled
def keep_worse(value: Array, place: Array, other_value: Array, other_place: Array) -> None:
    """Replace the candidates of a line by those of another line that are strictly worse."""
    for x in range(value.shape[0]):
        worse = other_value[x] < value[x]
        value[x] = other_value[x] if worse else value[x]
        place[x] = other_place[x] if worse else place[x]


@compiled
def spread(value: Array, place: Array, reach: int, wide_value: Array, wide_place: Array) -> None:
    """Keep the worst candidate over lines up to `reach` away, for a stack of lines (n, width)."""
    number = value.shape[0]
    for n in range(number):
        for x in range(value.shape[1]):
            wide_value[n, x] = value[n, x]
            wide_place[n, x] = place[n, x]
        for m in range(max(n - reach, 0), n):
            keep_worse(wide_value[n], wide_place[n], value[m], place[m])
        for m in range(n + 1, min(n + reach + 1, number)):
            keep_worse(wide_value[n], wide_place[n], value[m], place[m])


@compiled
def spread_along(value: Array, place: Array, reach: int, wide_value: Array, wide_place: Array) -> None:
    """Keep the worst candidate over pixels of the same line up to `reach` away."""
    width = value.shape[0]
    for x in range(width):
        wide_value[x] = value[x]
        wide_place[x] = place[x]
    for step in range(1, min(reach, width - 1) + 1):
        keep_worse(wide_value[: width - step], wide_place[: width - step], value[step:], place[step:])
        keep_worse(wide_value[step:], wide_place[step:], value[: width - step], place[: width - step])


@compiled
def worst_neighbours(z: Array, foreground: Array, counts: Array, reach: int, source: Array) -> None:
    """Find the worst pixel of its own kind in the window around each pixel; itself where nothing is worse.

    Args:
        z: (slabs, H, W), logits; in 2D H = 1.
        foreground: bool, of the same shape.
        counts: bool, see `start`.
        reach: half the window.
        source: (slabs, H, W), out: flat index.
    """
    slabs, height, width = z.shape
    value, place = np.empty_like(z), np.empty(z.shape, source.dtype)
    wide_value, wide_place = np.empty_like(z), np.empty(z.shape, source.dtype)
    for wanted in (True, False):
        start(z, foreground, counts, wanted, value, place)
        for d in range(slabs):
            for y in range(height):
                spread_along(value[d, y], place[d, y], reach, wide_value[d, y], wide_place[d, y])
            if height > 1:
                spread(wide_value[d], wide_place[d], reach, value[d], place[d])
        if height > 1:
            value, wide_value, place, wide_place = wide_value, value, wide_place, place
        planes = (slabs, height * width)
        spread(
            wide_value.reshape(planes), wide_place.reshape(planes), reach, value.reshape(planes), place.reshape(planes)
        )
        flat_kind, flat_source, flat_place = foreground.ravel(), source.ravel(), place.ravel()
        for i in range(flat_source.shape[0]):
            flat_source[i] = flat_place[i] if flat_kind[i] == wanted else flat_source[i]
    flat_counts, flat_source = counts.ravel(), source.ravel()
    for i in range(flat_counts.shape[0]):
        flat_source[i] = flat_source[i] if flat_counts[i] else i


@compiled
def gather(values: Array, source: Array, out: Array) -> None:
    """Write the value at each index."""
    for i in range(source.shape[0]):
        out[i] = values[source[i]]


@compiled
def scatter(values: Array, source: Array, out: Array) -> None:
    """Add each value at its index."""
    for i in range(source.shape[0]):
        out[source[i]] += values[i]
