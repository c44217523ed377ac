"""All that is live, composed: clock, stage, wires, presets; started and stopped here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from time import perf_counter
from typing import Any

from oscbridge.config import Config
from oscbridge.daemon.live import opening
from oscbridge.daemon.live.clock import Clock
from oscbridge.daemon.live.discovery import STATE, Discovery, Told, path_of
from oscbridge.daemon.live.midi import Midi
from oscbridge.daemon.live.pose_outs import PoseOut
from oscbridge.daemon.live.pose_ports import PosePort
from oscbridge.daemon.live.presets import Presets
from oscbridge.daemon.live.recording import Recording
from oscbridge.daemon.live.stage import Stage
from oscbridge.domain.timeline import Meter
from oscbridge.domain.transport import Transport, alike
from oscbridge.engine.bridge import Bridge
from oscbridge.errors import JobError
from oscbridge.show_file import Show

_LOG = logging.getLogger(__name__)
TIDIED = 0.25
"""Seconds between two looks at who has gone."""


class Living:
    """Owned by the loop."""

    def __init__(self, config: Config, show: Show, bridge: Callable[[], Bridge]) -> None:
        self._config, self._show = config, show
        self.clock = Clock(_transport(show))
        self.stage = Stage(bridge, self.clock.transport)
        self.presets = Presets(config.presets, show.presets)
        self.midi: Midi | None = None
        self._ports: list[PosePort] = []
        self._outs: list[PoseOut] = []
        self.discovery: Discovery | None = None
        self.clock.moved = self._moved
        self.stage.on_beat = self._tell_transport
        self.stage.cast.changed = self._recast
        self.recording = Recording(self.stage, config.sessions)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, osc_port: int, told: Told) -> None:
        """Open what the show names, and let the pulse go. Raises OscbridgeError, OSError."""
        opening.cast(self.stage, self._show)
        self._ports = await opening.pose_ports(self.stage, self._show, self._config)
        self._outs = await opening.pose_outs(self.stage, self._show, self._go)
        self._open_midi()
        self._follow(self._show.transport.source)
        self._go(self.clock.run())
        self._go(self.stage.pulse.run())
        self._go(self._tidy())
        self.discovery = Discovery(self.stage, self.clock, told)
        # Nobody need wait for the names on the network to be made sure of.
        self._go(self.discovery.open(self._config, osc_port))

    def _open_midi(self) -> None:
        show = self._show
        if show.midi_in or show.midi_out or show.transport.midi:
            self.midi = Midi(self.stage, self.clock, show)

    def _follow(self, source: str) -> None:
        self.clock.trouble = partial(self.stage.troubles.set, "clock")
        try:
            self.clock.choose(source)
        except JobError as error:
            self.stage.troubles.set("clock", str(error))

    def _go(self, doing: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(self._kept(doing)))

    async def _kept(self, doing: Coroutine[Any, Any, None]) -> None:
        """A fault of ours in one of them must not pass unseen, nor take the others along."""
        try:
            await doing
        except Exception as error:
            what = str(getattr(doing, "__qualname__", doing))
            _LOG.exception("%s ended", what)
            self.stage.troubles.set(what, f"a fault of oscbridge: {error!r}")

    async def _tidy(self) -> None:
        while True:
            self.stage.tidy()
            await asyncio.sleep(TIDIED)

    def turned(self, name: str, parameter: str) -> None:
        """A parameter of a voice or a dancer was turned."""
        if self.discovery:
            self.discovery.changed(path_of(name, parameter))

    def _moved(self, transport: Transport) -> None:
        before = self.stage.course.transport
        jumped = self.stage.moved(transport)
        if self.midi:
            self.midi.moved(transport, jumped=jumped)
        # A clock that is followed is corrected many times a second: that is no news.
        if jumped or not alike(before, transport):
            self._tell_transport()

    def _tell_transport(self) -> None:
        self.stage.subscribers.tell("transport", "transport/state", *self.clock.told())
        if self.discovery:
            self.discovery.changed(STATE)

    def _recast(self) -> None:
        if self.discovery:
            self.discovery.restructured()

    def wires(self) -> Iterator[tuple[str, str, str]]:
        """Kind, name and state of every port and wire."""
        if self.midi:
            yield from self.midi.told()
        for port in self._ports:
            yield "pose", port.name, port.told()
        for out in self._outs:
            yield "out", out.name, "sent to"
        if self.discovery and self.discovery.port:
            yield "http", str(self.discovery.port), "OSCQuery"

    async def close(self) -> None:
        """Stop all of it, in reverse."""
        for task in reversed(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.discovery:
            with contextlib.suppress(TimeoutError, OSError):
                await self.discovery.close()
        await self.recording.close()
        self.clock.close()
        for port in self._ports:
            port.close()
        for out in self._outs:
            await out.close()
        await self.stage.close()
        if self.midi:
            await self.midi.close()


def _transport(show: Show) -> Transport:
    t = show.transport
    meter = Meter(0.0, t.numerator, t.denominator)
    return Transport(perf_counter(), 0.0, t.tempo, meter, t.play)
