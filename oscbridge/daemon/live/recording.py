"""Recording: what is played and danced, while it is, into a session for training."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
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

_LOG = logging.getLogger(__name__)
FPS = 30
EVERY = 0.2
"""Seconds of which poses are taken at once."""
TOLD_EVERY = 1.0
NAMED = "recording"
Failed = Callable[[str], Coroutine[Any, Any, None]]
_NOWHERE = np.full(3, np.nan, np.float32)


class Recording:
    """At most one take at a time. Owned by the loop; files are waited for on other threads."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.folder = folder
        self._stage = stage
        self._take: _Take | None = None
        self._busy = False
        self._ended = ""
        """What became of a take that ended by itself, until somebody has heard of it."""

    async def start(self, job: Job) -> tuple[Any, ...]:
        """Record from the next bar line on; name and folder. Raises JobError, FileError."""
        name = job.args["name"]
        if not is_name(name):
            raise JobError("name", f"{name!r} is no name of a session; give one without / \\ :")
        if self._take or self._busy:
            raise JobError("busy", "a recording is under way; end it with record/stop")
        self._busy = True
        try:
            writer = await asyncio.to_thread(SessionWriter, self.folder, name)
        finally:
            self._busy = False
        self._ended = ""
        self._stage.troubles.set(NAMED, "")
        self._take = _Take(self._stage, writer, job.client, self._failed)
        return writer.name, str(self.folder)

    async def stop(self, job: Job) -> tuple[Any, ...]:
        """Notes, poses and files. Raises JobError, FileError."""
        take = self._take
        if take is None:
            ended, self._ended = self._ended, ""
            raise JobError("unknown", ended or "nothing is being recorded; see record/start")
        files = await self._end()
        return (*take.writer.counts, *map(str, files))

    async def _end(self) -> list[Path]:
        take, self._take = self._take, None
        if take is None:
            return []
        self._busy = True
        try:
            return await take.end()
        finally:
            self._busy = False

    async def _failed(self, why: str) -> None:
        """The take can go on no longer: keep what there is, and say so."""
        try:
            kept = ", ".join(map(str, await self._end())) or "nothing"
        except FileError as error:
            kept = f"nothing yet ({error}); oscbridge record --recover {self.folder}"
        self._ended = f"the recording has ended: {why}; kept: {kept}"
        self._stage.troubles.set(NAMED, self._ended)

    async def close(self) -> None:
        """End the take, if there is one."""
        try:
            await self._end()
        except FileError as error:
            _LOG.error("%s; oscbridge record --recover %s", error, self.folder)


class _Take:
    """One take under way."""

    def __init__(self, stage: Stage, writer: SessionWriter, client: Client, failed: Failed) -> None:
        self.writer = writer
        self._stage, self._client, self._failed = stage, client, failed
        self._begun = self._until = perf_counter()
        writer.transport(stage.course.transport.at(self._begun))
        stage.heard.append(writer.note)
        stage.turned.append(self._turn)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        told = self._begun
        while not self.writer.error:
            await asyncio.sleep(EVERY)
            now = perf_counter()
            self._poses(now - GAP)
            if now - told >= TOLD_EVERY:
                told += TOLD_EVERY
                self._stage.subscribers.tell(
                    "live", "record/state", *self.writer.counts, now - self._begun,
                    also=self._client,
                )  # fmt: skip
        self._unhook()
        # Kept, for a task that nobody holds may be collected.
        self._over = asyncio.create_task(self._failed(self.writer.error))

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
            root = roots[i] if told else _NOWHERE
            self.writer.pose(person, float(times[i]), beats[i], landmarks[i], root)

    def _unhook(self) -> None:
        with suppress(ValueError):
            self._stage.heard.remove(self.writer.note)
            self._stage.turned.remove(self._turn)

    async def end(self) -> list[Path]:
        """The files that came of it. Raises FileError."""
        self._task.cancel()
        self._unhook()
        now = perf_counter()
        self._poses(now)
        self.writer.transport(self._stage.course.transport.stopped(now))
        return await asyncio.to_thread(self.writer.close)
