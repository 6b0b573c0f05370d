"""Random numbers that are identical on every machine and with every version of numpy.

Only the raw 64-bit stream of PCG64 is used, which numpy guarantees to keep, and only arithmetic whose result IEEE 754
defines to the last bit: + - * / and square root. No sine, exponential or logarithm: they differ between C libraries.
"""

import numpy as np

_UNIT = 2.0**-53
_SUMMANDS = 12


class Draws:
    """A stream of random numbers.

    Args:
        *entropy: non-negative integers that name the stream, such as seed and number of the case.
    """

    def __init__(self, *entropy: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(entropy))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Draw a number in [low, high)."""
        return low + (high - low) * ((int(self._bits.random_raw()) >> 11) * _UNIT)

    def uniforms(self, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Draw an array of numbers in [low, high), float64."""
        raw = self._bits.random_raw(int(np.prod(shape)))
        return (low + (high - low) * ((raw >> np.uint64(11)).astype(np.float64) * _UNIT)).reshape(shape)

    def integer(self, low: int, high: int) -> int:
        """Draw an integer in low..high - 1."""
        return low + (int(self._bits.random_raw()) * (high - low) >> 64)

    def happens(self, probability: float) -> bool:
        """Draw an event."""
        return self.uniform() < probability

    def normals(self, shape: tuple[int, ...]) -> np.ndarray:
        """Draw an array with mean 0 and variance 1, nearly normal: sums of 12 uniform 16-bit integers (Irwin-Hall)."""
        count = int(np.prod(shape))
        raw = self._bits.random_raw(count * _SUMMANDS // 4).astype("<u8")
        total = raw.view("<u2").reshape(count, _SUMMANDS).sum(axis=1, dtype=np.int64)
        return ((total - _SUMMANDS * 65535 // 2) / 65536.0).reshape(shape)

    def direction(self, dims: int) -> np.ndarray:
        """Draw a unit vector, evenly over the circle or the sphere."""
        while True:
            vector = self.uniforms((dims,), -1.0, 1.0)
            length = norm(vector)
            if 0.1 < length <= 1.0:
                return vector / length


def norm(vector: np.ndarray) -> np.ndarray:
    """Return the Euclidean length along the last axis, summed in a fixed order."""
    total = vector[..., 0] * vector[..., 0]
    for axis in range(1, vector.shape[-1]):
        total = total + vector[..., axis] * vector[..., axis]
    return np.sqrt(total)


def unit(vector: np.ndarray) -> np.ndarray:
    """Return a vector's direction; the zero vector stays zero."""
    length = norm(vector)
    return vector / length if length > 0 else vector
