"""Frechet distance between two populations of features, and how varied one is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ENOUGH = 500
"""Windows below which a Frechet distance of 72 features is mostly bias; say so beside it."""

Features = NDArray[np.float64]
"""(N, features)"""


def scored(real: Features, *others: Features) -> tuple[Features, ...]:
    """All populations, each feature less the real ones' mean and over their standard deviation."""
    mean, spread = real.mean(axis=0), real.std(axis=0) + 1e-10
    return tuple((f - mean) / spread for f in (real, *others))


def distance(a: Features, b: Features) -> float:
    """Squared Frechet distance of the normal distributions with the mean and covariance of each."""
    gap = a.mean(axis=0) - b.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(f, rowvar=False)) for f in (a, b))
    root = _root(first)
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return max(0.0, float(gap @ gap + np.trace(first) + np.trace(second) - 2 * shared))


def _root(covariance: NDArray[Any]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def diversity(features: Features) -> float:
    """Mean distance between two of a population (Div_k, Div_g)."""
    count = len(features)
    if count < 2:
        return 0.0
    squared = (features**2).sum(axis=1)
    gaps = np.maximum(squared[:, None] + squared[None] - 2 * features @ features.T, 0)
    np.fill_diagonal(gaps, 0)
    return float(np.sqrt(gaps).sum() / (count * (count - 1)))


def warning(count: int) -> str:
    """What to say beside a distance from so few windows; nothing where there are enough."""
    if count >= ENOUGH:
        return ""
    return f"only {count} windows: a Frechet distance from fewer than {ENOUGH} is biased upwards"
