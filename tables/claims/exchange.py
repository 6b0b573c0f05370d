"""The scorecard as JSON, to be merged with those of other machines."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from tables.claims.evidence import Effect, Part
from tables.claims.scorecard import Answer

SCHEMA = "scorecard/2026-11-21"


def as_json(answers: Sequence[Answer]) -> str:
    """Return the scorecard as JSON, including differences by case, so that it can be merged and judged again."""
    content = {"schema": SCHEMA, "answers": [asdict(answer) for answer in answers]}
    return json.dumps(_without_nan(content), indent=1, allow_nan=False) + "\n"


def read(path: str | Path) -> list[Answer]:
    """Read a scorecard's JSON.

    Args:
        path: the file.

    Returns:
        The answers.

    Raises:
        ValueError: unreadable, or of another schema.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not readable as JSON ({error})") from error
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"{path}: expected a scorecard of schema {SCHEMA!r}, got {schema!r}; make it again")
    return [_answer(entry) for entry in content["answers"]]


def _answer(entry: Mapping[str, Any]) -> Answer:
    known = {each.name for each in fields(Answer)}
    values = _with_nan({name: value for name, value in entry.items() if name in known})
    values["effects"] = [Effect(**each) for each in values.get("effects", ())]
    values["structures"] = [Part(**each) for each in values.get("structures", ())]
    # cards made before the field existed say it in words
    smoke = all("smoke" in words for words in values["scale"].values()) if values["scale"] else False
    return Answer(**{"smoke": smoke} | values)


def _with_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_nan(each) for each in value]
    return math.nan if value is None else value


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
