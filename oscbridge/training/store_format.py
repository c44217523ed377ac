"""The window store's format: its tables, their fields, and the names of its files. docs/data.md
describes it to people; a test holds the two together.

A store is a folder. Each field of a table is one plain `.npy` array `TABLE/FIELD.npy` whose first
axis is the windows; nothing is pickled or compressed, so any of them opens as a memory map.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from oscbridge.domain.pose import COUNT, SOLES
from oscbridge.domain.score import LANES
from oscbridge.domain.timeline import WINDOW
from oscbridge.errors import FileError

SCHEMA = 1
"""Version of the format; a store of another is refused."""
STORE, RECORDINGS, NOTICES = "store.json", "recordings.jsonl", "NOTICES.md"
FRAMES_PER_STEP = 4
TIMING = 128
"""`drum_timing` counts in 1/128 of a step: -64 to 64."""


@dataclass(frozen=True)
class Field:
    """One array of a table: `shape` is that of one window."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    what: str

    @property
    def bytes(self) -> int:
        """Size of one window."""
        return int(np.dtype(self.dtype).itemsize * math.prod(self.shape))

    def to_json(self) -> dict[str, Any]:
        """As `store.json` has it."""
        return {"dtype": self.dtype, "shape": list(self.shape), "what": self.what}


Table = tuple[Field, ...]

_PROVENANCE: Table = (
    Field("recording", "<i4", (), "line of recordings.jsonl, from 0, the window comes from"),
    Field("start", "<f4", (), "beat of the recording at which the window starts"),
    Field("tempo", "<f4", (), "quarter notes a minute at that beat"),
    Field("meter", "|u1", (2,), "numerator and denominator at that beat"),
    Field("part", "|u1", (), "0 train, 1 validation, 2 test"),
    Field("mirrored", "|u1", (), "1 for a mirror image (left and right exchanged)"),
)
_DRUMS: Table = (
    Field("drums", "|u1", (WINDOW, LANES), "velocity of the hit in each lane, 0 for none"),
    Field("drum_timing", "|i1", (WINDOW, LANES), "how late the hit is, in 1/128 of a step"),
)
MUSIC, DRUMS, DANCE = "music", "drums", "dance"
TABLES = (MUSIC, DRUMS, DANCE)


def _line(name: str, what: str) -> Table:
    return (
        Field(f"{name}_pitch", "|u1", (WINDOW,), f"MIDI note of {what} that sounds, 0 for none"),
        Field(f"{name}_velocity", "|u1", (WINDOW,), "of the note that starts, 0 where none does"),
    )


def tables(frames_per_step: int = FRAMES_PER_STEP, landmark_dtype: str = "<f4") -> dict[str, Table]:
    """The tables of a store of so many frames a step."""
    frames = WINDOW * frames_per_step
    music = (
        *_DRUMS,
        *_line("bass", "the bass"),
        *_line("melody", "the melody"),
        Field("key_shift", "|i1", (), "semitones (-6 to +5) that bring the window to C"),
    )
    dance = (
        Field("landmarks", landmark_dtype, (frames, COUNT, 3),
              "metres from mid-hip, the window turned to face the front"),
        Field("root", "<f4", (frames, 3),
              "mid-hip in the room turned alike, metres, x and z from its first frame"),
        Field("contacts", "|u1", (frames, len(SOLES)),
              "1 where left heel, left toe, right heel, right toe bears on the floor"),
        Field("yaw", "<f4", (), "radians the window was turned by; turn it back by as much"),
    )  # fmt: skip
    return {
        MUSIC: music + _PROVENANCE,
        DRUMS: _DRUMS + _PROVENANCE,
        DANCE: dance + _PROVENANCE,
    }


class StoreError(FileError):
    """A store is not there, is of another format, or is not what it says it is."""

    code = "store"
