"""The jobs that make clips and dances: generate, reconstruct, translate, encode, decode."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from oscbridge.daemon.jobs import Job
from oscbridge.daemon.recipes import Item, Source, as_refusal, recipe, traced
from oscbridge.daemon.shelf import Danced
from oscbridge.daemon.state import State
from oscbridge.domain.dance import Dance
from oscbridge.domain.made import Made
from oscbridge.domain.music import Clip
from oscbridge.engine.bridge import Bridge

_NOT_TOLD = {"id", "seed", "count", "clip", "dance", "item", "to", "z"}
"""Arguments of a job that are none of how a clip was made, or told apart from the others."""


def _seed(job: Job) -> int:
    """What the job asks for; -1 is replaced by one that can be told and used again."""
    asked: int = job.args["seed"]
    return asked if asked >= 0 else secrets.randbelow(2**31)


async def source_of(state: State, job: Job, argument: str = "") -> Source:
    """The clip or dance a job names: by handle, or a clip by its file in the library."""
    argument = argument or next(kind for kind in ("clip", "dance", "item") if kind in job.args)
    handle = job.args[argument]
    if isinstance(handle, str):
        clip, told = await job.read(state.library.read, handle)
        return Source(clip, handle, made=told.made)
    shelf = state.shelf
    find = shelf.clip if "clip" in job.args else shelf.dance if "dance" in job.args else shelf.item
    item = find(handle)
    name = item.name if isinstance(item, Clip) else item.dance.name
    return Source(item, name, handle, shelf.made(handle))


def clip_of(source: Source) -> Clip:
    """What the argument `clip` of a job named."""
    assert isinstance(source.item, Clip)  # noqa: S101 - the shelf has refused a dance
    return source.item


class Making:
    """A handler for each endpoint, named as its address with `/` as `_`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def _recipe(self, job: Job, bridge: Bridge, seed: int | None) -> Made:
        told = {name: value for name, value in job.args.items() if name not in _NOT_TOLD}
        return recipe(job.endpoint.address, bridge.card, seed, told, job.args.get("z", ()))

    async def _make(self, job: Job, seed: int | None, *sources: Source) -> list[tuple[Item, int]]:
        """What is made, each with the handle under which it lies."""
        bridge = self._state.bridge
        made = self._recipe(job, bridge, seed)
        items, made = await job.infer(traced, bridge, made, sources, job.progress)
        return [(item, self._state.shelf.put(item, made)) for item in items]

    async def _answer(self, job: Job) -> tuple[int, int, int]:
        """Of what is made from the source a job names: seed, handle, notes or frames."""
        source, seed = await source_of(self._state, job), _seed(job)
        ((item, handle),) = await self._make(job, seed, source)
        return seed, handle, _size(item)

    async def _several(self, job: Job, *sources: Source) -> tuple[int, ...]:
        """The seed, and the handles of `count` clips made with it and those after it."""
        seed, count, bridge = _seed(job), job.args["count"], self._state.bridge
        made, handles = self._recipe(job, bridge, seed), []
        for k in range(count):
            each = replace(made, seed=(seed + k) % 2**31)
            (item,), each = await job.infer(traced, bridge, each, sources)
            handles.append(self._state.shelf.put(item, each))
            job.progress((k + 1) / count)
        return seed, *handles

    async def music_generate(self, job: Job) -> tuple[Any, ...]:
        """New clips."""
        return await self._several(job)

    async def music_vary(self, job: Job) -> tuple[Any, ...]:
        """Clips like a clip."""
        return await self._several(job, await source_of(self._state, job))

    async def music_continue(self, job: Job) -> tuple[Any, ...]:
        """New bars after a clip."""
        return await self._answer(job)

    async def music_interpolate(self, job: Job) -> tuple[Any, ...]:
        """Clips on the way between two."""
        count = job.args["count"]
        return await self._between(job, [(k + 1) / (count + 1) for k in range(count)])

    async def dance_vary(self, job: Job) -> tuple[Any, ...]:
        """A dance like a dance."""
        return await self._answer(job)

    async def dance_interpolate(self, job: Job) -> tuple[Any, ...]:
        """A dance on the way between two."""
        (handle,) = await self._between(job, [job.args["at"]])
        return handle, self._state.shelf.dance(handle).dance.frames

    async def _between(self, job: Job, places: Sequence[float]) -> tuple[int, ...]:
        """Handles of what lies at these places on the way between what a job names."""
        sources = [
            await source_of(self._state, job, name) for name in (job.endpoint.args[1].name, "to")
        ]
        bridge = self._state.bridge
        made, handles = self._recipe(job, bridge, None), []
        for number, at in enumerate(places, 1):
            each = replace(made, arguments={**made.arguments, "at": at})
            (item,), each = await job.infer(traced, bridge, each, sources)
            handles.append(self._state.shelf.put(item, each))
            job.progress(number / len(places))
        return tuple(handles)

    async def music_reconstruct(self, job: Job) -> tuple[Any, ...]:
        """What the music VAE makes of a clip."""
        return await self._answer(job)

    async def music_to_dance(self, job: Job) -> tuple[Any, ...]:
        """A dance to a clip."""
        return await self._answer(job)

    async def dance_to_music(self, job: Job) -> tuple[Any, ...]:
        """A clip to a dance."""
        return await self._answer(job)

    async def dance_reconstruct(self, job: Job) -> tuple[Any, ...]:
        """What the dance VAE makes of a dance."""
        return await self._answer(job)

    async def dance_generate(self, job: Job) -> tuple[Any, ...]:
        """A new dance."""
        seed = _seed(job)
        ((item, handle),) = await self._make(job, seed)
        return seed, handle, _size(item)

    async def pair_generate(self, job: Job) -> tuple[Any, ...]:
        """One sample of the bridge in both domains."""
        seed = _seed(job)
        return seed, *(handle for _, handle in await self._make(job, seed))

    async def latent_encode(self, job: Job) -> tuple[Any, ...]:
        """The latent of one window."""
        item, timeline = self._state.shelf.item(job.args["item"]), None
        source: Clip | Dance
        if isinstance(item, Danced):
            source, timeline = item.dance, item.timeline
        else:
            source = item
        encode = self._state.bridge.encode
        with as_refusal():
            z = await job.infer(encode, job.args["space"], source, job.args["step"], timeline)
        return (np.asarray(z, np.float32).ravel(),)

    async def latent_decode(self, job: Job) -> tuple[Any, ...]:
        """A latent as one window."""
        ((_, handle),) = await self._make(job, None)
        return (handle,)


def _size(item: Item) -> int:
    return len(item.notes) if isinstance(item, Clip) else item.dance.frames
