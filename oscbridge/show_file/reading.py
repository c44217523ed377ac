"""Reading a show: every key by its kind, unknown ones refused with the name that was meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Never

from oscbridge.domain.parameters import parameters_of
from oscbridge.errors import FileError
from oscbridge.show_file.checks import settled
from oscbridge.show_file.kinds import NAME, Kind, kinds_of, values_of
from oscbridge.show_file.show import LISTS, LIVE, MOST, SECTIONS, DancerSetting, Show, VoiceSetting

LARGEST = 1 << 20
"""Bytes of a show's file."""
_PRESET = "preset"


def read_show(path: str | Path) -> Show:
    """The show in a TOML file; folders count from where the file lies. Raises FileError."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST:
        raise FileError(path, f"larger than {LARGEST // 1024} KiB; that is no show")
    try:
        values = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(path, "is not UTF-8 text", line=line) from error
    except (ValueError, RecursionError) as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        cause = str(error).removesuffix(place[0]) if place else str(error)
        raise FileError(
            path, f"is no TOML: {cause}", line=int(place[1]) if place else None
        ) from error
    return show_of(values, path)


def show_of(values: Mapping[str, Any], path: str | Path) -> Show:
    """The show that a TOML file at `path` means. Raises FileError."""
    try:
        return settled(_Reading(Path(path).parent).show(values))
    except ValueError as error:
        raise FileError(path, str(error)) from error


class _Reading:
    """Raises ValueError where something is wrong."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def show(self, values: Mapping[str, Any]) -> Show:
        for key in values:
            if key not in (known := (*SECTIONS, *LISTS, _PRESET)):
                raise ValueError(f"there is no section [{_short(key)}]{_meant(key, known)}")
        read: dict[str, Any] = {
            name: self._section(f"[{name}]", cls, values[name])
            for name, cls in SECTIONS.items()
            if name in values
        }
        for name, cls in LISTS.items():
            if name in values:
                read[name] = self._list(name, cls, values[name])
        if read.keys() & set(LIVE):
            # A show that names any has those it names, not those of a daemon without a show.
            read = dict.fromkeys(LIVE, ()) | read
        show = Show(**read)
        return Show(**read, presets=_presets(values.get(_PRESET, {}), show))

    def _list(self, name: str, cls: type, values: Any) -> tuple[Any, ...]:
        if not isinstance(values, list) or not all(isinstance(v, dict) for v in values):
            raise ValueError(f"write [[{name}]], once for each {name}, before its keys")
        if len(values) > MOST:
            raise ValueError(f"[[{name}]] comes {len(values)} times; there may be {MOST}")
        many = len(values) > 1
        return tuple(
            self._section(f"[[{name}]] {i}" if many else f"[[{name}]]", cls, value)
            for i, value in enumerate(values, 1)
        )

    def _section(self, where: str, cls: type, values: Any) -> Any:
        if not isinstance(values, dict):
            raise ValueError(f"{where} must be a section of its own, with keys")
        kinds: dict[str, Kind] = {
            f.name: f.metadata["kind"] for f in fields(cls) if "kind" in f.metadata
        }
        live = _live_kinds(cls)
        read = _keys(where, values, kinds | live)
        for f in fields(cls):
            if f.default is f.default_factory is MISSING and f.name not in read:
                raise ValueError(f"{where} {f.name} is missing; it must be {kinds[f.name].says}")
        knobs = {key: read.pop(key) for key in live.keys() & read.keys()}
        for key, value in read.items():
            if isinstance(value, Path):
                read[key] = self._folder / value
        return cls(**read, **({"values": values_of(knobs)} if live else {}))


def _live_kinds(cls: type) -> dict[str, Kind]:
    of = {VoiceSetting: "voice", DancerSetting: "dancer"}.get(cls)
    return kinds_of(parameters_of(of)) if of else {}


def _keys(where: str, values: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    read = {}
    for key, value in values.items():
        if key not in kinds:
            raise ValueError(f"{where} has no key {_short(key)}{_meant(key, kinds)}")
        try:
            read[key] = kinds[key].read(value)
        except ValueError:
            _refuse(where, key, value, kinds[key])
    return read


def _refuse(where: str, key: str, value: Any, kind: Kind) -> Never:
    raise ValueError(f"{where} {key} is {_short(value)}; it must be {kind.says}") from None


def _presets(values: Any, show: Show) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    if not isinstance(values, dict):
        raise ValueError("[preset] must be sections such as [preset.calm.voice]")
    of = {v.name: VoiceSetting for v in show.voice} | {d.name: DancerSetting for d in show.dancer}
    presets = {}
    for name, each in values.items():
        try:
            NAME.read(name)
        except ValueError:
            _refuse("[preset]", "name", name, NAME)
        if not isinstance(each, dict) or not all(isinstance(v, dict) for v in each.values()):
            raise ValueError(f"[preset.{name}] must hold sections such as [preset.{name}.voice]")
        for whose in each:
            if whose not in of:
                raise ValueError(
                    f"[preset.{name}] there is no voice or dancer {_short(whose)}"
                    f"{_meant(whose, of)}"
                )
        presets[name] = {
            whose: values_of(_keys(f"[preset.{name}.{whose}]", knobs, _live_kinds(of[whose])))
            for whose, knobs in each.items()
        }
    return presets


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _meant(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = get_close_matches(name, known, 1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are: {', '.join(known) or 'none'}"
