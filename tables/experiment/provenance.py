"""Where the numbers of a table come from, in a few lines for its foot."""

from typing import Any

from runs.results import Results

_PACKAGES = ("torch", "monai", "numpy", "scikit-image")


def lines(results: Results) -> list[str]:
    """Return by which code, on which machine and from which data the runs were made.

    Args:
        results: the runs.

    Returns:
        One line each for code, machine, packages, data and evaluation; differing ones are listed.
    """
    records = [result.record for result in results.runs if result.record]
    data = [f"{record['data']['name']} {record['data']['checksum'][:12]}" for record in records if "data" in record]
    found = {
        "Code": _different(_commit(record) for record in records),
        "Machine": _different(_machine(record) for record in records),
        "Packages": _different(_packages(record) for record in records),
        "Data": _different(data),
        "Evaluation": _different(_options(result.options) for result in results.runs),
        "Left out": "; ".join(f"{slug}: {reason}" for slug, reason in results.left_out.items()),
    }
    return [f"{name}: {text}" for name, text in found.items() if text]


def _different(texts: Any) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _commit(record: dict[str, Any]) -> str:
    git = record.get("git")
    if not git:
        version = record.get("packages", {}).get("topology-loss-benchmark")
        return f"version {version}" if version else ""
    return f"commit {git['commit'][:12]}" + (" with uncommitted changes" if git["dirty"] else "")


def _machine(record: dict[str, Any]) -> str:
    machine = record.get("machine", {})
    gpus = [gpu["name"] for gpu in record.get("gpus", [])]
    used = ", ".join(gpus) if record.get("device") == "cuda" else "CPU"
    return f"{machine['processor']}, {machine['cores']} cores, computed on {used}" if machine else ""


def _packages(record: dict[str, Any]) -> str:
    packages = record.get("packages", {})
    known = [f"{name} {packages[name]}" for name in _PACKAGES if packages.get(name)]
    return ", ".join([f"Python {record['python']}", *known]) if "python" in record else ""


def _options(options: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items() if value is not None)
