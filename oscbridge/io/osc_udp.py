"""An OSC endpoint on UDP for asyncio: packets in, packets out, nothing kept."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

Address = tuple[str, int]
Receive = Callable[[bytes, Address], None]
_MOST_WAITING = 4 << 20
"""Bytes that may wait in the socket's queue; what comes on top is dropped, as UDP may."""


class _Protocol(asyncio.DatagramProtocol):
    """Errors are left as they are: a closed port of a client (ICMP) ends with its lease."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._receive(data, (addr[0], addr[1]))


class UdpEndpoint:
    """Hands every datagram with its sender's address to `receive`."""

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        self.port = int(transport.get_extra_info("sockname")[1])

    @classmethod
    async def open(cls, host: str, port: int, receive: Receive) -> UdpEndpoint:
        """An endpoint bound to host and port (0: any free one). Raises OSError."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Protocol(receive), local_addr=(host, port)
        )
        with suppress(OSError):  # as much as the system grants
            listener = transport.get_extra_info("socket")
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _MOST_WAITING)
        return cls(transport)

    def send(self, packet: bytes, to: Address) -> None:
        """Send a packet; it is dropped where too much waits already."""
        # typeshed leaves out that datagram transports tell what waits
        waiting = self._transport.get_write_buffer_size()  # type: ignore[attr-defined]
        if not self._transport.is_closing() and waiting < _MOST_WAITING:
            self._transport.sendto(packet, to)

    def close(self) -> None:
        """Stop listening."""
        self._transport.close()
