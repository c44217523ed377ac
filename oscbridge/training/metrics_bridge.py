"""Does a translation find its mate? Retrieval among pairs, with the chance of it. Plain numpy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Retrieval(NamedTuple):
    """Of `pool` candidates, the share of mates found `first`, among the first `five` and `ten`, the
    median rank (1 is best; chance is half the pool), and the `p_value` of pairs shuffled.
    """

    first: float
    five: float
    ten: float
    median_rank: float
    p_value: float
    pool: int


def retrieval(
    queries: NDArray[Any],
    candidates: NDArray[Any],
    rng: np.random.Generator,
    pool: int = 100,
    shuffles: int = 999,
) -> Retrieval:
    """Row i of the queries (N, size) looked for among the candidates (N, size) by distance.

    Ranks are among `pool` candidates drawn with the mate in them, or all where there are fewer.
    `p_value`: share of the shuffles of who belongs to whom with a mean log rank as good or better.
    """
    count = len(queries)
    if count != len(candidates) or not count:
        raise ValueError(f"{count} queries for {len(candidates)} candidates")
    among = min(pool, count)
    position = _positions(queries, candidates)
    # A mate at place p of N beats those of the pool that lie behind it: ranks scale with the pool.
    rank = _pooled(np.diagonal(position), count, among, rng)
    observed = np.log(1.0 + np.diagonal(position)).mean()
    rows = np.arange(count)
    scores = [np.log(1.0 + position[rows, rng.permutation(count)]).mean() for _ in range(shuffles)]
    good = int(np.sum(np.array(scores) <= observed + 1e-12))
    first, five, ten = (float((rank <= k).mean()) for k in (1, 5, 10))
    p_value = (1 + good) / (1 + shuffles)
    return Retrieval(first, five, ten, float(np.median(rank)), p_value, among)


def _positions(queries: NDArray[Any], candidates: NDArray[Any]) -> NDArray[np.float64]:
    """How many candidates are nearer to query i than candidate j, ties counted half (N, N)."""
    a, b = (np.asarray(x, np.float64) for x in (queries, candidates))
    gaps = ((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None]) - 2 * a @ b.T
    gaps = np.round(gaps, 9)
    order = np.sort(gaps, axis=1)
    found = [
        (np.searchsorted(row, gap, "left") + np.searchsorted(row, gap, "right") - 1) / 2
        for row, gap in zip(order, gaps, strict=True)
    ]
    return np.stack(found)


def _pooled(
    nearer: NDArray[np.float64], count: int, pool: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Ranks (N,) among `pool`: how many of those nearer are drawn with it (hypergeometric)."""
    if pool == count:
        return np.asarray(nearer + 1)
    ahead = np.floor(nearer + rng.random(len(nearer)) * (nearer % 1 > 0)).astype(np.int64)
    return np.asarray(rng.hypergeometric(ahead, count - 1 - ahead, pool - 1) + 1.0)
