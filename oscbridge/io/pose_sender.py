"""Sending one person's poses to a daemon over UDP, as `/oscbridge/pose/frame` takes them."""

from __future__ import annotations

import socket
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.api import ROOT
from oscbridge.errors import OscbridgeError
from oscbridge.io.osc import build

FRAME, LOST = f"{ROOT}/pose/frame", f"{ROOT}/pose/lost"
WRAP = 3600.0
"""Seconds after which a sender's time begins again at 0: in a float32 it would be told ever more
coarsely, to 8 ms after a day. Whoever hears a time run back takes it for a new start."""


class PoseSender:
    """A socket to a daemon. Raises OscbridgeError for a host that has no address."""

    def __init__(self, host: str, port: int, person: int) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except OSError as error:
            raise OscbridgeError(f"{host}: no such host ({error})") from error
        family, kind, protocol, _, to = found[0]
        self._to: tuple[Any, ...] = to
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self.person = person
        self._seq = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(
        self, landmarks: NDArray[np.float32], confidence: NDArray[np.float32], time: float
    ) -> None:
        """A pose (33, 3) with its confidence (33,) at `time`, seconds from the sender's start."""
        floats = np.concatenate([[time % WRAP], landmarks.ravel(), confidence])
        self._packet(build(FRAME, self.person, self._seq, floats))
        self._seq = (self._seq + 1) & 0x7FFFFFFF

    def lost(self) -> None:
        """Say that the person is not seen any more."""
        self._packet(build(LOST, self.person))

    def _packet(self, packet: bytes) -> None:
        try:
            self._socket.sendto(packet, self._to)
        except OSError:  # a network that is down or full: the next pose may pass
            return
