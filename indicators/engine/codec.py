"""Engine values as canonical JSON and back, so that a frozen verdict can be recomputed. Computes nothing."""

from __future__ import annotations

import hashlib
import json
import types as builtin_types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import EngineError
from .exact import plain_text
from .rules import Rules
from .types import IndicatorRule, Judgement, Message, Snapshot

Json = dict[str, Any]
T = TypeVar("T")


def snapshot_to_json(snapshot: Snapshot) -> Json:
    """The snapshot as plain JSON: decimals as strings without trailing zeros, dates as ISO 8601.

    `snapshot_from_json` gives an equal snapshot back, whatever the scale the decimals were stored with.
    """
    return to_json(snapshot)


def snapshot_from_json(data: Mapping[str, Any]) -> Snapshot:
    """The snapshot that was written; EngineError names the field that does not fit."""
    return from_json(Snapshot, data)


def judgement_to_json(judgement: Judgement) -> Json:
    """The judgement as plain JSON, see `snapshot_to_json`."""
    return to_json(judgement)


def judgement_from_json(data: Mapping[str, Any]) -> Judgement:
    """The judgement that was written; EngineError names the field that does not fit."""
    return from_json(Judgement, data)


def message_to_json(message: Message) -> Json:
    """``{"template": …, "params": {…}}``."""
    return to_json(message)


def message_from_json(data: Mapping[str, Any]) -> Message:
    """The message that was written."""
    return from_json(Message, data)


def canonical_hash(data: object) -> str:
    """SHA-256 of the data as sorted, compact JSON, in hexadecimal.

    >>> canonical_hash({"b": 1, "a": 2}) == canonical_hash({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(_CANONICAL.encode(data).encode()).hexdigest()


def to_json(value: object) -> Json:
    """Any frozen type of the engine as a JSON object."""
    encoded = _encode(value)
    if not isinstance(encoded, dict):
        raise EngineError(f"A dataclass was expected, {type(value).__name__} was given.")
    return encoded


def from_json(kind: type[T], data: Mapping[str, Any]) -> T:
    """The frozen type `kind` from what `to_json` wrote; unknown fields and wrong shapes raise EngineError."""
    decoded: T = _decode(kind, data, kind.__name__)
    return decoded


def _encode(value: Any) -> Any:
    return _ENCODERS[type(value)](value)


class _Encoders(dict[type, Callable[[Any], Any]]):
    """How values of exactly one type are written; found out once for each type."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        write = self[kind] = _encoder(kind)
        return write


_ENCODERS = _Encoders()


_WRITERS: tuple[tuple[tuple[type, ...], Callable[[Any], Any]], ...] = (
    ((NoneType, bool, int, float, str), lambda value: value),
    ((Decimal,), plain_text),
    ((date,), lru_cache(maxsize=8192)(date.isoformat)),
)


def _encoder(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, Enum):
        return lambda value: value.value
    for known, write in _WRITERS:
        if issubclass(kind, known):
            return write
    if issubclass(kind, Mapping):
        return lambda value: {str(key): _encode(one) for key, one in value.items()}
    if issubclass(kind, (tuple, list)):
        return lambda value: [_encode(one) for one in value]
    if kind in _SHARED:
        return lambda value: dict(_shared_as_json(value))
    return _fields_of(kind)


def _fields_of(kind: type) -> Callable[[Any], Json]:
    if not is_dataclass(kind):
        raise EngineError(f"{kind.__name__} has no JSON form here.")
    names = tuple(one.name for one in fields(kind))
    read = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    return lambda value: {
        name: one if one is None or type(one) in _AS_THEY_ARE else _ENCODERS[type(one)](one)
        for name, one in zip(names, read(value), strict=True)
    }


_AS_THEY_ARE = {bool, int, float, str}
_SHARED = {Rules, IndicatorRule}


@lru_cache(maxsize=256)
def _shared_as_json(value: Rules | IndicatorRule) -> Json:
    """Many snapshots share one rule and one set of borders."""
    return value.as_text() if isinstance(value, Rules) else _fields_of(IndicatorRule)(value)


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, data: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in {Union, builtin_types.UnionType}:
        return _decode_union(get_args(kind), data, where)
    if origin is tuple:
        return _decode_tuple(get_args(kind), data, where)
    if origin is not None:  # Mapping[str, …]
        _, of = get_args(kind)
        return {key: _decode(of, one, f"{where}.{key}") for key, one in data.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_dataclass(kind, data, where)
    return _decode_scalar(kind, data, where)


def _decode_union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None:
        return None
    others = [one for one in kinds if one is not type(None)]
    if len(others) == 1:
        return _decode(others[0], data, where)
    if type(data) in others:
        return data
    raise EngineError(f"{where}: {data!r} was given; one of {others} was expected.")


def _decode_tuple(kinds: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, (list, tuple)):
        raise EngineError(f"{where}: {type(data).__name__} was given; a list was expected.")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_decode(kinds[0], one, f"{where}[{i}]") for i, one in enumerate(data))
    return tuple(_decode(kind, one, where) for kind, one in zip(kinds, data, strict=True))


def _decode_dataclass(kind: type, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise EngineError(f"{where}: {type(data).__name__} was given; an object was expected.")
    hints = _hints(kind)
    unknown = sorted(set(data) - {one.name for one in fields(kind)})
    if unknown:
        raise EngineError(f"{where}: the fields {', '.join(unknown)} are unknown.")
    try:
        return kind(**{name: _decode(hints[name], one, f"{where}.{name}") for name, one in data.items()})
    except TypeError as error:
        raise EngineError(f"{where}: {error}") from error


def _decode_scalar(kind: Any, data: Any, where: str) -> Any:
    try:
        if kind is Decimal:
            return Decimal(data)
        if kind is date:
            return date.fromisoformat(data)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(data)
        if kind is float and isinstance(data, int):
            return float(data)
    except (ValueError, ArithmeticError, TypeError) as error:
        raise EngineError(f"{where}: {data!r} was given; {kind.__name__} was expected.") from error
    if not isinstance(data, kind):
        raise EngineError(f"{where}: {data!r} was given; {kind.__name__} was expected.")
    return data
