"""The sums that Dice and cross-entropy are made of, and their gradient, in one pass over float32 logits each.

One line of pixels is processed at a time, so that only the probabilities are written back to memory. Lines are summed
in lanes, which the compiler vectorises, and lanes in double precision. The logarithm of the cross-entropy is deferred:
it is taken of products of many pixels' 1 + exp(-|z|), or sums over channels, in double precision.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from topology.kernels.compiled import compiled

Array = npt.NDArray[Any]

_LINE, _LANES, _LOGARITHMS = 1024, 64, 16
_ZERO, _ONE = np.float32(0), np.float32(1)
_LOWEST = np.float32(-87)  # exp is 1e-38 there, the smallest float32 at full precision
_LOG2E, _ROUNDER = np.float32(1.4426950408889634), np.float32(12582912)  # adding 1.5 * 2^23 rounds to a whole number
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(math.log(2) - 0.693359375)
_C2, _C3, _C4, _C5, _C6, _C7 = (np.float32(1 / math.factorial(k)) for k in range(2, 8))


@compiled
def _exponentiate(x: Array, part: Array, bits: Array) -> None:
    """Replace numbers, at most 0, by their exponentials: 2^n exp(r), r by its series, 2^n by its bits."""
    for i in range(_LINE):
        bounded = max(x[i], _LOWEST)
        n = (bounded * _LOG2E + _ROUNDER) - _ROUNDER
        r = (bounded - n * _LN2_HIGH) - n * _LN2_LOW
        square = r * r
        series = (_C4 + r * _C5) + square * (_C6 + r * _C7)
        part[i] = (_ONE + r) + square * ((_C2 + r * _C3) + square * series)
        bits[i] = (np.int32(n) + np.int32(127)) << np.int32(23)
    scale = bits.view(np.float32)
    for i in range(_LINE):
        x[i] = part[i] * scale[i]


@compiled
def _load(z: Array, start: int, end: int, line: Array) -> None:
    """Copy a line of logits, 0 beyond the end."""
    size = min(_LINE, end - start)
    given = z[start : start + size]
    for i in range(size):
        line[i] = given[i]
    for i in range(size, _LINE):
        line[i] = _ZERO


@compiled
def _weigh(valid: Array, start: int, end: int, weight: Array) -> None:
    """Write 1 for the pixels that count, 0 for others and beyond the end."""
    size = min(_LINE, end - start)
    for i in range(size):
        weight[i] = _ONE
    for i in range(size, _LINE):
        weight[i] = _ZERO
    if valid.shape[0] > 0:
        for i in range(size):
            weight[i] = _ONE if valid[start + i] else _ZERO


@compiled
def _mark(indices: Array, start: int, end: int, wanted: int, mark: Array) -> None:
    """Write 1 where the class is the wanted one, 0 beyond the end."""
    size = min(_LINE, end - start)
    given = indices[start : start + size]
    for i in range(size):
        mark[i] = _ONE if given[i] == wanted else _ZERO
    for i in range(size, _LINE):
        mark[i] = _ZERO


@compiled
def _sigmoid(logits: Array, exponentials: Array, p: Array) -> None:
    """Compute sigmoid from exp(-|z|)."""
    for i in range(_LINE):
        upper = _ONE / (_ONE + exponentials[i])
        p[i] = upper if logits[i] >= _ZERO else exponentials[i] * upper


@compiled
def _excess(logits: Array, y: Array, out: Array) -> None:
    """Compute by how much a logit is on the wrong side; the cross-entropy is this and log(1 + exp(-|z|))."""
    for i in range(_LINE):
        against = -logits[i] if y[i] > _ZERO else logits[i]
        out[i] = max(against, _ZERO)


@compiled
def _add_up(values: Array, marks: Array, lanes: Array) -> Any:
    """Sum products over a line."""
    for k in range(_LANES):
        lanes[k] = _ZERO
    for start in range(0, _LINE, _LANES):
        ours, theirs = values[start : start + _LANES], marks[start : start + _LANES]
        for k in range(_LANES):
            lanes[k] += ours[k] * theirs[k]
    total = 0.0
    for k in range(_LANES):
        total += lanes[k]
    return total


@compiled
def _leave_out(weight: Array, values: Array, instead: Any) -> None:
    """Replace the values of pixels that do not count."""
    for i in range(_LINE):
        values[i] = values[i] if weight[i] > _ZERO else instead


@compiled
def _sum_of_logarithms(factors: Array, products: Array) -> Any:
    """Sum the logarithms of a line's factors, at least 1."""
    for k in range(_LANES):
        products[k] = 1.0
    for start in range(0, _LINE, _LANES):
        ours = factors[start : start + _LANES]
        for k in range(_LANES):
            products[k] *= ours[k]
    total = 0.0
    for k in range(_LOGARITHMS):
        product = products[k]
        for other in range(k + _LOGARITHMS, _LANES, _LOGARITHMS):
            product *= products[other]
        total += math.log(product)
    return total


