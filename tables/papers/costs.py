"""Cells of time, memory and size: from the files of the training-step benchmark and of the networks' parameters.

A spec asks the benchmark for {setting, quantity, steps, unit, minus, loss}: `quantity` is "seconds" (the default) or
"peak_bytes" of one training step, `steps` how many of them make up the published number, `unit` that of the published
number if it is not s or B, `minus` a loss whose value is subtracted, `loss` the one measured if it is not the cell's.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tables.papers.measurement import ABSENT, BROKEN, MEASURED, Measurement
from tables.papers.required_runs import Requirement

# number of published units in one unit of the quantity
UNITS = {("seconds", "min"): 1 / 60, ("peak_bytes", "MiB"): 2.0**-20}
_COUNTED_IN = {"thousand": 1e-3, "million": 1e-6}

Step = Mapping[str, Any]


def training_step(requirement: Requirement, steps: Sequence[Step]) -> Measurement:
    """Return the benchmark's value for a cell, from the first setting that has all losses that the cell needs."""
    asked = requirement.benchmark
    quantity, wanted = asked.get("quantity", "seconds"), asked["setting"]
    settings = wanted if isinstance(wanted, list) else [wanted]
    losses = [asked.get("loss", requirement.loss), *([asked["minus"]] if "minus" in asked else [])]
    for setting in settings:
        found = [_entry(steps, setting, loss, quantity) for loss in losses]
        entries = [entry for entry in found if entry is not None]
        if len(entries) == len(losses):
            return _of_entries(asked, setting, quantity, losses, entries)
    where = " or ".join(map(str, settings))
    return Measurement(ABSENT, f"the training-step benchmark has no {quantity} of {' and '.join(losses)} in {where}")


def parameter_count(requirement: Requirement, counts: Mapping[str, Any]) -> Measurement:
    """Return a network's number of parameters, in the unit of the published number."""
    if requirement.count not in counts:
        return Measurement(ABSENT, f"no parameter count of {requirement.count}")
    return Measurement(
        MEASURED, mean=float(counts[requirement.count]) * _COUNTED_IN.get(requirement.published["unit"], 1.0)
    )


def read_json(path: str | Path, kind: type) -> Any:
    """Read a JSON file.

    Args:
        path: the file; "" for none.
        kind: what it must hold, list or dict.

    Returns:
        Its content; empty if there is no such file.

    Raises:
        ValueError: unreadable, or it holds something else.
    """
    if not str(path) or not Path(path).is_file():
        return kind()
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON ({error})") from error
    if type(content) is not kind:
        raise ValueError(f"{path} must hold a {kind.__name__}, got {type(content).__name__}")
    return content


def _of_entries(
    asked: Mapping[str, Any], setting: str, quantity: str, losses: Sequence[str], entries: Sequence[Step]
) -> Measurement:
    """Return the value of a setting that has all losses."""
    devices = [str(entry.get("device", "")) for entry in entries]
    if len(set(devices)) > 1:
        return Measurement(BROKEN, f"{' and '.join(losses)} were timed on different devices: {', '.join(devices)}")
    value = float(entries[0][quantity])
    if "minus" in asked:
        # measured alternately with the loss if the benchmark did so, not minutes apart
        value -= float(entries[0].get(f"{quantity}_{asked['minus']}", entries[1][quantity]))
    total = value * asked.get("steps", 1) * UNITS.get((quantity, asked.get("unit", "")), 1)
    share = entries[0].get("share", 1)
    smaller = f"{share:g} of each side" if share != 1 else ""
    note = ", ".join(filter(None, (f"setting {setting}", smaller, devices[0])))
    return Measurement(MEASURED, note, mean=total, timed=note)


def _entry(steps: Sequence[Step], setting: str, loss: str, quantity: str) -> Step | None:
    """Return the benchmark's entry of a loss that has the quantity."""
    of_loss = [step for step in steps if (step.get("setting"), step.get("loss")) == (setting, loss)]
    return next((step for step in of_loss if isinstance(step.get(quantity), int | float)), None)
