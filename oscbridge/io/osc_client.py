"""A client of the daemon, as any program may be one: over UDP or TCP, blocking."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.api import FRAME, METER_CHANGE, NOTE, ROOT, TEMPO_CHANGE
from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.pose import COUNT
from oscbridge.domain.timeline import Timeline
from oscbridge.errors import JobError
from oscbridge.io.osc import Message, Unframer, build, framed, parse
from oscbridge.io.osc_clip import Cut, timeline_of

_FRAMES_A_CHUNK = {"udp": 3, "tcp": 256}
_BURST = 8
_PAUSE = 0.001
_ROUNDS = 5
Chunk = tuple[str, Sequence[Any]]
"""The last word of a chunk's address, and its atoms."""
Chunks = Cut | Sequence[Chunk]


class Client:
    """A connection to a daemon. Use as a context manager, from one thread."""

    def __init__(
        self, host: str, port: int, *, tcp: bool = False, slip: bool = False, timeout: float = 30.0
    ) -> None:
        self.timeout = timeout
        self._tcp, self._slip = tcp, slip
        self._ids = itertools.count(1)
        self._unframer = Unframer()
        self._waiting: list[Message] = []
        if tcp:
            self._socket = socket.create_connection((host, port), timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            self._socket.connect((host, port))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def send(self, address: str, *args: Any) -> None:
        """Send a message; `address` without /oscbridge."""
        self.send_packet(build(f"{ROOT}/{address}", *args))

    def send_packet(self, packet: bytes) -> None:
        """Send any bytes as a packet."""
        self._socket.sendall(framed(packet, slip=self._slip) if self._tcp else packet)

    def receive(self, timeout: float | None = None) -> Message:
        """The next message. Raises TimeoutError, ConnectionError."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while not self._waiting:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer; does a daemon serve on this port?")
            self._socket.settimeout(left)
            received = self._socket.recv(1 << 16)
            if self._tcp and not received:
                raise ConnectionError("the daemon ended the connection")
            for packet in self._unframer.feed(received) if self._tcp else (received,):
                self._waiting += parse(packet)
        return self._waiting.pop(0)

    def ask(self, address: str, *args: Any, reply: str) -> tuple[Any, ...]:
        """Send a message; the arguments of the `reply` to it. Raises JobError, TimeoutError."""
        self.send(address, *args)
        while True:
            message = self.receive()
            if message.address == f"{ROOT}/{reply}":
                return message.args
            if message.address == f"{ROOT}/fail" and message.args[0] == f"{ROOT}/{address}":
                raise JobError(message.args[2], message.args[3])

    def request(
        self,
        address: str,
        *args: Any,
        heard: Callable[[Message], None] | None = None,
        timeout: float | None = None,
    ) -> tuple[Any, ...]:
        """Run a job; `args` without the id. What `done` says after the id.

        Other messages of the job (progress, chunks) go to `heard`. Raises JobError as the daemon
        refuses, TimeoutError.
        """
        job = next(self._ids)
        self.send(address, job, *args)
        return self._outcome(address, job, heard, timeout)

    def _outcome(
        self,
        address: str,
        job: int,
        heard: Callable[[Message], None] | None = None,
        timeout: float | None = None,
    ) -> tuple[Any, ...]:
        while True:
            message = self.receive(timeout)
            kind, values = message.address.removeprefix(f"{ROOT}/"), message.args
            if kind == "done" and values[1] == job:
                return values[2:]
            if kind == "fail" and values[1] in (job, -1):
                raise JobError(values[2], values[3])
            if heard and values and values[0] == job:
                heard(message)

    def put_clip(self, clip: Clip) -> int:
        """Hand a clip over; its handle. The wire rounds beats and tempos to float32. Raises
        JobError.
        """
        tempo, meter = clip.timeline.tempos[0], clip.timeline.meters[0]
        begin = (
            float(clip.length), float(tempo.bpm), meter.numerator, meter.denominator, clip.name,
        )  # fmt: skip
        return self._put("clip", begin, Cut(clip))

    def put_dance(self, dance: Dance) -> int:
        """Hand a dance over; its handle. Raises JobError."""
        frames = np.column_stack(
            [dance.time, dance.beat, dance.root, dance.landmarks.reshape(dance.frames, -1)]
        ).astype(">f4")
        size = _FRAMES_A_CHUNK["tcp" if self._tcp else "udp"]
        chunks = [
            ("chunk", [frames[at : at + size].tobytes()]) for at in range(0, len(frames), size)
        ]
        return self._put("dance", (dance.name,), chunks)

    def _put(self, noun: str, begin: tuple[Any, ...], chunks: Chunks) -> int:
        job = next(self._ids)
        self.send(f"{noun}/put", job, len(chunks), *begin)
        missing: list[int] = list(range(len(chunks)))

        def note(message: Message) -> None:
            if message.address == f"{ROOT}/{noun}/put/missing":
                missing.extend(message.args[1:])
                self._send_chunks(noun, job, chunks, missing)

        self._send_chunks(noun, job, chunks, missing)
        return int(self._outcome(f"{noun}/put", job, note)[0])

    def _send_chunks(self, noun: str, job: int, chunks: Chunks, missing: list[int]) -> None:
        for number, index in enumerate(missing):
            kind, atoms = chunks[index]
            self.send(f"{noun}/put/{kind}", job, index, *atoms)
            if not self._tcp and number % _BURST == _BURST - 1:
                time.sleep(_PAUSE)
        missing.clear()
        self.send(f"{noun}/put/end", job)

    def get_clip(self, clip: int | str) -> Clip:
        """Fetch a clip by its handle or its name in the library. Raises JobError."""
        begin, chunks = self._get("clip", (clip,))
        _, length, tempo, numerator, denominator, name = begin
        notes = tuple(
            Note(start, Part(part), pitch, duration, velocity)
            for part, pitch, start, duration, velocity in _rows(chunks, "chunk", len(NOTE))
        )
        timeline = timeline_of(
            Timeline.steady(tempo, numerator, denominator),
            _rows(chunks, "tempos", len(TEMPO_CHANGE)),
            _rows(chunks, "meters", len(METER_CHANGE)),
        )
        return Clip(notes, length, timeline, name)

    def get_dance(self, dance: int) -> Dance:
        """Fetch a dance by its handle. Raises JobError."""
        _, chunks = self._get("dance", (dance, "blob"))
        blobs = b"".join(atoms[0] for _, atoms in chunks)
        frames: NDArray[Any] = np.frombuffer(blobs, ">f4").reshape(-1, FRAME)
        return Dance(
            frames[:, 5:].reshape(-1, COUNT, 3).astype(np.float32),
            frames[:, 2:5].astype(np.float32),
            frames[:, 0].astype(float),
            frames[:, 1].astype(float),
        )

    def _get(self, noun: str, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Chunk]]:
        begin: tuple[Any, ...] = ()
        chunks: dict[int, Chunk] = {}
        kinds = {f"{ROOT}/{noun}/{kind}": kind for kind in ("chunk", "tempos", "meters")}

        def take(message: Message) -> None:
            nonlocal begin
            if message.address == f"{ROOT}/{noun}/begin":
                begin = message.args[1:]
            elif kind := kinds.get(message.address):
                chunks[message.args[1]] = kind, message.args[2:]

        for _ in range(_ROUNDS):
            self.request(f"{noun}/get", *args, heard=take)
            if begin:
                break
        handle, count, *rest = begin
        for _ in range(_ROUNDS):
            missing = [i for i in range(count) if i not in chunks][:200]
            if not missing:
                return tuple(rest), [chunks[i] for i in range(count)]
            self.request(f"{noun}/resend", handle, *args[1:], *missing, heard=take)
        raise TimeoutError(f"{count - len(chunks)} of {count} chunks did not arrive")


def _rows(chunks: list[Chunk], kind: str, size: int) -> Iterator[tuple[Any, ...]]:
    atoms = (atom for of, atoms in chunks if of == kind for atom in atoms)
    return zip(*[atoms] * size, strict=True)
