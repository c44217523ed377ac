"""The jobs that hand clips and dances over, file them, and change the model."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from oscbridge.api import ROOT
from oscbridge.daemon import chunks
from oscbridge.daemon.clients import Client
from oscbridge.daemon.jobs import Job
from oscbridge.daemon.making import clip_of, source_of
from oscbridge.daemon.shelf import Danced
from oscbridge.daemon.state import State
from oscbridge.domain.made import Made
from oscbridge.domain.music import Clip
from oscbridge.engine.loading import load
from oscbridge.errors import JobError
from oscbridge.io import model_files
from oscbridge.io.osc_clip import Cut


def _within(indices: Iterable[int], count: int) -> tuple[int, ...]:
    taken = tuple(indices)
    if bad := [i for i in taken if i >= count]:
        raise JobError("argument", f"index is {bad[0]}; there are {count} chunks, from 0")
    return taken


class Keeping:
    """A handler for each endpoint, named as its address with `/` as `_`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def begin(self, client: Client, path: str, args: dict[str, Any]) -> None:
        """`clip/put` and `dance/put`: open an upload."""
        self._state.uploads.begin(client, path, args)

    def chunk(self, client: Client, path: str, args: dict[str, Any]) -> None:
        """`clip/put/chunk`, `clip/put/tempos`, `clip/put/meters` and `dance/put/chunk`."""
        path, _, kind = path.rpartition("/")
        upload = self._state.uploads.find(client, path, args["id"])
        (rows,) = (args[what] for what in ("notes", "tempos", "meters", "frames") if what in args)
        self._state.uploads.take(upload, args["index"], kind, rows)

    def end(self, client: Client, path: str, args: dict[str, Any]) -> None:
        """`clip/put/end` and `dance/put/end`: done, or what is missing."""
        job = args["id"]
        upload = self._state.uploads.find(client, path, job)
        if missing := upload.missing():
            client.answer(f"{path.removeprefix(f'{ROOT}/')}/missing", job, *missing)
            return
        self._state.uploads.drop(client, job)
        try:
            item = upload.finished()
        except JobError as error:
            client.fail(path, job, error)
            return
        size = len(item.notes) if isinstance(item, Clip) else item.dance.frames
        made = Made(path.removeprefix(f"{ROOT}/"), time.time())
        client.answer("done", path, job, self._state.shelf.put(item, made), size)

    async def clip_get(self, job: Job) -> tuple[Any, ...]:
        """Send a clip."""
        source = await source_of(self._state, job)
        clip = clip_of(source)
        handle = source.handle or self._state.shelf.put(clip, source.made)
        cut = Cut(clip)
        tempo, meter = clip.timeline.tempos[0], clip.timeline.meters[0]
        job.client.answer(
            "clip/begin", job.id, handle, len(cut), len(clip.notes), float(clip.length),
            float(tempo.bpm), meter.numerator, meter.denominator, clip.name[:255],
        )  # fmt: skip
        await self._send_clip(job, cut, range(len(cut)))
        job.client.answer("clip/end", job.id)
        return handle, len(clip.notes)

    async def clip_resend(self, job: Job) -> tuple[Any, ...]:
        """Send chunks of a clip again."""
        cut = Cut(clip_of(await source_of(self._state, job)))
        await self._send_clip(job, cut, _within(job.args["index"], len(cut)))
        return ()

    async def _send_clip(self, job: Job, cut: Cut, indices: Iterable[int]) -> None:
        def messages() -> Iterable[tuple[Any, ...]]:
            for index in indices:
                job.check()
                kind, atoms = cut[index]
                yield f"clip/{kind}", job.id, index, *atoms

        await job.client.answer_all(messages())

    async def dance_get(self, job: Job) -> tuple[Any, ...]:
        """Send a dance."""
        danced = self._state.shelf.dance(job.args["dance"])
        count = chunks.count(danced.dance.frames, self._frames_a_chunk(job))
        handle, frames = job.args["dance"], danced.dance.frames
        job.client.answer("dance/begin", job.id, handle, count, frames)
        await self._send_frames(job, danced, range(count))
        job.client.answer("dance/end", job.id)
        return handle, frames

    async def dance_resend(self, job: Job) -> tuple[Any, ...]:
        """Send chunks of a dance again."""
        danced = self._state.shelf.dance(job.args["dance"])
        count = chunks.count(danced.dance.frames, self._frames_a_chunk(job))
        await self._send_frames(job, danced, _within(job.args["index"], count))
        return ()

    def _frames_a_chunk(self, job: Job) -> int:
        return chunks.FRAMES_A_CHUNK[job.client.wire, job.args["format"]]

    async def _send_frames(self, job: Job, danced: Danced, indices: Iterable[int]) -> None:
        frames, size = chunks.frames_of(danced.dance), self._frames_a_chunk(job)

        def messages() -> Iterable[tuple[Any, ...]]:
            for index in indices:
                job.check()
                part = chunks.frames_chunk(frames, index, size, job.args["format"])
                yield "dance/chunk", job.id, index, part

        await job.client.answer_all(messages())

    async def model_list(self, job: Job) -> tuple[Any, ...]:
        """Tell the installed models."""
        found = await job.read(self._cards)
        serving = self._state.bridge.card
        await job.client.answer_all(
            ("model/item", job.id, c.name, c.version, c.preset,
             int((c.name, c.version) == (serving.name, serving.version)))
            for c in found
        )  # fmt: skip
        return (len(found),)

    def _cards(self) -> list[Any]:
        folders = model_files.installed(self._state.config.models)
        return [model_files.read_card(folder) for _, _, folder in folders]

    async def model_load(self, job: Job) -> tuple[Any, ...]:
        """Serve another model, once it stood all checks, from the next bar on."""
        name, version = job.args["name"], job.args["version"] or None
        folder = await job.read(model_files.find, self._state.config.models, name, version)
        bridge = await job.read(load, folder)
        job.check()
        await self._state.live.stage.bar_line()
        self._state.bridge = bridge
        return bridge.card.name, bridge.card.version