@compiled
def sums_of_one_channel(z: Array, indices: Array, valid: Array, begin: int, end: int, p: Array, sums: Array) -> None:
    """Compute sigmoid and the sums of a part of an image.

    Args:
        z: (1, n), logits, float32.
        indices: (n,), 1 for the foreground.
        valid: bool (n,), or empty where all pixels count.
        begin: of the part.
        end: of the part.
        p: (1, n), out: probabilities, 0 where a pixel does not count.
        sums: (5,), float64, out: of p y, p, y, cross-entropy, and the number of pixels that count.
    """
    line, part, bits = np.empty(_LINE, np.float32), np.empty(_LINE, np.float32), np.empty(_LINE, np.int32)
    logits, weight, y = np.empty(_LINE, np.float32), np.empty(_LINE, np.float32), np.empty(_LINE, np.float32)
    found, excess = np.empty(_LINE, np.float32), np.empty(_LINE, np.float32)
    factors = np.empty(_LINE, np.float64)
    lanes, products = np.empty(_LANES, np.float32), np.empty(_LANES, np.float64)
    sums[:] = 0
    for start in range(begin, end, _LINE):
        _load(z[0], start, end, logits)
        _weigh(valid, start, end, weight)
        _mark(indices, start, end, 1, y)
        for i in range(_LINE):
            line[i] = -abs(logits[i])
        _exponentiate(line, part, bits)
        _sigmoid(logits, line, found)
        _excess(logits, y, excess)
        for i in range(_LINE):
            factors[i] = 1.0 + np.float64(line[i])
        size = min(_LINE, end - start)
        if size < _LINE or valid.shape[0] > 0:
            _leave_out(weight, found, _ZERO)
            _leave_out(weight, y, _ZERO)
            _leave_out(weight, excess, _ZERO)
            _leave_out(weight, factors, 1.0)
        p[0, start : start + size] = found[:size]
        sums[0] += _add_up(found, y, lanes)
        sums[1] += _add_up(found, weight, lanes)
        sums[2] += _add_up(y, weight, lanes)
        sums[3] += _add_up(excess, weight, lanes) + _sum_of_logarithms(factors, products)
        sums[4] += _add_up(weight, weight, lanes)


@compiled
def _keep_larger(line: Array, other: Array) -> None:
    for i in range(_LINE):
        line[i] = max(line[i], other[i])


@compiled
def _load_below_largest(z: Array, start: int, end: int, lines: Array, largest: Array) -> None:
    """Copy a line of each channel's logits, minus the largest of the channels."""
    for c in range(z.shape[0]):
        _load(z[c], start, end, lines[c])
    largest[:] = lines[0]
    for c in range(1, z.shape[0]):
        _keep_larger(largest, lines[c])
    for c in range(z.shape[0]):
        line = lines[c]
        for i in range(_LINE):
            line[i] -= largest[i]


@compiled
def _collect(excess: Array, line: Array, y: Array) -> None:
    """Add by how much the logit of the right class lies below the largest."""
    for i in range(_LINE):
        excess[i] -= line[i] if y[i] > _ZERO else _ZERO


