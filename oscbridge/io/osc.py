"""OSC packets: messages and bundles to and from bytes, address patterns, stream framing.

python-osc is the codec; what it leaves open is closed here: exceptions that escape it, bundles
whose sizes run backwards, and long runs of floats, which go through numpy.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pythonosc import osc_message, osc_message_builder
from pythonosc.parsing import ntp

BUNDLE = b"#bundle\0"
LARGEST = 1 << 20
"""Bytes of the largest packet that is read (TCP; UDP ends at 64 KB)."""
_TAGS = b",ifsbhdTF"
_DEEPEST = 8
_MOST_MESSAGES = 1024
_LONG = 16
"""Trailing floats from which numpy reads and writes them."""


class PacketError(ValueError):
    """Bytes that are no OSC packet; says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Message:
    """An address (or pattern) with its arguments; `time` (Unix seconds) when a bundle set one."""

    address: str
    args: tuple[Any, ...] = ()
    time: float | None = None


def build(address: str, *args: Any) -> bytes:
    """A message. Arguments: int, float, str, bytes, bool; the last may be an array of floats."""
    floats = _trailing_floats(args)
    head = args[: len(args) - 1] if args and isinstance(args[-1], np.ndarray) else args
    if floats is not None and head is args:
        head = args[: len(args) - len(floats)]
    builder = osc_message_builder.OscMessageBuilder(address)
    for arg in head:
        builder.add_arg(arg)
    packet = builder.build().dgram
    return packet if floats is None else _with_floats(packet, floats)


def _trailing_floats(args: tuple[Any, ...]) -> NDArray[Any] | None:
    if args and isinstance(args[-1], np.ndarray):
        return args[-1].ravel()
    if len(args) <= _LONG:
        return None
    count = next((i for i, a in enumerate(reversed(args)) if type(a) is not float), len(args))
    return np.array(args[len(args) - count :]) if count > _LONG else None


def _with_floats(packet: bytes, floats: NDArray[Any]) -> bytes:
    address, tags, body = _split(packet)
    tags = tags + b"f" * len(floats)
    return address + _padded(tags) + body + floats.astype(">f4").tobytes()


def _padded(text: bytes) -> bytes:
    return text + b"\0" * (4 - len(text) % 4)


def _split(packet: bytes) -> tuple[bytes, bytes, bytes]:
    """Address with its padding, tags (with comma) without, and the arguments."""
    at = packet.find(b"\0")
    start = at + 4 - at % 4
    end = packet.find(b"\0", start)
    if at < 0 or end < 0:
        return packet, b"", b""
    return packet[:start], packet[start:end], packet[end + 4 - (end - start) % 4 :]


def parse(packet: bytes) -> list[Message]:
    """The messages of a packet, those of bundles with their time. Raises PacketError."""
    messages = list(_parse(packet, None, 0))
    if len(messages) > _MOST_MESSAGES:
        raise PacketError(f"more than {_MOST_MESSAGES} messages in a bundle")
    return messages


def _parse(packet: bytes, time: float | None, depth: int) -> Iterator[Message]:
    if not packet or len(packet) % 4:
        raise PacketError(f"its {len(packet)} bytes are not a multiple of 4")
    if packet.startswith(b"/"):
        yield _message(packet, time)
    elif packet.startswith(BUNDLE) and len(packet) >= 16:
        if depth == _DEEPEST:
            raise PacketError(f"bundles nested more than {_DEEPEST} deep")
        tag = packet[8:16]
        at = None if tag == ntp.IMMEDIATELY else ntp.ntp_to_system_time(tag)
        for part in _elements(packet):
            yield from _parse(part, at, depth + 1)
    else:
        raise PacketError("it starts neither with / nor with #bundle")


def _elements(bundle: bytes) -> Iterator[bytes]:
    at = 16
    while at < len(bundle):
        (size,) = struct.unpack_from(">i", bundle, at)
        at += 4
        if size <= 0 or at + size > len(bundle):
            raise PacketError(f"a bundle element of {size} bytes with {len(bundle) - at} left")
        yield bundle[at : at + size]
        at += size


