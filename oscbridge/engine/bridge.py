"""The bridge between music and dance: one loaded model and all that can be asked of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.card import DOMAINS
from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import stand
from oscbridge.domain.latents import rescaled
from oscbridge.domain.music import Clip
from oscbridge.domain.pianoroll import ROWS, to_roll
from oscbridge.domain.pose import to_front
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline, steps_in, window_starts
from oscbridge.engine.graphs import Graphs
from oscbridge.engine.notes import clip_of
from oscbridge.engine.seams import cut, join
from oscbridge.io import model_files

Latents = NDArray[np.float32]
Domain = Literal["music", "dance"]
Space = Literal["music", "dance", "bridge"]
Kind = Literal["clip", "dance"]
Progress = Callable[[float], None]

BATCH = 32
"""Windows run at once; between batches a job reports and can be cancelled."""
BAR = WINDOW // 2
KINSHIP = 0.8
"""Correlation of the latents of neighbouring windows of what is generated longer than one."""
ENCODER: dict[Domain, str] = {"music": "midi_encoder", "dance": "pose_encoder"}
DECODER: dict[Domain, str] = {"music": "midi_decoder", "dance": "pose_decoder"}


def _unwatched(fraction: float) -> None:
    """Where nobody waits for the progress."""


class Bridge:
    """A model version ready to serve. Every method blocks; use it from one thread."""

    def __init__(self, graphs: Graphs, folder: Path) -> None:
        self.card = graphs.card
        self._graphs = graphs
        self._spreads = model_files.read_spreads(folder)

    @classmethod
    def load(cls, folder: Path) -> Bridge:
        """The version in `folder`, after all its checks. Raises ModelError."""
        return cls(Graphs(folder), folder)

    def generate(self, *, bars: int, tempo: float, seed: int, temperature: float) -> Clip:
        """A new clip of 4/4 from the music VAE's prior; one seed gives one answer."""
        rng = np.random.default_rng(seed)
        z = _walk(rng, math.ceil(bars / 2), self.card.latent, temperature)
        rolls = self._decode("music", z).reshape(-1, ROWS)
        return clip_of(rolls[: bars * BAR], Timeline.steady(tempo), f"generated seed {seed}")

    def reconstruct_music(
        self,
        clip: Clip,
        *,
        seed: int = 0,
        temperature: float = 0.0,
        progress: Progress = _unwatched,
    ) -> Clip:
        """What the music VAE makes of a clip."""
        rolls, starts = _clip_windows(clip)

        def through(batch: Latents, rng: np.random.Generator) -> Latents:
            return self._decode("music", self._encode("music", batch, rng, temperature))

        made = self._batched(rolls, through, seed, progress)
        steps = steps_in(clip.length)
        return clip_of(join(made, starts)[:steps], clip.timeline, clip.name)

    def reconstruct_dance(
        self,
        dance: Dance,
        timeline: Timeline,
        *,
        seed: int = 0,
        temperature: float = 0.0,
        progress: Progress = _unwatched,
    ) -> Dance:
        """What the pose VAE makes of a dance, on the step grid."""
        poses, starts, steps = _dance_windows(dance, timeline)

        def through(batch: Latents, rng: np.random.Generator) -> Latents:
            return self._decode("dance", self._encode("dance", batch, rng, temperature))

        made = self._batched(poses, through, seed, progress)
        return _danced(join(made, starts, align=True)[:steps], timeline, dance.name)

    def dance_of(
        self,
        clip: Clip,
        *,
        seed: int = 0,
        temperature: float = 0.0,
        progress: Progress = _unwatched,
    ) -> Dance:
        """The dance to a clip of any length, a pose a step, on the clip's timeline."""
        rolls, starts = _clip_windows(clip)

        def through(batch: Latents, rng: np.random.Generator) -> Latents:
            z = self._encode("music", batch, rng, temperature)
            return self._decode("dance", self._translate(z, "music", "dance"))

        made = self._batched(rolls, through, seed, progress)
        steps = max(2, steps_in(clip.length))
        return _danced(join(made, starts, align=True)[:steps], clip.timeline, clip.name)

    def music_of(
        self,
        dance: Dance,
        timeline: Timeline,
        *,
        seed: int = 0,
        temperature: float = 0.0,
        progress: Progress = _unwatched,
    ) -> Clip:
        """The clip to a dance of any length, on `timeline`, its end filled up to a whole bar."""
        poses, starts, steps = _dance_windows(dance, timeline)

        def through(batch: Latents, rng: np.random.Generator) -> Latents:
            z = self._encode("dance", batch, rng, temperature)
            return self._decode("music", self._translate(z, "dance", "music"))

        made = join(self._batched(poses, through, seed, progress), starts)
        bar = max(1, round(timeline.meter_at(steps / STEPS_PER_BEAT).bar * STEPS_PER_BEAT))
        whole = math.ceil(steps / bar) * bar
        made = np.pad(made, ((0, max(0, whole - len(made))), (0, 0)))[:whole]
        return clip_of(made, timeline, dance.name)

    def pair(self, *, bars: int, tempo: float, seed: int, temperature: float) -> tuple[Clip, Dance]:
        """A clip and its dance: one sample of the bridge decoded in both (paper, fig. 2)."""
        rng = np.random.default_rng(seed)
        path = _walk(rng, max(1, bars - 1), self.card.bridge_latent, temperature)
        timeline = Timeline.steady(tempo)
        starts = np.arange(len(path), dtype=np.intp) * BAR
        name = f"pair seed {seed}"
        rolls = join(self._decode("music", self._from_bridge(path, "music")), starts)
        poses = join(self._decode("dance", self._from_bridge(path, "dance")), starts, align=True)
        steps = bars * BAR
        return clip_of(rolls[:steps], timeline, name), _danced(poses[:steps], timeline, name)

    def encode(
        self, space: Space, source: Clip | Dance, step: int = 0, timeline: Timeline | None = None
    ) -> Latents:
        """The latent (size,) of the window of `source` that begins at `step`, its mean.

        Raises ValueError when the space is the other domain's or the step lies past the end.
        """
        domain: Domain = "music" if isinstance(source, Clip) else "dance"
        if space not in (domain, "bridge"):
            raise ValueError(f"a {domain} source has no latent in the {space} space")
        if isinstance(source, Clip):
            frames = np.asarray(to_roll(source).held, np.float32)
            frames = np.pad(frames, ((0, WINDOW), (0, 0)))
            last = len(frames) - WINDOW - 1
        else:
            frames = source.on_grid(timeline or Timeline()).landmarks
            last = len(frames) - 1
        if not 0 <= step <= last:
            raise ValueError(f"step {step} lies outside the source; it has steps 0 to {last}")
        z = self._encode(domain, cut(frames, np.array([step], np.intp)))
        latents = z if space == domain else self._to_bridge(z, domain)
        return np.asarray(latents[0], np.float32)

    def decode(self, space: Space, kind: Kind, z: Latents, tempo: float) -> Clip | Dance:
        """The clip or dance of one window that a latent (size,) of `space` stands for.

        Raises ValueError for a latent of the wrong size.
        """
        size = self.card.bridge_latent if space == "bridge" else self.card.latent
        if z.shape != (size,):
            raise ValueError(f"{z.size} numbers given, but a latent of {space} has {size}")
        target: Domain = "music" if kind == "clip" else "dance"
        latents = z[None].astype(np.float32)
        if space == "bridge":
            latents = self._from_bridge(latents, target)
        elif space != target:
            latents = self._translate(latents, space, target)
        window = self._decode(target, latents)[0]
        timeline = Timeline.steady(tempo)
        if target == "music":
            return clip_of(window, timeline, "decoded")
        return _danced(window, timeline, "decoded")

    def _batched(
        self,
        windows: Latents,
        through: Callable[[Latents, np.random.Generator], Latents],
        seed: int,
        progress: Progress,
    ) -> Latents:
        rng = np.random.default_rng(seed)
        made: list[Latents] = []
        for first in range(0, len(windows), BATCH):
            made.append(through(windows[first : first + BATCH], rng))
            progress(min(1.0, (first + BATCH) / len(windows)))
        return np.concatenate(made)

    def _encode(
        self,
        domain: Domain,
        windows: Latents,
        rng: np.random.Generator | None = None,
        temperature: float = 0.0,
    ) -> Latents:
        if domain == "dance":
            windows = np.stack([to_front(window)[0] for window in windows])
        mean, log_variance = self._graphs.run(ENCODER[domain], windows)
        if rng is None or temperature == 0:
            return mean
        noise = rng.standard_normal(mean.shape).astype(np.float32)
        sampled = mean + np.float32(temperature) * np.exp(log_variance / 2) * noise
        return np.asarray(sampled, np.float32)

    def _decode(self, domain: Domain, z: Latents) -> Latents:
        return self._graphs.run(DECODER[domain], z)[0]

    def _to_bridge(self, z: Latents, domain: Domain) -> Latents:
        return self._graphs.run("bridge_encoder", z, _one_hot(domain, len(z)))[0]

    def _from_bridge(self, z: Latents, domain: Domain) -> Latents:
        return self._graphs.run("bridge_decoder", z, _one_hot(domain, len(z)))[0]

    def _translate(self, z: Latents, source: Domain, target: Domain) -> Latents:
        """Only what crosses is given the spread of real latents: samples of the bridge's prior
        spread as the prior does.
        """
        made = self._spreads[f"{source}_to_{target}"]
        crossed = self._from_bridge(self._to_bridge(z, source), target)
        return rescaled(crossed, made, self._spreads[target])


