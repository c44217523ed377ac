"""A transport that follows somebody else's clock: MIDI ticks, or positions told now and then.

Pure: times (seconds of the host's steady clock) come with what is told. Ticks come late by chance,
get lost and come in heaps; the line through the last beats of them is what counts.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from oscbridge.domain.clock_out import SIXTEENTH, TICKS_PER_BEAT
from oscbridge.domain.timeline import FASTEST, SLOWEST, Meter
from oscbridge.domain.transport import Transport

WINDOW = 4 * TICKS_PER_BEAT
"""Ticks the line is laid through."""
SURE = 6
"""Ticks from which on the line is believed rather than the tempo before."""
OFF, OFFS = 0.005, 4
"""So many ticks in a row so many seconds to one side of the line: the tempo is another."""
GAPS = 3
"""So many ticks in a row equally far apart: none got lost between them."""
LOST = 0.6
"""Seconds without a tick after which the clock is lost; at 10 BPM one comes each 0.25 s."""
SILENT = 2.5
"""Seconds without a position after which who told them is lost, or three times their distance."""
TOLD = 4
"""Every so many ticks the transport is told anew."""
JUMP = 0.5
"""Beats from which on a position that is told is no correction but a jump."""
_POSITIONS = 8


class Line:
    """The straight line through the last points (time, position)."""

    def __init__(self, most: int) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=most)
        self.pace = math.nan
        self._time = self._at = math.nan

    def __len__(self) -> int:
        return len(self._points)

    def add(self, time: float, position: float) -> None:
        """One more point."""
        self._points.append((time, position))
        self._fit()

    def keep(self, last: int) -> None:
        """Forget all but the last points."""
        kept = list(self._points)[-last:] if last else []
        self._points.clear()
        self._points.extend(kept)
        self._fit()

    def _fit(self) -> None:
        if not self._points:
            self.pace = self._time = self._at = math.nan
            return
        time, position = np.array(self._points).T
        self._time, self._at = float(time.mean()), float(position.mean())
        time, position = time - self._time, position - self._at
        spread = float(position @ position)
        self.pace = float(time @ position) / spread if spread > 0 else math.nan

    @property
    def last(self) -> tuple[float, float]:
        """The last point."""
        return self._points[-1]

    def time_of(self, position: float) -> float:
        """When the line is there, seconds."""
        return self._time + (position - self._at) * self.pace


class MidiFollower:
    """Hears MIDI clock. `state` is "running", "stopped" or what is amiss."""

    def __init__(self) -> None:
        self.state = "waiting for clock"
        self._line = Line(WINDOW)
        self._count = 0
        """Ticks so far, those that got lost with them."""
        self._zero = 0
        """The count at which the song is at its beginning."""
        self._playing = self._placed = False
        """`_placed`: the next tick is one that was spoken of."""
        self._begin()

    def _begin(self) -> None:
        self._line.keep(0)
        self._filled = self._gap = self._gaps = self._off = 0

    def take(self, now: Transport, kind: str, time: float, position: int = 0) -> Transport | None:
        """How `now` goes on after a message (clock, start, continue, stop, songpos in sixteenths);
        None where it goes on as it does.
        """
        if kind == "clock":
            return self._tick(now, time)
        if kind == "stop":
            self._playing, self.state = False, "stopped"
            return now.stopped(time) if now.playing else None
        self._placed = True
        if kind in ("start", "songpos"):
            # The next tick is the one that is there.
            self._zero = self._count + 1 - position * SIXTEENTH
            if kind == "songpos":
                meter = Meter(0.0, now.meter.numerator, now.meter.denominator)
                beat = position * SIXTEENTH / TICKS_PER_BEAT
                return replace(now.stopped(time), beat=beat, meter=meter)
        elif not self._playing:  # continue, from where it stood
            self._zero = self._count + 1 - round(now.beat_at(time) * TICKS_PER_BEAT)
        self._playing = True
        return None

    def _tick(self, now: Transport, time: float) -> Transport | None:
        line = self._line
        anew = self.state not in ("running", "stopped")
        if anew or (len(line) and time - line.last[0] > LOST):
            self._begin()
        if not self._counted(time):
            return None
        line.add(time, self._count)
        self._straighten(time)
        if not self._playing:
            self.state = "stopped"
            return None
        anew |= self.state != "running" or not now.playing
        self.state = "running"
        if anew or len(line) < 2 * SURE or self._count % TOLD == 0:
            return self._told(now, time)
        return None

    def _counted(self, time: float) -> bool:
        """Count a tick and those that got lost before it; False for one that was counted as lost
        and comes late after all.
        """
        line = self._line
        missed = 0
        if len(line) >= SURE:
            missed = round((time - line.last[0]) / line.pace) - 1
        if self._placed:
            self._placed = False
            if missed:
                self._begin()
            missed = 0
        if missed < 0 and self._filled:
            self._filled -= 1
            return False
        missed = max(0, missed)
        self._gaps = self._gaps + 1 if missed == self._gap else 1
        if missed and self._gaps == GAPS:
            # Nothing got lost, the clock is slower now.
            self._count -= missed * (GAPS - 1)
            line.keep(0)
            missed = 0
        self._gap = self._filled = missed
        self._count += 1 + missed
        return True

    def _straighten(self, time: float) -> None:
        """Begin the line anew where the last ticks lie on one side of it: the tempo changed."""
        line = self._line
        off = time - line.time_of(self._count) if len(line) > OFFS else 0.0
        side = int(math.copysign(1, off)) if abs(off) > OFF else 0
        self._off = self._off + side if side and self._off * side >= 0 else side
        if abs(self._off) >= OFFS:
            self._off = 0
            line.keep(OFFS + 1)

    def _told(self, now: Transport, time: float) -> Transport:
        line = self._line
        bpm = 60 / (line.pace * TICKS_PER_BEAT) if len(line) >= SURE else now.bpm
        at = line.time_of(self._count) if len(line) >= SURE else time
        bpm = min(max(bpm, SLOWEST), FASTEST)
        beat = (self._count - self._zero) / TICKS_PER_BEAT
        meter = now.meter
        if now.beat_at(time) > beat + JUMP or not now.playing:
            meter = Meter(0.0, meter.numerator, meter.denominator)
        return replace(now, time=at, beat=beat, bpm=bpm, playing=True, meter=meter)

    def check(self, now: Transport, time: float) -> Transport | None:
        """Look whether the clock still comes: without it the transport stands still."""
        if self.state == "running" and time - self._line.last[0] > LOST:
            self._begin()
            self.state = "clock lost"
            return now.stopped(time)
        return None


class BeatFollower:
    """Hears positions in beats, with or without a tempo. `state` as in MidiFollower."""

    def __init__(self) -> None:
        self.state = "waiting for beats"
        self._line = Line(_POSITIONS)
        self._distance = 0.0
        self._last = -math.inf

    def take(self, now: Transport, time: float, beat: float, bpm: float | None) -> Transport:
        """How `now` goes on after a position that was told at `time`."""
        line = self._line
        if self.state != "running" or (line and self._jumped(time, beat)):
            line.keep(0)
        self._distance = min(time - self._last, SILENT) if len(line) else 0.0
        if not len(line) or beat > line.last[1]:
            line.add(time, beat)
        self._last, self.state = time, "running"
        at = time
        if bpm:
            pace = 60 / bpm
        elif len(line) > 1 and line.pace > 0:
            pace = line.pace
            at = line.time_of(beat)
        else:
            pace = now.pace
        bpm = min(max(60 / pace, SLOWEST), FASTEST)
        return replace(now, time=at, beat=beat, bpm=bpm, playing=True)

    def _jumped(self, time: float, beat: float) -> bool:
        """Whether it is elsewhere than the last two points lead to."""
        last_time, last = self._line.last
        if len(self._line) < 2 or not self._line.pace > 0:
            return beat < last
        return abs(last + (time - last_time) / self._line.pace - beat) > JUMP

    def check(self, now: Transport, time: float) -> Transport | None:
        """Look whether positions still come: without them the transport stands still."""
        if self.state == "running" and time - self._last > max(SILENT, 3 * self._distance):
            self.state = "clock lost"
            return now.stopped(time)
        return None
