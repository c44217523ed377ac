"""An OSC endpoint on TCP for asyncio: OSC 1.0 (length before each packet) and 1.1 (SLIP)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from oscbridge.io.osc import PacketError, Unframer, framed

_CHUNK = 1 << 16
_MOST_WAITING = 16 << 20
"""Bytes that may wait for a client that does not read; then it is cut off."""


class TcpConnection:
    """One client's stream; it answers in the framing the client uses."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._unframer = Unframer()
        peer = writer.get_extra_info("peername")
        self.host, self.port = str(peer[0]), int(peer[1])

    def send(self, packet: bytes) -> None:
        """Send a packet."""
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > _MOST_WAITING:
            transport.abort()
            return
        self._writer.write(framed(packet, slip=bool(self._unframer.slip)))

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._writer.transport.get_write_buffer_size()

    async def drain(self) -> None:
        """Wait until the client has read most of what was sent; raises OSError when it is gone."""
        await self._writer.drain()

    def close(self) -> None:
        """Cut the connection."""
        self._writer.close()

    async def receive(self, packet: Callable[[bytes], None]) -> None:
        """Hand over each packet until the client leaves. Raises PacketError, OSError."""
        while received := await self._reader.read(_CHUNK):
            for one in self._unframer.feed(received):
                packet(one)
            # A client that floods must leave the others their turn.
            await asyncio.sleep(0)


class TcpServer:
    """Listens, and tells of clients that come, of their packets, and of their going."""

    def __init__(
        self,
        accept: Callable[[TcpConnection], bool],
        receive: Callable[[TcpConnection, bytes], None],
        malformed: Callable[[TcpConnection, PacketError], None],
        gone: Callable[[TcpConnection], None],
    ) -> None:
        self._accept, self._receive = accept, receive
        self._malformed, self._gone = malformed, gone
        self._server: asyncio.Server | None = None
        self._connections: set[TcpConnection] = set()

    async def open(self, host: str, port: int) -> None:
        """Bind host and port. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = TcpConnection(reader, writer)
        if not self._accept(connection):
            connection.close()
            return
        self._connections.add(connection)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await connection.receive(lambda packet: self._receive(connection, packet))
        except PacketError as error:
            self._malformed(connection, error)
        finally:
            self._connections.discard(connection)
            self._gone(connection)
            connection.close()

    async def close(self) -> None:
        """Stop listening and cut all connections."""
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close()
