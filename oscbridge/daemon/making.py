"""The jobs that make clips and dances: generate, reconstruct, translate, encode, decode."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import numpy as np

from oscbridge.daemon.jobs import Job
from oscbridge.daemon.shelf import Danced
from oscbridge.daemon.state import State
from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import Timeline
from oscbridge.errors import JobError


def _sampling(job: Job) -> Sampling:
    """What the job asks for; a seed of -1 is replaced by one that can be told and used again."""
    asked = {f.name: job.args[f.name] for f in fields(Sampling) if f.name in job.args}
    if asked["seed"] < 0:
        asked["seed"] = secrets.randbelow(2**24)
    return Sampling(**asked)


async def clip_for(state: State, job: Job) -> Clip:
    """The clip a job names, by handle or by its file in the library."""
    clip = job.args["clip"]
    if isinstance(clip, str):
        return await job.read(state.library.read, clip)
    return state.shelf.clip(clip)


class Making:
    """A handler for each endpoint, named as its address with `/` as `_`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _new_clip(self, seed: int, clip: Clip) -> tuple[int, int, int]:
        return seed, self._state.shelf.put(clip), len(clip.notes)

    def _new_dance(self, seed: int, danced: Danced) -> tuple[int, int, int]:
        return seed, self._state.shelf.put(danced), danced.dance.frames

    async def music_generate(self, job: Job) -> tuple[Any, ...]:
        """New clips."""
        sampling, count = _sampling(job), job.args["count"]
        first = sampling.seed
        clips = []
        for k in range(count):
            each = replace(sampling, seed=(first + k) % 2**31)
            clips.append(
                await job.infer(
                    self._state.bridge.generate,
                    bars=job.args["bars"], tempo=job.args["tempo"], sampling=each,
                )
            )  # fmt: skip
            job.progress((k + 1) / count)
        return first, *map(self._state.shelf.put, clips)

    async def music_reconstruct(self, job: Job) -> tuple[Any, ...]:
        """What the music VAE makes of a clip."""
        clip, sampling = await clip_for(self._state, job), _sampling(job)
        made = await job.infer(
            self._state.bridge.reconstruct_music, clip, sampling, progress=job.progress
        )
        return self._new_clip(sampling.seed, made)

    async def music_to_dance(self, job: Job) -> tuple[Any, ...]:
        """A dance to a clip."""
        clip, sampling = await clip_for(self._state, job), _sampling(job)
        made = await job.infer(self._state.bridge.dance_of, clip, sampling, progress=job.progress)
        return self._new_dance(sampling.seed, Danced(made, clip.timeline))

    async def dance_to_music(self, job: Job) -> tuple[Any, ...]:
        """A clip to a dance."""
        danced, sampling = self._state.shelf.dance(job.args["dance"]), _sampling(job)
        made = await job.infer(
            self._state.bridge.music_of,
            danced.dance, danced.timeline, sampling, progress=job.progress,
        )  # fmt: skip
        return self._new_clip(sampling.seed, made)

    async def dance_reconstruct(self, job: Job) -> tuple[Any, ...]:
        """What the dance VAE makes of a dance."""
        danced, sampling = self._state.shelf.dance(job.args["dance"]), _sampling(job)
        made = await job.infer(
            self._state.bridge.reconstruct_dance,
            danced.dance, danced.timeline, sampling, progress=job.progress,
        )  # fmt: skip
        return self._new_dance(sampling.seed, Danced(made, danced.timeline))

    async def dance_generate(self, job: Job) -> tuple[Any, ...]:
        """A new dance."""
        sampling, tempo = _sampling(job), job.args["tempo"]
        made = await job.infer(
            self._state.bridge.new_dance, bars=job.args["bars"], tempo=tempo, sampling=sampling
        )
        return self._new_dance(sampling.seed, Danced(made, Timeline.steady(tempo)))

    async def pair_generate(self, job: Job) -> tuple[Any, ...]:
        """One sample of the bridge in both domains."""
        sampling = _sampling(job)
        clip, dance = await job.infer(
            self._state.bridge.pair,
            bars=job.args["bars"], tempo=job.args["tempo"], sampling=sampling,
        )  # fmt: skip
        put = self._state.shelf.put
        return sampling.seed, put(clip), put(Danced(dance, clip.timeline))

    async def latent_encode(self, job: Job) -> tuple[Any, ...]:
        """The latent of one window."""
        item, timeline = self._state.shelf.item(job.args["item"]), None
        source: Clip | Dance
        if isinstance(item, Danced):
            source, timeline = item.dance, item.timeline
        else:
            source = item
        encode = self._state.bridge.encode
        with _as_refusal():
            z = await job.infer(encode, job.args["space"], source, job.args["step"], timeline)
        return (np.asarray(z, np.float32).ravel(),)

    async def latent_decode(self, job: Job) -> tuple[Any, ...]:
        """A latent as one window."""
        z, tempo = np.array(job.args["z"], np.float32), job.args["tempo"]
        with _as_refusal():
            made = await job.infer(
                self._state.bridge.decode, job.args["space"], job.args["kind"], z, tempo
            )
        item = made if isinstance(made, Clip) else Danced(made, Timeline.steady(tempo))
        return (self._state.shelf.put(item),)


@contextmanager
def _as_refusal() -> Iterator[None]:
    """The engine says by ValueError that a latent or a step does not fit."""
    try:
        yield
    except ValueError as error:
        raise JobError("argument", str(error)) from error
