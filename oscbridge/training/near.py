"""Near-duplicates among more windows than can be compared with one another: windows that share a
bucket of a hash made for likeness are candidates, and only these are compared.

Sets of cells (music): MinHash, 12 bands of 8; two windows of Jaccard likeness .9 share a band with
probability .999. Points (dance): 16 tables of 8 random projections in buckets of four times the
threshold; windows a threshold apart share a bucket with probability .95, half of it .9999.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

BANDS, BAND = 12, 8
TABLES, PROJECTIONS, BUCKET = 16, 8, 4.0
Keys = NDArray[np.uint64]
"""(N, tables): windows alike share at least one of their keys, most likely."""
Rows = NDArray[np.intp]


def set_hasher(cells: int, seed: int) -> Callable[[NDArray[np.bool_]], Keys]:
    """Keys of sets given as (N, cells) bool."""
    rng = np.random.default_rng(seed)
    ranks = np.stack([rng.permutation(cells) for _ in range(BANDS * BAND)]).astype(np.int32)

    def keys(held: NDArray[np.bool_]) -> Keys:
        least = np.full((len(held), BANDS * BAND), cells, np.int32)
        for i, row in enumerate(held):
            found = np.flatnonzero(row)
            if len(found):
                least[i] = ranks[:, found].min(axis=1)
        return _mixed(least.reshape(len(held), BANDS, BAND))

    return keys


def point_hasher(size: int, near: float, seed: int) -> Callable[[NDArray[np.float32]], Keys]:
    """Keys of points (N, size) of which those closer than `near` are alike."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(size, TABLES * PROJECTIONS)).astype(np.float32)
    offset = rng.random(TABLES * PROJECTIONS)

    def keys(points: NDArray[np.float32]) -> Keys:
        bucket = np.floor(points @ axes / (near * BUCKET) + offset).astype(np.int64)
        return _mixed(bucket.reshape(len(points), TABLES, PROJECTIONS))

    return keys


def _mixed(numbers: NDArray[np.integer]) -> Keys:
    """One 64-bit number (N, tables) for each run of numbers (N, tables, k)."""
    mixed = np.zeros(numbers.shape[:2], np.uint64)
    for column in np.moveaxis(numbers, -1, 0):
        mixed = (mixed ^ column.astype(np.int64).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


def buckets(keys: Keys) -> Iterator[Rows]:
    """Rows that share a key of one table, two or more at a time."""
    for column in keys.T:
        order = np.argsort(column, kind="stable")
        edges = np.flatnonzero(np.diff(column[order])) + 1
        yield from (run for run in np.split(order, edges) if len(run) > 1)


def purged(
    keys: Keys,
    rank: NDArray[np.integer],
    alike: Callable[[int, Rows], NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    """Rows (N,) that are alike a row of lower rank: what is to be left out of training.

    `alike(row, others)` compares one row with others exactly.
    """
    out = np.zeros(len(keys), np.bool_)
    for run in buckets(keys):
        ranks = rank[run]
        if ranks.min() == ranks.max():
            continue
        for row, its in zip(run, ranks, strict=True):
            kept = run[(ranks < its)]
            if not out[row] and len(kept):
                out[row] = bool(alike(int(row), kept).any())
    return out
