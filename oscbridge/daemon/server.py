"""The daemon as a whole: its parts start in order and stop in reverse."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

from oscbridge.config import Config
from oscbridge.daemon.clients import Client, Clients, Clock
from oscbridge.daemon.dispatch import Dispatcher
from oscbridge.daemon.jobs import Jobs
from oscbridge.daemon.library import Library
from oscbridge.daemon.live.living import Living
from oscbridge.daemon.port_owner import owner
from oscbridge.daemon.state import State
from oscbridge.daemon.uploads import Uploads
from oscbridge.engine.bridge import Bridge
from oscbridge.engine.loading import load
from oscbridge.errors import JobError, OscbridgeError, PortInUseError
from oscbridge.io import model_files
from oscbridge.io.osc import PacketError
from oscbridge.io.osc_tcp import TcpConnection, TcpServer
from oscbridge.io.osc_udp import Address, UdpEndpoint
from oscbridge.show_file import Show

_LOG = logging.getLogger(__name__)
_TIDY_EVERY = 5.0
_BROWSE_PAUSE = 0.08
"""Seconds left to what is live between two looks into a library that is new."""
_TRIES = 16
_TURN = 5e-4
"""Seconds a thread keeps the interpreter while another waits for it. Models leave it often: at
Python's 5 ms a job waits longer for its turns than it works.
"""
_HOSTS = 256
"""Of whom it is remembered whether they are answered: reading an address takes longer than
checking a small message.
"""


class Daemon:
    """One running daemon; leases run by `clock`."""

    def __init__(
        self, config: Config, bridge: Bridge, library: Library, clock: Clock = time.monotonic,
        show: Show | None = None,
    ) -> None:  # fmt: skip
        self.config = config
        live = Living(config, show or Show(), lambda: self.state.bridge)
        self.state = State(config, bridge, library, Jobs(), live, uploads=Uploads(clock))
        self.clients = Clients(self._forget, self._busy, clock)
        self._dispatcher = Dispatcher(self.state, self.clients)
        self._answers = lru_cache(_HOSTS)(config.answers)
        self._udp: UdpEndpoint | None = None
        self._tcp = TcpServer(
            self._accept, self._tcp_packet, self._malformed, lambda c: self.clients.drop(c)
        )
        self.port = 0

    def told(self, path: str) -> tuple[Any, ...] | None:
        """What a reply would say now."""
        return self._dispatcher.told(path)

    async def listen(self) -> None:
        """Bind UDP and TCP on one port. Raises PortInUseError, OscbridgeError."""
        for attempt in range(_TRIES):
            try:
                self._udp = await UdpEndpoint.open(
                    self.config.host, self.config.port, self._udp_packet
                )
                self.port = self._udp.port
                await self._tcp.open(self.config.host, self.port)
                return
            except OSError as error:
                if self._udp:
                    self._udp.close()
                # Of a free port on UDP the TCP twin may be taken: ask for another.
                if self.config.port or attempt == _TRIES - 1:
                    raise _cannot_listen(self.config, error) from error

    def _udp_packet(self, packet: bytes, source: Address) -> None:
        if self._udp and source[1] and self._answers(source[0]):
            self._dispatcher.packet(self.clients.udp(self._udp, source), packet)

    def _accept(self, connection: TcpConnection) -> bool:
        allowed = self.config.answers(connection.host)
        return allowed and self.clients.connect(connection) is not None

    def _tcp_packet(self, connection: TcpConnection, packet: bytes) -> None:
        self._dispatcher.packet(self.clients.tcp(connection), packet)

    def _malformed(self, connection: TcpConnection, error: PacketError) -> None:
        text = f"this stream is neither OSC 1.0 nor 1.1 (SLIP): {error}"
        self.clients.tcp(connection).fail("", -1, JobError("malformed", text))

    def _forget(self, client: Client) -> None:
        self.state.jobs.forget(client)
        self.state.uploads.forget(client)
        self.state.live.stage.subscribers.forget(client)

    def _busy(self, client: Client) -> bool:
        return self.state.jobs.owns(client) or self.state.uploads.owns(client)

    async def tidy(self) -> None:
        """Forget, for ever, what was left behind."""
        while True:
            await asyncio.sleep(_TIDY_EVERY)
            self.expire()

    async def browse(self) -> None:
        """Read, for ever, what is new in the clip library, a little at a time."""
        jobs, catalogue = self.state.jobs, self.state.catalogue
        while True:
            try:
                more = await jobs.loop.run_in_executor(jobs.files, catalogue.catch_up)
            except OscbridgeError as error:  # told to whoever asks for a clip
                _LOG.debug("%s", error)
                more = False
            await asyncio.sleep(_BROWSE_PAUSE if more else _TIDY_EVERY)

    def expire(self) -> None:
        """Give up uploads that stalled, then forget clients whose lease ran out."""
        for client, job, upload in self.state.uploads.expire():
            text = f"given up: {len(upload.chunks)} of {upload.args['chunks']} chunks came"
            client.fail(upload.path, job, JobError("expired", text))
        self.clients.expire()

    async def close(self) -> None:
        """Stop listening, then what is live, then the jobs."""
        await self._tcp.close()
        if self._udp:
            self._udp.close()
        await self.state.live.close()
        await self.state.jobs.close()
        self.state.catalogue.close()


def _cannot_listen(config: Config, error: OSError) -> OscbridgeError:
    holder = owner(config.port)
    if holder or error.errno in (48, 98, 10048):  # EADDRINUSE on macOS, Linux, Windows
        return PortInUseError(
            f"port {config.port} is in use by {holder or 'another program'}; end that, "
            f"or choose another port: --port {config.port + 1} (--port 0: any free one)"
        )
    return OscbridgeError(
        f"cannot listen on {config.host} port {config.port}: {error.strerror or error}; "
        "--host takes an address of this machine, --port a number above 1023"
    )


async def serve(config: Config, show: Show, ready: Callable[[Daemon], None]) -> None:
    """Load the model, open the show, listen, and serve until SIGINT or SIGTERM.

    Raises OscbridgeError.
    """
    sys.setswitchinterval(_TURN)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
    library = Library(config.library)
    library.prepare()
    bridge = load(model_files.find(config.models, config.model, config.version))
    daemon = Daemon(config, bridge, library, show=show)
    try:
        await daemon.listen()
        await daemon.state.live.start(daemon.port, daemon.told)
        tidying = asyncio.gather(daemon.tidy(), daemon.browse())
        # What is there by now stays: looking through it took each full collection 40 ms.
        gc.collect()
        gc.freeze()
        ready(daemon)
        # The first dance to be resampled finds it loaded; readiness need not wait for it.
        loop.run_in_executor(daemon.state.jobs.files, import_module, "scipy.interpolate")
        await stop.wait()
        tidying.cancel()
    finally:
        await daemon.close()
