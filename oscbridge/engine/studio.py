"""The bridge of the `studio` preset: music by parts in C, dance at four poses a step; rhythm and
energy go past the latents, which do not carry them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.dance import Dance
from oscbridge.domain.descriptors import Descriptors
from oscbridge.domain.known import Known
from oscbridge.domain.latents import between, mixed, rescaled
from oscbridge.domain.music import Clip
from oscbridge.domain.new_music import FREE
from oscbridge.domain.rhythm import Floats, accents, onsets_of
from oscbridge.domain.sampling import PLAIN, Sampling
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline, steps_in
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
from oscbridge.engine.seams import whole_bars
from oscbridge.engine.studio_dance import Dancing, Moves, Seen
from oscbridge.engine.studio_music import Heard, Music
from oscbridge.errors import ModelError
from oscbridge.io import model_files

_STILL = np.zeros(1, np.intp)


class StudioBridge(Bridge):
    """A version of `studio` ready to serve."""

    def __init__(self, graphs: Graphs, folder: Path) -> None:
        super().__init__(graphs)
        try:
            self._known = Known.of(model_files.read_latents(folder))
        except KeyError as error:
            raise ModelError(f"{folder}: what it knows of latents lacks {error}") from error
        self._music = Music(graphs)
        self._dancing = Dancing(graphs, self._known.spreads["dance"].mean)

    def generate(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge; in C major or A minor."""
        rng = np.random.default_rng(sampling.seed)
        count = math.ceil(bars * BAR / WINDOW)
        z = self._known.music_prior.draw(self._flow, count, rng, sampling.temperature)
        starts = np.arange(count, dtype=np.intp) * WINDOW
        name = f"generated seed {sampling.seed}"
        logits = self._music.logits(z)
        return self._music.clip(logits, starts, bars * BAR, Timeline.steady(tempo), name, sampling)

    def _flow(self, points: Latents, time: Latents) -> Latents:
        return self._graphs.run("midi_prior", points, time)[0]

    def new_dance(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> Dance:
        """See Bridge."""
        rng = np.random.default_rng(sampling.seed)
        noise = walk(rng, max(1, bars - 1), self.card.latent, sampling.temperature)
        z = self._known.dance_prior.along(noise, rng)
        starts = np.arange(len(z), dtype=np.intp) * BAR
        name = f"dance seed {sampling.seed}"
        moves = self._moves(z, self._liveliness(z, sampling), unwatched)
        return self._dancing.dance(moves, starts, bars * BAR, Timeline.steady(tempo), name)

    def reconstruct_music(
        self, clip: Clip, sampling: Sampling = PLAIN, progress: Progress = unwatched
    ) -> Clip:
        """See Bridge."""
        heard = self._music.heard(clip)
        z, _ = _sampled(heard, sampling)
        logits = self._batched(
            len(z), lambda rows: self._music.logits(z[rows], heard.shift[rows]), progress
        )
        return self._music.clip(
            logits, heard.starts, heard.steps, clip.timeline, clip.name, sampling
        )

    def reconstruct_dance(
        self,
        dance: Dance,
        timeline: Timeline,
        sampling: Sampling = PLAIN,
        progress: Progress = unwatched,
    ) -> Dance:
        """See Bridge; four poses a step."""
        seen = self._dancing.seen(dance, timeline)
        z, _ = _sampled(seen, sampling)
        moves = self._moves(z, self._liveliness(z, sampling), progress)
        return self._dancing.dance(moves, seen.starts, seen.steps, timeline, dance.name)

    def vary_music(self, clip: Clip, amount: float, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge; the music prior leads back what was sent towards noise."""
        heard = self._music.heard(clip)
        z = heard.mean
        if amount > 0:
            rng = np.random.default_rng(sampling.seed)
            prior, temperature = self._known.music_prior, sampling.temperature
            z = prior.about(self._flow, z, rng, amount, temperature)
        logits = self._music.logits(z, heard.shift)
        return self._music.clip(
            logits, heard.starts, heard.steps, clip.timeline, clip.name, sampling
        )

    def music_between(self, a: Clip, b: Clip, at: float, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge; the way lies in z."""
        one, two = self._music.heard(a), self._music.heard(b)
        longer = one if one.steps >= two.steps else two
        count = len(longer.starts)
        first, second = repeated(one.mean, count), repeated(two.mean, count)
        z = between(first, second, at, self._known.music_prior.spread)
        logits = self._music.logits(z, repeated((one if at < 0.5 else two).shift, count))
        name = f"{a.name} to {b.name}"
        return self._music.clip(logits, longer.starts, longer.steps, a.timeline, name, sampling)

    def continue_music(self, clip: Clip, bars: int, sampling: Sampling = PLAIN) -> Clip:
        """See Bridge; the prior leads on from the last window, as far from it as new music lies
        from what is known.
        """
        timeline, hop = after(clip), hop_of(after(clip))
        steps = round(bars * timeline.meters[0].bar * STEPS_PER_BEAT)
        starts = np.arange(0, max(1, steps), hop, dtype=np.intp)
        last = self._music.heard(ending(clip), _STILL)
        z, shift = repeated(last.mean, len(starts)), repeated(last.shift, len(starts))
        amount = min(1.0, sampling.temperature / FREE)
        if amount > 0:
            rng = np.random.default_rng(sampling.seed)
            z = self._known.music_prior.about(self._flow, z, rng, amount)
        logits = self._music.logits(z, shift)
        return self._music.clip(logits, starts, steps, timeline, clip.name, sampling)

    def vary_dance(
        self, dance: Dance, timeline: Timeline, amount: float, sampling: Sampling = PLAIN
    ) -> Dance:
        """See Bridge."""
        seen, rng = self._dancing.seen(dance, timeline), np.random.default_rng(sampling.seed)
        noise = walk(rng, len(seen.mean), self.card.latent, sampling.temperature)
        other = self._known.dance_prior.along(noise, rng)
        z = mixed(seen.mean, other, amount, self._known.spreads["dance"])
        moves = self._moves(z, self._liveliness(z, sampling), unwatched)
        return self._dancing.dance(moves, seen.starts, seen.steps, timeline, dance.name)

    def dance_between(
        self, a: Dance, timeline: Timeline, b: Dance, other: Timeline, at: float,
        sampling: Sampling = PLAIN,
    ) -> Dance:  # fmt: skip
        """See Bridge; the way lies in z."""
        one, two = self._dancing.seen(a, timeline), self._dancing.seen(b, other)
        longer = one if one.steps >= two.steps else two
        count = len(longer.starts)
        first, second = repeated(one.mean, count), repeated(two.mean, count)
        z = between(first, second, at, self._known.spreads["dance"])
        moves = self._moves(z, self._liveliness(z, sampling), unwatched)
        name = f"{a.name} to {b.name}"
        return self._dancing.dance(moves, longer.starts, longer.steps, timeline, name)

    def dance_of(
        self, clip: Clip, sampling: Sampling = PLAIN, progress: Progress = unwatched
    ) -> Dance:
        """See Bridge; four poses a step, retimed to the accents of the clip."""
        heard = self._music.heard(clip)
        z, rng = _sampled(heard, sampling)
        shared, ranks = self._shared("music", z, heard.about, sampling, rng)
        wanted = sampling.energy * self._known.energy("dance", ranks[:, 0])
        moves = self._moves(self._answer("dance", shared), wanted, progress)
        return self._dancing.dance(
            moves, heard.starts, heard.steps, clip.timeline, clip.name, heard.accents
        )

    def music_of(
        self,
        dance: Dance,
        timeline: Timeline,
        sampling: Sampling = PLAIN,
        progress: Progress = unwatched,
    ) -> Clip:
        """See Bridge; in C major or A minor, on the motion beats of the dance."""
        seen = self._dancing.seen(dance, timeline)
        z, rng = _sampled(seen, sampling)
        shared, ranks = self._shared("dance", z, seen.about, sampling, rng)
        z = self._answer("music", shared)
        logits = self._batched(len(z), lambda rows: self._music.logits(z[rows]), progress)
        return self._music.clip_to_motion(
            logits, seen.starts, whole_bars(timeline, seen.steps), timeline, dance.name, sampling,
            seen.about.envelope, self._known.onsets(ranks[:, 0]),
        )  # fmt: skip

    def music_now(
        self, poses: NDArray[np.float32], tempo: float, samplings: Sequence[Sampling]
    ) -> list[Clip]:
        """See Bridge."""
        count, timeline = len(poses), Timeline.steady(tempo)
        seen = self._dancing.seen_windows(poses, np.zeros(count, np.intp), WINDOW)
        rngs = [np.random.default_rng(sampling.seed) for sampling in samplings]
        z = np.concatenate(
            [
                drawn(seen.mean[i : i + 1], seen.log_variance[i : i + 1], s.temperature, rng)
                for i, (s, rng) in enumerate(zip(samplings, rngs, strict=True))
            ]
        )
        shared, ranks = self._to_bridge("dance", z, seen.about)
        moved = [
            self._moved(shared[i : i + 1], s, rng)
            for i, (s, rng) in enumerate(zip(samplings, rngs, strict=True))
        ]
        logits = self._music.logits(self._answer("music", np.concatenate(moved)))
        counts = self._known.onsets(ranks[:, 0])
        return [
            self._music.clip_to_motion(
                logits[i : i + 1], _STILL, WINDOW, timeline, "now", sampling,
                seen.about.envelope[i : i + 1], counts[i : i + 1],
            )
            for i, sampling in enumerate(samplings)
        ]  # fmt: skip

    def pair(self, *, bars: int, tempo: float, sampling: Sampling = PLAIN) -> tuple[Clip, Dance]:
        """See Bridge; what the sample says of rhythm and energy holds for both."""
        rng = np.random.default_rng(sampling.seed)
        noise = walk(rng, max(1, bars - 1), self.card.bridge_latent, sampling.temperature)
        shared = self._known.bridge_prior.along(noise, rng)
        envelope, ranks = self._graphs.run("bridge_teller", shared)
        ranks = np.clip(ranks, 0, 1)
        starts, steps = np.arange(len(shared), dtype=np.intp) * BAR, bars * BAR
        timeline, name = Timeline.steady(tempo), f"pair seed {sampling.seed}"
        clip = self._music.clip_to_motion(
            self._music.logits(self._answer("music", shared)), starts, steps, timeline, name,
            sampling, envelope.astype(np.float64), self._known.onsets(ranks[:, 0]),
        )  # fmt: skip
        wanted = sampling.energy * self._known.energy("dance", ranks[:, 0])
        moves = self._moves(self._answer("dance", shared), wanted, unwatched)
        dance = self._dancing.dance(moves, starts, steps, timeline, name, accents(*onsets_of(clip)))
        return clip, dance

    def encode(
        self, space: Space, source: Clip | Dance, step: int = 0, timeline: Timeline | None = None
    ) -> Latents:
        """See Bridge."""
        start = np.array([step], np.intp)
        domain: Domain = "music" if isinstance(source, Clip) else "dance"
        check_window(space, domain, step, _last_step(source))
        window = (
            self._music.heard(source, start)
            if isinstance(source, Clip)
            else self._dancing.seen(source, timeline or Timeline(), start)
        )
        if space == domain:
            return np.asarray(window.mean[0])
        return np.asarray(self._to_bridge(domain, window.mean, window.about)[0][0])

    def decode(self, space: Space, kind: Kind, z: Latents, tempo: float) -> Clip | Dance:
        """See Bridge; what crosses takes energy and rhythm along."""
        latent, timeline = self._sized(space, z), Timeline.steady(tempo)
        target: Domain = "music" if kind == "clip" else "dance"
        if space == target:
            return self._plain(target, latent, timeline)
        if space == "bridge":
            return self._plain(target, self._answer(target, latent), timeline)
        source = self._plain(space, latent, timeline)
        if isinstance(source, Clip):
            return self.dance_of(source)
        return self.music_of(source, timeline)

    def _plain(self, target: Domain, z: Latents, timeline: Timeline) -> Clip | Dance:
        if target == "music":
            logits = self._music.logits(z)
            return self._music.clip(logits, _STILL, WINDOW, timeline, "decoded", PLAIN)
        return self._dancing.dance(self._dancing.moves(z), _STILL, WINDOW, timeline, "decoded")

    def _liveliness(self, z: Latents, sampling: Sampling) -> Floats | None:
        """The energy (N,) asked for of dances z (N, 128), None for their own."""
        return None if sampling.energy == 1.0 else sampling.energy * self._dancing.energy(z)

    def _moves(self, z: Latents, wanted: Floats | None, progress: Progress) -> Moves:
        """What dances z (N, 128) are decoded to, as lively as `wanted` (N,)."""
        poses: list[Moves] = []

        def through(rows: slice) -> Latents:
            some = z[rows] if wanted is None else self._dancing.energetic(z[rows], wanted[rows])
            poses.append(self._dancing.moves(some))
            return some

        self._batched(len(z), through, progress)
        return Moves(*(np.concatenate(each) for each in zip(*poses, strict=True)))

    def _shared(
        self, domain: Domain, z: Latents, about: Descriptors, sampling: Sampling,
        rng: np.random.Generator,
    ) -> tuple[Latents, NDArray[np.float32]]:  # fmt: skip
        """z' (N, 64) of z (N, 128), with a temperature drawn as far from it as pairs lie apart,
        moved by the offset, and the ranks (N, 2) of the windows' energy and contour.
        """
        shared, ranks = self._to_bridge(domain, z, about)
        return self._moved(shared, sampling, rng), ranks

    def _moved(self, shared: Latents, sampling: Sampling, rng: np.random.Generator) -> Latents:
        """z' (N, 64) as far away as temperature and offset say."""
        if sampling.temperature:
            noise = rng.standard_normal(shared.shape).astype(np.float32)
            shared = shared + np.float32(sampling.temperature) * self._known.apart * noise
        if sampling.offset:
            moved = np.array(sampling.offset, np.float32)
            shared = shared + moved @ self._known.directions[: len(moved)]
        return shared

    def _to_bridge(
        self, domain: Domain, z: Latents, about: Descriptors
    ) -> tuple[Latents, NDArray[np.float32]]:
        ranks = self._known.ranks(domain, about)
        shared = self._graphs.run(
            "bridge_encoder", z, one_hot(domain, len(z)), about.envelope.astype(np.float32), ranks
        )[0]
        return shared, ranks

    def _answer(self, target: Domain, shared: Latents) -> Latents:
        """z (N, 128) of z' (N, 64), given the spread of real latents."""
        z = self._graphs.run("bridge_decoder", shared, one_hot(target, len(shared)))[0]
        source = "dance" if target == "music" else "music"
        spreads = self._known.spreads
        return rescaled(z, spreads[f"{source}_to_{target}"], spreads[target])


def _sampled(windows: Heard | Seen, sampling: Sampling) -> tuple[Latents, np.random.Generator]:
    """z (N, 128) drawn of windows as asked, and the randomness that goes on from there."""
    rng = np.random.default_rng(sampling.seed)
    return drawn(windows.mean, windows.log_variance, sampling.temperature, rng), rng


def _last_step(source: Clip | Dance) -> int:
    if isinstance(source, Clip):
        return max(1, steps_in(source.length)) - 1
    return source.steps - 1
