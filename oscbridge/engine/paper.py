"""The bridge of the `paper` preset: pianorolls and a pose a step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import stand
from oscbridge.domain.graphs import FRAMES_PER_STEP
from oscbridge.domain.latents import Spread, between, mixed, rescaled
from oscbridge.domain.music import Clip
from oscbridge.domain.pianoroll import ROWS, to_roll
from oscbridge.domain.pose import to_front
from oscbridge.domain.sampling import PLAIN, Sampling
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline, steps_in, window_starts
from oscbridge.engine.bridge import (
    BAR,
    Bridge,
    Domain,
    Kind,
    Latents,
    Progress,
    Space,
    after,
    check_window,
    drawn,
    ending,
    hop_of,
    one_hot,
    repeated,
    unwatched,
    walk,
)
from oscbridge.engine.graphs import Graphs
from oscbridge.engine.notes import clip_of
from oscbridge.engine.seams import cut, join, whole_bars
from oscbridge.io import model_files

ENCODER: dict[Domain, str] = {"music": "midi_encoder", "dance": "pose_encoder"}
DECODER: dict[Domain, str] = {"music": "midi_decoder", "dance": "pose_decoder"}

_PRIOR = Spread(np.zeros(1, np.float32), np.ones(1, np.float32))
"""Of the latents of either domain."""
_AWAY = 0.5
"""How far new bars lie from those they follow, at temperature 1."""


class PaperBridge(Bridge):
    """A version of `paper` ready to serve."""

    def __init__(self, graphs: Graphs, folder: Path) -> None:
        super().__init__(graphs)
        self._spreads = model_files.read_spreads(folder)

    def generate(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge."""
        rng = np.random.default_rng(sampling.seed)
        z = walk(rng, math.ceil(bars / 2), self.card.latent, sampling.temperature)
        rolls = self._decode("music", z).reshape(-1, ROWS)[: bars * BAR]
        name = f"generated seed {sampling.seed}"
        return clip_of(rolls, Timeline.steady(tempo), name, sampling)

    def new_dance(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> Dance:
        """See Bridge; a pose a step, from the pose VAE's prior."""
        rng = np.random.default_rng(sampling.seed)
        z = walk(rng, max(1, bars - 1), self.card.latent, sampling.temperature)
        starts = np.arange(len(z), dtype=np.intp) * BAR
        poses = join(self._decode("dance", self._livened(z, sampling)), starts, align=True)
        timeline, name = Timeline.steady(tempo), f"dance seed {sampling.seed}"
        return _danced(poses[: bars * BAR], timeline, name)

    def reconstruct_music(
        self, clip: Clip, sampling: Sampling = PLAIN, progress: Progress = unwatched
    ) -> Clip:
        """See Bridge."""
        rolls, starts = _clip_windows(clip)
        made = self._through("music", "music", rolls, sampling, progress)
        steps = steps_in(clip.length)
        return clip_of(join(made, starts)[:steps], clip.timeline, clip.name, sampling)

    def reconstruct_dance(
        self,
        dance: Dance,
        timeline: Timeline,
        sampling: Sampling = PLAIN,
        progress: Progress = unwatched,
    ) -> Dance:
        """See Bridge; a pose a step."""
        poses, starts, steps = _dance_windows(dance, timeline)
        made = self._through("dance", "dance", poses, sampling, progress)
        return _danced(join(made, starts, align=True)[:steps], timeline, dance.name)

    def vary_music(self, clip: Clip, amount: float, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge."""
        windows, starts = _clip_windows(clip)
        z = self._varied("music", windows, amount, sampling)
        made = join(self._decode("music", z), starts)[: steps_in(clip.length)]
        return clip_of(made, clip.timeline, clip.name, sampling)

    def music_between(self, a: Clip, b: Clip, at: float, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge; nothing is known of keys."""
        (one, starts), (two, others) = _clip_windows(a), _clip_windows(b)
        steps = steps_in(max(a.length, b.length))
        starts = starts if a.length >= b.length else others
        made = join(self._decode("music", self._between("music", one, two, at)), starts)[:steps]
        return clip_of(made, a.timeline, f"{a.name} to {b.name}", sampling)

    def continue_music(self, clip: Clip, bars: int, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge; new windows akin to the last one."""
        timeline, hop = after(clip), hop_of(after(clip))
        steps = round(bars * timeline.meters[0].bar * STEPS_PER_BEAT)
        starts = np.arange(0, max(1, steps), hop, dtype=np.intp)
        windows = repeated(_clip_windows(ending(clip))[0][:1], len(starts))
        amount = min(1.0, _AWAY * sampling.temperature)
        made = join(self._decode("music", self._varied("music", windows, amount, sampling)), starts)
        return clip_of(made[:steps], timeline, clip.name, sampling)

    def vary_dance(
        self, dance: Dance, timeline: Timeline, amount: float, sampling: Sampling = PLAIN
    ) -> Dance:
        """See Bridge; a pose a step."""
        windows, starts, steps = _dance_windows(dance, timeline)
        z = self._livened(self._varied("dance", windows, amount, sampling), sampling)
        poses = join(self._decode("dance", z), starts, align=True)[:steps]
        return _danced(poses, timeline, dance.name)

    def dance_between(
        self, a: Dance, timeline: Timeline, b: Dance, other: Timeline, at: float,
        sampling: Sampling = PLAIN,
    ) -> Dance:  # fmt: skip
        """See Bridge; a pose a step."""
        one, starts, steps = _dance_windows(a, timeline)
        two, others, more = _dance_windows(b, other)
        starts, steps = (starts, steps) if steps >= more else (others, more)
        z = self._livened(self._between("dance", one, two, at), sampling)
        poses = join(self._decode("dance", z), starts, align=True)[:steps]
        return _danced(poses, timeline, f"{a.name} to {b.name}")

    def _varied(
        self, domain: Domain, windows: Latents, amount: float, sampling: Sampling
    ) -> Latents:
        z, _ = self._encode(domain, windows)
        rng = np.random.default_rng(sampling.seed)
        other = walk(rng, len(z), self.card.latent, sampling.temperature)
        return mixed(z, other, amount, _PRIOR)

    def _between(self, domain: Domain, one: Latents, two: Latents, at: float) -> Latents:
        """Latents on the way between windows; those of the fewer are repeated."""
        count = max(len(one), len(two))
        a, b = (repeated(self._encode(domain, each)[0], count) for each in (one, two))
        return between(a, b, at, _PRIOR)

    def dance_of(
        self, clip: Clip, sampling: Sampling = PLAIN, progress: Progress = unwatched
    ) -> Dance:
        """See Bridge; a pose a step."""
        rolls, starts = _clip_windows(clip)
        made = self._through("music", "dance", rolls, sampling, progress)
        steps = max(2, steps_in(clip.length))
        return _danced(join(made, starts, align=True)[:steps], clip.timeline, clip.name)

    def music_of(
        self,
        dance: Dance,
        timeline: Timeline,
        sampling: Sampling = PLAIN,
        progress: Progress = unwatched,
    ) -> Clip:
        """See Bridge."""
        poses, starts, steps = _dance_windows(dance, timeline)
        made = join(self._through("dance", "music", poses, sampling, progress), starts)
        whole = whole_bars(timeline, steps)
        made = np.pad(made, ((0, max(0, whole - len(made))), (0, 0)))[:whole]
        return clip_of(made, timeline, dance.name, sampling)

    def music_now(
        self, poses: NDArray[np.float32], tempo: float, samplings: Sequence[Sampling]
    ) -> list[Clip]:
        """See Bridge; of each step its first pose."""
        timeline, made = Timeline.steady(tempo), []
        for window, sampling in zip(poses[:, ::FRAMES_PER_STEP], samplings, strict=True):
            roll = self._through("dance", "music", window[None], sampling, unwatched)[0]
            made.append(clip_of(roll, timeline, "now", sampling))
        return made

    def pair(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> tuple[Clip, Dance]:
        """See Bridge."""
        rng = np.random.default_rng(sampling.seed)
        path = walk(rng, max(1, bars - 1), self.card.bridge_latent, sampling.temperature)
        timeline = Timeline.steady(tempo)
        starts = np.arange(len(path), dtype=np.intp) * BAR
        name = f"pair seed {sampling.seed}"
        rolls = join(self._decode("music", self._from_bridge(path, "music")), starts)
        z = self._livened(self._from_bridge(path, "dance"), sampling)
        poses = join(self._decode("dance", z), starts, align=True)
        steps = bars * BAR
        clip = clip_of(rolls[:steps], timeline, name, sampling)
        return clip, _danced(poses[:steps], timeline, name)

    def encode(
        self, space: Space, source: Clip | Dance, step: int = 0, timeline: Timeline | None = None
    ) -> Latents:
        """See Bridge."""
        domain: Domain
        if isinstance(source, Clip):
            domain, frames = "music", np.asarray(to_roll(source).held, np.float32)
            frames = np.pad(frames, ((0, WINDOW), (0, 0)))
            last = len(frames) - WINDOW - 1
        else:
            domain, frames = "dance", source.on_grid(timeline or Timeline()).landmarks
            last = len(frames) - 1
        check_window(space, domain, step, last)
        z, _ = self._encode(domain, cut(frames, np.array([step], np.intp)))
        latents = z if space == domain else self._to_bridge(z, domain)
        return np.asarray(latents[0], np.float32)

    def decode(self, space: Space, kind: Kind, z: Latents, tempo: float) -> Clip | Dance:
        """See Bridge."""
        latents = self._sized(space, z)
        target: Domain = "music" if kind == "clip" else "dance"
        if space == "bridge":
            latents = self._from_bridge(latents, target)
        elif space != target:
            latents = self._translate(latents, space, target)
        window = self._decode(target, latents)[0]
        timeline = Timeline.steady(tempo)
        if target == "music":
            return clip_of(window, timeline, "decoded")
        return _danced(window, timeline, "decoded")

    def _through(
        self,
        source: Domain,
        target: Domain,
        windows: Latents,
        sampling: Sampling,
        progress: Progress,
    ) -> Latents:
        """Windows of one domain encoded, translated and decoded in the other or the same."""
        rng = np.random.default_rng(sampling.seed)

        def through(rows: slice) -> Latents:
            z = drawn(*self._encode(source, windows[rows]), sampling.temperature, rng)
            if source != target:
                z = self._translate(z, source, target, sampling.offset)
            return self._decode(target, self._livened(z, sampling) if target == "dance" else z)

        return self._batched(len(windows), through, progress)

    def _livened(self, z: Latents, sampling: Sampling) -> Latents:
        """Latents of dances moved from or to the middle of all, where there is little motion."""
        if sampling.energy == 1.0:
            return z
        middle = self._spreads["dance"].mean
        return np.asarray(middle + np.float32(sampling.energy) * (z - middle), np.float32)

    def _encode(self, domain: Domain, windows: Latents) -> tuple[Latents, Latents]:
        if domain == "dance":
            windows = np.stack([to_front(window)[0] for window in windows])
        mean, log_variance = self._graphs.run(ENCODER[domain], windows)
        return mean, log_variance

    def _decode(self, domain: Domain, z: Latents) -> Latents:
        return self._graphs.run(DECODER[domain], z)[0]

    def _to_bridge(self, z: Latents, domain: Domain) -> Latents:
        return self._graphs.run("bridge_encoder", z, one_hot(domain, len(z)))[0]

    def _from_bridge(self, z: Latents, domain: Domain) -> Latents:
        return self._graphs.run("bridge_decoder", z, one_hot(domain, len(z)))[0]

    def _translate(
        self, z: Latents, source: Domain, target: Domain, offset: tuple[float, ...] = ()
    ) -> Latents:
        """Only what crosses is given the spread of real latents: samples of the bridge's prior
        spread as the prior does. The prior is alike in all directions: an offset goes along the
        first axes.
        """
        made = self._spreads[f"{source}_to_{target}"]
        shared = self._to_bridge(z, source)
        shared[:, : len(offset)] += np.array(offset, np.float32)
        crossed = self._from_bridge(shared, target)
        return rescaled(crossed, made, self._spreads[target])


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
