"""Dataclasses from JSON: missing keys take their defaults, unknown keys are ignored, wrong types are reported.

Files of older versions lack keys, and those of newer ones have more; both stay readable.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
_Converter = Callable[[Any, str], Any]


def from_json(kind: type[T], content: Any, where: str) -> T:
    """Build a dataclass from the content of a JSON file.

    Args:
        kind: the dataclass; its fields may be plain values, dataclasses, and lists and mappings of these.
        content: a JSON object.
        where: names the content in messages, such as the file's path.

    Returns:
        The dataclass.

    Raises:
        ValueError: `content` is not an object, a value has another type than its field, or a field without a default is
            missing; the message names the key.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"{where} must hold an object, got {type(content).__name__}")
    converters = _converters(kind)
    values = {
        name: convert(content[name], f"{where}: {name}") for name, convert in converters.items() if name in content
    }
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


_KNOWN: dict[Any, dict[str, _Converter]] = {}


def _converters(kind: Any) -> dict[str, _Converter]:
    """Return the function for each field of a dataclass, found once."""
    if kind not in _KNOWN:
        hints = typing.get_type_hints(kind)
        _KNOWN[kind] = {field.name: _converter(hints[field.name]) for field in dataclasses.fields(kind)}
    return _KNOWN[kind]


def _converter(hint: Any) -> _Converter:
    """Return the function that checks and converts a value of a type."""
    if hint is Any:
        return lambda value, where: value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = _converter(next(each for each in arguments if each is not type(None)))
        return lambda value, where: None if value is None else inner(value, where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return lambda value, where: from_json(hint, value, where)
    if origin is list:
        return _list_of(_converter(arguments[0]))
    if origin is not None:
        return _mapping_of(_converter(arguments[1]))
    return _plain(hint)


def _list_of(each: _Converter) -> _Converter:
    def convert(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list, got {value!r}")
        return [each(entry, where) for entry in value]

    return convert


def _mapping_of(each: _Converter) -> _Converter:
    def convert(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(f"{where} must be an object, got {value!r}")
        return {name: each(entry, where) for name, entry in value.items()}

    return convert


def _plain(kind: type) -> _Converter:
    accepted: tuple[type, ...] = (int, float) if kind is float else (kind,)

    def convert(value: Any, where: str) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{where} must be of type {kind.__name__}, got {value!r}")
        return value

    return convert
