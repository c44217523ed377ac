"""The journal of a take: what comes in while it is recorded, on the disk before the second is over.

A journal is records one after the other, in the order things came. A record is a head and rows of
one kind (`ROWS`), all little endian:

    0   4  the mark `OBJ1` (format 1)
    4   1  kind: B began, T transport, N note, P pose, E ended
    5   3  zero
    8   4  bytes of its rows
    12  4  CRC-32 of the twelve bytes before and of the rows

The mark and the CRC find the next whole record after one that is torn or damaged. While a journal
is written its file is locked; the system lifts the lock of a program that is killed.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Generator, Iterator
from itertools import groupby
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.errors import FileError
from oscbridge.io import file_lock
from oscbridge.io.files import settle

ENDING = ".journal"
BEGAN, TRANSPORT, NOTE, POSE, ENDED = b"B", b"T", b"N", b"P", b"E"
ROWS: dict[bytes, np.dtype[Any]] = {
    BEGAN: np.dtype([("bars", "<i4")]),
    TRANSPORT: np.dtype(
        [("now", "<f8"), ("time", "<f8"), ("beat", "<f8"), ("bpm", "<f8"), ("bar", "<f8"),
         ("numerator", "<i4"), ("denominator", "<i4"), ("playing", "<i4")]
    ),
    NOTE: np.dtype(
        [("beat", "<f8"), ("time", "<f8"), ("duration", "<f8"), ("part", "u1"), ("pitch", "u1"),
         ("velocity", "u1")]
    ),
    POSE: np.dtype(
        [("beat", "<f8"), ("time", "<f8"), ("person", "<i4"), ("landmarks", "<f4", (33, 3)),
         ("root", "<f4", (3,))]
    ),
    ENDED: np.dtype([("now", "<f8")]),
}  # fmt: skip
"""Kind -> its rows. `bars` to record, 0 for any number. `now`, `time`: seconds of the host's steady
clock; `beat` of the transport, which stands so at `time` and was told at `now`; `bar`: where one of
its bars starts. `velocity` 0 ends a note, a `duration` (beats) that is
not 0 too. `root` NaN: not known.
"""
WRITE_EVERY, SYNC_EVERY = 0.25, 1.0
"""Seconds between handing rows to the system, and between asking it to put them on the disk."""
MOST_WAITING = 20_000
"""Rows that may wait for the disk: half a minute of eight people at 60 frames a second."""
LARGEST = 1 << 20
"""Bytes of the rows of one record."""
MOST_BYTES = 1 << 30
"""Of a journal."""
_AT_ONCE = 1 << 16
_MARK = b"OBJ1"
_HEAD = struct.Struct("<4sc3xI")
_CRC = struct.Struct("<I")
_ROWS_AT = _HEAD.size + _CRC.size


class Record(NamedTuple):
    """Rows (n,) of one kind, of the type `ROWS` gives it."""

    kind: bytes
    rows: NDArray[Any]


def packed(kind: bytes, rows: bytes) -> bytes:
    """A record."""
    head = _HEAD.pack(_MARK, kind, len(rows))
    return head + _CRC.pack(zlib.crc32(rows, zlib.crc32(head))) + rows


def read(path: Path) -> Iterator[Record]:
    """Every whole record; torn and damaged ones are passed over. Raises FileError where the file
    cannot be read or is no journal.
    """
    rest = b""
    try:
        with path.open("rb") as file:
            if not _is_journal(file):
                raise FileError(path, "is no journal of this version of oscbridge")
            while content := file.read(_AT_ONCE):
                rest = yield from _whole(rest + content)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    yield from _whole(rest, last=True)


def is_left(path: Path) -> bool:
    """Whether that is a journal that nobody writes any more. Raises FileError."""
    try:
        with path.open("rb") as file:
            return _is_journal(file) and file_lock.lock(file)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error


def _is_journal(file: IO[bytes]) -> bool:
    """Whether it begins as one, or was cut off before that."""
    head = file.read(len(_MARK))
    file.seek(0)
    return _MARK.startswith(head)


def _whole(content: bytes, *, last: bool = False) -> Generator[Record, None, bytes]:
    """The whole records; returns what may be the beginning of one, unless this is the `last`."""
    at = content.find(_MARK)
    while at >= 0:
        if at + _ROWS_AT > len(content):
            break
        _, kind, size = _HEAD.unpack_from(content, at)
        start, end = at + _ROWS_AT, at + _ROWS_AT + size
        if kind in ROWS and 0 < size <= LARGEST and size % ROWS[kind].itemsize == 0:
            if end > len(content) and not last:
                break
            if end <= len(content) and packed(kind, content[start:end]) == content[at:end]:
                yield Record(kind, np.frombuffer(content[start:end], ROWS[kind]))
                at = content.find(_MARK, end)
                continue
        at = content.find(_MARK, at + 1)
    return content[at:] if at >= 0 else content[1 - len(_MARK) :]


class Journal:
    """A new journal that is written to by threads of its own, so that `add` never waits. `error`
    says what is amiss; once it is `broken` nothing more is kept.
    """

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError where the name is taken, FileError where it cannot be made."""
        self.path = path
        self.error = ""
        self.broken = False
        self.lost = 0
        self._size = 0
        self._waiting: deque[tuple[bytes, bytes]] = deque()
        self._closing, self._closed = threading.Event(), threading.Event()
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError:
            raise
        except OSError as error:
            raise FileError(path, f"cannot be written: {error.strerror or error}") from error
        try:
            file_lock.lock(self._file, wait=True)
            settle(path.parent)
        except OSError as error:
            self._file.close()
            path.unlink(missing_ok=True)
            raise FileError(path, f"cannot be written: {error.strerror or error}") from error
        self._threads = [
            threading.Thread(target=each, name=f"journal {each.__name__}", daemon=True)
            for each in (self._write, self._sync)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, kind: bytes, row: bytes) -> None:
        """Keep one row. Where the disk is so slow that too many wait, it is lost and counted."""
        if self.broken:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            self.error = f"the disk is too slow: {self.lost} notes and poses were not kept"
        else:
            self._waiting.append((kind, row))

    def _write(self) -> None:
        while not self._closing.wait(WRITE_EVERY):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        rows = [self._waiting.popleft() for _ in range(len(self._waiting))]
        content = memoryview(b"".join(_records(rows)))
        self._size += len(content)
        try:
            while content and not self.broken:
                content = content[self._file.write(content) :]
        except OSError as error:
            self._break(f"cannot be written: {error.strerror or error}")
        if self._size > MOST_BYTES:
            self._break(f"is {MOST_BYTES / 2**30:g} GiB, as long as a take may be; begin another")

    def _sync(self) -> None:
        while not self._closed.wait(SYNC_EVERY):
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                self._break(f"does not reach the disk: {error.strerror or error}")

    def _break(self, cause: str) -> None:
        if not self.broken:
            self.error, self.broken = str(FileError(self.path, cause)), True

    def close(self) -> None:
        """Write what waits, and leave the file to others."""
        writer, syncer = self._threads
        self._closing.set()
        writer.join()
        self._closed.set()
        syncer.join()
        self._file.close()


def _records(rows: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
    for kind, group in groupby(rows, key=lambda row: row[0]):
        content = b"".join(row for _, row in group)
        most = LARGEST // ROWS[kind].itemsize * ROWS[kind].itemsize
        for at in range(0, len(content), most):
            yield packed(kind, content[at : at + most])
