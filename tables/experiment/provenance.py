"""The origin of a table's numbers, in a few lines below it."""

from collections.abc import Mapping
from typing import Any

from runs.record import RunRecord
from runs.results import Results, RunResult

_PACKAGES = ("torch", "monai", "numpy", "scikit-image")


def lines(results: Results) -> list[str]:
    """Return the code, machine and data of the runs.

    Args:
        results: the runs.

    Returns:
        One line each for code, machine, packages, data and evaluation; differing ones are listed.
    """
    records = [result.record for result in results.runs if result.record.started]
    found = {
        "Code": _different(_commit(record) for record in records),
        "Machine": _different(_machine(record) for record in records),
        "Packages": _different(_packages(record) for record in records),
        "Data": _different(_data(result) for result in results.runs),
        "Evaluation": _different(_options(result.options) for result in results.runs),
        "Left out": "; ".join(f"{slug}: {reason}" for slug, reason in results.left_out.items()),
    }
    return [f"{name}: {text}" for name, text in found.items() if text]


def _different(texts: Any) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _commit(record: RunRecord) -> str:
    if record.git is None:
        version = record.packages.get("topology-loss-benchmark")
        return f"version {version}" if version else ""
    return f"commit {record.git.commit[:12]}" + (" with uncommitted changes" if record.git.dirty else "")


def _machine(record: RunRecord) -> str:
    machine = record.machine
    used = ", ".join(gpu.name for gpu in record.gpus) if record.device == "cuda" else "CPU"
    return f"{machine.processor}, {machine.cores} cores, computed on {used}" if machine.processor else ""


def _packages(record: RunRecord) -> str:
    known = [f"{name} {record.packages[name]}" for name in _PACKAGES if record.packages.get(name)]
    return ", ".join([f"Python {record.python}", *known]) if record.python else ""


def _data(result: RunResult) -> str:
    """Return the dataset, its checksum and the options that it was prepared with, such as labels=noisy."""
    data = result.record.data
    options = ", ".join(f"{name}={value}" for name, value in (result.card.options or {}).items())
    return f"{data.name} {data.checksum[:12]}" + f" ({options})" * bool(options) if data.name else ""


def _options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items() if value is not None)
