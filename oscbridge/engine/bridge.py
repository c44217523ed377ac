"""The bridge between music and dance: one loaded model and all that can be asked of it, whatever
its preset.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.card import Card
from oscbridge.domain.dance import Dance
from oscbridge.domain.graphs import DOMAINS
from oscbridge.domain.latents import akin
from oscbridge.domain.music import Clip
from oscbridge.domain.sampling import PLAIN, Sampling
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline
from oscbridge.engine.graphs import Graphs

Latents = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)
Domain = Literal["music", "dance"]
Space = Literal["music", "dance", "bridge"]
Kind = Literal["clip", "dance"]
Progress = Callable[[float], None]

BATCH = 32
"""Windows run at once; between batches a job reports and can be cancelled."""
BAR = WINDOW // 2
BEATS = WINDOW / STEPS_PER_BEAT


def unwatched(fraction: float) -> None:
    """Where nobody waits for the progress."""


class Bridge(ABC):
    """A model version ready to serve. Every method blocks; use it from one thread."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs

    @property
    def card(self) -> Card:
        """What the model says about itself."""
        return self._graphs.card

    @abstractmethod
    def generate(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> Clip:
        """A new clip of 4/4 from the music VAE's prior; one seed gives one answer."""

    @abstractmethod
    def new_dance(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> Dance:
        """A new dance from what is known of dances; one seed gives one answer."""

    @abstractmethod
    def reconstruct_music(
        self, clip: Clip, sampling: Sampling = PLAIN, progress: Progress = unwatched
    ) -> Clip:
        """What the music VAE makes of a clip."""

    @abstractmethod
    def reconstruct_dance(
        self,
        dance: Dance,
        timeline: Timeline,
        sampling: Sampling = PLAIN,
        progress: Progress = unwatched,
    ) -> Dance:
        """What the pose VAE makes of a dance."""

    @abstractmethod
    def vary_music(self, clip: Clip, amount: float, sampling: Sampling = PLAIN) -> Clip:
        """A clip like that one in its key: with an `amount` of 0 what `reconstruct_music` gives,
        with 1 one that has nothing of it.
        """

    @abstractmethod
    def music_between(self, a: Clip, b: Clip, at: float, sampling: Sampling = PLAIN) -> Clip:
        """A clip a part `at` of the way from a to b, as long as the longer one, during which the
        other is repeated; on the timeline of a, in the key of the nearer.
        """

    @abstractmethod
    def continue_music(self, clip: Clip, bars: int, sampling: Sampling = PLAIN) -> Clip:
        """So many new bars after the end of a clip, in the key, meter and tempo it ends in."""

    @abstractmethod
    def vary_dance(
        self, dance: Dance, timeline: Timeline, amount: float, sampling: Sampling = PLAIN
    ) -> Dance:
        """A dance like that one: with an `amount` of 0 what `reconstruct_dance` gives, with 1 one
        that has nothing of it.
        """

    @abstractmethod
    def dance_between(
        self, a: Dance, timeline: Timeline, b: Dance, other: Timeline, at: float,
        sampling: Sampling = PLAIN,
    ) -> Dance:  # fmt: skip
        """A dance a part `at` of the way from a to b, each on its timeline; as long as the longer
        one, during which the other is repeated, on the timeline of a.
        """

    @abstractmethod
    def dance_of(
        self, clip: Clip, sampling: Sampling = PLAIN, progress: Progress = unwatched
    ) -> Dance:
        """The dance to a clip of any length, on the clip's timeline."""

    @abstractmethod
    def music_of(
        self,
        dance: Dance,
        timeline: Timeline,
        sampling: Sampling = PLAIN,
        progress: Progress = unwatched,
    ) -> Clip:
        """The clip to a dance of any length, on `timeline`, its end filled up to a whole bar."""

    @abstractmethod
    def music_now(
        self, poses: NDArray[np.float32], tempo: float, samplings: Sequence[Sampling]
    ) -> list[Clip]:
        """The clip of two bars to each window of what is danced now, poses (N, 128, 33, 3), four a
        step: `music_of` for many at once, as several people dancing call for it.
        """

    @abstractmethod
    def pair(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> tuple[Clip, Dance]:
        """A clip and its dance: one sample of the bridge decoded in both (paper, fig. 2)."""

    @abstractmethod
    def encode(
        self, space: Space, source: Clip | Dance, step: int = 0, timeline: Timeline | None = None
    ) -> Latents:
        """The latent (size,) of the window of `source` that begins at `step`, its mean.

        Raises ValueError when the space is the other domain's or the step lies past the end.
        """

    @abstractmethod
    def decode(self, space: Space, kind: Kind, z: Latents, tempo: float) -> Clip | Dance:
        """The clip or dance of one window that a latent (size,) of `space` stands for.

        Raises ValueError for a latent of the wrong size.
        """

    def _batched(
        self, count: int, through: Callable[[slice], Latents], progress: Progress
    ) -> Latents:
        """What `through` makes of windows, a batch of rows at a time."""
        made: list[Latents] = []
        for first in range(0, count, BATCH):
            made.append(through(slice(first, first + BATCH)))
            progress(min(1.0, (first + BATCH) / count))
        return np.concatenate(made)

    def _sized(self, space: Space, z: Latents) -> Latents:
        """The latent as a batch of one. Raises ValueError if it is of the wrong size."""
        size = self.card.bridge_latent if space == "bridge" else self.card.latent
        if z.shape != (size,):
            raise ValueError(f"{z.size} numbers given, but a latent of {space} has {size}")
        return np.asarray(z[None], np.float32)


def check_window(space: Space, domain: Domain, step: int, last: int) -> None:
    """Raises ValueError when a source of `domain` has no latent in that space or at that step."""
    if space not in (domain, "bridge"):
        raise ValueError(f"a {domain} source has no latent in the {space} space")
    if not 0 <= step <= last:
        raise ValueError(f"step {step} lies outside the source; it has steps 0 to {last}")


def drawn(
    mean: Latents, log_variance: Latents, temperature: float, rng: np.random.Generator
) -> Latents:
    """Latents about the means of their posteriors, as far as the temperature says."""
    if temperature == 0:
        return mean
    noise = rng.standard_normal(mean.shape).astype(np.float32)
    return np.asarray(mean + np.float32(temperature) * np.exp(log_variance / 2) * noise, np.float32)


def one_hot(domain: Domain, count: int) -> NDArray[np.float32]:
    """The bridge's `domain` input (count, 2)."""
    hot = np.zeros((count, len(DOMAINS)), np.float32)
    hot[:, DOMAINS.index(domain)] = 1
    return hot


def walk(rng: np.random.Generator, count: int, size: int, temperature: float) -> Latents:
    """Latents (count, size), each normal with `temperature` as spread, each akin to the last."""
    fresh = akin(rng.standard_normal((count, size)).astype(np.float32))
    return np.asarray(fresh * temperature, np.float32)


def repeated(rows: NDArray[Scalar], count: int) -> NDArray[Scalar]:
    """So many rows (count, ...), from the first again when they are used up."""
    return rows[np.arange(count) % len(rows)]


def hop_of(timeline: Timeline) -> int:
    """Steps from window to window that follow one another, each at the start of a bar of the meter
    at the start of the timeline.
    """
    bar = max(1, round(timeline.meters[0].bar * STEPS_PER_BEAT))
    return bar * (WINDOW // bar) if bar <= WINDOW else WINDOW


def after(clip: Clip) -> Timeline:
    """The timeline of what follows a clip: the tempo and meter it ends with."""
    tempo, meter = clip.timeline.tempos[-1], clip.timeline.meters[-1]
    return Timeline.steady(tempo.bpm, meter.numerator, meter.denominator)


def ending(clip: Clip) -> Clip:
    """The last two bars of a clip, or as many as a window holds, that begin with a bar; a clip
    shorter than a window is repeated until it fills one.
    """
    if clip.length < BEATS:
        times = math.ceil(BEATS / clip.length)
        notes = tuple(
            replace(note, start=note.start + k * clip.length)
            for k in range(times)
            for note in clip.notes
            if note.start < clip.length
        )
        return Clip(notes, times * clip.length, after(clip), clip.name)
    timeline = after(clip)
    bars = clip.timeline.bar_starts(clip.length)
    start = max((b for b in bars if b <= clip.length - BEATS + 1e-6), default=clip.length - BEATS)
    notes = tuple(
        replace(note, start=note.start - start) for note in clip.notes if note.start >= start
    )
    return Clip(notes, clip.length - start, timeline, clip.name)
