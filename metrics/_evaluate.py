"""From two label images to a dict of values: checks, classes, patches, means."""

from collections.abc import Iterator, Sequence
from typing import Any, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from metrics._measured import Measured, Value
from metrics._pair import Mask, Pair
from metrics._regions import Region
from metrics._register import Undefined, entry, names

Labels = npt.NDArray[Any]


class Options(TypedDict, total=False):
    """How a case is measured, the same for all metrics.

    Attributes:
        adjacency: of the foreground: 8 or 4 in 2D, 26 or 6 in 3D; None for 8 and 26. The background has the dual one.
        num_classes: including background; a class that neither image has counts too (its Betti errors are 0). None:
            only the classes that one of the images has, so a mask of 0 and 255 has one class.
        spacing: size of a pixel along each axis; None for 1.
        region: "whole" image, "sliding" patches that cover it, or "random" ones.
        patch: side of the patches, one number or one for each axis.
        stride: of sliding patches; None for no overlap.
        number: of random patches.
        seed: of random patches.
        valid: mask of the pixels that count, bool, same shape; None for all. The others are background in prediction
            and ground truth, and in no denominator.
    """

    adjacency: int | None
    num_classes: int | None
    spacing: Sequence[float] | None
    region: str
    patch: int | Sequence[int] | None
    stride: int | Sequence[int] | None
    number: int
    seed: int
    valid: Any


def evaluate(
    prediction: Any, target: Any, names: Sequence[str] | None = None, **options: Unpack[Options]
) -> dict[str, float]:
    """Compute metrics of one case.

    Each foreground class is measured separately, then averaged over the classes for which the value is defined; on
    patches, over the patches for which it is.

    Args:
        prediction: class indices (H, W) or (D, H, W), any integer or bool dtype; 0 is background.
        target: ground truth, same shape.
        names: slugs, optionally with parameters (`nsd,tolerance=2`); None for all that are defined in the image's
            dimensions and can run here.
        **options: see `Options`.

    Returns:
        Value of each metric; NaN where it is undefined (see `explain`).

    Raises:
        ValueError: unknown metric, wrong shapes, labels or options; a mask of 0 and 1 against one of 0 and 255.
        TypeError: labels that are not whole numbers, or an unknown option.
    """
    measured = measure(prediction, target, names, **options)
    return {name: measured.mean(name) for name in measured.names}


def measure(prediction: Any, target: Any, names: Sequence[str] | None = None, **options: Unpack[Options]) -> Measured:
    """Compute metrics of one case, with the values by class and the reasons why some are undefined.

    Args:
        prediction: see `evaluate`.
        target: see `evaluate`.
        names: see `evaluate`.
        **options: see `Options`.

    Returns:
        Its `mean(name)` is what `evaluate` returns, `mean(name, label)` that of one class; `reason` says why it is NaN.

    Raises:
        ValueError: see `evaluate`.
        TypeError: see `evaluate`.
    """
    unknown = sorted(set(options) - set(Options.__annotations__))
    if unknown:
        raise TypeError(f"unknown options {', '.join(unknown)}; known: {', '.join(Options.__annotations__)}")
    b, y, valid = _counted(*_label_images(prediction, target), options.get("valid"))
    wanted = _wanted(names, b.ndim)
    computations = {name: entry(name).compute for name in wanted}
    labels = _labels(b, y, options.get("num_classes"))
    values = []
    for pair in _pairs(b, y, valid, labels, options):
        for name, compute in computations.items():
            try:
                values.append(Value(name, pair.label, float(compute(pair))))
            except Undefined as reason:
                values.append(Value(name, pair.label, np.nan, str(reason)))
    return Measured(tuple(wanted), tuple(labels), tuple(values))


def explain(prediction: Any, target: Any, name: str, **options: Unpack[Options]) -> str:
    """Return why a metric is undefined for a case.

    Args:
        prediction: see `evaluate`.
        target: see `evaluate`.
        name: slug.
        **options: see `Options`.

    Returns:
        The reasons, one for each way in which it is undefined; "" where it has a value.

    Raises:
        ValueError: see `evaluate`.
        TypeError: see `evaluate`.
    """
    return measure(prediction, target, [name], **options).reason(name)


def describe_region(
    region: str = "whole",
    patch: int | Sequence[int] | None = None,
    stride: int | Sequence[int] | None = None,
    number: int = 10,
    seed: int = 0,
    **others: Any,
) -> str:
    """Return the name of the region where a value was measured, with all that is needed to repeat it.

    Args:
        region: see `Options` for this and the next four.
        patch: side of the patches.
        stride: of sliding patches.
        number: of random patches.
        seed: of random patches.
        **others: further options of `evaluate`, which are ignored here.

    Returns:
        "whole", or such as "sliding(patch=64,stride=32)".

    Raises:
        ValueError: options that do not fit together.
    """
    return str(Region(region, _whole(patch), _whole(stride), number, seed))


