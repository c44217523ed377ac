"""Where the music is at every moment: one steady line from the host's clock to beats.

Times are seconds of the host's steady clock (`time.perf_counter`); positions are beats (quarters).
A change of tempo bends the line where it happens, so the grid before it stays where it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from oscbridge.domain.timeline import DEFAULT_TEMPO, STEPS_PER_BEAT, Meter

COMMON = Meter(0.0, 4, 4)
_SAME_TEMPO = 0.05
_ON = 1e-6
"""Beats within which a position lies on a line of the grid."""


@dataclass(frozen=True)
class Transport:
    """At `time` the music is at `beat`; while `playing` it goes on at `bpm` quarters a minute.

    `meter.beat` is where one of its bars starts.
    """

    time: float = 0.0
    beat: float = 0.0
    bpm: float = DEFAULT_TEMPO
    meter: Meter = COMMON
    playing: bool = True

    @property
    def pace(self) -> float:
        """Seconds a beat."""
        return 60.0 / self.bpm

    def beat_at(self, time: float) -> float:
        """The position at that time."""
        return self.beat + (time - self.time) / self.pace if self.playing else self.beat

    def time_of(self, beat: float) -> float:
        """When that position is, or was, reached; infinity where the music stands still."""
        return self.time + (beat - self.beat) * self.pace if self.playing else math.inf

    def at(self, time: float, *, beat: float | None = None, bpm: float | None = None) -> Transport:
        """The same from `time` on, at another tempo or moved to another position if given."""
        here = self.beat_at(time) if beat is None else beat
        return replace(self, time=time, beat=here, bpm=self.bpm if bpm is None else bpm)

    def started(self, time: float) -> Transport:
        """Playing from `time` on."""
        return replace(self.at(time), playing=True)

    def stopped(self, time: float) -> Transport:
        """Standing still from `time` on."""
        return replace(self.at(time), playing=False)

    def in_meter(self, numerator: int, denominator: int, time: float) -> Transport:
        """In another meter, whose first bar starts where the bar at `time` would have ended."""
        start = self.bar_at(self.beat_at(time)) + self.meter.bar
        return replace(self, meter=Meter(start, numerator, denominator))

    def bar_at(self, beat: float) -> float:
        """Where the bar that holds that position starts, in beats."""
        bars = math.floor((beat - self.meter.beat) / self.meter.bar + _ON)
        return self.meter.beat + bars * self.meter.bar

    def next_bar(self, beat: float) -> float:
        """The first start of a bar at or after that position."""
        start = self.bar_at(beat)
        return start if beat <= start + _ON else start + self.meter.bar


def alike(a: Transport, b: Transport) -> bool:
    """Whether tempo, meter and playing are the same, however the positions were corrected."""
    return a.playing == b.playing and a.meter == b.meter and abs(a.bpm - b.bpm) < _SAME_TEMPO


def step_of(beat: float) -> int:
    """The step of the grid that holds a position."""
    return math.floor(beat * STEPS_PER_BEAT + _ON)
