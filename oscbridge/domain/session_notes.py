"""The notes of a clip as one MIDI track of a DAW holds them, and how two such lists differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from oscbridge.domain.music import Clip, Part, without_overlaps

_NEAR = 1e-3
"""Beats within which two times are one."""
_ROUNDED = 2.0**-22
"""What float32 may add to that, of a time's size."""
FARTHEST = 2.0**20
"""Beats within which all notes lie."""


class SessionNote(NamedTuple):
    """A note of a track: times in beats as float32 has them."""

    start: float
    pitch: int
    duration: float
    velocity: int
    mute: bool = False


class Window(NamedTuple):
    """The notes that start from `begin` to before `end`."""

    begin: float
    end: float
    notes: tuple[SessionNote, ...]

    def holds(self, start: float) -> bool:
        """Whether a note that starts there is one of the window's."""
        return self.begin <= start < self.end


def session_notes(clip: Clip) -> tuple[SessionNote, ...]:
    """All parts on one track, in order of start: where two of them play one pitch at once, the
    earlier note is cut short and of two that start together the louder stays.
    """
    one_part = without_overlaps(replace(note, part=Part.MELODY) for note in clip.notes)
    return tuple(
        SessionNote(_single(n.start), n.pitch, _single(n.duration), n.velocity) for n in one_part
    )


def _single(value: float) -> float:
    return float(np.float32(value))


def windows(notes: Sequence[SessionNote], most: int) -> tuple[Window, ...]:
    """All of time cut into windows of about `most` sorted notes, none without a note if there are
    any; notes that start together stay together.
    """
    cuts = [0]
    for at in range(1, len(notes)):
        if at - cuts[-1] >= most and notes[at].start > notes[at - 1].start:
            cuts.append(at)
    edges = [_single((notes[at - 1].start + notes[at].start) / 2) for at in cuts[1:]]
    begins, ends = [-FARTHEST, *edges], [*edges, FARTHEST]
    return tuple(
        Window(begin, end, tuple(notes[first:last]))
        for begin, end, first, last in zip(begins, ends, cuts, [*cuts[1:], len(notes)], strict=True)
    )


def difference(
    wanted: Iterable[SessionNote], found: Iterable[SessionNote]
) -> tuple[list[SessionNote], list[SessionNote]]:
    """What is missing among the found, and what is there that was not wanted."""
    missing, extra = [], []
    left = sorted(wanted, key=_place, reverse=True)
    there = sorted(found, key=_place, reverse=True)
    while left and there:
        first, second = left[-1], there[-1]
        if _same_place(first, second):
            left.pop()
            there.pop()
            if not _sounds_alike(first, second):
                missing.append(first)
                extra.append(second)
        elif _place(first) < _place(second):
            missing.append(left.pop())
        else:
            extra.append(there.pop())
    return missing + left[::-1], extra + there[::-1]


def _place(note: SessionNote) -> tuple[int, float]:
    return note.pitch, note.start


def _same_place(one: SessionNote, other: SessionNote) -> bool:
    return one.pitch == other.pitch and _near(one.start, other.start)


def _sounds_alike(one: SessionNote, other: SessionNote) -> bool:
    # A note may have been cut where the next begins, which float32 has moved.
    room = _ROUNDED * abs(one.start)
    return (
        abs(one.duration - other.duration) <= _NEAR + room
        and one.velocity == other.velocity
        and one.mute == other.mute
    )


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_ROUNDED, abs_tol=_NEAR)
