"""How dance and music meet in time: motion beats, Beat Align Score with its null, beat F1, accents.

Beats are frame numbers of one stretch of movement, sorted. Plain numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

SOFTEN = 5.0
"""Frames (standard deviation) that speed is softened over before its minima are taken
(Bailando, `utils/beat_align_score.py`)."""
SHARPNESS = 3.0
"""Frames (standard deviation) a motion beat may be off before its score falls."""
REFERENCE_FPS = 60.0
"""Frames a second those two are meant for; at 30 chance alone scores nearly twice as much."""
TOLERANCE = 0.07
"""Seconds within which a motion beat hits a music beat (MIR's usual window)."""
ACCENT_SHARE = 0.75
"""Quantile of its window from which on a step is an accent."""
DRUM_WEIGHT = np.array([1.0, 0.3, 1.0, 1.0, 0.2, 0.5, 0.5, 0.5, 0.3, 0.7, 0.2, 0.2])
"""How strongly a body feels each row of `pianoroll.DRUM_MAP`."""
BASS_WEIGHT, MELODY_WEIGHT = 0.5, 0.1

Beats = NDArray[np.intp]
"""(beats,) frame numbers, sorted."""


def motion_beats(joints: NDArray[Any]) -> Beats:
    """Frames at which joints (frames, joints, 3) move least: strict local minima of the softened
    mean speed, as Bailando defines them for 60 frames a second.
    """
    speed = np.linalg.norm(np.diff(np.asarray(joints, np.float64), axis=0), axis=-1).mean(axis=1)
    if len(speed) < 3:
        return np.zeros(0, np.intp)
    soft = gaussian_filter1d(speed, SOFTEN)
    low = (soft[1:-1] < soft[:-2]) & (soft[1:-1] < soft[2:])
    return np.flatnonzero(low) + 1


def beat_align(music: Beats, motion: Beats) -> float:
    """Beat Align Score (Bailando): for each music beat exp(-d^2 / 18) of the distance d in frames
    to the nearest motion beat, averaged; 0 where either has none.
    """
    if not len(music) or not len(motion):
        return 0.0
    distance = np.abs(music[:, None] - motion[None]).min(axis=1)
    return float(np.exp(-(distance**2) / (2 * SHARPNESS**2)).mean())


def shifts(frames: int, every: float = 1.0) -> NDArray[np.intp]:
    """Every circular shift of a stretch of `frames`, in multiples of `every` frames, but none.

    Give the length of a step as `every` where poses lie on the step grid: interpolation puts
    minima on the grid, and shifts off it would make chance look worse than it is.
    """
    return np.round(np.arange(1, int(np.ceil(frames / every))) * every).astype(np.intp)


def shifted(beats: Beats, frames: int, shift: int) -> Beats:
    """The beats moved on by `shift` frames, those past the end coming in at the beginning."""
    return np.sort((beats + shift) % frames)


def beat_align_null(music: Beats, motion: Beats, frames: int, every: float = 1.0) -> float:
    """What Beat Align Score the same motion beats get on average when shifted against the music."""
    each = [beat_align(music, shifted(motion, frames, int(s))) for s in shifts(frames, every)]
    return float(np.mean(each)) if each else 0.0


def above_chance(score: float, null: float) -> float:
    """How much of what chance leaves is reached: (score - null) / (1 - null); 0 is chance."""
    return 0.0 if null >= 1 else (score - null) / (1 - null)


class Hits(NamedTuple):
    """`hits` pairs of `wanted` beats and `given` ones, each used at most once."""

    hits: int
    wanted: int
    given: int

    @property
    def precision(self) -> float:
        """Share of the given beats that hit."""
        return self.hits / max(1, self.given)

    @property
    def recall(self) -> float:
        """Share of the wanted beats that were hit."""
        return self.hits / max(1, self.wanted)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; 1 where nothing was wanted and nothing given."""
        total = self.wanted + self.given
        return 1.0 if total == 0 else 2 * self.hits / total


def match(wanted: Beats, given: Beats, tolerance: float) -> Hits:
    """The most pairs of beats at most `tolerance` frames apart."""
    hits = i = j = 0
    while i < len(wanted) and j < len(given):
        gap = given[j] - wanted[i]
        if abs(gap) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif gap < 0:
            j += 1
        else:
            i += 1
    return Hits(hits, len(wanted), len(given))


def match_null(
    wanted: Beats, given: Beats, tolerance: float, frames: int, every: float = 1.0
) -> Hits:
    """The hits of all circular shifts of the given beats, summed."""
    each = [match(wanted, shifted(given, frames, int(s)), tolerance) for s in shifts(frames, every)]
    return Hits(*(sum(h[k] for h in each) for k in range(3)))


class Binned(NamedTuple):
    """Beats in bins of a second, as papers on music for videos count them. They saturate: with a
    beat or more in every second all are 1. For comparison only.

    `coverage`: bins with given beats to bins with wanted ones (BCS of D2M-GAN); `hit`: share of the
    wanted bins that are hit (BHS); `precision`: share of the given ones that hit (BCS of LORIS).
    """

    coverage: float
    hit: float
    precision: float


def binned(wanted: NDArray[Any], given: NDArray[Any]) -> Binned:
    """Beats in seconds, wanted and given, compared by the second."""
    true, made = ({int(s) for s in np.floor(beats)} for beats in (wanted, given))
    both = len(true & made)
    total = max(1, len(true))
    return Binned(len(made) / total, both / total, both / max(1, len(made)))


def accent_envelope(onsets: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """How strongly each step (N, steps) of music is accented, from the parts' onsets
    (N, steps, rows): kick and clap most, then bass, a little for each melody note.
    """
    drums = onsets["drums"].astype(np.float64)
    weight = DRUM_WEIGHT if drums.shape[-1] == len(DRUM_WEIGHT) else np.ones(drums.shape[-1])
    bass = onsets["bass"].any(axis=-1)
    melody = np.minimum(onsets["melody"].sum(axis=-1), 3)
    return np.asarray(drums @ weight + BASS_WEIGHT * bass + MELODY_WEIGHT * melody)


def accents(envelope: NDArray[np.float64], frames_per_step: float) -> Beats:
    """Frames of the accents of one window: the strongest quarter of its steps (steps,)."""
    least = np.quantile(envelope, ACCENT_SHARE) - 1e-9
    steps = np.flatnonzero((envelope >= least) & (envelope > envelope.min() + 1e-9))
    return np.round(steps * frames_per_step).astype(np.intp)
