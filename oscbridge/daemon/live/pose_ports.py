"""Ports on which other programs' poses come in, each with its convention."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from oscbridge.daemon.live.stage import Stage
from oscbridge.domain.live import PersonLost
from oscbridge.errors import OscbridgeError, PoseError
from oscbridge.io import osc
from oscbridge.io.osc_udp import Address, UdpEndpoint
from oscbridge.io.pose_wires.wire import PoseWire


class PosePort:
    """One port with its convention."""

    def __init__(self, wire: PoseWire, stage: Stage, answers: Callable[[str], bool]) -> None:
        self._wire, self._stage, self._answers = wire, stage, answers
        self._endpoint: UdpEndpoint | None = None
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
        now = perf_counter()
        try:
            for message in osc.parse(packet):
                for heard in self._wire.take(message, now):
                    if isinstance(heard, PersonLost):
                        self._stage.lost(self.name, heard.person)
                    else:
                        self._stage.pose(self.name, heard)
        except (osc.PacketError, PoseError) as error:
            self._stage.troubles.set(self.name, f"{source[0]}:{source[1]} sends no pose: {error}")

    def told(self) -> str:
        """How it fares."""
        return f"{self.packets} packets"

    def close(self) -> None:
        """Listen no more."""
        if self._endpoint:
            self._endpoint.close()