def _pairs(b: Labels, y: Labels, valid: Mask | None, labels: Sequence[int], options: Options) -> Iterator[Pair]:
    spacing = options.get("spacing")
    if spacing is not None and len(spacing) != b.ndim:
        raise ValueError(f"`spacing` must have {b.ndim} entries, got {list(spacing)}")
    sizes = None if spacing is None else tuple(float(size) for size in spacing)
    for window in _region(options).windows(b.shape):
        images, counted = (b[window], y[window]), None if valid is None else valid[window]
        for c in labels:
            yield Pair(images[0] == c, images[1] == c, options.get("adjacency"), sizes, c, images, counted)


def _region(options: Options) -> Region:
    return Region(
        options.get("region", "whole"),
        _whole(options.get("patch")),
        _whole(options.get("stride")),
        options.get("number", 10),
        options.get("seed", 0),
    )


def _labels(b: Labels, y: Labels, num_classes: int | None) -> list[int]:
    if num_classes is None:
        return _present(b, y)
    largest = int(max(b.max(), y.max()))
    if num_classes < 2:
        raise ValueError(f"`num_classes` counts the background too and must be at least 2, got {num_classes}")
    if largest >= num_classes:
        raise ValueError(f"`num_classes` is {num_classes}, so labels go from 0 to {num_classes - 1}, got {largest}")
    return list(range(1, num_classes))


def _present(b: Labels, y: Labels) -> list[int]:
    found = {int(c) for image in (b, y) for c in np.unique(image)} - {0}
    return sorted(found) or [1]  # two empty masks also form a pair


def _label_images(prediction: Any, target: Any) -> tuple[Labels, Labels]:
    images = []
    for name, labels in (("prediction", prediction), ("target", target)):
        array = np.asarray(labels.detach().cpu() if hasattr(labels, "detach") else labels)
        if array.dtype.kind not in "biu":
            raise TypeError(f"`{name}` must hold class indices (integer or bool), got {array.dtype}")
        if array.ndim not in (2, 3) or 0 in array.shape:
            raise ValueError(f"`{name}` must be one 2D or 3D label image, got shape {array.shape}")
        if array.dtype.kind == "i" and array.min() < 0:
            raise ValueError(f"`{name}` must hold class indices of at least 0, got {array.min()}")
        images.append(array.astype(np.uint8) if array.dtype == bool else array)
    b, y = images
    if b.shape != y.shape:
        raise ValueError(f"`prediction` and `target` must have one shape, got {b.shape} and {y.shape}")
    _refuse_two_kinds_of_mask(b, y)
    return b, y


def _refuse_two_kinds_of_mask(b: Labels, y: Labels) -> None:
    """Reject 0 and 1 against 0 and 255: as classes they share no pixel, which is never intended."""
    largest = int(b.max()), int(y.max())
    if sorted(largest) == [1, 255] and all(
        np.isin(mask, (0, top)).all() for mask, top in zip((b, y), largest, strict=True)
    ):
        raise ValueError(
            f"`prediction` is a mask of 0 and {largest[0]}, `target` one of 0 and {largest[1]}: compare `> 0` of both"
        )


def _counted(b: Labels, y: Labels, valid: Any) -> tuple[Labels, Labels, Mask | None]:
    """Set the pixels that do not count to background."""
    if valid is None:
        return b, y, None
    counted = np.asarray(valid.detach().cpu() if hasattr(valid, "detach") else valid)
    if counted.dtype != bool or counted.shape != b.shape:
        raise ValueError(f"`valid` must be a bool mask of shape {b.shape}, got {counted.dtype} {counted.shape}")
    return np.where(counted, b, 0), np.where(counted, y, 0), counted


def _wanted(chosen: Sequence[str] | None, ndim: int) -> list[str]:
    if chosen is None:
        return [name for name in names() if ndim in entry(name).dims and entry(name).available()[0]]
    for name in chosen:
        found = entry(name)
        if ndim not in found.dims:
            raise ValueError(
                f"metric {name!r} is defined in {' and '.join(f'{d}D' for d in found.dims)}, not in {ndim}D"
            )
        usable, reason = found.available()
        if not usable:
            raise ValueError(f"metric {name!r} {reason}")
    return list(chosen)


def _whole(value: int | Sequence[int] | None) -> int | tuple[int, ...] | None:
    return value if value is None or isinstance(value, int) else tuple(value)
