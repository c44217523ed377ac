"""The jobs on the clip library: saved, browsed, marked, put away, made again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from oscbridge.daemon.again import Again
from oscbridge.daemon.jobs import Job
from oscbridge.daemon.making import clip_of, source_of
from oscbridge.daemon.marks import Mark
from oscbridge.daemon.state import State
from oscbridge.domain.clip_facts import Facts
from oscbridge.domain.made import Made
from oscbridge.errors import JobError

_LONGEST_TAG = 64
_AT_ONCE = 200
"""Files moved between two looks at whether the job was taken back."""
Fact = tuple[str | int | float, ...]


class Filing:
    """A handler for each endpoint, named as its address with `/` as `_`."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def clip_save(self, job: Job) -> tuple[Any, ...]:
        """Write a clip into the library."""
        source = await source_of(self._state, job)
        name, parts = job.args["name"], job.args["parts"]
        save = self._state.library.save
        return tuple(await job.read(save, clip_of(source), name, source.made, parts))

    async def clip_list(self, job: Job) -> tuple[Any, ...]:
        """Tell the files of the library."""
        names = await job.read(self._state.library.names)
        await job.client.answer_all(("clip/item", job.id, name) for name in names)
        return (len(names),)

    async def clip_info(self, job: Job) -> tuple[Any, ...]:
        """Tell how a clip was made."""
        name = job.args["clip"]
        if isinstance(name, str):
            facts = await job.read(self._facts_of_file, name)
        else:
            shelf = self._state.shelf
            facts = [*_facts(shelf.made(name), Facts.of(shelf.clip(name)))]
        await job.client.answer_all(("clip/fact", job.id, *fact) for fact in facts)
        return (len(facts),)

    def _facts_of_file(self, name: str) -> list[Fact]:
        path, told = self._state.library.look(name)
        facts = [("name", path.name), *_facts(told.made, told.facts)]
        if told.problem:
            facts.append(("problem", told.problem[:255]))
        return [*facts, *_marks(self._state.catalogue.mark_of(path.name))]

    async def clip_again(self, job: Job) -> tuple[Any, ...]:
        """Make a clip again."""
        made, clip = await Again(self._state, job).clip()
        handle = self._state.shelf.put(clip, made)
        return -1 if made.seed is None else made.seed, handle, len(clip.notes)

    async def clip_find(self, job: Job) -> tuple[Any, ...]:
        """Tell clips by name and tags."""
        asked = (job.args[name] for name in ("text", "favourites", "offset", "limit"))
        items, total = await job.read(self._state.catalogue.find, *asked)
        await job.client.answer_all(
            (
                "clip/item", job.id, i.name, i.endpoint or "", _known(i.bars),
                float(_known(i.tempo)), _known(i.seed), _known(i.notes), int(i.favourite), *i.tags,
            )
            for i in items
        )  # fmt: skip
        return len(items), total

    async def clip_favourite(self, job: Job) -> tuple[Any, ...]:
        """Make a clip a favourite, or no longer."""
        change = self._state.catalogue.set_favourite
        mark = await job.read(change, job.args["clip"], job.args["on"])
        return (int(mark.favourite),)

    async def clip_tag(self, job: Job) -> tuple[Any, ...]:
        """Give a clip a tag, or take it away."""
        tag = " ".join(job.args["tag"].split())
        if not tag.isprintable() or not 0 < len(tag) <= _LONGEST_TAG:
            raise JobError("argument", f"a tag has from 1 to {_LONGEST_TAG} letters")
        change = self._state.catalogue.set_tag
        mark = await job.read(change, job.args["clip"], tag, job.args["on"])
        return mark.tags

    async def clip_purge(self, job: Job) -> tuple[Any, ...]:
        """Move clips to the trash."""
        catalogue, moved, left = self._state.catalogue, 0, 0
        while await job.read(catalogue.catch_up):
            job.check()
        names = await job.read(catalogue.purgeable, job.args["keep_favourites"])
        for first in range(0, len(names), _AT_ONCE):
            some = names[first : first + _AT_ONCE]
            went, stuck = await job.read(self._state.library.discard, some)
            moved, left = moved + went, left + stuck
            job.progress((first + len(some)) / len(names))
        return moved, left


def _known(value: float | int | None) -> float | int:
    return -1 if value is None else value


def _facts(made: Made | None, facts: Facts | None) -> Iterator[Fact]:
    if made:
        yield from _making(made)
    if facts:
        yield "length", facts.length
        yield "bars", facts.bars
        yield "tempo", facts.tempo
        yield "meter", facts.numerator, facts.denominator
        yield "notes", facts.drums, facts.bass, facts.melody


def _making(made: Made) -> Iterator[Fact]:
    yield "endpoint", made.endpoint
    yield "created", datetime.fromtimestamp(made.created).astimezone().isoformat(" ", "seconds")
    if made.model:
        yield "model", made.model, made.version
    if made.seed is not None:
        yield "seed", made.seed
    for name, value in made.arguments.items():
        yield "argument", name, value
    for parent in made.parents:
        yield "parent", parent.kind, parent.name, parent.made.endpoint if parent.made else ""
    if made.latent:
        yield "latent", *made.latent


def _marks(mark: Mark) -> Iterator[Fact]:
    yield "favourite", int(mark.favourite)
    for tag in mark.tags:
        yield "tag", tag
