"""The printed names of a paper's rows, columns and metrics."""

from collections.abc import Mapping
from typing import Any

from tables.papers.spec_parts import PaperTable, Spec

# published units that a column's heading shows; the others are counts, shares of one, or in the metric's name
_UNITS = {"percent": "%", "MiB": "MiB", "thousand": "thousands", "million": "millions"}


def row_label(table: PaperTable, row: Mapping[str, Any]) -> str:
    """Return the printed name of a number's row."""
    return ", ".join(filter(None, (_part(name, row) for name in table.rows)))


def column_label(spec: Spec, table: PaperTable, row: Mapping[str, Any]) -> str:
    """Return the printed name of a number's column."""
    parts = [_metric_name(spec, row["metric"]) if name == "metric" else _part(name, row) for name in table.columns]
    unit = _UNITS.get(row["unit"], "")
    return ", ".join(filter(None, parts)) + (f" ({unit})" if unit else "")


def _part(name: str, row: Mapping[str, Any]) -> str:
    """Return one column of a published number in words."""
    if name in ("dataset", "method"):
        # the text extracted from the papers has a capital I for the l
        return str(row[f"{name}_in_paper"]).replace("cIDice", "clDice").replace("cICE", "clCE")
    if name == "parameter":
        value = str(row["parameter_value"])
        return (
            f"{row['parameter']} = {value}".replace(";", ", ").replace("=", " = ").replace("  ", " ") if value else ""
        )
    if name.startswith("setting"):
        wanted = name.removeprefix("setting").removeprefix(".")
        parts = [part.partition("=") for part in row["setting"].split(";") if part]
        return ", ".join(f"{key}: {value}" for key, _, value in parts if wanted in ("", key)).replace("_", " ")
    return str(row[name])


def _metric_name(spec: Spec, published: str) -> str:
    """Return the printed name of a metric, from the spec or the registry of metrics."""
    import metrics

    entry = spec.metrics.get(published, {})
    slug = entry.get("metric", published)
    known = slug in metrics.names()
    return entry.get("title") or (metrics.entry(slug).title if known else slug.replace("_", " "))
