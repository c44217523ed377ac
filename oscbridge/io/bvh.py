"""Motion in Biovision hierarchy files: the format alone, without any idea of a human body.

Read tolerantly (case, tabs, line ends, channel orders, names with spaces, several roots), but what
is missing or no number is an error that names the line. Rotations are in degrees, and turn about
the axes in the order in which the channels stand.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oscbridge.errors import FileError
from oscbridge.io.files import read_limited

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file that is read."""
MOST_JOINTS, MOST_FRAMES, MOST_VALUES = 1024, 200_000, 16_000_000
"""Joints (with end sites), frames, and frames times channels of the largest motion that is read."""
MOST_BLANK = 2 * MOST_FRAMES
WIDEST = 1e7
"""Largest number that is taken for a length or an angle."""

POSITIONS = ("Xposition", "Yposition", "Zposition")
ROTATIONS = ("Xrotation", "Yrotation", "Zrotation")
_CHANNELS = {name.lower(): name for name in POSITIONS + ROTATIONS}


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint: where it hangs (`offset` from `parent`, -1 for a root) and which channels move it.

    `first` is the column of its first channel. An end site is a joint with an empty name.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...] = ()
    first: int = 0


@dataclass(frozen=True)
class Motion:
    """A hierarchy, parents first, and what its channels do: `values` (frames, channels) float64.

    `frame_time` is in seconds, as the file states it.
    """

    joints: tuple[Joint, ...]
    values: NDArray[np.float64]
    frame_time: float

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.values)


def read_bvh(path: Path) -> Motion:
    """The motion in a .bvh file; raises FileError on anything that is not one."""
    return parse_bvh(read_limited(path, LARGEST, "a BVH file"), path)


def parse_bvh(content: bytes, path: Path = Path("motion.bvh")) -> Motion:
    """The motion in the bytes of a .bvh file; `path` is named in errors."""
    return _Parser(content, path).motion()


