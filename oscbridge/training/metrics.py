"""Definitions of what is measured on rolls and poses; plain numpy, so that each can be checked by
hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from oscbridge.domain.pianoroll import BASS_ROWS, DRUM_ROWS, MELODY_ROWS
from oscbridge.domain.pose import BONES

Rolls = NDArray[np.bool_]
"""(N, steps, 128): a note sounds."""
Poses = NDArray[Any]
"""(N, steps, 33, 3) in metres."""
NOTE_ON = 0.25
"""Value from which a decoded cell sounds (paper, section 4)."""
PITCHED = slice(BASS_ROWS.start, MELODY_ROWS.stop)


def onsets(held: Rolls) -> Rolls:
    """Where notes start: every hit of a drum, and every rise of a pitched row."""
    starts = held.copy()
    starts[:, 1:, PITCHED] &= ~held[:, :-1, PITCHED]
    return starts


def f1(true: Rolls, made: Rolls) -> float:
    """F1 of the cells of `made` against those of `true`; 1 where both are empty."""
    return _f1(_count(true & made), _count(true), _count(made))


def onset_f1(true: Rolls, made: Rolls, tolerance: int) -> float:
    """F1 of onsets (N, steps, rows), each matched with at most one of its row within `tolerance`
    (0 or 1) steps; as many matches as there can be.
    """
    if tolerance == 0:
        return f1(true, made)
    free = true.copy()
    hits = 0
    steps = true.shape[1]
    # In order of time, each takes the earliest free mate: the largest matching of intervals.
    for step in range(steps):
        waiting = made[:, step].copy()
        for mate in range(max(0, step - 1), min(steps, step + 2)):
            matched = waiting & free[:, mate]
            free[:, mate] &= ~matched
            waiting &= ~matched
            hits += _count(matched)
    return _f1(hits, _count(true), _count(made))


def _count(cells: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(cells))


def _f1(hits: int, true: int, made: int) -> float:
    return 1.0 if true + made == 0 else 2 * hits / (true + made)


def density_ratio(true: Rolls, made: Rolls) -> float:
    """Onsets made for each true one."""
    return _count(made) / max(1, _count(true))


def non_empty(held: Rolls) -> float:
    """Share of the windows in which anything sounds."""
    return float(held.any(axis=(1, 2)).mean())


def pitch_class_kl(true: Rolls, made: Rolls) -> float:
    """KL in nats of the pitch classes of pitched onsets made from those of the true ones; one
    onset is added to each class so that none is impossible.
    """
    p, q = (_pitch_classes(r) for r in (true, made))
    return float(np.sum(p * np.log(p / q)))


def _pitch_classes(starts: Rolls) -> NDArray[np.float64]:
    rows = starts[..., PITCHED].sum(axis=(0, 1))
    classes = np.arange(PITCHED.start, PITCHED.stop) % 12
    counts = np.bincount(classes, rows, 12).astype(np.float64) + 1.0
    return np.asarray(counts / counts.sum())


def density(starts: Rolls) -> NDArray[np.float64]:
    """Onsets in each window (N,)."""
    return np.asarray(starts.sum(axis=(1, 2)), np.float64)


def mpjpe(true: Poses, made: Poses) -> float:
    """Mean distance of landmarks from where they should be, in millimetres."""
    return float(np.linalg.norm(true - made, axis=-1).mean() * 1000)


def motion_range(poses: Poses) -> NDArray[np.float64]:
    """Range of motion (N,) in metres: the diagonal of the box a landmark stays in during a window,
    averaged over the landmarks.
    """
    return np.asarray(np.linalg.norm(np.ptp(poses, axis=1), axis=-1).mean(axis=1), float)


def speed(poses: Poses) -> NDArray[np.float64]:
    """Metres a step (N,), averaged over landmarks and steps."""
    return np.asarray(np.linalg.norm(np.diff(poses, axis=1), axis=-1).mean(axis=(1, 2)), float)


def bone_cv(poses: Poses) -> float:
    """Standard deviation of a bone's length over a window by its mean, averaged over all bones."""
    ends = np.array(BONES)
    lengths = np.linalg.norm(poses[:, :, ends[:, 0]] - poses[:, :, ends[:, 1]], axis=-1)
    return float((lengths.std(axis=1) / lengths.mean(axis=1)).mean())


def rank_correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Spearman's rho; 0 where one of them does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)


PART_ROWS = {"drums": DRUM_ROWS, "bass": BASS_ROWS, "melody": MELODY_ROWS}
