"""Notes that are to sound on an instrument, and those that do: what to send when.

Pure: `due` is asked by who keeps the time. Times are seconds of one clock.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from typing import NamedTuple

MOST = 4096
"""Notes that may wait."""
LATE = 0.1
"""Seconds after which a note that could not be struck in time is left out."""


class Strike(NamedTuple):
    """A key that is struck (`velocity` 1-127) or let go (0)."""

    channel: int
    pitch: int
    velocity: int


class _Event(NamedTuple):
    time: float
    begins: int
    """1, or 0 for an end: at one moment ends come first."""
    note: int
    strike: Strike


class Sounding:
    """A pitch of a channel never sounds twice at once: a new strike ends the one before."""

    def __init__(self) -> None:
        self._heap: list[_Event] = []
        self._keys: dict[tuple[int, int], int] = {}
        self._count = 0
        self.refused = 0

    def add(self, strike: Strike, at: float, until: float) -> bool:
        """A note to come. False where it has no time, or too many wait already."""
        if not (math.isfinite(at) and math.isfinite(until)) or until <= at:
            return False
        if len(self._heap) >= 2 * MOST:
            self.refused += 1
            return False
        self._count += 1
        heapq.heappush(self._heap, _Event(at, 1, self._count, strike))
        heapq.heappush(self._heap, _Event(until, 0, self._count, strike._replace(velocity=0)))
        return True

    @property
    def next(self) -> float:
        """When there is something to do again; infinity for never."""
        return self._heap[0].time if self._heap else math.inf

    def due(self, now: float) -> Iterator[Strike]:
        """What is to be sent by now, in order."""
        while self._heap and self._heap[0].time <= now:
            time, begins, note, strike = heapq.heappop(self._heap)
            key = strike[:2]
            if begins and now - time <= LATE:
                if key in self._keys:
                    yield strike._replace(velocity=0)
                self._keys[key] = note
                yield strike
            elif not begins and self._keys.get(key) == note:
                del self._keys[key]
                yield strike

    def clear(self) -> None:
        """Forget what does not sound yet; what sounds still ends at its time."""
        sounding = set(self._keys.values())
        self._heap = [e for e in self._heap if not e.begins and e.note in sounding]
        heapq.heapify(self._heap)

    def end(self) -> Iterator[Strike]:
        """End all that sounds now, and forget the rest."""
        keys = sorted(self._keys)
        self._keys.clear()
        self._heap.clear()
        for channel, pitch in keys:
            yield Strike(channel, pitch, 0)
