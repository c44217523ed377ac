"""The same tables of several trainings, one a seed, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import t

from oscbridge.training.intervals import HIGH, Interval
from oscbridge.training.tables import Cell, Table


def over_seeds(runs: Sequence[Sequence[Table]]) -> list[Table]:
    """One set of tables from one of each seed; titles, rows and columns must be the same.

    A value is the mean over seeds. Its interval adds the doubt between seeds (Student's t) to the
    mean doubt within one (songs and takes), as independent ones. Where every figure of a training
    is at hand by window, `intervals.over_seeds` draws both anew instead.
    """
    return [_table(same) for same in zip(*runs, strict=True)]


def _table(same: Sequence[Table]) -> Table:
    first = same[0]
    for other in same[1:]:
        if (other.title, other.columns) != (first.title, first.columns):
            raise ValueError(f"{other.title!r} is not the same table as {first.title!r}")
    rows = []
    for lines in zip(*(table.rows for table in same), strict=True):
        if len({name for name, _ in lines}) > 1:
            raise ValueError(f"rows differ in {first.title!r}: {[name for name, _ in lines]}")
        cells = zip(*(cells for _, cells in lines), strict=True)
        rows.append((lines[0][0], tuple(_cell(each) for each in cells)))
    note = f"{first.note} Over {len(same)} seeds.".strip()
    return replace(first, rows=tuple(rows), note=note)


def _cell(each: Sequence[Cell]) -> Cell:
    known = [c if isinstance(c, Interval) else Interval(c, c, c, 0) for c in each if c is not None]
    if not known:
        return None
    values = np.array([c.value for c in known])
    value, count = float(values.mean()), len(values)
    if count < 2:
        return each[0]
    between = float(t.ppf(HIGH / 100, count - 1) * values.std(ddof=1) / np.sqrt(count))
    below = _joined(between, [c.value - c.low for c in known])
    above = _joined(between, [c.high - c.value for c in known])
    return Interval(value, value - below, value + above, max(c.groups for c in known))


def _joined(between: float, within: Sequence[float]) -> float:
    return float(np.hypot(between, np.nan_to_num(within).mean()))