def _one_hot(domain: Domain, count: int) -> NDArray[np.float32]:
    hot = np.zeros((count, len(DOMAINS)), np.float32)
    hot[:, DOMAINS.index(domain)] = 1
    return hot


def _walk(rng: np.random.Generator, count: int, size: int, temperature: float) -> Latents:
    """Latents (count, size), each normal with `temperature` as spread, each akin to the last."""
    fresh = rng.standard_normal((count, size)).astype(np.float32)
    for i in range(1, count):
        fresh[i] = KINSHIP * fresh[i - 1] + math.sqrt(1 - KINSHIP**2) * fresh[i]
    return np.asarray(fresh * temperature, np.float32)


def _clip_windows(clip: Clip) -> tuple[Latents, NDArray[np.intp]]:
    held = np.asarray(to_roll(clip).held, np.float32)
    starts = window_starts(clip.timeline, len(held))
    return cut(np.pad(held, ((0, WINDOW), (0, 0))), starts), starts


def _dance_windows(dance: Dance, timeline: Timeline) -> tuple[Latents, NDArray[np.intp], int]:
    grid = dance.on_grid(timeline)
    starts = window_starts(timeline, grid.frames)
    return cut(grid.landmarks, starts), starts, grid.frames


def _danced(poses: NDArray[np.float32], timeline: Timeline, name: str) -> Dance:
    """Decoded poses (steps, 33, 3) as a dance of constant bones that stands on the floor."""
    landmarks = skeleton.project(poses)
    beat = np.arange(len(poses)) / STEPS_PER_BEAT
    time = timeline.seconds(beat)
    return Dance(landmarks, stand(landmarks, time), time, beat, name)
