"""How sure a figure is: 95 % intervals by resampling whole songs and takes, and seeds.

Windows of one song are alike, so resampling windows would make every interval too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
LOW, HIGH = 2.5, 97.5
SEED = 1


class Interval(NamedTuple):
    """A figure and its 95 % interval, from `groups` songs or takes."""

    value: float
    low: float
    high: float
    groups: int


@dataclass(frozen=True)
class Tally:
    """A figure as a quotient of sums over windows: `top` (N,) by `bottom` (N,), each window of one
    of the `groups` (N,). A mean has a bottom of ones; an F1 has 2 x hits by true + made.
    """

    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    groups: NDArray[Any]

    @classmethod
    def mean(cls, values: NDArray[Any], groups: NDArray[Any]) -> Tally:
        """The mean of values (N,); nan are left out."""
        known = np.isfinite(values)
        return cls(np.where(known, values, 0.0), known.astype(np.float64), groups)

    def sums(self) -> NDArray[np.float64]:
        """Top and bottom (groups, 2) of each group, in order of the groups' names."""
        _, index = np.unique(self.groups, return_inverse=True)
        return np.stack([np.bincount(index, values) for values in (self.top, self.bottom)], axis=1)


def over_groups(tally: Tally, draws: int = DRAWS, seed: int = SEED) -> Interval:
    """The figure with its interval over songs or takes. With one group the interval is nan."""
    return over_seeds([tally], draws, seed)


def over_seeds(tallies: Sequence[Tally], draws: int = DRAWS, seed: int = SEED) -> Interval:
    """The mean of the figure over trainings with several seeds, all on the same test windows.

    Seeds and groups are both drawn anew, each draw taking the same groups for all seeds.
    """
    sums = np.stack([tally.sums() for tally in tallies])  # (seeds, groups, 2)
    seeds, groups = sums.shape[:2]
    value = float(_quotient(sums.sum(axis=1)).mean())
    if groups < 2 and seeds < 2:
        return Interval(value, np.nan, np.nan, groups)
    rng = np.random.default_rng(seed)
    chosen = rng.integers(groups, size=(draws, groups))
    weight = np.stack([np.bincount(row, minlength=groups) for row in chosen]).astype(np.float64)
    drawn = _quotient(np.einsum("dg,sgk->dsk", weight, sums))  # (draws, seeds)
    picked = rng.integers(seeds, size=(draws, seeds))
    means = np.take_along_axis(drawn, picked, axis=1).mean(axis=1)
    low, high = np.nanpercentile(means, (LOW, HIGH))
    return Interval(value, float(low), float(high), groups)


def of_statistic(
    statistic: Callable[[NDArray[np.intp]], float],
    groups: NDArray[Any],
    draws: int = 100,
    seed: int = SEED,
) -> Interval:
    """Any figure of windows chosen by index, such as a Frechet distance, over groups drawn anew."""
    names = np.unique(groups)
    value = statistic(np.arange(len(groups)))
    if len(names) < 2:
        return Interval(value, np.nan, np.nan, len(names))
    members = [np.flatnonzero(groups == name) for name in names]
    rng = np.random.default_rng(seed)
    each = [
        statistic(np.concatenate([members[g] for g in rng.integers(len(names), size=len(names))]))
        for _ in range(draws)
    ]
    low, high = np.nanpercentile(each, (LOW, HIGH))
    return Interval(value, float(low), float(high), len(names))


def _quotient(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    bottom = sums[..., 1]
    return np.where(bottom > 0, sums[..., 0] / np.where(bottom > 0, bottom, 1), np.nan)
