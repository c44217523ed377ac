"""All that is live, composed: clock, stage, wires, presets, recording; started and stopped here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter

from oscbridge.config import Config
from oscbridge.daemon.live.clock import Clock
from oscbridge.daemon.live.dancer import Dancer
from oscbridge.daemon.live.presets import Presets
from oscbridge.daemon.live.recording import Recording
from oscbridge.daemon.live.stage import Stage
from oscbridge.daemon.live.voice import Voice
from oscbridge.domain.transport import Transport
from oscbridge.engine.bridge import Bridge


class Living:
    """Owned by the loop."""

    def __init__(self, config: Config, bridge: Callable[[], Bridge]) -> None:
        self.clock = Clock(Transport(time=perf_counter()))
        self.stage = Stage(bridge, self.clock.transport)
        self.clock.moved = self._moved
        self.stage.on_beat = self._tell_transport
        self.presets = Presets(config.presets, {})
        self.recording = Recording(self.stage, config.sessions)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open what the show has, and let the pulse go."""
        self.stage.open_voice(Voice("voice"))
        self.stage.open_dancer(Dancer("dancer", 101))
        loop = asyncio.get_running_loop()
        self._tasks.append(loop.create_task(self.stage.pulse.run()))

    def _moved(self, transport: Transport) -> None:
        self.stage.moved(transport)
        self._tell_transport()

    def _tell_transport(self) -> None:
        self.stage.subscribers.tell("transport", "transport/state", *self.clock.told())

    def wires(self) -> Iterator[tuple[str, str, str]]:
        """Kind, name and state of every port and wire."""
        yield from ()

    async def close(self) -> None:
        """Stop all of it, in reverse."""
        for task in self._tasks:
            task.cancel()
        await self.recording.close()
        await self.stage.close()
