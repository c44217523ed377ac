"""Recording: what is played and danced, while it is, into a session for training."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.daemon.clients import Client
from oscbridge.daemon.jobs import Job
from oscbridge.daemon.live.stage import Stage
from oscbridge.domain.course import jumps
from oscbridge.domain.names import is_name
from oscbridge.domain.track import GAP, Track
from oscbridge.domain.transport import Transport
from oscbridge.errors import FileError, JobError
from oscbridge.io.session_files import SessionWriter
from oscbridge.io.session_journal import is_left
from oscbridge.io.session_recovery import journals, recover_apart

_LOG = logging.getLogger(__name__)
FPS = 30
EVERY = 0.2
"""Seconds of which poses are taken at once."""
TOLD_EVERY = 1.0
NAMED = "recording"
Told = Callable[[str], None]


class Recording:
    """At most one take at a time. Owned by the loop; files are waited for on other threads."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.folder = folder
        self._stage = stage
        self._take: _Take | None = None
        """Under way, or ended by itself and not yet asked for."""
        self._starting = False
        self._recovering: asyncio.Task[None] | None = None

    async def start(self, job: Job) -> tuple[Any, ...]:
        """Record from the next bar line on; name and folder. Raises JobError, FileError."""
        name = job.args["name"]
        if not is_name(name):
            raise JobError("name", f"{name!r} is no name of a session; give one without / \\ :")
        if self._starting or (self._take and not self._take.written):
            raise JobError("busy", "a recording is under way; end it with record/stop")
        self._starting = True
        try:
            left = await asyncio.to_thread(_left, self.folder)
            make = partial(SessionWriter, self.folder, name, bars=job.args["bars"])
            writer = await asyncio.to_thread(make)
        finally:
            self._starting = False
        self._stage.troubles.set(NAMED, "")
        self._take = _Take(self._stage, writer, job.client, self._trouble)
        if left and (self._recovering is None or self._recovering.done()):
            self._recovering = asyncio.create_task(_recover(left))
        return writer.name, str(self.folder)

    async def stop(self, job: Job) -> tuple[Any, ...]:
        """Notes, poses and files. Raises JobError, FileError."""
        take = self._take
        if take is None:
            raise JobError("unknown", "nothing is being recorded; see record/start")
        try:
            files = await take.end()
        finally:
            if self._take is take:
                self._take = None
        if take.failed:
            raise JobError("unknown", take.failed)
        return take.writer.notes, take.writer.frames, *map(str, files)

    def _trouble(self, text: str) -> None:
        self._stage.troubles.set(NAMED, text)

    async def close(self) -> None:
        """End the take, if there is one."""
        if self._take:
            with suppress(FileError):
                await self._take.end()


def _left(folder: Path) -> list[Path]:
    """Journals of takes that were cut off."""
    left = []
    for path in journals(folder):
        with suppress(FileError):  # whose it is does not matter to a recording
            left += [path] if is_left(path) else []
    return left


async def _recover(left: list[Path]) -> None:
    for journal, files, error in await asyncio.to_thread(recover_apart, left):
        made = ", ".join(file.name for file in files) or "nothing had come"
        _LOG.log(logging.WARNING if error else logging.INFO, "%s: %s", journal, error or made)


class _Take:
    """One take under way, or written. `failed` says why it ended before it was to, if it did."""

    def __init__(self, stage: Stage, writer: SessionWriter, client: Client, trouble: Told) -> None:
        self.writer = writer
        self.failed = ""
        self._stage, self._client, self._trouble = stage, client, trouble
        self._until = perf_counter()
        writer.transport(stage.course.transport.at(self._until))
        stage.heard.append(writer.note)
        stage.turned.append(self._turn)
        self._files: asyncio.Task[list[Path]] | None = None
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        told = perf_counter()
        while not self.writer.over:
            await asyncio.sleep(EVERY)
            if self._files:
                return
            now = perf_counter()
            self._poses(now - GAP)
            if now - told >= TOLD_EVERY:
                told += TOLD_EVERY
                self._tell()
                self._trouble(self.writer.error)
        with suppress(FileError):
            await self.end()

    def _tell(self) -> None:
        self._stage.subscribers.tell(
            "live", "record/state", *self.writer.state(), also=self._client
        )

    def _turn(self, transport: Transport) -> None:
        before = self._stage.course.transport
        if jumps(before, transport) or not (before.playing and transport.playing):
            self._poses(transport.time)  # later their positions would not be known
        self.writer.transport(transport)

    def _poses(self, until: float) -> None:
        """Everybody's poses since they were taken last; between frames, so both must be there."""
        count = int((until - self._until) * FPS)
        if count < 1:
            return
        times = self._until + np.arange(1, count + 1) / FPS
        self._until = float(times[-1])
        beats = [self._stage.course.beat_at(time) for time in times]
        for person, track in self._stage.people:
            self._body(person, track, times, beats)

    def _body(
        self, person: int, track: Track, times: NDArray[np.float64], beats: list[float]
    ) -> None:
        landmarks, roots, seen = track.poses(times)
        # From the origin on, to the digit: nobody tells where they are.
        told = bool(roots[0, [0, 2]].any())
        for i in np.flatnonzero(seen):
            root = roots[i] if told else None
            self.writer.pose(person, float(times[i]), beats[i], landmarks[i], root)

    @property
    def written(self) -> bool:
        """Whether it has ended and its files are there, or cannot be."""
        return self._files is not None and self._files.done()

    async def end(self) -> list[Path]:
        """End it, once; the files that came of it. Raises FileError."""
        if self._files is None:
            self._files = asyncio.create_task(self._write())
        return await asyncio.shield(self._files)

    async def _write(self) -> list[Path]:
        self._poses(perf_counter())
        with suppress(ValueError):
            self._stage.heard.remove(self.writer.note)
            self._stage.turned.remove(self._turn)
        over = self.writer.over
        why = self.writer.error if over else ""
        files: list[Path] = []
        try:
            files = await asyncio.to_thread(self.writer.close)
            kept = ", ".join(map(str, files)) or "nothing"
        except FileError as error:
            _LOG.error("%s", error)
            if not why:
                raise
            kept = f"nothing yet ({error})"
        if why:
            self.failed = f"the recording has ended: {why}; kept: {kept}"
        if over:
            self._tell()  # first, so that whoever started it asks what came of it
            self._trouble(self.failed)
        return files
