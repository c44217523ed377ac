"""From what the MIDI decoder says of each step and row to notes with velocities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.music import Clip, Part
from oscbridge.domain.pianoroll import PART_ROWS, PianoRoll, to_clip
from oscbridge.domain.sampling import PLAIN, Sampling
from oscbridge.domain.timeline import Timeline

NOTE_ON = 0.25
"""What a step must reach for a note to sound (paper, section 3.3)."""
SOFTEST, LOUDEST = 56, 120
_LEVELS = np.linspace(0.01, 0.99, 99)
"""Thresholds among which that with the wanted number of onsets is looked for."""


def clip_of(
    activity: NDArray[np.float32], timeline: Timeline, name: str, sampling: Sampling = PLAIN
) -> Clip:
    """The clip that activity (steps, 128) in [0, 1] stands for; the surer, the louder."""
    level = np.full(activity.shape[1], NOTE_ON, np.float32)
    for part, rows in PART_ROWS.items():
        if (density := sampling.density(part)) != 1.0:
            level[rows] = _level(activity[:, rows], part, density)
    starts = np.concatenate([_starts(activity, level, part) for part in Part], axis=1)
    sure = np.clip((activity - NOTE_ON) / (1 - NOTE_ON), 0, 1)
    velocity = np.round(SOFTEST + sure * (LOUDEST - SOFTEST)) * starts
    return to_clip(PianoRoll(activity >= level, velocity.astype(np.uint8)), timeline, name)


def _starts(
    activity: NDArray[np.float32], level: NDArray[np.float32], part: Part
) -> NDArray[np.bool_]:
    """Where notes of a part start (steps, its rows)."""
    rows = PART_ROWS[part]
    return _onsets(activity[:, rows] >= level[rows], part)


def _onsets(held: NDArray[np.bool_], part: Part) -> NDArray[np.bool_]:
    if part is Part.DRUMS:
        return held
    return held & ~np.vstack([np.zeros((1, held.shape[1]), np.bool_), held[:-1]])


def _level(activity: NDArray[np.float32], part: Part, density: float) -> float:
    """The threshold that makes the part's onsets nearest to `density` times those of NOTE_ON."""
    wanted = density * np.count_nonzero(_onsets(activity >= NOTE_ON, part))
    if not wanted:
        return 2.0
    counts = [np.count_nonzero(_onsets(activity >= level, part)) for level in _LEVELS]
    # Of levels as good, the one nearest to where notes usually begin: lines keep their lengths.
    off = np.abs(np.array(counts) - wanted) + 0.1 * np.abs(_LEVELS - NOTE_ON)
    return float(_LEVELS[off.argmin()])