@compiled
def sums_of_channels(z: Array, indices: Array, valid: Array, begin: int, end: int, p: Array, sums: Array) -> None:
    """Compute softmax and the sums of a part of an image.

    Args:
        z: (C, n), logits, float32.
        indices: (n,), classes.
        valid: bool (n,), or empty where all pixels count.
        begin: of the part.
        end: of the part.
        p: (C, n), out: probabilities, 0 where a pixel does not count.
        sums: (3 C + 2,), float64, out: for each channel of p y, p, y; of cross-entropy, and of pixels that count.
    """
    channels = z.shape[0]
    lines, part, bits = np.empty((channels, _LINE), np.float32), np.empty(_LINE, np.float32), np.empty(_LINE, np.int32)
    largest, weight, y = np.empty(_LINE, np.float32), np.empty(_LINE, np.float32), np.empty(_LINE, np.float32)
    whole, excess = np.empty(_LINE, np.float64), np.empty(_LINE, np.float32)
    lanes, products = np.empty(_LANES, np.float32), np.empty(_LANES, np.float64)
    sums[:] = 0
    for start in range(begin, end, _LINE):
        size = min(_LINE, end - start)
        _weigh(valid, start, end, weight)
        _load_below_largest(z, start, end, lines, largest)
        excess[:] = _ZERO
        for c in range(channels):
            _mark(indices, start, end, c, y)
            _collect(excess, lines[c], y)
        whole[:] = 0
        for c in range(channels):
            _exponentiate(lines[c], part, bits)
            for i in range(_LINE):
                whole[i] += lines[c, i]
        if size < _LINE or valid.shape[0] > 0:
            _leave_out(weight, excess, _ZERO)
            _leave_out(weight, whole, 1.0)
            for c in range(channels):
                _leave_out(weight, lines[c], _ZERO)
        for c in range(channels):
            _mark(indices, start, end, c, y)
            for i in range(_LINE):
                y[i] *= weight[i]
            for i in range(_LINE):
                lines[c, i] /= np.float32(whole[i])
            p[c, start : start + size] = lines[c, :size]
            sums[3 * c] += _add_up(lines[c], y, lanes)
            sums[3 * c + 1] += _add_up(lines[c], weight, lanes)
            sums[3 * c + 2] += _add_up(y, weight, lanes)
        sums[3 * channels] += _add_up(excess, weight, lanes) + _sum_of_logarithms(whole, products)
        sums[3 * channels + 1] += _add_up(weight, weight, lanes)


@compiled
def gradient_of_one_channel(
    p: Array, indices: Array, valid: Array, begin: int, end: int, of_p: Array, of_y: Array, of_ce: Any, grad: Array
) -> None:
    """Propagate the gradient back to the logits of a part of an image.

    Args:
        p: (1, n), as computed in the forward pass.
        indices: (n,), 1 for the foreground.
        valid: bool (n,), or empty.
        begin: of the part.
        end: of the part.
        of_p: (1,), float32, the gradient of a probability of the background.
        of_y: (1,), what is added to it in the foreground.
        of_ce: float32, the gradient of a pixel's cross-entropy.
        grad: (1, n), out.
    """
    everywhere, there = of_p[0], of_y[0]
    found, out, classes = p[0, begin:end], grad[0, begin:end], indices[begin:end]
    for i in range(out.shape[0]):
        y = _ONE if classes[i] == 1 else _ZERO
        out[i] = found[i] * (_ONE - found[i]) * (everywhere + there * y) + of_ce * (found[i] - y)
    _clear(valid, begin, end, out)


@compiled
def _clear(valid: Array, begin: int, end: int, grad: Array) -> None:
    """Write 0 for the pixels that do not count."""
    counted = valid[begin:end]
    for i in range(counted.shape[0]):
        grad[i] = grad[i] if counted[i] else _ZERO


@compiled
def gradient_of_channels(
    p: Array, indices: Array, valid: Array, begin: int, end: int, of_p: Array, of_y: Array, of_ce: Any, grad: Array
) -> None:
    """Propagate the gradient back to the logits of a part of an image.

    Args:
        p: (C, n), as computed in the forward pass.
        indices: (n,), classes.
        valid: bool (n,), or empty.
        begin: of the part.
        end: of the part.
        of_p: (C,), float32, the gradient of a class's probability outside that class.
        of_y: (C,), what is added to it inside the class.
        of_ce: float32, the gradient of a pixel's cross-entropy.
        grad: (C, n), out.
    """
    channels = p.shape[0]
    common, y = np.empty(_LINE, np.float32), np.empty(_LINE, np.float32)
    for start in range(begin, end, _LINE):
        size = min(_LINE, end - start)
        common[:] = _ZERO
        for c in range(channels):
            _mark(indices, start, end, c, y)
            found = p[c, start : start + size]
            for i in range(size):
                common[i] += found[i] * (of_p[c] + of_y[c] * y[i])
        for c in range(channels):
            _mark(indices, start, end, c, y)
            found, out = p[c, start : start + size], grad[c, start : start + size]
            for i in range(size):
                out[i] = found[i] * (of_p[c] + of_y[c] * y[i] - common[i]) + of_ce * (found[i] - y[i])
    for c in range(channels):
        _clear(valid, begin, end, grad[c, begin:end])
