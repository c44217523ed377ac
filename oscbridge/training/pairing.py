"""Pseudo-pairs: windows of music and of dance that never met, matched by what both domains have.

A pair made here says that two windows are alike in energy, in its contour over the bars, in where
accents and motion beats fall, and in tempo but for octaves. It does not say that anybody danced so
to such music, and whoever learns from it learns this matching.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from oscbridge.domain.descriptors import Descriptors, ranks, traits

TERCILES = (1 / 3, 2 / 3)
LABELS = (len(TERCILES) + 1) ** 2
"""Energy tercile x contour tercile: what a window says of itself without a mate."""


@dataclass(frozen=True)
class Weights:
    """How much each likeness counts in a match."""

    energy: float = 4.0
    contour: float = 1.0
    rhythm: float = 1.0
    tempo: float = 0.5


def self_labels(windows: Descriptors, known: Descriptors) -> NDArray[np.int64]:
    """Label (N,) of each window, 0 to 8: its terciles among the `known` windows of its domain."""
    energy, contour = np.searchsorted(TERCILES, traits(windows, known)).T
    return np.asarray(energy * (len(TERCILES) + 1) + contour, np.int64)


def costs(
    music: Descriptors,
    dance: Descriptors,
    known_music: Descriptors,
    known_dance: Descriptors,
    weights: Weights = Weights(),
) -> NDArray[np.float32]:
    """How ill each window of music goes with each of dance (N, M).

    Ranks are taken among the `known` (training) windows of each domain, so that held-out windows
    are matched by what training knew.
    """
    total = np.zeros((len(music), len(dance)), np.float32)
    for name, weight in (("energy", weights.energy), ("contour", weights.contour)):
        a = ranks(getattr(music, name), getattr(known_music, name)).astype(np.float32)
        b = ranks(getattr(dance, name), getattr(known_dance, name)).astype(np.float32)
        total += weight * (a[:, None] - b) ** 2
    steps = music.envelope.shape[1]
    alike = music.envelope.astype(np.float32) @ dance.envelope.astype(np.float32).T / steps
    total += weights.rhythm * (1 - alike)
    octaves = np.log2(music.tempo[:, None] / dance.tempo).astype(np.float32)
    total += weights.tempo * np.abs(octaves - np.round(octaves))
    return total


def pseudo_pairs(cost: NDArray[np.float32], rounds: int = 1) -> NDArray[np.intp]:
    """Rows (P, 2) of indices of music and dance: the cheapest one-to-one assignment (Hungarian).

    In each further round the windows of the larger domain that have no mate yet get one, so those
    of the smaller have as many mates as there are rounds.
    """
    if cost.shape[0] < cost.shape[1]:
        return pseudo_pairs(cost.T, rounds)[:, ::-1]
    free = np.arange(cost.shape[0])
    found = [np.zeros((0, 2), np.intp)]
    for _ in range(rounds):
        if len(free) < (1 if len(found) == 1 else cost.shape[1]):
            break
        rows, columns = linear_sum_assignment(cost[free])
        found.append(np.stack([free[rows], columns], axis=1))
        free = np.delete(free, rows)
    return np.concatenate(found)
