"""Presets: the parameters of all voices and dancers, kept under a name as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oscbridge.domain.names import is_name
from oscbridge.domain.parameters import NAMED
from oscbridge.errors import FileError, JobError
from oscbridge.io.files import read_limited, write_atomically

_LARGEST = 1 << 20

Values = Mapping[str, Mapping[str, float]]
"""Voice or dancer -> parameter -> value."""


class Presets:
    """Those of a show, which cannot be changed, and those in a folder. All methods block."""

    def __init__(self, folder: Path, of_show: Mapping[str, Values]) -> None:
        self.folder, self._of_show = folder, of_show

    def names(self) -> list[str]:
        """All, sorted by name."""
        found = self.folder.glob("*.json") if self.folder.is_dir() else ()
        kept = {path.stem for path in found if not path.name.startswith(".")}
        return sorted(kept | self._of_show.keys())

    def save(self, name: str, values: Values) -> None:
        """Keep it, in place of an older one of that name. Raises JobError, FileError."""
        path = self._path(name)
        if name in self._of_show:
            raise JobError("name", f"{name!r} is a preset of the show's file; choose another name")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(self.folder, f"presets cannot be kept here: {error}") from error
        write_atomically(path, json.dumps(values, indent=1).encode())

    def read(self, name: str) -> Values:
        """Its values. Raises JobError, FileError."""
        path = self._path(name)
        if name in self._of_show:
            return self._of_show[name]
        if not path.is_file():
            there = ", ".join(self.names()[:20]) or "none"
            raise JobError("unknown", f"no preset {name!r}; there are: {there}")
        try:
            return _checked(json.loads(read_limited(path, _LARGEST, "a preset")))
        except (ValueError, TypeError) as error:
            raise FileError(path, f"is no preset: {error}") from error

    def _path(self, name: str) -> Path:
        if not is_name(name):
            raise JobError("name", f"{name!r} is no name of a preset; give one without / \\ :")
        return self.folder / f"{name}.json"


def _checked(values: Any) -> Values:
    """Raises ValueError, TypeError."""
    if not isinstance(values, dict) or not all(isinstance(v, dict) for v in values.values()):
        raise TypeError("it must hold an object for each voice and dancer")
    return {
        whose: {name: _number(name, value) for name, value in each.items()}
        for whose, each in values.items()
    }


def _number(name: str, value: Any) -> float:
    if name not in NAMED:
        raise ValueError(f"there is no parameter {name!r}")
    number, known = float(value), NAMED[name]
    if not (math.isfinite(number) and known.low <= number <= known.high):
        raise ValueError(f"{name} is {value}; it must be from {known.low:g} to {known.high:g}")
    return number
