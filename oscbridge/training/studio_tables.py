"""The tables of an evaluation of `studio`: what is served, and the bridge on pseudo-pairs."""

from __future__ import annotations

from collections.abc import Sequence

from oscbridge.training.report import page
from oscbridge.training.samples import Samples
from oscbridge.training.studio_bridge_measure import Row
from oscbridge.training.tables import Table

_TEXTS = ("direction", "answer")
_NOTES = {
    "mates": "Of 100 held-out windows, how far up its pseudo-pair stands. By the descriptors the "
    "pairs were made with, which the bridge is told: it says how well that matching was learnt.",
    "music to dance": "On held-out pseudo-pairs. Accent F1: motion beats against accents of the "
    "music; null: the same when shifted by chance. ROM, velocity and variety against the mates'.",
    "dance to music": "On held-out pseudo-pairs. Accent F1: accents of the music made against the "
    "motion beats of the dance; null: the same when shifted by chance.",
}


def tables(samples: Samples, rows: Sequence[Row]) -> list[Table]:
    """Every table of one model."""
    return [*page.measured(samples), *bridge_tables(rows)]


def bridge_tables(rows: Sequence[Row]) -> list[Table]:
    """A table a direction: an answer a row, its figures the columns."""
    made = []
    for direction, note in _NOTES.items():
        some = [row for row in rows if row["direction"] == direction]
        columns = tuple(name for name in some[0] if name not in _TEXTS) if some else ()
        lines = tuple((row["answer"], tuple(row[name] for name in columns)) for row in some)
        made.append(Table(f"Bridge: {direction}", columns, lines, note))
    return made
