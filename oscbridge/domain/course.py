"""The way a transport has gone: when each position of the last bars was passed."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oscbridge.domain.transport import Transport

JUMP = 0.5
"""Beats from which on a change of position is no correction of a clock but a jump."""
_KEPT = 512
"""Changes that are remembered; a clock that is followed changes some ten times a second."""


def jumps(before: Transport, after: Transport) -> bool:
    """Whether going on as `after` is a jump for who went as `before`."""
    return abs(after.beat - before.beat_at(after.time)) > JUMP


class Course:
    """Where the transport is and has been. After a jump nothing before it is known any more."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._knots: deque[tuple[float, float]] = deque([(transport.time, transport.beat)], _KEPT)

    def take(self, transport: Transport) -> bool:
        """Go on as `transport` says, from its time on; whether that was a jump."""
        jumped = jumps(self.transport, transport)
        if jumped:
            self._knots.clear()
        self._add(transport.time, transport.beat)
        self.transport = transport
        return jumped

    def _add(self, time: float, beat: float) -> None:
        while self._knots and (self._knots[-1][0] >= time or self._knots[-1][1] >= beat):
            self._knots.pop()
        self._knots.append((time, beat))

    def times_of(self, beats: ArrayLike) -> NDArray[np.float64]:
        """When each position was or will be passed, seconds; as far back as is known, then at the
        pace that was the first.
        """
        at = np.asarray(beats, np.float64)
        time, beat = (np.array(column) for column in zip(*self._knots, strict=True))
        found = np.interp(at, beat, time)
        found = np.where(at > beat[-1], time[-1] + (at - beat[-1]) * self.transport.pace, found)
        first = (time[1] - time[0]) / (beat[1] - beat[0]) if len(time) > 1 else self.transport.pace
        return np.asarray(np.where(at < beat[0], time[0] + (at - beat[0]) * first, found))

    def beat_at(self, time: float) -> float:
        """The position at a time that may be past."""
        if time >= self._knots[-1][0]:
            return self.transport.beat_at(time)
        times, beats = zip(*self._knots, strict=True)
        return float(np.interp(time, times, beats))
