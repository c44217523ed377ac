"""A take: what was played and danced live, in the order it came, made into songs and dances.

A take's beat 0 is the first bar line at or after its start. Where the transport jumps, the take
goes on at its own next bar line, with the bar line that follows the jump; what lies between is
left out, as is what is played while the transport stands still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.course import jumps
from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import stand
from oscbridge.domain.live import Played
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import FASTEST, SLOWEST, Meter, Tempo, Timeline
from oscbridge.domain.transport import COMMON, Transport

_ON = 1e-6
CLOSEST = 1e-4
"""Beats between two poses of a dance."""
SAME_TEMPO = 0.1
"""BPM by which a clock may waver before that is another tempo."""


class Seen(NamedTuple):
    """A pose of somebody at `time` (seconds) and `beat`: landmarks (33, 3), root (3,), NaN where
    nobody told it.
    """

    person: int
    time: float
    beat: float
    landmarks: NDArray[np.float32]
    root: NDArray[np.float32]


class Heard(NamedTuple):
    """A note at `beat`; with a `duration` (beats) it ends by itself."""

    played: Played
    beat: float
    duration: float = 0.0


Entry = Transport | Heard | Seen


class TakeBeats:
    """Turns positions of the transport into beats of the take; keeps its tempos and meters."""

    def __init__(self) -> None:
        self.transport: Transport | None = None
        self.end = 0.0
        """The last beat of the take that was reached."""
        self._line = self._base = 0.0
        self._tempos: list[Tempo] = []
        self._meters: list[Meter] = []

    def take(self, transport: Transport) -> bool:
        """Go on like this, from the transport's time on; whether that was a jump, or the start."""
        before, self.transport = self.transport, transport
        jumped = before is None or jumps(before, transport)
        if before:
            here = before.beat_at(transport.time)
            self.place(here if jumped else min(here, transport.beat))
        if jumped:
            self._base = self._bar_after(self.end) if before else 0.0
            ahead = transport.meter.beat > transport.beat
            self._line = transport.meter.beat if ahead else transport.next_bar(transport.beat)
            _drop(self._meters, self._base)
        self._tempo(transport)
        self._meter(transport)
        return jumped

    def _at(self, beat: float) -> float:
        return max(self._base, beat - self._line + self._base)

    def _tempo(self, transport: Transport) -> None:
        at = self._at(transport.beat)
        _drop(self._tempos, at)
        if not self._tempos or abs(self._tempos[-1].bpm - transport.bpm) > SAME_TEMPO:
            self._tempos.append(Tempo(at, min(max(transport.bpm, SLOWEST), FASTEST)))

    def _meter(self, transport: Transport) -> None:
        """From the bar of now on, if not from a later one, the bars are the transport's, unless no
        MIDI file can say so.
        """
        meter = transport.meter
        if meter.denominator & (meter.denominator - 1):
            if self._meters:
                return
            meter = COMMON
        at = self._at(max(transport.meter.beat, transport.bar_at(transport.beat)))
        _drop(self._meters, at)
        if not self._meters or not _goes_on(self._meters[-1], meter, at):
            self._meters.append(Meter(at, meter.numerator, meter.denominator))

    def _bar_after(self, beat: float) -> float:
        meter = next(m for m in reversed(self._meters) if m.beat <= beat + _ON)
        return meter.beat + max(0, math.ceil((beat - meter.beat) / meter.bar - _ON)) * meter.bar

    def place(self, beat: float) -> float | None:
        """The beat of the take at a position; None before its first bar line and after a jump
        before the next.
        """
        at = beat - self._line + self._base
        if at < self._base - _ON:
            return None
        self.end = max(self.end, at)
        return max(at, self._base)

    @property
    def playing(self) -> bool:
        """Whether the transport goes on."""
        return self.transport is not None and self.transport.playing

    @property
    def bars(self) -> float:
        """Bars so far, at the meter of now."""
        return self.end / self.transport.meter.bar if self.transport else 0.0

    def timeline(self) -> Timeline:
        """Tempos and meters of the take."""
        return Timeline(tuple(self._tempos), tuple(self._meters))


def _drop(changes: list[Tempo] | list[Meter], at: float) -> None:
    """Without those from a beat on: they never came to be."""
    while changes and changes[-1].beat > at - _ON:
        changes.pop()


def _goes_on(last: Meter, meter: Meter, at: float) -> bool:
    """Whether a bar of `meter` at `at` is one that `last` would have there."""
    same = (last.numerator, last.denominator) == (meter.numerator, meter.denominator)
    return same and abs(math.remainder(at - last.beat, last.bar)) < _ON


@dataclass
class _Body:
    times: list[float] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    landmarks: list[NDArray[np.float32]] = field(default_factory=list)
    roots: list[NDArray[np.float32]] = field(default_factory=list)


class Take:
    """Gathers entries; the song and the dances of it at any moment."""

    def __init__(self) -> None:
        self.beats = TakeBeats()
        self._notes: list[Note] = []
        self._sounding: dict[tuple[str, Part, int], tuple[float, int]] = {}
        self._bodies: dict[int, _Body] = {}

    def add(self, entry: Entry) -> None:
        """What came next."""
        if isinstance(entry, Transport):
            end = self.beats.end
            if self.beats.take(entry):
                self._hush(max(end, self.beats.end))
        elif self.beats.playing or (isinstance(entry, Heard) and not entry.played.velocity):
            at = self.beats.place(entry.beat)
            if at is not None:
                self._hear(entry, at) if isinstance(entry, Heard) else self._see(entry, at)

    def _hear(self, heard: Heard, at: float) -> None:
        played = heard.played
        key = played.source, played.part, played.pitch
        if begun := self._sounding.pop(key, None):
            self._ended(played.part, played.pitch, begun, at)
        if not played.velocity:
            return
        if heard.duration:
            begun = at, played.velocity
            self._ended(played.part, played.pitch, begun, at + heard.duration)
        else:
            self._sounding[key] = at, played.velocity

    def _ended(self, part: Part, pitch: int, begun: tuple[float, int], end: float) -> None:
        start, velocity = begun
        self._notes.append(Note(start, part, pitch, max(end - start, _ON), velocity))

    def _hush(self, end: float) -> None:
        for (_, part, pitch), begun in self._sounding.items():
            self._ended(part, pitch, begun, end)
        self._sounding.clear()

    def _see(self, seen: Seen, at: float) -> None:
        body = self._bodies.setdefault(seen.person, _Body())
        if body.beats and (at < body.beats[-1] + CLOSEST or seen.time <= body.times[-1]):
            return
        body.times.append(seen.time)
        body.beats.append(at)
        body.landmarks.append(seen.landmarks)
        body.roots.append(seen.root)

    def song(self) -> Clip | None:
        """All that was played, what still sounds ended at the end; None where nothing was."""
        end = self.beats.end
        self._hush(end)
        notes = tuple(sorted(note for note in self._notes if note.start < end))
        return Clip(notes, end, self.beats.timeline()) if notes else None

    def dances(self) -> dict[int, Dance]:
        """Person -> what they danced."""
        timeline = self.beats.timeline()
        return {person: _dance(body, timeline) for person, body in sorted(self._bodies.items())}


def _dance(body: _Body, timeline: Timeline) -> Dance:
    landmarks, root = np.stack(body.landmarks), np.stack(body.roots)
    if not np.isfinite(root).all():
        root = stand(landmarks, np.array(body.times))
    beat = np.array(body.beats)
    return Dance(landmarks, root, timeline.seconds(beat), beat)
