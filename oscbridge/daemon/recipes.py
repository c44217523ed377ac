"""What is said of how something was made, carried out: the first time and again, by one way."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from oscbridge.daemon.shelf import Danced
from oscbridge.domain.card import Card
from oscbridge.domain.made import Made, Parent, Value, digest
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import Timeline
from oscbridge.engine.bridge import Bridge, Progress, unwatched
from oscbridge.errors import JobError

Item = Clip | Danced


@dataclass(frozen=True)
class Source:
    """A clip or dance that something is made from: its name, its handle if it lies on the shelf,
    how it was made itself.
    """

    item: Item
    name: str = ""
    handle: int = 0
    made: Made | None = None

    def parent(self) -> Parent:
        """What is told of it."""
        kind = "clip" if isinstance(self.item, Clip) else "dance"
        return Parent(kind, item_digest(self.item), self.name, self.handle, self.made)  # type: ignore[arg-type]


def item_digest(item: Item) -> str:
    """What knows it again."""
    return digest(item if isinstance(item, Clip) else item.dance)


def weights(card: Card) -> str:
    """What tells apart two models of one name and version."""
    files = "\n".join(f"{name} {sha}" for name, sha in sorted(card.files.items()))
    return hashlib.sha256(files.encode()).hexdigest()[:16]


def recipe(
    endpoint: str, card: Card, seed: int | None, arguments: Mapping[str, Value],
    latent: Sequence[float] = (),
) -> Made:  # fmt: skip
    """How something is to be made by that model, from now on."""
    # The shortest digits that are the same float32: a latent of 128 then fits a file's text.
    short = tuple(float(str(x)) for x in np.asarray(latent, np.float32))
    return Made(
        endpoint, time.time(), card.name, card.version, weights(card), seed, arguments, short
    )


def traced(
    bridge: Bridge, made: Made, sources: Sequence[Source], progress: Progress = unwatched
) -> tuple[tuple[Item, ...], Made]:
    """What is made, and how, with what it was made from."""
    items = carry_out(bridge, made, [source.item for source in sources], progress)
    return items, replace(made, parents=tuple(source.parent() for source in sources))


def carry_out(
    bridge: Bridge, made: Made, sources: Sequence[Item], progress: Progress = unwatched
) -> tuple[Item, ...]:
    """What `made` says, on that model. Raises JobError where it says nothing that can be done."""
    say: dict[str, Any] = dict(made.arguments)
    knobs = {f.name: say[f.name] for f in fields(Sampling) if f.name in say}
    sampling = Sampling(**knobs | {"seed": made.seed or 0})
    with as_refusal():
        match made.endpoint:
            case "music/generate":
                clip = bridge.generate(bars=say["bars"], tempo=say["tempo"], sampling=sampling)
                return (clip,)
            case "dance/generate":
                steady = Timeline.steady(say["tempo"])
                dance = bridge.new_dance(bars=say["bars"], tempo=say["tempo"], sampling=sampling)
                return (Danced(dance, steady),)
            case "pair/generate":
                clip, dance = bridge.pair(bars=say["bars"], tempo=say["tempo"], sampling=sampling)
                return clip, Danced(dance, clip.timeline)
            case "latent/decode":
                z, tempo = np.array(made.latent, np.float32), say["tempo"]
                item = bridge.decode(say["space"], say["kind"], z, tempo)
                return (item if isinstance(item, Clip) else Danced(item, Timeline.steady(tempo)),)
            case "music/interpolate" | "dance/interpolate":
                return (_between(bridge, *sources, at=say["at"], sampling=sampling),)
            case endpoint:
                (source,) = sources
                return (_answer(bridge, endpoint, source, say, sampling, progress),)


def _answer(
    bridge: Bridge, endpoint: str, source: Item, say: dict[str, Any], sampling: Sampling,
    progress: Progress,
) -> Item:  # fmt: skip
    """What is made from one clip or dance. Raises ValueError for an unknown endpoint."""
    match endpoint, source:
        case "music/reconstruct", Clip():
            return bridge.reconstruct_music(source, sampling, progress)
        case "music/vary", Clip():
            return bridge.vary_music(source, say["amount"], sampling)
        case "music/continue", Clip():
            return bridge.continue_music(source, say["bars"], sampling)
        case "dance/vary", Danced():
            made = bridge.vary_dance(source.dance, source.timeline, say["amount"], sampling)
            return Danced(made, source.timeline)
        case "music/to_dance", Clip():
            return Danced(bridge.dance_of(source, sampling, progress), source.timeline)
        case "dance/to_music", Danced():
            return bridge.music_of(source.dance, source.timeline, sampling, progress)
        case "dance/reconstruct", Danced():
            dance, timeline = source.dance, source.timeline
            return Danced(bridge.reconstruct_dance(dance, timeline, sampling, progress), timeline)
        case "clip/part", Clip():
            part = Part(say["part"])
            return replace(source, notes=source.part(part))
        case _:
            raise ValueError(f"{endpoint} is nothing this oscbridge makes clips by")


def _between(bridge: Bridge, a: Item, b: Item, *, at: float, sampling: Sampling) -> Item:
    """What lies on the way from one to the other. Raises ValueError for a clip and a dance."""
    if isinstance(a, Clip) and isinstance(b, Clip):
        return bridge.music_between(a, b, at, sampling)
    if isinstance(a, Danced) and isinstance(b, Danced):
        dance = bridge.dance_between(a.dance, a.timeline, b.dance, b.timeline, at, sampling)
        return Danced(dance, a.timeline)
    raise ValueError("there is no way from a clip to a dance; translate one of them first")


@contextmanager
def as_refusal() -> Iterator[None]:
    """The engine says by ValueError what does not fit; what a file tells may lack anything."""
    try:
        yield
    except ValueError as error:
        raise JobError("argument", str(error)) from error
    except (KeyError, TypeError) as error:
        raise JobError("argument", f"it cannot be made as it is told: {error}") from error
