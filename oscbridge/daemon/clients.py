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
_BURST = 8
"""Packets sent at once over UDP; a receiver's default buffer takes about 90."""
_PAUSE = 0.001


class Client:
    """One program that sends to the daemon; answers go to it through `answer`."""

    def __init__(self, host: str, connection: TcpConnection | None = None) -> None:
        self.host = host
        self.connection = connection
        self.heard = time.monotonic()
        self.gone = False

    @property
    def wire(self) -> str:
        """`udp` or `tcp`."""
        return "tcp" if self.connection else "udp"

    @property
    def leased(self) -> bool:
        """Whether it was heard of within its lease, or is connected."""
        return not self.gone and (
            self.connection is not None or time.monotonic() - self.heard < LEASE
        )

    def answer(self, address: str, *args: Any) -> None:
        """Send a message; `address` is one of the table's replies, without /oscbridge."""
        if not self.gone:
            self.send(build(ENDPOINTS[f"{ROOT}/{address}"].path, *args))

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        if self.connection:
            self.connection.send(packet)

    def fail(self, address: str, job: int, error: Exception, code: str = "error") -> None:
        """Say that a request failed and why."""
        text = str(error)[:600]
        self.answer("fail", address[:255], job, getattr(error, "code", code), text)

    async def answer_all(self, address: str, messages: Iterable[tuple[Any, ...]]) -> None:
        """Send many messages at the pace the wire bears. Stops when the client is gone."""
        for number, args in enumerate(messages):
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

    def notify(self, on: bool, port: int, host: str) -> tuple[str, int]:
        """Send answers elsewhere from now on; where they go. Raises JobError."""
        raise JobError("argument", "on TCP answers come over the connection itself")


class UdpClient(Client):
    """A client on UDP, known by its source address."""

    def __init__(self, endpoint: UdpEndpoint, source: Address) -> None:
        super().__init__(source[0])
        self._endpoint = endpoint
        self._source = self._to = source

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        self._endpoint.send(packet, self._to)

    def notify(self, on: bool, port: int, host: str) -> tuple[str, int]:
        """Send answers elsewhere from now on; where they go. Raises JobError."""
        if not on:
            self._to = self._source
            return self._to
        host = "127.0.0.1" if host == "localhost" else host or self.host
        if host != self.host and not (_loopback(host) and _loopback(self.host)):
            raise JobError(
                "argument", f"host is {host}; answers go to the sender only: {self.host}"
            )
        self._to = (host, port or self._source[1])
        return self._to


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Clients:
    """The clients with a lease; who has been silent too long makes room."""

    def __init__(self, forget: Callable[[Client], None]) -> None:
        self._clients: dict[Address | TcpConnection, Client] = {}
        self._forget = forget

    def udp(self, endpoint: UdpEndpoint, source: Address) -> Client:
        """The client at this source, its lease renewed."""
        client = self._clients.get(source)
        if client is None:
            self._make_room()
            client = self._clients[source] = UdpClient(endpoint, source)
        client.heard = time.monotonic()
        return client

    def connect(self, connection: TcpConnection) -> Client | None:
        """A new client on TCP; None where there are too many."""
        self._make_room()
        if sum(c.connection is not None for c in self._clients.values()) >= MOST_CLIENTS:
            return None
        client = self._clients[connection] = Client(connection.host, connection)
        return client

    def tcp(self, connection: TcpConnection) -> Client:
        """The client of a connection."""
        return self._clients[connection]

    def drop(self, key: Address | TcpConnection) -> None:
        """The client is gone."""
        if client := self._clients.pop(key, None):
            client.gone = True
            self._forget(client)

    def expire(self, waiting: Callable[[Client], bool]) -> None:
        """Drop those whose lease ran out and who are not waiting for a job."""
        for key, client in tuple(self._clients.items()):
            if not client.leased and not waiting(client):
                self.drop(key)

    def _make_room(self) -> None:
        on_udp = [(c.heard, k) for k, c in self._clients.items() if c.connection is None]
        if len(on_udp) >= MOST_CLIENTS:
            self.drop(min(on_udp, key=lambda entry: entry[0])[1])

    def __len__(self) -> int:
        return len(self._clients)
