"""How much drawn windows of music are like real ones: each figure a value a window, so that its
interval can be told. Scores are in C, windows of two 4/4 bars end to end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import key
from oscbridge.domain.music import Part
from oscbridge.domain.score import Score
from oscbridge.domain.timeline import WINDOW
from oscbridge.training.score_windows import cells, notes_of, picked

Values = NDArray[np.float64]
_ROWS_AT_ONCE = 512


def repetition(score: Score) -> Values:
    """F1 (N,) of the hits of the second bar against those of the first; nan without hits."""
    hits = (score.drums > 0).reshape(-1, 2, WINDOW // 2 * score.drums.shape[1])
    both, total = (hits[:, 0] & hits[:, 1]).sum(axis=1), hits.sum(axis=(1, 2))
    return np.where(total > 0, 2 * both / np.maximum(total, 1), np.nan)


def in_scale(score: Score) -> Values:
    """Share (N,) of onsets that the best major scale of the window holds."""
    return np.array([key.in_scale(w) for w in _each(score)])


def in_c(score: Score) -> Values:
    """Share (N,) of sounding steps of bass and melody that are in C major; nan if none sounds."""
    pitch = np.stack([score.bass_pitch, score.melody_pitch], axis=1).reshape(-1, WINDOW * 2)
    sounds = pitch > 0
    within = (np.isin(pitch % 12, key.MAJOR) & sounds).sum(axis=1)
    return np.where(sounds.any(axis=1), within / np.maximum(sounds.sum(axis=1), 1), np.nan)


def first_of_kind(score: Score) -> Values:
    """1 for each window (N,) whose notes are those of none before it, else 0."""
    seen: set[bytes] = set()
    fresh = []
    for window in _each(score):
        notes = notes_of(window)
        fresh.append(notes not in seen)
        seen.add(notes)
    return np.array(fresh, np.float64)


def onsets(score: Score, part: Part) -> Values:
    """Notes of a part that start in each window (N,)."""
    return np.array([w.onsets()[part] for w in _each(score)], np.float64)


def all_parts(score: Score) -> Values:
    """1 for each window (N,) in which all three parts play, else 0."""
    plays = np.stack([onsets(score, part) > 0 for part in Part])
    return np.asarray(plays.all(axis=0), np.float64)


def nearest(score: Score, known: Score) -> Values:
    """Jaccard distance (N,) of the cells that sound in each window to those of the known window
    that is nearest: 0 for a copy, 1 if nothing is shared.
    """
    ours, theirs = (cells(s).astype(np.float32) for s in (score, known))
    sizes = theirs.sum(axis=1)
    least = []
    for rows in np.array_split(ours, max(1, -(-len(ours) // _ROWS_AT_ONCE))):
        both = rows @ theirs.T
        either = rows.sum(axis=1)[:, None] + sizes - both
        least.append(1 - (both / np.maximum(either, 1)).max(axis=1))
    return np.concatenate(least).astype(np.float64)


def figures(score: Score, known: Score) -> dict[str, Values]:
    """All of them, by name; windows are told from the `known` ones."""
    return {
        "bar 1-2 drum F1": repetition(score),
        "in scale": in_scale(score),
        "in C": in_c(score),
        "distinct": first_of_kind(score),
        "all parts": all_parts(score),
        **{f"{part.name.lower()} onsets": onsets(score, part) for part in Part},
        "nearest known": nearest(score, known),
    }


def interval(
    values: Values,
    rng: np.random.Generator,
    statistic: Callable[[Values], np.floating] = np.nanmean,
    draws: int = 1000,
) -> tuple[float, float, float]:
    """The statistic of values (N,) with its 95 % interval, windows drawn anew.

    For drawn windows, which are independent; those of a song are not, and have a wider one
    (`intervals.over_groups`).
    """
    drawn = [statistic(values[rng.integers(len(values), size=len(values))]) for _ in range(draws)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(statistic(values)), float(low), float(high)


def _each(score: Score) -> list[Score]:
    return [picked(score, np.array([i])) for i in range(score.steps // WINDOW)]
