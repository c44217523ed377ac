"""The address space as OSCQuery tells it: nodes as JSON objects.

https://github.com/Vidvox/OSCQueryProposal. What OSC cannot say in one type tag is said by the tag
that comes first: a clip that may be a handle or a name is an integer, what may come any number of
times stands once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from oscbridge.api import ENDPOINTS, METER_CHANGE, NOTE, TEMPO_CHANGE, Arg

Values = Callable[[str], tuple[Any, ...] | None]
"""Path -> its present value; None where it has none that can be read."""
Json = dict[str, Any]

NO_VALUE, READ, WRITE, READ_WRITE = range(4)
ATTRIBUTES = (
    "FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT",
    "EXTENDED_TYPE", "CRITICAL",
)  # fmt: skip
"""What is told of nodes."""
OTHERS = ("TAGS", "CLIPMODE", "OVERLOADS", "HTML")
"""What the proposal knows besides."""

_TAGS = {
    "i": "i", "f": "f", "s": "s", "bool": "i", "clip": "i", "dance": "i", "item": "i",
    "notes": "iiffi", "tempos": "ff", "meters": "fii", "frames": "b",
    "landmarks": 99 * "f",
}  # fmt: skip
_ATOMS = {"notes": NOTE, "tempos": TEMPO_CHANGE, "meters": METER_CHANGE}
_UNITS = {"s": "time.second", "ms": "time.ms", "BPM": "time.bpm", "m": "distance.m"}
"""Our unit -> the proposal's name of it; others are told as they are."""


@dataclass(frozen=True)
class Node:
    """A method of the address space: its path, arguments, what may be done with it (READ, WRITE or
    READ_WRITE), and whether what is sent to it must not be lost.
    """

    path: str
    args: tuple[Arg, ...] = ()
    access: int = WRITE
    doc: str = ""
    critical: bool = False


def declared(values: Values) -> Iterator[Node]:
    """The nodes of the address table: what can be sent, with what can be read of it; replies only
    where they can be read as the value they told last.
    """
    for path, endpoint in ENDPOINTS.items():
        access = READ if values(path) is not None else NO_VALUE
        if endpoint.kind != "reply":
            access |= WRITE
        if access:
            critical = endpoint.kind == "job" or "/put/" in path
            yield Node(path, endpoint.args, access, endpoint.doc, critical)


class Tree:
    """Nodes by their paths, with the containers between."""

    def __init__(self, nodes: Iterable[Node], values: Values) -> None:
        self.nodes = {node.path: node for node in nodes}
        self._values = values
        self._children: dict[str, dict[str, None]] = {"/": {}}
        for path in self.nodes:
            above = ""
            for name in path.removeprefix("/").split("/"):
                self._children.setdefault(above or "/", {})[name] = None
                above += f"/{name}"

    def __contains__(self, path: str) -> bool:
        return path in self.nodes or path in self._children

    def described(self, path: str) -> Json:
        """All that is told of a node and of those below."""
        found = self._attributes(path)
        if children := self._children.get(path):
            below = path.rstrip("/")
            found["CONTENTS"] = {name: self.described(f"{below}/{name}") for name in children}
        return found

    def attribute(self, path: str, name: str) -> Json | None:
        """One attribute of a node; nothing in it where the node has none, None where to ask for it
        makes no sense.
        """
        described = self.described(path) if name == "CONTENTS" else self._attributes(path)
        if name == "VALUE" and not described["ACCESS"] & READ:
            return None
        return {name: described[name]} if name in described else {}

    def _attributes(self, path: str) -> Json:
        node = self.nodes.get(path)
        if node is None:
            return {"FULL_PATH": path, "ACCESS": NO_VALUE}
        found: Json = {"FULL_PATH": path, "ACCESS": node.access, "DESCRIPTION": node.doc}
        if node.critical:
            found["CRITICAL"] = True
        if node.access & READ and (value := self._values(path)) is not None:
            found["VALUE"] = [_json(item) for item in value]
        return found | _arguments(node.args)


def _arguments(args: tuple[Arg, ...]) -> Json:
    """TYPE, and lists with one item a tag: RANGE and UNIT where there is any, EXTENDED_TYPE."""
    tags = [_TAGS[arg.type] for arg in args]
    if not tags:
        return {}
    spread = [(arg, i) for arg, tag in zip(args, tags, strict=True) for i in range(len(tag))]
    ranges = [_range(arg) for arg, _ in spread]
    units = [_UNITS.get(arg.unit, arg.unit) or None for arg, _ in spread]
    names = [_ATOMS[arg.type][i] if arg.type in _ATOMS else arg.name for arg, i in spread]
    return (
        {"TYPE": "".join(tags), "EXTENDED_TYPE": names}
        | ({"RANGE": ranges} if any(ranges) else {})
        | ({"UNIT": units} if any(units) else {})
    )


def _range(arg: Arg) -> Json | None:
    if arg.type == "bool":
        return {"MIN": 0, "MAX": 1}
    if arg.choices:
        return {"VALS": list(arg.choices)}
    limits = {"MIN": arg.low, "MAX": arg.high}
    return {key: limit for key, limit in limits.items() if limit is not None} or None


def _json(value: Any) -> int | float | str | None:
    """A value as JSON has it: blobs, NaN and infinities as nil."""
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes | None) or not math.isfinite(value):
        return None
    return float(value)
