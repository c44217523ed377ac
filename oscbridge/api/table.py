"""What an OSC address is made of: its arguments, types and ranges. Imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ROOT = "/oscbridge"
PORT = 7720
HTTP_PORT = 7721
FRAME = 104
"""Floats of a dance frame on the wire: time (s), beat, root x y z, then x y z of 33 landmarks."""
NOTE = ("part", "pitch", "start", "duration", "velocity")
"""Atoms of a note on the wire: part 0 drums, 1 bass, 2 melody; start and duration in beats."""
TEMPO_CHANGE = ("beat", "bpm")
METER_CHANGE = ("beat", "numerator", "denominator")

Kind = Literal["job", "message", "reply"]
Type = Literal[
    "i",
    "f",
    "s",
    "bool",
    "clip",
    "dance",
    "item",
    "notes",
    "frames",
    "tempos",
    "meters",
    "landmarks",
]
TYPES: dict[str, str] = {
    "i": "integer",
    "f": "float",
    "s": "string",
    "bool": "0 or 1",
    "clip": "handle of a clip, or the name of a file in the clip library",
    "dance": "handle of a dance",
    "item": "handle of a clip or of a dance",
    "notes": f"{len(NOTE)} atoms a note: {' '.join(NOTE)}",
    "tempos": f"{len(TEMPO_CHANGE)} atoms a tempo: {' '.join(TEMPO_CHANGE)}",
    "meters": f"{len(METER_CHANGE)} atoms a meter: {' '.join(METER_CHANGE)}",
    "landmarks": "99 floats: x y z of 33 landmarks; then, if known, 33 confidences from 0 to 1",
    "frames": f"{FRAME} floats a frame, or one blob of the same as big-endian float32",
}
Value = int | float | str


@dataclass(frozen=True)
class Arg:
    """One argument; with a `default` it may be left out, with `rest` it may come any number of
    times (and is the last). `low` and `high` are inclusive.
    """

    name: str
    type: Type
    doc: str
    default: Value | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    rest: bool = False


@dataclass(frozen=True)
class Endpoint:
    """An address under /oscbridge. A job's first argument is an id its client chose; it ends in
    one `done address id ...`, the `...` being `answers`, or one `fail address id code text`.
    """

    address: str
    kind: Kind
    doc: str
    args: tuple[Arg, ...] = ()
    answers: tuple[Arg, ...] = ()
    replies: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The whole address."""
        return f"{ROOT}/{self.address}"

    @property
    def usage(self) -> str:
        """The address with the names of its arguments; those in brackets may be left out."""
        return " ".join([self.path, *(_shown(a) for a in self.args)])


def _shown(arg: Arg) -> str:
    if arg.rest:
        return f"{arg.name}..."
    return arg.name if arg.default is None else f"[{arg.name}]"


MAX_INT = 2**31 - 1
ID = Arg("id", "i", "chosen by the client; comes back in every answer", low=0, high=MAX_INT)


def word(name: str, doc: str) -> Arg:
    """A string of an answer."""
    return Arg(name, "s", doc)


def whole(name: str, doc: str) -> Arg:
    """An integer of an answer."""
    return Arg(name, "i", doc)


def number(name: str, doc: str, unit: str = "") -> Arg:
    """A float of an answer."""
    return Arg(name, "f", doc, unit=unit)
