"""The key of a score, and moving it to C, so that a model sees every song in one key.

The key is that of the major scale which holds most of the bass and melody onsets; a minor key
goes by its relative major. What it is shifted by is a side value (-6 to +5), kept beside z.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.score import REST, Score

MAJOR = (0, 2, 4, 5, 7, 9, 11)
_SCALES = np.zeros((12, 12))
for _root in range(12):
    _SCALES[_root, [(_root + degree) % 12 for degree in MAJOR]] = 1.0
_TONIC_WEIGHT = 0.01
"""Of a bass onset on the tonic, or on that of the relative minor: it only decides ties."""
CHANGE_COST = 4.0
"""Onsets out of scale that a whole song puts up with in a window before it changes key."""

Fits = NDArray[np.float64]
"""(..., 12): for each root how many onsets its major scale holds, the bass on its tonic adding a
little."""


def fits(score: Score) -> Fits:
    """How well each root's major scale holds the score: (12,)."""
    bass = _pitch_classes(score.bass_pitch, score.bass_velocity)
    melody = _pitch_classes(score.melody_pitch, score.melody_velocity)
    tonics = bass + np.roll(bass, -9)  # on the root, and 9 semitones above it
    return np.asarray((bass + melody) @ _SCALES.T + _TONIC_WEIGHT * tonics)


def _pitch_classes(pitch: NDArray[np.uint8], velocity: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Onsets of each pitch class (12,); a note held over into the score counts as one."""
    starts = velocity > 0
    if len(starts) and pitch[0] != REST:
        starts = starts.copy()
        starts[0] = True
    return np.bincount(pitch[starts & (pitch != REST)] % 12, minlength=12).astype(np.float64)


def root(score: Score) -> int:
    """Pitch class 0-11 of the best major scale's tonic; 0 (C) where nothing is pitched."""
    return int(fits(score).argmax())


def shift_to_c(root: int) -> int:
    """Semitones (-6 to +5) that bring the root to C the nearer way."""
    return -root if root <= 6 else 12 - root


def in_scale(score: Score) -> float:
    """Share of the bass and melody onsets that the best major scale holds; 1 without onsets."""
    total = sum(
        _pitch_classes(pitch, velocity).sum()
        for pitch, velocity in (
            (score.bass_pitch, score.bass_velocity),
            (score.melody_pitch, score.melody_velocity),
        )
    )
    return float(np.floor(fits(score).max()) / total) if total else 1.0


def smoothed(windows: Sequence[Fits], change_cost: float = CHANGE_COST) -> NDArray[np.intp]:
    """One root a window (N,) of a whole song, from the windows' fits, in order.

    The sequence with the best sum of fits less `change_cost` for every change (Viterbi): a window
    of few or strange notes follows its neighbours.
    """
    best = np.zeros(12)
    origins: list[NDArray[np.intp]] = []
    for fit in windows:
        stay, jump = best, best.max() - change_cost
        origins.append(np.where(stay >= jump, np.arange(12), best.argmax()))
        best = np.maximum(stay, jump) + fit
    path = [int(best.argmax())] if origins else []
    for origin in reversed(origins[1:]):
        path.append(int(origin[path[-1]]))
    return np.array(path[::-1], np.intp)
