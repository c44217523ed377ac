"""Ports on which other programs' poses come in, each with its convention."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter

from oscbridge.daemon.live.stage import Stage
from oscbridge.domain.live import PersonLost
from oscbridge.errors import OscbridgeError, PoseError
from oscbridge.io import osc
from oscbridge.io.osc_udp import Address, UdpEndpoint
from oscbridge.io.pose_wires.wire import PoseWire

MOST_SENDERS = 16


class PosePort:
    """One port with its convention."""

    def __init__(self, wire: type[PoseWire], stage: Stage, answers: Callable[[str], bool]) -> None:
        self._wire, self._stage, self._answers = wire, stage, answers
        self._endpoint: UdpEndpoint | None = None
        self._senders: OrderedDict[Address, PoseWire] = OrderedDict()
        self.packets = 0

    @property
    def name(self) -> str:
        """Convention and port."""
        return f"{self._wire.NAME}:{self._endpoint.port if self._endpoint else 0}"

    async def open(self, host: str, port: int) -> None:
        """Listen. Raises OscbridgeError."""
        try:
            self._endpoint = await UdpEndpoint.open(host, port, self._packet)
        except OSError as error:
            raise OscbridgeError(
                f"poses of {self._wire.NAME} cannot be heard on port {port}: "
                f"{error.strerror or error}; end what holds it, or choose another port"
            ) from error

    def _packet(self, packet: bytes, source: Address) -> None:
        if not self._answers(source[0]):
            return
        self.packets += 1
        now, name = perf_counter(), f"{self.name} of {source[0]}:{source[1]}"
        sender = self._sender(source)
        try:
            for message in osc.parse(packet):
                for heard in sender.take(message, now):
                    if isinstance(heard, PersonLost):
                        self._stage.lost(name, heard.person)
                    else:
                        self._stage.pose(name, heard)
        except (osc.PacketError, PoseError) as error:
            self._stage.troubles.set(name, f"this is no pose: {error}")

    def _sender(self, source: Address) -> PoseWire:
        """The convention as this sender has got so far; of too many the longest silent goes."""
        sender = self._senders.pop(source, None) or self._wire()
        self._senders[source] = sender
        if len(self._senders) > MOST_SENDERS:
            self._senders.popitem(last=False)
        return sender

    def told(self) -> str:
        """How it fares."""
        return f"{self.packets} packets"

    def close(self) -> None:
        """Listen no more."""
        if self._endpoint:
            self._endpoint.close()
