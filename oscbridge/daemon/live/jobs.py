"""Handlers of the live jobs: lists, presets, recording."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

from oscbridge.daemon.jobs import Job
from oscbridge.daemon.live.living import Living
from oscbridge.daemon.live.presets import Values

Item = tuple[str, str, str]
"""Kind, name, how it fares."""


class LiveJobs:
    """A handler for each live job, named as its address with `/` as `_`."""

    def __init__(self, live: Living) -> None:
        self._live = live

    async def live_list(self, job: Job) -> tuple[Any, ...]:
        """Tell everything that is live."""
        items = list(self._items(perf_counter()))
        await job.client.answer_all(
            ("live/item", job.id, kind, name, text[:600]) for kind, name, text in items
        )
        return (len(items),)

    def _items(self, now: float) -> Iterator[Item]:
        live, stage = self._live, self._live.stage
        source, state, tempo, beat, _, top, bottom = live.clock.told()
        yield "transport", source, f"{state}, {tempo:.2f} BPM, {top}/{bottom}, beat {beat:.2f}"
        for number, track in stage.people:
            sender, theirs = stage.people.named(number)
            lost = sum(track.dropped.values())
            yield (
                "person", str(number),
                f"person {theirs} of {sender}: {track.fps:.0f} frames a second, confidence "
                f"{track.confidence:.2f}, {lost} frames not used",
            )  # fmt: skip
        for voice in stage.cast.voices.values():
            whose = f"person {voice.person}" if voice.person else "whoever was there first"
            heard = "silent" if stage.body(voice.person, now) is None else "playing"
            yield "voice", voice.name, f"{voice.mode}, {whose}: {heard}"
        for dancer in stage.cast.dancers.values():
            yield "dancer", dancer.name, f"person {dancer.person}, hears {dancer.source or 'all'}"
        for each in stage.cast.everything:
            for name in each.parameters.declared:
                value = each.parameters.value(name, now)
                yield "parameter", f"{each.name}/{name}", f"{value:g}"
        yield from live.wires()
        for what, text in stage.troubles:
            yield "trouble", what, text

    async def preset_save(self, job: Job) -> tuple[Any, ...]:
        """Keep all parameters."""
        everything = self._live.stage.cast.everything
        values = {each.name: each.parameters.goals() for each in everything}
        await job.read(self._live.presets.save, job.args["name"], values)
        return (job.args["name"],)

    async def preset_recall(self, job: Job) -> tuple[Any, ...]:
        """Go to them; what the preset does not know stays."""
        values: Values = await job.read(self._live.presets.read, job.args["name"])
        stage, now, count = self._live.stage, perf_counter(), 0
        for each in stage.cast.everything:
            for name, value in values.get(each.name, {}).items():
                if name in each.parameters.declared:
                    each.parameters.set(name, value, now, job.args["seconds"])
                    count += 1
        return (count,)

    async def preset_list(self, job: Job) -> tuple[Any, ...]:
        """Tell the presets."""
        names = await job.read(self._live.presets.names)
        await job.client.answer_all(("preset/item", job.id, name) for name in names)
        return (len(names),)

    async def record_start(self, job: Job) -> tuple[Any, ...]:
        """Record from now on."""
        return await self._live.recording.start(job)

    async def record_stop(self, job: Job) -> tuple[Any, ...]:
        """Record no more."""
        return await self._live.recording.stop(job)