class _Parser:
    """Walks the file once, line by line and word by word."""

    def __init__(self, content: bytes, path: Path) -> None:
        text = content.decode("utf-8-sig", errors="replace")
        self.path = path
        self.line = 0
        self.rows = self._rows(text)
        self.words: list[str] = []
        self.joints: list[Joint] = []
        self.columns = 0

    def _rows(self, text: str) -> Iterator[str]:
        blank = 0
        for match in re.finditer(r"[^\r\n]*(?:\r\n|\r|\n|$)", text):
            self.line += 1
            row = match.group().strip()
            blank += not row
            if blank > MOST_BLANK:
                raise self.error("the file is mostly empty lines")
            yield row

    def error(self, cause: str) -> FileError:
        return FileError(self.path, cause, line=self.line)

    def row(self, awaited: str) -> str:
        """The next line that is not blank, stripped."""
        for row in self.rows:
            if row:
                return row
        raise self.error(
            f"the file ends where {awaited} should come; save it again from its program"
        )

    def peek(self, awaited: str) -> str:
        while not self.words:
            row = self.row(awaited)
            if len(row) > 4096:
                raise self.error("this line is too long for a BVH hierarchy")
            self.words = row.replace("{", " { ").replace("}", " } ").split()
        return self.words[0]

    def word(self, awaited: str) -> str:
        self.peek(awaited)
        return self.words.pop(0)

    def expect(self, *keywords: str) -> None:
        wanted = " ".join(keywords)
        for keyword in keywords:
            found = self.word(wanted)
            if found.lower() != keyword.lower():
                raise self.error(f"expected {wanted}, found {found[:40]!r}")

    def number(self, what: str) -> float:
        return self.as_number(self.word(what), what)

    def as_number(self, text: str, what: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise self.error(f"expected {what}, found {text[:40]!r}") from None
        if not math.isfinite(value) or abs(value) > WIDEST:
            raise self.error(f"{what} is {text[:40]}: not a usable number")
        return value

    def motion(self) -> Motion:
        if self.peek("HIERARCHY").lower() != "hierarchy":
            raise self.error("not a BVH file: it should begin with HIERARCHY")
        self.expect("HIERARCHY")
        self.hierarchy()
        if not self.columns:
            raise self.error("no joint of the hierarchy has a channel, so nothing can move")
        frames, frame_time = self.heading()
        return Motion(tuple(self.joints), self.values(frames), frame_time)

    def hierarchy(self) -> None:
        """Reads the joints up to the word MOTION; `open_joints` is the way down to the present."""
        open_joints: list[int] = []
        while True:
            word = self.word("MOTION" if not open_joints else "a joint or }").lower()
            if word == "root" and not open_joints:
                open_joints.append(self.joint(-1))
            elif word == "joint" and open_joints:
                open_joints.append(self.joint(open_joints[-1]))
            elif word == "end" and open_joints:
                self.end_site(open_joints[-1])
            elif word == "}" and open_joints:
                open_joints.pop()
            elif word == "motion" and not open_joints and self.joints:
                return
            else:
                place = "in a joint" if open_joints else "outside any joint"
                raise self.error(f"found {word[:40]!r} {place}, where it cannot stand")

    def joint(self, parent: int) -> int:
        name: list[str] = []
        while self.peek("a joint's {") != "{":
            name.append(self.word("a name"))
            if len(name) > 16:
                raise self.error("a joint's name is followed by no {")
        self.expect("{")
        offset = self.offset()
        channels = self.channels()
        self.add(Joint(" ".join(name) or "joint", parent, offset, channels, self.columns))
        self.columns += len(channels)
        return len(self.joints) - 1

    def end_site(self, parent: int) -> None:
        self.expect("Site")
        while self.peek("an end site's {") != "{":
            self.word("{")
        self.expect("{")
        self.add(Joint("", parent, self.offset()))
        self.expect("}")

    def add(self, joint: Joint) -> None:
        if len(self.joints) >= MOST_JOINTS:
            raise self.error(
                f"more than {MOST_JOINTS} joints; export the body without its extra bones"
            )
        self.joints.append(joint)

    def offset(self) -> tuple[float, float, float]:
        self.expect("OFFSET")
        what = "a number of OFFSET"
        return self.number(what), self.number(what), self.number(what)

    def channels(self) -> tuple[str, ...]:
        if self.peek("CHANNELS").lower() != "channels":
            return ()
        self.expect("CHANNELS")
        count = self.number("the number of CHANNELS")
        if count not in range(7):
            raise self.error(f"a joint cannot have {count:g} channels")
        found = [self.word("a channel") for _ in range(int(count))]
        names = [_CHANNELS.get(name.lower()) for name in found]
        if None in names or len(set(names)) < len(names):
            raise self.error(
                f"channels {' '.join(found)[:80]!r}: expected {' '.join(_CHANNELS.values())}"
            )
        return tuple(name for name in names if name)

    def heading(self) -> tuple[int, float]:
        """`Frames: n` and `Frame Time: s`, with or without colons."""
        if self.words:
            raise self.error(f"found {self.words[0][:40]!r} after MOTION")
        count = re.fullmatch(r"\s*frames\s*:?\s*(\S+)\s*", self.row("Frames:"), re.IGNORECASE)
        if not count:
            raise self.error("expected 'Frames: ' and their number")
        frames = self.as_number(count[1], "the number of frames")
        if frames != int(frames) or not 0 <= frames <= MOST_FRAMES:
            raise self.error(f"{count[1][:40]} frames: expected a number from 1 to {MOST_FRAMES}")
        if frames == 0:
            raise self.error("the file holds a skeleton but no motion (0 frames)")
        pace = re.fullmatch(
            r"\s*frame\s*time\s*:?\s*(\S+)\s*", self.row("Frame Time:"), re.IGNORECASE
        )
        if not pace:
            raise self.error("expected 'Frame Time: ' and seconds")
        frame_time = self.as_number(pace[1], "the frame time")
        if frame_time < 0:
            raise self.error(f"the frame time is {pace[1][:40]}: expected seconds")
        return int(frames), frame_time

    def values(self, frames: int) -> NDArray[np.float64]:
        """The block of numbers: a line a frame; what follows the declared frames is ignored."""
        if frames * self.columns > MOST_VALUES:
            raise self.error(
                f"{frames} frames of {self.columns} channels are too many; cut the take"
            )
        rows: list[NDArray[np.float64]] = []
        for row in self.rows:
            if row:
                rows.append(self.frame(row, len(rows) + 1, frames))
                if len(rows) == frames:
                    return np.stack(rows)
        raise self.error(f"truncated at frame {len(rows) + 1} of {frames}: the file ends before it")

    def frame(self, row: str, number: int, frames: int) -> NDArray[np.float64]:
        if len(row) > 64 * self.columns + 1024:
            raise self.error(f"frame {number} is longer than {self.columns} channels can be")
        words = row.split()
        if len(words) != self.columns:
            short = len(words) < self.columns and not any(self.rows)
            begin = f"truncated at frame {number} of {frames}: it" if short else f"frame {number}"
            raise self.error(
                f"{begin} has {len(words)} numbers, the hierarchy {self.columns} channels"
            )
        try:
            values = np.array([float(word) for word in words])
        except ValueError as error:
            raise self.error(f"frame {number}: {error}") from error
        if not (np.abs(values) <= WIDEST).all():
            bad = int(np.argmin(np.abs(values) <= WIDEST))
            cause = f"number {bad + 1} is {words[bad][:40]}, which is no length or angle"
            raise self.error(f"frame {number}: {cause}; repair the take where it was captured")
        return values
