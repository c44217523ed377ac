"""The beats of a take that is recorded: 0 where it began, and on from there whatever the transport
does.
"""

from __future__ import annotations

import math
from itertools import pairwise

from oscbridge.domain.course import jumps
from oscbridge.domain.timeline import FASTEST, SLOWEST, Meter, Tempo, Timeline
from oscbridge.domain.transport import Transport

_ON = 1e-6
"""Beats within which two positions are one."""
_OFF = 1e-3
"""Beats by which bars may lie off the transport's: half of what a MIDI file can tell."""
SAME_TEMPO = 0.1
"""BPM by which a clock may waver before that is another tempo."""


class Take:
    """Begins at the first start of a bar once a transport is told, and lasts `bars` or, with 0,
    until it is ended.

    Where the transport jumps, the take goes on, and a bar of it is cut short so that the next ones
    lie as the transport's. What only corrects a clock moves the take along.
    """

    def __init__(self, bars: int = 0) -> None:
        self.end = math.inf
        """Where it ends by itself, in beats."""
        self._bars = bars
        self._now: Transport | None = None
        self._origin = 0.0
        self._begun = False
        self._tempos: list[Tempo] = []
        self._meters: list[Meter] = []

    def follow(self, transport: Transport, now: float) -> None:
        """Go on as `transport` says, told at `now`."""
        self._follow(transport, now)
        if self._bars:
            self.end = self._bar(self._bars)

    def _bar(self, number: int) -> float:
        """Where a bar starts, counted from 0."""
        for meter, after in pairwise(self._meters):
            bars = math.ceil((after.beat - meter.beat) / meter.bar - _ON)
            if number < bars:
                return meter.beat + number * meter.bar
            number -= bars
        return self._meters[-1].beat + number * self._meters[-1].bar

    def _follow(self, transport: Transport, now: float) -> None:
        before, self._now = self._now, transport
        if before is None:
            self._begin(transport, transport.beat_at(max(now, transport.time)))
            return
        # A change of meter alone tells no time of its own.
        time = transport.time if transport.time > before.time else max(now, before.time)
        was, here = before.beat_at(time), transport.beat_at(time)
        jumped, measured = jumps(before, transport), transport.meter != before.meter
        self._begun = self._begun or was >= self._origin
        if not self._begun and (jumped or measured):
            self._begin(transport, here)
            return
        if jumped:
            self._origin += here - was
        self._pace(max(0.0, here - self._origin), transport.bpm)
        if jumped or measured:
            coming = measured and transport.meter.beat > here
            bar = transport.meter.beat if coming else transport.next_bar(here)
            self._measure(here - self._origin, bar - self._origin, transport.meter)

    def _begin(self, transport: Transport, here: float) -> None:
        meter = transport.meter
        self._origin = transport.next_bar(here)
        self._tempos = []
        self._pace(0.0, transport.bpm)
        self._meters = [Meter(0.0, meter.numerator, meter.denominator)]

    def _pace(self, here: float, bpm: float) -> None:
        at = max([here, *(t.beat for t in self._tempos[-1:])])
        while self._tempos and self._tempos[-1].beat > at - _ON:
            self._tempos.pop()
        if not self._tempos or abs(self._tempos[-1].bpm - bpm) > SAME_TEMPO:
            at = at if self._tempos else 0.0
            self._tempos.append(Tempo(at, min(max(bpm, SLOWEST), FASTEST)))

    def _measure(self, here: float, bar: float, meter: Meter) -> None:
        """In `meter` from a bar on that starts at `bar`; what was to come after `here` is not."""
        self._meters = [self._meters[0], *(m for m in self._meters[1:] if m.beat <= here + _ON)]
        last, kind = self._meters[-1], (meter.numerator, meter.denominator)
        bar += max(0, math.ceil(-bar / meter.bar - _ON)) * meter.bar
        off = math.remainder(bar - last.beat, last.bar)
        if kind != (last.numerator, last.denominator) or abs(off) > _OFF:
            self._meters = [m for m in self._meters if m.beat < bar - _ON]
            self._meters.append(Meter(bar if self._meters else 0.0, *kind))

    @property
    def playing(self) -> bool:
        """Whether the transport goes on."""
        return self._now is not None and self._now.playing

    def at(self, beat: float) -> float:
        """Where in the take a position of the transport is; negative before it begins."""
        return beat - self._origin if self._now else -math.inf

    def at_time(self, now: float) -> float:
        """Where in the take it is at a time not before the last change of the transport."""
        return self.at(self._now.beat_at(now)) if self._now else -math.inf

    @property
    def timeline(self) -> Timeline:
        """Its tempos and meters."""
        return Timeline(tuple(self._tempos), tuple(self._meters)) if self._now else Timeline()
