"""What a key of a show may be set to: each kind says it in words, and reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from oscbridge.domain.music import Part
from oscbridge.domain.names import is_name
from oscbridge.domain.parameters import OFFSETS, Parameter

LONGEST_TEXT = 200
PARTS = {part.name.lower(): part for part in Part}
MODEL_FORM = "text such as 'studio' or 'studio/1'"


@dataclass(frozen=True)
class Kind:
    """`says` completes "must be"; `read` raises ValueError on anything else."""

    says: str
    read: Callable[[Any], Any]


def _wrong() -> ValueError:
    return ValueError("not of that kind")


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
        raise _wrong()
    return value


def _some_text(value: Any) -> str:
    if not _text(value).strip():
        raise _wrong()
    return str(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not is_name(value):
        raise _wrong()
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong()
    return value


def _folder(value: Any) -> Path:
    try:
        return Path(_some_text(value)).expanduser()
    except RuntimeError as error:  # the home of somebody who has none
        raise ValueError(str(error)) from error


def _model(value: Any) -> str:
    name, slash, version = _some_text(value).partition("/")
    number = version.isascii() and version.isdecimal() and len(version) < 10
    if not name or (slash and not number):
        raise _wrong()
    return str(value)


TEXT = Kind("text", _text)
SOME_TEXT = Kind("text that is not empty", _some_text)
NAME = Kind('a name without / \\ : * ? " < > |', _name)
SWITCH = Kind("true or false", _switch)
FOLDER = Kind("a folder; from the show's file on if not absolute", _folder)
MODEL = Kind(MODEL_FORM, _model)


def whole(low: int, high: int) -> Kind:
    """An integer from `low` to `high`."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong()
        return value

    return Kind(f"a whole number from {low} to {high}", read)


def number(low: float, high: float) -> Kind:
    """Any number from `low` to `high`."""

    def read(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _wrong()
        if not low <= value <= high:
            raise _wrong()
        return float(value)

    return Kind(f"a number from {low:g} to {high:g}", read)


def one_of(choices: Sequence[str]) -> Kind:
    """One of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _wrong()
        return value

    return Kind("one of " + ", ".join(f'"{choice}"' for choice in choices), read)


def list_of(kind: Kind, most: int) -> Kind:
    """A list of no more than `most` of a kind."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise _wrong()
        return tuple(kind.read(each) for each in value)

    return Kind(f"a list of up to {most}, each {kind.says}", read)


def _note_value(value: Any) -> int:
    if isinstance(value, bool) or value not in NOTE_VALUES:
        raise _wrong()
    return int(value)


NOTE_VALUES = (1, 2, 4, 8, 16, 32, 64)
NOTE_VALUE = Kind("one of " + ", ".join(map(str, NOTE_VALUES)), _note_value)
PORT = whole(1, 65535)
FREE_PORT = whole(0, 65535)
NETWORKS = list_of(Kind('a network as "192.168.1.0/24"', lambda v: ip_network(_text(v))), 64)
CHANNEL = whole(1, 16)


def _part_of_channel(value: Any) -> Mapping[int, Part]:
    if not isinstance(value, dict):
        raise _wrong()
    if not all(key.isascii() and key.isdecimal() and len(key) < 4 for key in value):
        raise _wrong()
    return {CHANNEL.read(int(key)): PARTS[_part(part)] for key, part in value.items()}


def _channel_of_part(value: Any) -> Mapping[Part, int]:
    if not isinstance(value, dict):
        raise _wrong()
    read = {PARTS[_part(part)]: CHANNEL.read(channel) for part, channel in value.items()}
    if len(set(read.values())) < len(read):
        raise _wrong()
    return read


_part = one_of(tuple(PARTS)).read
PART_OF_CHANNEL = Kind('a table of channels, as {1 = "melody", 10 = "drums"}', _part_of_channel)
CHANNEL_OF_PART = Kind(
    "a table of channels, no two the same, as {melody = 1, drums = 10}", _channel_of_part
)
PART_SET = Kind(
    'a list of parts, as ["drums", "bass", "melody"]',
    lambda value: frozenset(PARTS[part] for part in list_of(one_of(tuple(PARTS)), 3).read(value)),
)


def kinds_of(parameters: Mapping[str, Parameter]) -> dict[str, Kind]:
    """Key -> kind of live parameters; those of the offset are one key, a list."""
    kinds = {p.name: _parameter(p) for p in parameters.values() if p.name not in OFFSETS}
    offsets = [p for name, p in parameters.items() if name in OFFSETS]
    if offsets:
        kinds["offset"] = list_of(_parameter(offsets[0]), len(offsets))
    return kinds


def _parameter(parameter: Parameter) -> Kind:
    if parameter.glides:
        return number(parameter.low, parameter.high)
    if parameter.high == 1:
        return SWITCH
    return whole(int(parameter.low), int(parameter.high))


def values_of(read: Mapping[str, Any]) -> Mapping[str, float]:
    """Live parameters from what their keys were set to."""
    values: dict[str, float] = {}
    for key, value in read.items():
        if key == "offset":
            values.update(zip(OFFSETS, value, strict=False))
        else:
            values[key] = float(value)
    return values
