"""The clock: which transport there is now, and whom it follows."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from oscbridge.domain.transport import Transport
from oscbridge.errors import JobError


class Clock:
    """Tells `moved` of every change of the transport."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.moved: Callable[[Transport], None] = lambda transport: None

    def told(self) -> tuple[str, str, float, float, float, int, int]:
        """Source, state, tempo, position, phase in the bar, and meter."""
        t = self.transport
        beat = t.beat_at(perf_counter())
        phase = (beat - t.bar_at(beat)) / t.meter.bar
        state = "running" if t.playing else "stopped"
        return "internal", state, t.bpm, beat, phase, t.meter.numerator, t.meter.denominator

    def _go(self, transport: Transport) -> None:
        self.transport = transport
        self.moved(transport)

    def play(self, on: bool) -> None:
        """Start or stop."""
        now = perf_counter()
        self._go(self.transport.started(now) if on else self.transport.stopped(now))

    def set_tempo(self, bpm: float) -> None:
        """Another tempo."""
        self._go(self.transport.at(perf_counter(), bpm=bpm))

    def set_meter(self, numerator: int, denominator: int) -> None:
        """Another meter from the next bar on."""
        self._go(self.transport.in_meter(numerator, denominator, perf_counter()))

    def beat(self, beat: float, bpm: float | None) -> None:
        """Another position."""
        self._go(self.transport.at(perf_counter(), beat=beat, bpm=bpm))

    def choose(self, source: str) -> None:
        """Another source."""
        if source != "internal":
            raise JobError("unknown", source)
