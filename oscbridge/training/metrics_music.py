"""What is measured on music by part, whatever the preset: onsets on the 16th grid, repetition,
key, variety, nearness to what was trained on. Plain numpy.

A part is an array (N, steps, rows) of bool, as `samples.PartRoll` holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.bool_]
"""(N, steps, rows)"""
MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])
"""Pitch classes of C major."""


class Counts(NamedTuple):
    """By window (N,): cells that agree, those that are true, those that were made."""

    hits: NDArray[np.float64]
    true: NDArray[np.float64]
    made: NDArray[np.float64]

    @property
    def precision(self) -> float:
        """Share of what was made that is true; 1 where nothing was made and nothing was true."""
        return self._share(self.made, self.true)

    @property
    def recall(self) -> float:
        """Share of what is true that was made; 1 where nothing was true and nothing was made."""
        return self._share(self.true, self.made)

    @property
    def f1(self) -> float:
        """2 hits / (true + made) over all windows."""
        total = float(self.true.sum() + self.made.sum())
        return 1.0 if total == 0 else float(2 * self.hits.sum() / total)

    def _share(self, of: NDArray[Any], other: NDArray[Any]) -> float:
        if of.sum() == 0:
            return 1.0 if other.sum() == 0 else 0.0
        return float(self.hits.sum() / of.sum())


def counts(true: Cells, made: Cells) -> Counts:
    """Cells of the same window, step and row compared."""
    return Counts(*(c.sum(axis=(1, 2)).astype(np.float64) for c in (true & made, true, made)))


def onset_counts(true: Cells, made: Cells) -> Counts:
    """Onsets on the 16th grid whatever their row: does a part play at the right time?"""
    return counts(
        np.asarray(true.any(axis=-1, keepdims=True)), np.asarray(made.any(axis=-1, keepdims=True))
    )


def bar_repetition(onsets: Cells) -> Counts:
    """How well the second half of each window repeats the first: real drums mostly do."""
    half = onsets.shape[1] // 2
    return counts(onsets[:, :half], onsets[:, half : 2 * half])


def pitch_classes(onsets: Cells, lowest: int) -> NDArray[np.float64]:
    """Onsets (N, 12) of each pitch class, row 0 being MIDI note `lowest`."""
    classes = (lowest + np.arange(onsets.shape[-1])) % 12
    return np.asarray(onsets.sum(axis=1) @ np.eye(12)[classes], np.float64)


def in_scale(classes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share (N,) of each window's pitched onsets that lie in the major scale that fits it best;
    nan where there are none. `classes` (N, 12).
    """
    scales = np.zeros((12, 12))
    for key in range(12):
        scales[key, (MAJOR + key) % 12] = 1
    total = classes.sum(axis=1)
    best = (classes @ scales.T).max(axis=1)
    return np.where(total > 0, best / np.maximum(total, 1), np.nan)


def class_kl(true: NDArray[np.float64], made: NDArray[np.float64]) -> float:
    """KL in nats of the pitch classes made (N, 12) from the true ones, one onset added to each."""
    p, q = (c.sum(axis=0) + 1 for c in (true, made))
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum(p * np.log(p / q)))


def stacked(parts: Mapping[str, Cells]) -> NDArray[np.bool_]:
    """All parts side by side, a flat row a window (N, cells)."""
    return np.concatenate([c.reshape(len(c), -1) for c in parts.values()], axis=1)


def distinct_share(flat: NDArray[np.bool_]) -> float:
    """Share of the windows (N, cells) that are not repeats of another."""
    if not len(flat):
        return 0.0
    return len({row.tobytes() for row in np.packbits(flat, axis=1)}) / len(flat)


def nearest_distance(flat: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each window (N, cells) one less the share of cells it has in common with the `known`
    window most like it (Jaccard): 0 is a copy, 1 nothing in common.
    """
    a, b = flat.astype(np.float32), known.astype(np.float32)
    both = a @ b.T
    either = a.sum(axis=1)[:, None] + b.sum(axis=1)[None] - both
    alike = np.where(either > 0, both / np.maximum(either, 1), 1.0)
    return np.asarray(1 - alike.max(axis=1), np.float64)
