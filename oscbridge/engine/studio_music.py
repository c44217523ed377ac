"""The music side of the `studio` bridge: clips to latents, latents to clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import descriptors, key, score
from oscbridge.domain.descriptors import Descriptors
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.rhythm import Floats, accents
from oscbridge.domain.rhythm_paths import pushed, rhythm_logits
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.score import Score
from oscbridge.domain.score_channels import in_key, to_input
from oscbridge.domain.score_decode import Knobs, decode, onsets
from oscbridge.domain.timeline import WINDOW, Timeline, window_starts
from oscbridge.engine.bridge import BATCH, Latents
from oscbridge.engine.graphs import Graphs
from oscbridge.engine.seams import join

MOST = 8.0
"""Onsets for each that would sound by itself, at most, where a dance calls for more."""
_NO_TEMPO = np.zeros(1)


@dataclass(frozen=True)
class Heard:
    """N windows of a clip of `steps` steps: the posteriors (N, 128) of their music in C, the
    semitones (N,) each was shifted by to get there, where they start (N,), and what is known
    `about` them; `accents` (steps,) of the whole clip.
    """

    mean: Latents
    log_variance: Latents
    shift: NDArray[np.intp]
    starts: NDArray[np.intp]
    about: Descriptors
    accents: Floats
    steps: int


class Music:
    """The music VAE at work."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs

    def heard(self, clip: Clip, starts: NDArray[np.intp] | None = None) -> Heard:
        """A clip in windows at a hop of one bar, or at the `starts` given."""
        whole = score.from_clip(clip)
        if starts is None:
            starts = window_starts(clip.timeline, whole.steps)
        padded = score.joined([whole, Score.silent(WINDOW)])
        windows = [padded.cut(int(start), int(start) + WINDOW) for start in starts]
        roots = key.smoothed([key.fits(window) for window in windows])
        shift = np.array([key.shift_to_c(int(root)) for root in roots], np.intp)
        x = np.stack([to_input(w.shifted(int(s))) for w, s in zip(windows, shift, strict=True)])
        halves = [
            self._graphs.run("midi_encoder", x[i : i + BATCH]) for i in range(0, len(x), BATCH)
        ]
        mean, log_variance = (np.concatenate(half) for half in zip(*halves, strict=True))
        return Heard(
            mean, log_variance, shift, starts, about(score.joined(windows)),
            accents(whole.drums, whole.bass_velocity, whole.melody_velocity), whole.steps,
        )  # fmt: skip

    def logits(self, z: Latents, shift: NDArray[np.intp] | None = None) -> Latents:
        """What each window (N, 128) is decoded to (N, 32, G), moved out of C by its shift (N,)."""
        made = self._graphs.run("midi_decoder", z)[0]
        if shift is None or not shift.any():
            return made
        return np.stack([in_key(one, int(s)) for one, s in zip(made, shift, strict=True)])

    def clip(
        self, logits: Latents, starts: NDArray[np.intp], steps: int, timeline: Timeline, name: str,
        sampling: Sampling,
    ) -> Clip:  # fmt: skip
        """Windows of logits (N, 32, G) that begin at `starts` as one clip of so many steps."""
        run = _to_length(join(logits, starts), steps)
        rng = np.random.default_rng(sampling.seed)
        made = decode(run, _knobs(sampling), rng)
        return score.to_clip(made, timeline, name)

    def clip_to_motion(
        self, logits: Latents, starts: NDArray[np.intp], steps: int, timeline: Timeline, name: str,
        sampling: Sampling, envelope: Floats, counts: Floats,
    ) -> Clip:  # fmt: skip
        """The same, notes put on the motion beats of each window's `envelope` (N, 32), and so many
        notes a window as `counts` (N, 3) calls for.
        """
        run = _to_length(join(pushed(logits, rhythm_logits(envelope)), starts), steps)
        edges = [*starts.tolist(), max(steps, int(starts[-1]) + 1)]
        scores = []
        for window, (first, last) in enumerate(pairwise(edges)):
            part = run[first : min(last, steps)]
            if len(part):
                scores.append(_counted(part, counts[window] * len(part) / WINDOW, sampling))
        return score.to_clip(score.joined(scores), timeline, name)


def about(windows: Score) -> Descriptors:
    """What is known about windows end to end."""
    return descriptors.of_music(*score.onset_windows(windows, WINDOW), _NO_TEMPO)


def _to_length(logits: Latents, steps: int) -> Latents:
    """Logits (T, G) cut to so many steps; missing ones are silent."""
    missing = steps - len(logits)
    if missing > 0:
        silent = np.full((missing, logits.shape[1]), -30.0, np.float32)
        logits = np.concatenate([logits, silent])
    return logits[:steps]


def _knobs(sampling: Sampling, plain: dict[Part, float] | None = None) -> dict[Part, Knobs]:
    """As asked; `plain` is the density of each part where 1 is asked for."""
    return {
        part: Knobs(density=sampling.density(part) * (plain or {}).get(part, 1.0), human=1.0)
        for part in Part
    }


def _counted(logits: Latents, counts: Floats, sampling: Sampling) -> Score:
    """The score of so many onsets a part (3,)."""
    return decode(logits, _knobs(sampling, densities(onsets(logits), counts)))


def densities(own: Mapping[Part, int], counts: NDArray[Any]) -> dict[Part, float]:
    """What brings a score of its `own` onsets to so many of each part (3,), as far as MOST."""
    return {part: min(MOST, float(counts[part]) / max(1, own[part])) for part in Part}
