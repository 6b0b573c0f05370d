"""Where a metric is measured: on the whole image, on patches that cover it, or on random ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np


@dataclass(frozen=True)
class Region:
    """Whole image or patches; the value on patches is the mean over the patches where it is defined.

    Attributes:
        kind: "whole", "sliding" or "random".
        patch: side of the patches in pixels, for all axes or for each; cropped to the image where that is smaller.
        stride: step of sliding patches; None for the side (no overlap). The last patch ends at the border.
        number: of random patches.
        seed: of random patches.
    """

    kind: str = "whole"
    patch: int | tuple[int, ...] | None = None
    stride: int | tuple[int, ...] | None = None
    number: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject options that do not fit together."""
        if self.kind not in ("whole", "sliding", "random"):
            raise ValueError(f"`region` must be 'whole', 'sliding' or 'random', got {self.kind!r}")
        if (self.kind == "whole") != (self.patch is None):
            raise ValueError(f"`patch` is needed for region 'sliding' or 'random', and only there, got {self.patch!r}")
        for name, value in (("patch", self.patch), ("stride", self.stride), ("number", self.number)):
            sides = value if isinstance(value, tuple | list) else (value,)
            if value is not None and any(not isinstance(side, int) or side < 1 for side in sides):
                raise ValueError(f"`{name}` must be positive whole numbers, got {value!r}")

    def __str__(self) -> str:
        """Return the name of the region, with all that is needed to repeat it."""
        if self.kind == "whole":
            return "whole"
        details = (
            f"stride={self.stride or self.patch}" if self.kind == "sliding" else f"n={self.number},seed={self.seed}"
        )
        return f"{self.kind}(patch={self.patch},{details})"

    def windows(self, shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
        """Return the patches of an image."""
        if self.patch is None:
            yield tuple(slice(0, length) for length in shape)
            return
        sides = np.minimum(_for_each_axis(self.patch, len(shape)), shape)
        if self.kind == "sliding":
            strides = _for_each_axis(self.stride or self.patch, len(shape))
            corners: Iterator[tuple[int, ...]] = product(
                *(_starts(*axis) for axis in zip(shape, sides, strides, strict=True))
            )
        else:
            rng = np.random.default_rng(self.seed)
            corners = iter([tuple(rng.integers(0, np.array(shape) - sides + 1)) for _ in range(self.number)])
        for corner in corners:
            yield tuple(slice(int(start), int(start + side)) for start, side in zip(corner, sides, strict=True))


def _for_each_axis(value: int | tuple[int, ...], ndim: int) -> tuple[int, ...]:
    sides = (value,) * ndim if isinstance(value, int) else tuple(value)
    if len(sides) != ndim:
        raise ValueError(f"`patch` and `stride` must be one number or {ndim}, got {list(sides)}")
    return sides


def _starts(length: int, side: int, stride: int) -> list[int]:
    return sorted({min(start, length - side) for start in range(0, length - side + stride, stride)})
