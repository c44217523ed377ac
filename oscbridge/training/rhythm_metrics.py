"""How well beats of motion and accents of music meet, against chance; plain numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.rhythm import accent_steps, motion_beats, motion_speed

TOLERANCE = 0.56
"""Steps by which a motion beat may miss an accent: 70 ms at 120 BPM."""
SHIFTS = 40
"""Circular shifts the null is measured over."""
_LEAST_SHIFT = 2.0

Beats = Sequence[NDArray[Any]]
"""Of each window the steps, rising, at which something happens."""


class Meeting(NamedTuple):
    """F1 of motion beats against accents, its mean and 95 % quantile when each window's are shifted
    circularly by chance, and the share of the motion beats that meet an accent.
    """

    f1: float
    null: float
    null_95: float
    hit: float


def motion_beats_of(frames: NDArray[Any], frames_per_step: int) -> list[NDArray[np.float64]]:
    """Motion beats, in steps, of windows of poses (N, frames, 33, 3)."""
    speed = motion_speed(frames, frames_per_step)
    return [motion_beats(window) / frames_per_step for window in speed]


def accents_of(envelopes: NDArray[Any]) -> list[NDArray[np.float64]]:
    """Accents, in steps, of accent envelopes (N, steps)."""
    return [accent_steps(envelope).astype(np.float64) for envelope in envelopes]


def meeting(motion: Beats, accents: Beats, steps: int, seed: int = 0) -> Meeting:
    """How motion beats and accents of N windows of so many steps meet."""
    rng = np.random.default_rng(seed)
    hits = sum(_hits(a, b) for a, b in zip(motion, accents, strict=True))
    events = sum(len(a) for a in motion) + sum(len(b) for b in accents)
    chance = []
    for _ in range(SHIFTS):
        moves = rng.uniform(_LEAST_SHIFT, steps - _LEAST_SHIFT, len(motion))
        moved = (np.sort((a + move) % steps) for a, move in zip(motion, moves, strict=True))
        met = sum(_hits(a, b) for a, b in zip(moved, accents, strict=True))
        chance.append(2 * met / max(1, events))
    share = hits / max(1, sum(len(a) for a in motion))
    return Meeting(
        2 * hits / max(1, events), float(np.mean(chance)), float(np.quantile(chance, 0.95)), share
    )


def _hits(a: NDArray[Any], b: NDArray[Any]) -> int:
    """The most pairs there can be of one of `a` and one of `b` within TOLERANCE."""
    i = j = found = 0
    while i < len(a) and j < len(b):
        if abs(a[i] - b[j]) <= TOLERANCE:
            found, i, j = found + 1, i + 1, j + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return found
