"""The clock: which transport there is now, and whom it follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from oscbridge.domain.clock_follow import BeatFollower, MidiFollower
from oscbridge.domain.link_follow import LinkFollower
from oscbridge.domain.timeline import Meter
from oscbridge.domain.transport import Transport
from oscbridge.errors import JobError
from oscbridge.io.link import LinkError, LinkSession

LOOKS = 0.05
"""Seconds between two looks at whom the transport follows."""


class Clock:
    """Tells `moved` of every change of the transport, and `trouble` of what is amiss with whom it
    follows (empty: nothing). Owned by the loop.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.moved: Callable[[Transport], None] = lambda transport: None
        self.trouble: Callable[[str], None] = lambda text: None
        self.source = "internal"
        self._midi = MidiFollower()
        self._heard = transport.stopped(transport.time)
        self._beats = BeatFollower()
        self._link: tuple[LinkSession, LinkFollower] | None = None

    @property
    def peers(self) -> int:
        """Link peers there are, without ourselves."""
        return self._link[1].peers if self._link else 0

    @property
    def state(self) -> str:
        """running, stopped, or what is amiss."""
        if self.source == "midi":
            return self._midi.state
        if self.source == "osc" and self._beats.state != "running":
            return self._beats.state
        return "running" if self.transport.playing else "stopped"

    def told(self) -> tuple[str, str, float, float, float, int, int]:
        """Source, state, tempo, position, phase in the bar, and meter."""
        t = self.transport
        beat = t.beat_at(perf_counter())
        phase = (beat - t.bar_at(beat)) / t.meter.bar
        meter = t.meter.numerator, t.meter.denominator
        return self.source, self.state, t.bpm, beat, phase, *meter

    def _go(self, transport: Transport | None) -> None:
        if transport is not None:
            self.transport = transport
            self.moved(transport)

    # --- what is asked

    def play(self, on: bool) -> None:
        """Start or stop. Raises JobError where another clock does that."""
        self._not_from_midi()
        if self._link:
            self._link[0].play(on)
        now = perf_counter()
        self._go(self.transport.started(now) if on else self.transport.stopped(now))

    def set_tempo(self, bpm: float) -> None:
        """Another tempo; proposed to the others with Link. Raises JobError where another clock
        has it.
        """
        self._not_from_midi()
        if self._link:
            self._link[0].set_tempo(bpm)
        self._go(self.transport.at(perf_counter(), bpm=bpm))

    def set_meter(self, numerator: int, denominator: int) -> None:
        """Another meter from the next bar on."""
        self._go(self.transport.in_meter(numerator, denominator, perf_counter()))
        if self._link:
            self._link[0].set_bar(self.transport.meter.bar)

    def beat(self, beat: float, bpm: float | None) -> None:
        """Another position, or the one that is followed. Raises JobError where another clock has
        it.
        """
        now = perf_counter()
        if self.source == "osc":
            self._go(self._beats.take(self.transport, now, beat, bpm))
            return
        if self.source != "internal":
            raise JobError("argument", f"the transport follows {self.source}, not positions")
        self._go(self.transport.at(now, beat=beat, bpm=bpm))

    def _not_from_midi(self) -> None:
        if self.source == "midi":
            raise JobError("argument", "the transport follows MIDI clock; set it there")

    def choose(self, source: str) -> None:
        """Follow another: internal, midi, link, osc. Raises JobError."""
        if source not in ("internal", "midi", "link", "osc"):
            raise JobError("unknown", f"no clock {source!r}; there are internal, midi, link, osc")
        if source == self.source:
            return
        session = self._join() if source == "link" else None
        self.close()
        self.source = source
        self.trouble("")
        if session:
            self._link = session, LinkFollower()
        if source == "osc":
            self._beats = BeatFollower()
        self._go(self._begin(perf_counter()))
        self.look()

    def _begin(self, now: float) -> Transport:
        """The transport when another source begins: it stands until that clock comes."""
        if self.source == "midi" and self._midi.state == "running":
            bar = self.transport.meter
            heard = self._heard.at(now)
            return replace(heard, meter=Meter(0.0, bar.numerator, bar.denominator))
        if self.source in ("midi", "osc"):
            return self.transport.stopped(now)
        return self.transport.at(now)

    def _join(self) -> LinkSession:
        try:
            return LinkSession(self.transport.bpm, self.transport.meter.bar)
        except LinkError as error:
            raise JobError(error.code, str(error)) from error

    # --- whom it follows

    def midi(self, kind: str, time: float, position: int) -> None:
        """A message of MIDI clock came (`MidiIn`'s `on_clock`); heard also while another source is
        chosen, so that choosing MIDI in the middle of a song finds its place.
        """
        if self.source == "midi":
            self._go(self._midi.take(self.transport, kind, time, position))
        else:
            self._heard = self._midi.take(self._heard, kind, time, position) or self._heard

    def look(self) -> None:
        """See where Link is, and whether other clocks still come."""
        now = perf_counter()
        if self.source != "midi":
            self._heard = self._midi.check(self._heard, now) or self._heard
        if self._link:
            session, follower = self._link
            self._go(follower.take(self.transport, *session.read()))
            self.trouble(follower.trouble)
        elif self.source in ("midi", "osc"):
            follows = self._midi if self.source == "midi" else self._beats
            self._go(follows.check(self.transport, now))
            self.trouble("" if follows.state in ("running", "stopped") else follows.state)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOKS)

    def close(self) -> None:
        """Leave a Link session, if there is one."""
        if self._link:
            self._link[0].close()
            self._link = None
