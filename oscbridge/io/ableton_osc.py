"""AbletonOSC's wire: what Live is told and asked, over UDP (github.com/ideoforms/AbletonOSC).

Live reads what came every 100 ms, and stops reading for that time where a message fails. It answers
to one fixed port. Orders have no answer, and an error does not say which message it is about.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from oscbridge.errors import JobError
from oscbridge.io.osc import Message, PacketError, build, parse
from oscbridge.io.osc_udp import Address, UdpEndpoint

NOTES_A_MESSAGE = {"loopback": 250, "network": 60}
"""A note takes 21 bytes: 250 fit the 9,216 of a datagram on macOS, 60 the 1,400 of a network."""
_PATIENCE = 1.0
"""Seconds an answer may take: ten of Live's turns."""
_SHORT = 0.4
_TRIES = 3
_AFTER_ERROR = 0.25
"""Seconds an answer may take after an error, which may have been about something else."""
Asked = tuple[Any, ...]
"""An address and its arguments."""


class AbletonOsc:
    """A conversation with AbletonOSC, of one job at a time."""

    def __init__(self, to: Address, answers: str) -> None:
        self._to, self._answers = to, answers
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._endpoint: UdpEndpoint
        self._ahead: dict[str, tuple[Any, ...]] = {}
        self._error = self.complaint = ""
        """The last that Live complained of: since the last question, and at all."""

    @classmethod
    async def open(cls, host: str, port: int, reply_port: int) -> AbletonOsc:
        """Take the port that answers come to. Raises OSError; of a host without an address its
        subclass socket.gaierror.
        """
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM
        )
        address = str(found[0][4][0])
        wire = cls((address, port), address)
        own = "127.0.0.1" if wire.local else "0.0.0.0"  # noqa: S104 - only Live's host is heard
        wire._endpoint = await UdpEndpoint.open(own, reply_port, wire._receive)
        return wire

    @property
    def local(self) -> bool:
        """Whether Live runs on this machine."""
        return ip_address(self._answers).is_loopback

    @property
    def notes_a_message(self) -> int:
        """Notes that fit one message."""
        return NOTES_A_MESSAGE["loopback" if self.local else "network"]

    def _receive(self, packet: bytes, source: Address) -> None:
        if source[0] != self._answers:
            return
        try:
            messages = parse(packet)
        except PacketError:
            return
        for message in messages:
            self._heard.put_nowait(message)

    def send(self, address: str, *args: Any) -> None:
        """Tell Live something that has no answer."""
        self._endpoint.send(build(address, *args), self._to)

    async def ask(
        self, address: str, *args: Any, echo: int = 0,
        fits: Callable[[tuple[Any, ...]], bool] = lambda answer: True, once: bool = False,
    ) -> tuple[Any, ...]:  # fmt: skip
        """The answer to a question, without the first `echo` arguments, which come back with it;
        an answer that does not fit was meant for an earlier question. Where Live complains it is
        asked again unless `once`.

        Raises JobError: `ableton` where nobody answers, `live` where Live complains.
        """
        answer: list[tuple[Any, ...]] = []

        def take(message: Message) -> bool:
            if message.address == address and message.args[:echo] == args[:echo]:
                rest = message.args[echo:]
                if fits(rest):
                    answer.append(rest)
            return bool(answer)

        if not args and address in self._ahead and fits(known := self._ahead.pop(address)):
            return known
        for _ in range(_TRIES):
            if await self.exchange([(address, *args)], take, on_error=0 if once else _AFTER_ERROR):
                return answer[-1]
            if once and self._error:
                break
        if self._error:
            raise JobError("live", f"Live refused {address}: {self._error}")
        raise JobError(
            "ableton",
            f"AbletonOSC does not answer at {self._to[0]} port {self._to[1]}; is Live running with "
            "AbletonOSC chosen as control surface? see docs/ableton.md",
        )

    async def ahead(self, *addresses: str) -> None:
        """Ask several things without arguments in one of Live's turns; `ask` then has the answers
        at hand, and asks for those that did not come.
        """

        def take(message: Message) -> bool:
            if message.address in addresses:
                self._ahead[message.address] = message.args
            return len(self._ahead) == len(addresses)

        await self.exchange([(a,) for a in addresses], take, _SHORT, on_error=0)

    async def exchange(
        self, asked: Iterable[Asked], take: Callable[[Message], bool],
        patience: float = _PATIENCE, on_error: float = _AFTER_ERROR,
    ) -> bool:  # fmt: skip
        """Ask several things at once and hand what comes to `take` until that has all it wants;
        whether it had it in `patience`, or `on_error` seconds after Live complained.
        """
        self._error = ""
        for address, *args in asked:
            self.send(address, *args)
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while True:
            try:
                async with asyncio.timeout_at(until):
                    message = await self._heard.get()
            except TimeoutError:
                return False
            if message.address == "/live/error":
                self._error = self.complaint = " ".join(str(arg) for arg in message.args)[:200]
                until = min(until, loop.time() + on_error)
            elif take(message):
                return True

    async def close(self) -> None:
        """Leave the port to others; when it returns they can take it."""
        self._endpoint.close()
        await asyncio.sleep(0)  # the loop closes the socket in its next turn
