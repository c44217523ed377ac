"""What a journal tells: the song that was played and the dances that were danced, on one grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import stand
from oscbridge.domain.music import Clip, Note, Part, without_overlaps
from oscbridge.domain.take import Take
from oscbridge.domain.timeline import Meter, Timeline
from oscbridge.domain.transport import Transport
from oscbridge.io.landmark_file import FARTHEST
from oscbridge.io.session_journal import BEGAN, ENDED, NOTE, POSE, TRANSPORT, Record

AWAY = 2.0
"""Seconds without a pose after which somebody's dance has ended; what follows is another."""
SHORTEST = 1 / 480
"""Beats of the shortest note a MIDI file can tell."""
APART = 1e-6
"""Beats between two poses of which both are kept."""
Rows = NDArray[Any]


@dataclass(frozen=True)
class Recorded:
    """The song, and the dances by person, each from when they came until they went."""

    song: Clip
    dances: dict[int, list[Dance]]


def recorded(records: Iterable[Record], name: str) -> Recorded:
    """The take in a journal's records."""
    reading = _Reading()
    for record in records:
        reading.take_in(record)
    return reading.result(name)


class _Reading:
    def __init__(self) -> None:
        self._take = Take()
        self._end = 0.0
        self._told = False
        self._notes: list[Note] = []
        self._sounding: dict[tuple[Part, int], tuple[float, int]] = {}
        self._poses: dict[int, list[Rows]] = {}

    def take_in(self, record: Record) -> None:
        """The next record."""
        if record.kind == POSE:
            self._pose(record.rows)
        elif record.kind == NOTE:
            for beat, _, duration, part, pitch, velocity in record.rows.tolist():
                self._note(self._take.at(beat), duration, Part(part), pitch, velocity)
        elif record.kind == TRANSPORT:
            for now, time, beat, bpm, bar, numerator, denominator, playing in record.rows.tolist():
                meter = Meter(bar, numerator, denominator)
                self._take.follow(Transport(time, beat, bpm, meter, bool(playing)), now)
        elif record.kind == BEGAN:
            self._take = Take(int(record.rows["bars"][0]))
        elif record.kind == ENDED:
            self._end, self._told = self._take.at_time(float(record.rows["now"][-1])), True

    def _note(self, beat: float, duration: float, part: Part, pitch: int, velocity: int) -> None:
        self._reach(beat)
        begun = self._sounding.pop((part, pitch), None)
        if begun:
            self._notes.append(_note(part, pitch, *begun, beat))
        if not velocity or not 0 <= beat < self._take.end:
            return
        if duration:
            self._notes.append(_note(part, pitch, beat, velocity, beat + duration))
        else:
            self._sounding[part, pitch] = beat, velocity

    def _pose(self, rows: Rows) -> None:
        rows = rows.copy()
        rows["beat"] = self._take.at(0.0) + rows["beat"]
        self._reach(float(rows["beat"].max()))
        for person in np.unique(rows["person"]).tolist():
            self._poses.setdefault(person, []).append(rows[rows["person"] == person])

    def _reach(self, beat: float) -> None:
        """Without a record of its end a take ends with the last that is known of it."""
        if not self._told:
            self._end = max(self._end, beat)

    def result(self, name: str) -> Recorded:
        """All of it; what still sounds at the end ends there."""
        end = min(self._end, self._take.end)
        for (part, pitch), begun in self._sounding.items():
            self._notes.append(_note(part, pitch, *begun, end))
        notes = without_overlaps(n for n in self._notes if n.start < max(end, SHORTEST))
        length = max([end, *(n.start + SHORTEST for n in notes[-1:])])
        timeline = self._take.timeline
        song = Clip(notes, length, timeline, name)
        found = {
            person: _dances(np.concatenate(rows), timeline, end)
            for person, rows in sorted(self._poses.items())
        }
        return Recorded(song, {person: dances for person, dances in found.items() if dances})


def _note(part: Part, pitch: int, start: float, velocity: int, end: float) -> Note:
    return Note(start, part, pitch, max(end - start, SHORTEST), velocity)


def _dances(rows: Rows, timeline: Timeline, end: float) -> list[Dance]:
    usable = (np.abs(rows["landmarks"]) <= FARTHEST).all(axis=(1, 2))
    rows = rows[usable & (rows["beat"] >= 0) & (rows["beat"] <= end)]
    rows = rows[np.argsort(rows["beat"], kind="stable")]
    rows = rows[np.diff(rows["beat"], prepend=-1.0) > APART]
    gone = np.flatnonzero(np.abs(np.diff(rows["time"])) > AWAY) + 1
    return [_dance(part, timeline) for part in np.split(rows, gone) if len(part)]


def _dance(rows: Rows, timeline: Timeline) -> Dance:
    landmarks, beat = rows["landmarks"].astype(np.float32), rows["beat"].astype(np.float64)
    time = timeline.seconds(beat)
    root = rows["root"].astype(np.float32)
    if not (np.abs(root) <= FARTHEST).all():
        root = stand(landmarks, time)
    return Dance(landmarks, root, time, beat)
