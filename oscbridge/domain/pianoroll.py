"""The unified piano-roll the MIDI VAE sees (paper, section 3.1): steps x 128 rows, the three parts
stacked, with C-2 = 0: drums in rows [0, 12), bass in [12, 36), melody in [36, 128).

Notes on the step grid and within the rows' ranges survive clip -> roll -> clip unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import STEPS_PER_BEAT, Timeline, steps_in

ROWS = 128
DRUM_ROWS, BASS_ROWS, MELODY_ROWS = slice(0, 12), slice(12, 36), slice(36, 128)
PART_ROWS = {Part.DRUMS: DRUM_ROWS, Part.BASS: BASS_ROWS, Part.MELODY: MELODY_ROWS}
BASS_LOW = 24
"""MIDI note of the lowest bass row: a General MIDI bass plays an octave above the paper's rows."""


class Drum(NamedTuple):
    """A row of the drum part: the General MIDI note it plays, and those read as it."""

    name: str
    pitch: int
    also: tuple[int, ...] = ()


DRUM_MAP = (
    Drum("kick", 36, (35,)),
    Drum("snare", 38, (40,)),
    Drum("side stick", 37),
    Drum("clap", 39),
    Drum("closed hi-hat", 42, (22, 44)),
    Drum("open hi-hat", 46, (26,)),
    Drum("low tom", 43, (41, 58)),
    Drum("mid tom", 47, (45,)),
    Drum("high tom", 50, (48,)),
    Drum("crash", 49, (52, 55, 57)),
    Drum("ride", 51, (53, 59)),
    Drum("percussion", 54),
)
"""Row -> General MIDI drum. Notes named nowhere here are read as percussion."""

_ROW_OF_DRUM = np.full(128, len(DRUM_MAP) - 1, np.intp)
for _row, _drum in enumerate(DRUM_MAP):
    _ROW_OF_DRUM[[_drum.pitch, *_drum.also]] = _row


def row_of(part: Part, pitch: int) -> int:
    """The row a note lies in; pitches beyond a part's rows are folded in by octaves."""
    if part is Part.DRUMS:
        return int(_ROW_OF_DRUM[pitch])
    if part is Part.BASS:
        while pitch < BASS_LOW:
            pitch += 12
        while pitch >= BASS_LOW + 24:
            pitch -= 12
        return BASS_ROWS.start + pitch - BASS_LOW
    while pitch < MELODY_ROWS.start:
        pitch += 12
    return pitch


def pitch_of(row: int) -> tuple[Part, int]:
    """The part and the MIDI note a row stands for."""
    if row < BASS_ROWS.start:
        return Part.DRUMS, DRUM_MAP[row].pitch
    if row < MELODY_ROWS.start:
        return Part.BASS, BASS_LOW + row - BASS_ROWS.start
    return Part.MELODY, row


@dataclass(frozen=True)
class PianoRoll:
    """`held` (steps, 128) bool: a note sounds; `velocity` (steps, 128) uint8: of the note that
    starts there, 0 where none does.

    Drums have no length: a drum row is held only where it is hit.
    """

    held: NDArray[np.bool_]
    velocity: NDArray[np.uint8]

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.held)


def to_roll(clip: Clip) -> PianoRoll:
    """The clip on the step grid: starts rounded to the nearest step, lengths to at least one.

    Notes that fall on one row and step merge into the loudest.
    """
    steps = max(1, steps_in(clip.length))
    held = np.zeros((steps, ROWS), np.bool_)
    velocity = np.zeros((steps, ROWS), np.uint8)
    for note in clip.notes:
        start = round(note.start * STEPS_PER_BEAT)
        if not 0 <= start < steps:
            continue
        row = row_of(note.part, note.pitch)
        length = 1 if note.part is Part.DRUMS else round(note.duration * STEPS_PER_BEAT)
        held[start : start + max(1, length), row] = True
        velocity[start, row] = max(velocity[start, row], note.velocity)
    return PianoRoll(held, velocity)


def to_clip(roll: PianoRoll, timeline: Timeline, name: str = "") -> Clip:
    """The roll's notes; a held step after a silent one starts a note even without velocity."""
    notes: list[Note] = []
    starts = roll.held & ((roll.velocity > 0) | ~np.roll(roll.held, 1, axis=0))
    starts[0] = roll.held[0]
    for row in np.flatnonzero(starts.any(axis=0)):
        part, pitch = pitch_of(int(row))
        begins = np.flatnonzero(starts[:, row])
        ends = [*begins[1:], roll.steps]
        for begin, limit in zip(begins, ends, strict=True):
            silent = np.flatnonzero(~roll.held[begin:limit, row])
            length = int(silent[0]) if len(silent) else int(limit - begin)
            notes.append(
                Note(
                    start=float(begin) / STEPS_PER_BEAT,
                    part=part,
                    pitch=pitch,
                    duration=(1 if part is Part.DRUMS else length) / STEPS_PER_BEAT,
                    velocity=int(roll.velocity[begin, row]) or 96,
                )
            )
    return Clip(tuple(sorted(notes)), roll.steps / STEPS_PER_BEAT, timeline, name)
