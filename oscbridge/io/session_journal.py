"""The journal of a take: what comes in is appended as it comes, so that a kill loses a second.

The file begins with a line that says what it is, then come records, each its length and CRC-32
(little-endian uint32) and so many bytes: one for the kind, the rest as the structs below say. What
is torn or damaged ends the reading; all before it counts.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import numpy as np

from oscbridge.domain.live import Played
from oscbridge.domain.music import Part
from oscbridge.domain.pose import COUNT
from oscbridge.domain.take import Entry, Heard, Seen
from oscbridge.domain.timeline import Meter
from oscbridge.domain.transport import Transport
from oscbridge.errors import FileError

ENDING = ".take"
MAGIC = b"oscbridge take 1\n"
WRITTEN, SYNCED = 0.5, 1.0
"""Seconds between two writes, and between two times the disk is waited for."""
MOST_WAITING = 20_000
"""Entries that wait for a disk; some 10 MB, and a minute of what ten people do."""
YOUNG = 10.0
"""Seconds in which a journal without its first record may be one that is just begun."""
_NOBODY = 0
_FRAME = struct.Struct("<II")
_LONGEST = 1024
_RECORDER = struct.Struct("<Id")
_NOTE = struct.Struct("<BBBdd")
_POSE = struct.Struct(f"<Idd{COUNT * 3}f3f")
_TRANSPORT = struct.Struct("<ddddHHB")


class Journal:
    """Written by a thread of its own. `error` says why it ended early; "" while all is well."""

    def __init__(self, path: Path) -> None:
        """Raises FileError, FileExistsError."""
        self.path = path
        self.error = ""
        self._waiting: deque[bytes] = deque()
        self._closing = Event()
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError:
            raise
        except OSError as error:
            raise FileError(path, f"cannot be written: {error.strerror or error}") from error
        self._write(MAGIC + _recorder(*_this_process()))
        self._thread = Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Append it soon; never waits."""
        if self.error:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.error = "the disk does not keep up"
            return
        self._waiting.append(_record(_encoded(entry)))

    def _run(self) -> None:
        synced = time.monotonic()
        while not self.error:
            last = self._closing.wait(WRITTEN)
            batch = b"".join(self._waiting.popleft() for _ in range(len(self._waiting)))
            if batch:
                self._write(batch)
            if last or time.monotonic() - synced >= SYNCED:
                self._sync()
                synced = time.monotonic()
            if last:
                break

    def _write(self, content: bytes) -> None:
        try:
            while content:
                content = content[self._file.write(content) :]
        except OSError as error:
            self.error = f"the take cannot be written on: {error.strerror or error}"

    def _sync(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self.error = f"the take cannot be written on: {error.strerror or error}"

    def close(self) -> None:
        """Wait until all is on the disk, or cannot be."""
        self._closing.set()
        self._thread.join()
        self._file.close()

    def abandon(self) -> None:
        """Leave it, closed, to whoever recovers it, though this process still runs."""
        with suppress(OSError), self.path.open("rb+") as file:
            file.seek(len(MAGIC))
            file.write(_recorder(_NOBODY, 0.0))


def read_journal(path: Path) -> Iterator[Entry]:
    """The entries of a journal, in their order. Raises FileError where it cannot be read."""
    for payload in _payloads(path):
        try:
            entry = _decoded(payload)
        except (ValueError, struct.error):
            return
        if entry is not None:
            yield entry


def is_abandoned(path: Path) -> bool:
    """Whether that is a journal whose recorder is no more."""
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
        if not MAGIC.startswith(head):
            return False
        first = next(_payloads(path), b"")
        if first[:1] == b"R" and len(first) == 1 + _RECORDER.size:
            return not _runs(*_RECORDER.unpack(first[1:]))
        return time.time() - path.stat().st_mtime > YOUNG
    except (OSError, FileError):
        return False


def _payloads(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                return
            while len(head := file.read(_FRAME.size)) == _FRAME.size:
                size, crc = _FRAME.unpack(head)
                payload = file.read(size) if size <= _LONGEST else b""
                if not payload or len(payload) < size or zlib.crc32(payload) != crc:
                    return
                yield payload
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error


def _record(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _recorder(pid: int, started: float) -> bytes:
    return _record(b"R" + _RECORDER.pack(pid, started))


def _encoded(entry: Entry) -> bytes:
    if isinstance(entry, Seen):
        numbers = np.concatenate([np.ravel(entry.landmarks), np.ravel(entry.root)])
        return b"P" + _POSE.pack(entry.person, entry.time, entry.beat, *numbers.tolist())
    if isinstance(entry, Heard):
        p = entry.played
        head = _NOTE.pack(p.part, p.pitch, p.velocity, entry.beat, entry.duration)
        return b"N" + head + p.source.encode("utf-8", "replace")[:200]
    meter = entry.meter
    return b"T" + _TRANSPORT.pack(
        entry.time, entry.beat, entry.bpm, meter.beat, meter.numerator, meter.denominator,
        entry.playing,
    )  # fmt: skip


def _decoded(payload: bytes) -> Entry | None:
    """None for a record of another kind. Raises ValueError, struct.error."""
    kind, rest = payload[:1], payload[1:]
    if kind == b"P":
        person, at, beat, *numbers = _POSE.unpack(rest)
        values = np.array(numbers, np.float32)
        return Seen(person, at, beat, values[:-3].reshape(COUNT, 3), values[-3:])
    if kind == b"N":
        part, pitch, velocity, beat, duration = _NOTE.unpack(rest[: _NOTE.size])
        source = rest[_NOTE.size :].decode("utf-8", "replace")
        return Heard(Played(Part(part), pitch, velocity, 0.0, source), beat, duration)
    if kind == b"T":
        at, beat, bpm, start, numerator, denominator, playing = _TRANSPORT.unpack(rest)
        return Transport(at, beat, bpm, Meter(start, numerator, denominator), bool(playing))
    return None


def _this_process() -> tuple[int, float]:
    import psutil

    return os.getpid(), psutil.Process().create_time()


def _runs(pid: int, started: float) -> bool:
    """Whether that process still runs; another may have got its number since."""
    import psutil

    if pid == _NOBODY:
        return False
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < 1.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
