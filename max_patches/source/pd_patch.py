"""Pure Data patches as columns of boxes that read from top to bottom, and the files they make.

A box is one line of text: `|` where the box above is wired to it (`|1`: to its second inlet),
`name:` where other wires need one, then what it is. `msg ...` is a message box, `text ...` a
comment, `floatatom` and `symbolatom` are number and symbol boxes; all else is an object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

LEFT, TOP, PITCH, GAP, LETTER = 20, 20, 30, 36, 7
TITLE = 34
"""Letters in a line of a column's title."""
ATOMS = {"floatatom": 9, "symbolatom": 40}
"""Boxes that show a value, and the letters they have room for."""
_BOX = re.compile(r"(?:\|(\d?) ?)?(?:(\w+): )?(.*)", re.DOTALL)
_END = re.compile(r"(?:(\d+)/)?(\w+)(?:\.(\d+))?")
_GUI = {"bng": 22, "tgl": 22, "hsl": 140}


def escaped(text: str) -> str:
    """As it stands in a file."""
    return text.replace("$", r"\$").replace(",", r" \,").replace(";", r" \;")


def size(text: str) -> tuple[int, int]:
    """Width and height a box takes on the screen, in pixels."""
    kind = text.split()[0]
    if kind in _GUI:
        return _GUI[kind], 22
    if kind in ATOMS:
        return ATOMS[kind] * LETTER + 8, 22
    if kind == "text":
        lines = -(-(len(text) - 5) // TITLE)
        return TITLE * LETTER + 8, 16 * lines + 6
    shown = text.removeprefix("msg ")
    return max(3, len(shown)) * LETTER + (16 if kind == "msg" else 8), 22


@dataclass
class Patch:
    """A window of boxes and wires."""

    name: str = ""
    boxes: list[tuple[str, int, int]] = field(default_factory=list)
    wires: list[tuple[int, int, int, int]] = field(default_factory=list)
    rooms: dict[str, Patch] = field(default_factory=dict)
    panel: tuple[int, int] | None = None
    """Width and height that a patch which holds this one sees of it, from the upper left corner."""
    _names: dict[str, int] = field(default_factory=dict)
    _right: int = LEFT
    _floor: int = TOP
    _reach: int = 0

    def add(self, text: str, x: int, y: int, name: str = "") -> int:
        """Put a box somewhere; its number."""
        self.boxes.append((text, x, y))
        if name:
            if name in self._names:
                raise ValueError(f"{self.name}: two boxes are called {name}")
            self._names[name] = len(self.boxes) - 1
        width, height = size(text)
        self._reach = max(self._reach, y + height)
        self._right = max(self._right, x + width)
        return len(self.boxes) - 1

    def column(self, title: str, *boxes: str) -> None:
        """Boxes one under the other, to the right of those before."""
        x = self._right if self._right == LEFT else self._right + GAP
        y = self._floor
        above = -1
        for box in ([f"text {title}"] if title else []) + list(boxes):
            match = _BOX.fullmatch(box)
            if match is None:
                raise ValueError(box)
            inlet, name, text = match.groups()
            number = self.add(text, x, y, name or "")
            if inlet is not None:
                self.wires.append((above, 0, number, int(inlet or 0)))
            above = number
            y += max(PITCH, size(text)[1] + 8)

    def row(self) -> None:
        """Go on below all there is, from the left again."""
        self._right, self._floor = LEFT, self._reach + GAP

    def wire(self, text: str) -> None:
        """Wires: lines of `a > b > c`; `2/b.1` is the third inlet and the second outlet of b."""
        for line in text.strip().splitlines():
            ends = [_END.fullmatch(end.strip()) for end in line.split(">")]
            for a, b in pairwise(ends):
                if a is None or b is None:
                    raise ValueError(f"{self.name}: {line}")
                start, outlet, stop, inlet = a[2], int(a[3] or 0), b[2], int(b[1] or 0)
                self.wires.append((self._names[start], outlet, self._names[stop], inlet))

    def room(self, name: str) -> Patch:
        """A window inside this one, for a box `pd name`."""
        self.rooms[name] = Patch(name)
        return self.rooms[name]

    def _extent(self) -> tuple[int, int]:
        right = max(x + size(text)[0] for text, x, _ in self.boxes)
        low = max(y + size(text)[1] for text, _, y in self.boxes)
        return max(right + 30, 300), max(low + 40, 150)

    def _lines(self) -> list[str]:
        lines = []
        for text, x, y in self.boxes:
            kind, _, rest = text.partition(" ")
            if kind == "msg":
                lines.append(f"#X msg {x} {y} {escaped(rest)};")
            elif kind == "text":
                lines.append(f"#X text {x} {y} {escaped(rest)}, f {TITLE};")
            elif kind in ATOMS:
                lines.append(f"#X {kind} {x} {y} {ATOMS[kind]} 0 0 0 - - - 0;")
            elif kind == "pd":
                room = self.rooms[rest]
                width, height = room._extent()
                lines.append(f"#N canvas 80 80 {width} {height} {rest} 0;")
                lines += room._lines()
                lines.append(f"#X restore {x} {y} pd {rest};")
            else:
                lines.append(f"#X obj {x} {y} {escaped(text)};")
        lines += [f"#X connect {' '.join(map(str, wire))};" for wire in self.wires]
        if self.panel:
            lines.append(f"#X coords 0 0 1 1 {self.panel[0]} {self.panel[1]} 1 0 0;")
        return lines

    def file(self) -> str:
        """The text of a .pd file."""
        width, height = self._extent()
        return "\n".join([f"#N canvas 60 60 {width} {height} 12;", *self._lines(), ""])
