"""A transport told as MIDI clock: 24 ticks a beat, start, stop, continue and song position.

Pure: `due` is asked by who keeps the time. MIDI 1.0 detailed specification, "System Real Time".
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from oscbridge.domain.transport import Transport

TICKS_PER_BEAT = 24
SIXTEENTH = 6
"""Ticks of one unit of song position."""
POSITIONS = 1 << 14
"""Song positions there are; later ones are told from 0 again, which keeps bars of 4/4 whole."""
SOON = 0.1
"""Share of a sixteenth by which the first tick may be late rather than wait for the next one."""
JUMP = 12
"""Ticks by which a position is off from which on it is told anew."""
CLOCK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2


class ClockOut:
    """Ticks go only while the transport plays."""

    def __init__(self) -> None:
        self._transport = Transport(playing=False)
        self._tick = 0

    def follow(self, transport: Transport, now: float) -> Iterator[bytes]:
        """Go by this transport from now on; what is to be sent at once."""
        before, self._transport = self._transport, transport
        here = transport.beat_at(now) * TICKS_PER_BEAT
        if before.playing and not transport.playing:
            yield bytes([STOP])
        elif transport.playing and not before.playing:
            yield from self._begin(here)
        elif transport.playing and abs(here - (self._tick - 1)) > JUMP and here > 0:
            yield bytes([STOP])
            yield from self._begin(here)

    def _begin(self, here: float) -> Iterator[bytes]:
        """The next sixteenth is where the receiver starts: with the first tick that is sent."""
        position = max(0, math.ceil(here / SIXTEENTH - SOON))
        self._tick = position * SIXTEENTH
        if position:
            told = position % POSITIONS
            yield bytes([POSITION, told & 0x7F, told >> 7])
            yield bytes([CONTINUE])
        else:
            yield bytes([START])

    @property
    def next(self) -> float:
        """When the next tick is to be sent; infinity while the transport stands still."""
        return self._transport.time_of(self._tick / TICKS_PER_BEAT)

    def due(self, now: float) -> Iterator[bytes]:
        """The ticks to be sent by now. Those that were missed are told as a new position."""
        here = self._transport.beat_at(now) * TICKS_PER_BEAT
        if self._transport.playing and here - self._tick > JUMP:
            yield bytes([STOP])
            yield from self._begin(here)
        while self.next <= now:
            self._tick += 1
            yield bytes([CLOCK])