def _message(packet: bytes, time: float | None) -> Message:
    address, tags, body = _split(packet)
    if unknown := tags.translate(None, _TAGS):
        raise PacketError(f"arguments of a type that is not known: {unknown[:16]!r}")
    count = len(tags) - len(tags.rstrip(b"f"))
    floats: list[float] = []
    if count > _LONG:
        if len(body) < 4 * count:
            raise PacketError(f"{count} floats announced, {len(body) // 4} there")
        floats = np.frombuffer(body, ">f4", count, len(body) - 4 * count).tolist()
        packet = address + _padded(tags[:-count]) + body[: -4 * count]
    try:
        message = osc_message.OscMessage(packet)
        args = tuple(message.params)
    except (osc_message.ParseError, ValueError, IndexError, struct.error, OverflowError) as error:
        raise PacketError(f"it cannot be read: {error.args[0] if error.args else error}") from error
    return Message(message.address, (*args, *floats), time)


def bundle(packets: list[bytes], time: float | None = None) -> bytes:
    """Packets in a bundle, to be taken at `time` (Unix seconds) or at once."""
    tag = ntp.IMMEDIATELY if time is None else ntp.system_time_to_ntp(time)
    return BUNDLE + tag + b"".join(struct.pack(">i", len(p)) + p for p in packets)


_MOST_CHOICES = 4
_SPECIAL = re.compile(r"\*+|\?|\[[^\]/]*\]|\{[^}/]*\}|.")


def is_pattern(address: str) -> bool:
    """Whether the address holds any of OSC's pattern signs."""
    return any(sign in address for sign in "*?[]{}")


def matches(pattern: str, address: str) -> bool:
    """Whether an OSC 1.0 address pattern matches an address. Raises PacketError on a bad one."""
    return bool(_compiled(pattern).fullmatch(address))


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    # A part with many * or {} would let a hostile pattern backtrack for minutes.
    if len(pattern) > 255 or any(_choices(part) > _MOST_CHOICES for part in pattern.split("/")):
        raise PacketError(f"a pattern of over 255 signs, or {_MOST_CHOICES} * and {{}} in a part")
    try:
        return re.compile("".join(_regex(m[0]) for m in _SPECIAL.finditer(pattern)))
    except re.error as error:
        raise PacketError(f"no valid pattern: {error}") from error


def _choices(part: str) -> int:
    return part.count("*") + part.count("{")


def _regex(sign: str) -> str:
    if sign.startswith("*"):
        return "[^/]*"
    if sign == "?":
        return "[^/]"
    if len(sign) > 2 and sign[0] == "[":
        inside = sign[1:-1]
        negated = inside.startswith("!")
        body = re.escape(inside[negated:]).replace(r"\-", "-")
        return f"[{'^' if negated else ''}{body}]"
    if len(sign) > 1 and sign[0] == "{":
        return f"(?:{'|'.join(dict.fromkeys(map(re.escape, sign[1:-1].split(','))))})"
    return re.escape(sign)


_END, _ESC, _ESC_END, _ESC_ESC = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"


def framed(packet: bytes, *, slip: bool) -> bytes:
    """A packet as TCP carries it: SLIP with END on both sides (OSC 1.1) or its length before it."""
    if slip:
        return _END + packet.replace(_ESC, _ESC_ESC).replace(_END, _ESC_END) + _END
    return struct.pack(">I", len(packet)) + packet


class Unframer:
    """Cuts a TCP stream into packets; the first byte says whether it is SLIP or length-prefixed.

    Raises PacketError where the stream cannot be followed any further.
    """

    def __init__(self) -> None:
        self.slip: bool | None = None
        self._buffer = bytearray()

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The packets completed by these bytes."""
        self._buffer += received
        if self.slip is None and self._buffer:
            self.slip = self._buffer[:1] == _END
        yield from self._slip() if self.slip else self._prefixed()
        if len(self._buffer) > LARGEST + 4:
            raise PacketError(f"a packet of more than {LARGEST} bytes")

    def _slip(self) -> Iterator[bytes]:
        while (end := self._buffer.find(_END)) >= 0:
            packet = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if packet:
                yield packet.replace(_ESC_END, _END).replace(_ESC_ESC, _ESC)

    def _prefixed(self) -> Iterator[bytes]:
        while len(self._buffer) >= 4:
            size = int.from_bytes(self._buffer[:4])
            if size > LARGEST:
                raise PacketError(f"a packet of {size} bytes; {LARGEST} are the most")
            if len(self._buffer) < 4 + size:
                return
            packet = bytes(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            yield packet
