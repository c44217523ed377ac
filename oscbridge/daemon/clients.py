"""Who speaks with the daemon, where their answers go, and when they are forgotten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from oscbridge.api import ENDPOINTS, ROOT
from oscbridge.errors import JobError
from oscbridge.io.osc import build
from oscbridge.io.osc_tcp import TcpConnection
from oscbridge.io.osc_udp import Address, UdpEndpoint

LEASE = 60.0
MOST_CLIENTS = 64
Clock = Callable[[], float]
"""Seconds since some moment; never goes back."""
_BURST = 8
"""Packets sent at once over UDP; a receiver's default buffer takes about 90."""
_PAUSE = 0.001
_STREAM_AHEAD = 1 << 16
"""Bytes of streams that may wait for a client: more would only be late."""


class Client:
    """One program that sends to the daemon; answers go to it through `answer`."""

    def __init__(self, host: str, heard: float, connection: TcpConnection | None = None) -> None:
        self.host = host
        self.connection = connection
        self.heard = heard
        self.gone = False

    @property
    def name(self) -> str:
        """What it is told apart by where people read of it."""
        return f"{self.host}:{self.connection.port if self.connection else 0}"

    @property
    def wire(self) -> str:
        """`udp` or `tcp`."""
        return "tcp" if self.connection else "udp"

    def answer(self, address: str, *args: Any) -> None:
        """Send a message; `address` is one of the table's replies, without /oscbridge."""
        if not self.gone:
            self.send(build(ENDPOINTS[f"{ROOT}/{address}"].path, *args))

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        if self.connection:
            self.connection.send(packet)

    @property
    def congested(self) -> bool:
        """Whether it does not read as fast as it is sent to; streams leave it out meanwhile."""
        return self.connection is not None and self.connection.waiting > _STREAM_AHEAD

    def fail(self, address: str, job: int, error: Exception, code: str = "error") -> None:
        """Say that a request failed and why."""
        text = str(error)[:600]
        self.answer("fail", address[:255], job, getattr(error, "code", code), text)

    async def answer_all(self, messages: Iterable[tuple[Any, ...]]) -> None:
        """Send many messages (address, then arguments) at the pace the wire bears. Stops when the
        client is gone.
        """
        for number, (address, *args) in enumerate(messages):
            if self.gone:
                return
            self.answer(address, *args)
            if number % _BURST == _BURST - 1:
                await self.breathe()

    async def breathe(self) -> None:
        """Wait until more can be sent."""
        if self.connection:
            try:
                await self.connection.drain()
            except OSError:
                self.gone = True
        else:
            await asyncio.sleep(_PAUSE)


class UdpClient(Client):
    """A client on UDP, known by its source address."""

    def __init__(self, endpoint: UdpEndpoint, source: Address, heard: float) -> None:
        super().__init__(source[0], heard)
        self.registered = False
        self.sender = source
        """Whence it was heard last; of a shared registration any port of its host."""
        self._endpoint = endpoint
        self.source = self._to = source

    @property
    def name(self) -> str:
        """See Client; of a shared registration its first sender."""
        return f"{self.source[0]}:{self.source[1]}"

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        self._endpoint.send(packet, self._to)

    def at_its_sender(self) -> UdpClient:
        """A client for the port it was heard from last, alone."""
        return UdpClient(self._endpoint, self.sender, self.heard)

    def register(self, port: int, host: str) -> Address:
        """Send answers elsewhere from now on; where they go. Raises JobError."""
        host = "127.0.0.1" if host == "localhost" else host or self.host
        if host != self.host and not (_loopback(host) and _loopback(self.host)):
            raise JobError(
                "argument", f"host is {host}; answers go to the sender only: {self.host}"
            )
        self.registered = True
        self._to = (host, port or self.sender[1])
        return self._to

    def unregister(self) -> Address:
        """Send answers to the source port from now on; where they go."""
        self._to = self.source
        return self._to


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Clients:
    """The clients with a lease; who has been silent too long makes room.

    A host may have one client that all its senders share who have none of their own: programs such
    as oscsend speak from a new port each time.
    """

    def __init__(
        self,
        forget: Callable[[Client], None],
        busy: Callable[[Client], bool],
        clock: Clock = time.monotonic,
    ) -> None:
        self._clients: dict[Address | TcpConnection, Client] = {}
        self._shared: dict[str, UdpClient] = {}
        self._forget, self._busy, self._clock = forget, busy, clock

    def udp(self, endpoint: UdpEndpoint, source: Address) -> Client:
        """The client at this source, its lease renewed."""
        client = self._clients.get(source) or self._shared.get(source[0])
        if client is None:
            self._make_room()
            client = self._clients[source] = UdpClient(endpoint, source, self._clock())
        if isinstance(client, UdpClient):
            client.sender = source
        client.heard = self._clock()
        return client

    def notify(
        self, client: Client, on: bool, port: int, host: str, shared: bool
    ) -> tuple[Client, Address]:
        """Register whom `client` was heard from, or end that. Who hears of it, and where answers
        go from now on. Raises JobError.
        """
        if not isinstance(client, UdpClient):
            raise JobError("argument", "on TCP answers come over the connection itself")
        if not on:
            return client, self._end(client)
        if shared:
            to = client.register(port, host)
            self._share(client)
            return client, to
        if self._clients.get(client.sender) is client:
            to = client.register(port, host)
            self._unshare(client)
            return client, to
        # One of the senders of a shared client goes its own way from now on.
        own = client.at_its_sender()
        to = own.register(port, host)
        self._make_room()
        self._clients[client.sender] = own
        return own, to

    def _end(self, client: UdpClient) -> Address:
        self._unshare(client)
        if self._clients.get(client.sender) is client:
            return client.unregister()
        # The port that listened hears of the end, and the ends of the jobs under way.
        self._clients.pop(client.source, None)
        return client.sender

    def _share(self, client: UdpClient) -> None:
        self._shared[client.host] = client
        for source, other in tuple(self._clients.items()):
            if not isinstance(other, UdpClient) or other.host != client.host or other is client:
                continue
            if not other.registered and not self._busy(other):
                # Not gone: its bundles timed ahead are still answered where they came from.
                del self._clients[source]

    def _unshare(self, client: UdpClient) -> None:
        if self._shared.get(client.host) is client:
            del self._shared[client.host]

    def connect(self, connection: TcpConnection) -> Client | None:
        """A new client on TCP; None where there are too many."""
        self._make_room()
        if sum(c.connection is not None for c in self._clients.values()) >= MOST_CLIENTS:
            return None
        client = Client(connection.host, self._clock(), connection)
        self._clients[connection] = client
        return client

    def tcp(self, connection: TcpConnection) -> Client:
        """The client of a connection."""
        return self._clients[connection]

    def drop(self, key: Address | TcpConnection) -> None:
        """The client is gone."""
        if client := self._clients.pop(key, None):
            client.gone = True
            if isinstance(client, UdpClient):
                self._unshare(client)
            self._forget(client)

    def expire(self) -> None:
        """Drop those whose lease ran out and who are not waiting for a job."""
        for key, client in tuple(self._clients.items()):
            silent = self._clock() - client.heard >= LEASE
            if silent and client.connection is None and not self._busy(client):
                self.drop(key)

    def _make_room(self) -> None:
        on_udp = [(c.heard, k) for k, c in self._clients.items() if c.connection is None]
        if len(on_udp) >= MOST_CLIENTS:
            self.drop(min(on_udp, key=lambda entry: entry[0])[1])

    def __len__(self) -> int:
        return len(self._clients)
