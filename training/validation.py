"""Validation during training, on whole images of the fold's validation cases."""

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from runs import files
from runs.history import VALIDATED
from training import datasets, inference
from training.config import Config
from training.course import Course

if TYPE_CHECKING:
    from torch import nn

    from data_prep import Prepared


def begin(config: Config, data: "Prepared") -> Course | None:
    """Return the course of a run's validations, still empty; None for a run without.

    Args:
        config: the run's parameters.
        data: the dataset.

    Raises:
        ValueError: see `cases`.
    """
    import metrics

    if not config.validate_every:
        return None
    return Course(
        cases=cases(config, data),
        metric=config.validation_metric,
        higher_is_better=metrics.entry(config.validation_metric).higher_is_better,
        keeps_best=config.checkpoint == "best",
        patience=config.stop_after,
    )


def cases(config: Config, data: "Prepared") -> list[str]:
    """Return the cases on which a run validates, sorted.

    Args:
        config: its fold, and `validation_cases`, which keeps the first ones.
        data: the dataset.

    Returns:
        The fold's validation cases.

    Raises:
        ValueError: there are none, or one of them is also a test case, by name or by its pixels.
    """
    chosen = sorted(data.cases("val", config.fold))[: config.validation_cases or None]
    if not chosen:
        raise ValueError(f"`validate_every` needs validation cases, fold {config.fold} of {config.dataset!r} has none")
    tested = datasets.cases_to_test(config, data)
    contents = {_content(data, case): case for case in tested}
    both = [case for case in chosen if case in tested or _content(data, case) in contents]
    if both:
        raise ValueError(
            f"`validate_every`: the validation set overlaps the test set in {', '.join(both[:5])}; what a run is "
            f"chosen by must not measure it in the end. Leave `validate_every` at 0 or bring test cases of their own"
        )
    return chosen


def validate(
    config: Config, data: "Prepared", network: "nn.Module", device: Any, chosen: Sequence[str]
) -> dict[str, Any]:
    """Predict the validation cases and measure them.

    Args:
        config: the run's parameters.
        data: the dataset.
        network: in training mode, and again afterwards.
        device: where it is.
        chosen: the validation cases.

    Returns:
        Mean of each metric over the cases where it is defined, None where there is no such case, and the seconds.
    """
    started = time.perf_counter()
    values = [_measure(config, data, network, device, case) for case in chosen]
    network.train()
    means: dict[str, Any] = {f"validation_{name}": _mean([each[name] for each in values]) for name in VALIDATED}
    return means | {"validation_seconds": time.perf_counter() - started}


def _measure(config: Config, data: "Prepared", network: "nn.Module", device: Any, case: str) -> dict[str, float]:
    import metrics

    prediction = inference.predict(
        network,
        data.image(case),
        window=datasets.patch_size(config, data.dims),
        overlap=config.overlap,
        batch_size=config.batch_size,
        device=device,
        amp=config.amp,
    )
    ignored = data.ignored(case)
    counted: dict[str, Any] = {} if ignored is None else {"valid": ~ignored}
    return metrics.evaluate(prediction, data.label(case), list(VALIDATED), num_classes=len(data.classes), **counted)


def _mean(values: list[float]) -> float | None:
    defined = [value for value in values if math.isfinite(value)]
    return float(np.mean(defined)) if defined else None


def _content(data: "Prepared", case: str) -> tuple[str, ...]:
    """Hash a case's image files."""
    return tuple(files.sha256(path) for path in data.files(case) if "images" in path.parent.name)
