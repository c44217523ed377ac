"""The tables of an evaluation, and how they read in a terminal and in Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from oscbridge.training.evaluate import Figures, Sections
from oscbridge.training.intervals import Interval

PAPER: Figures = {
    "MIDI VAE": 0.025,
    "pose VAE": 0.005,
    "bridge music-music": 0.025,
    "bridge dance-dance": 0.005,
    "bridge embed-embed": 2.006,
    "bridge music-dance": 0.005,
    "bridge dance-music": 0.025,
}
"""Table 1 of the paper: test MSE."""
UNPAIRED = {"bridge embed-embed", "bridge music-dance", "bridge dance-music"}
"""Rows that want true pairs, of which there are none."""


Cell = float | Interval | None


@dataclass(frozen=True)
class Table:
    """Figures in rows and columns, some with their interval; None where a figure makes no sense.
    `note` says how to read it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    note: str = ""

    @classmethod
    def of(
        cls,
        title: str,
        columns: Mapping[str, Mapping[str, float | Interval]],
        note: str = "",
        marked: Iterable[str] = (),
    ) -> Table:
        """From column -> row -> value; rows in the order they first appear, some marked with *."""
        names = dict.fromkeys(row for figures in columns.values() for row in figures)
        stars = set(marked)
        return cls(
            title,
            tuple(columns),
            tuple(
                (row + " *" * (row in stars), tuple(c.get(row) for c in columns.values()))
                for row in names
            ),
            note,
        )

    def to_json(self) -> dict[str, Any]:
        """JSON-able values."""
        return asdict(self)

    def lines(self) -> list[str]:
        """As aligned text."""
        cells = self.cells()
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        rows = [
            row[0].ljust(widths[0])
            + "".join("  " + c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))
            for row in cells
        ]
        return [self.title, *rows, *([self.note] if self.note else [])]

    def markdown(self) -> list[str]:
        """As a Markdown table under a heading."""
        head, *rows = (f"| {' | '.join(row)} |" for row in self.cells())
        rule = "|---|" + "---:|" * len(self.columns)
        note = ["", self.note] if self.note else []
        return [f"### {self.title}", "", head, rule, *rows, *note, ""]

    def cells(self) -> list[list[str]]:
        """As words, the names of columns and rows first."""
        return [["", *self.columns]] + [[name, *map(_number, row)] for name, row in self.rows]


def _number(value: Cell) -> str:
    if isinstance(value, Interval):
        if math.isnan(value.low):
            return _number(value.value)
        return f"{_number(value.value)} [{_number(value.low)} {_number(value.high)}]"
    if value is None or math.isnan(value):
        return "-"
    if value == round(value):
        return f"{value:.0f}"
    return (
        f"{value:.1f}"
        if abs(value) >= 100
        else f"{value:.4f}"
        if abs(value) < 0.1
        else f"{value:.3f}"
    )


def tables(
    measured: Mapping[str, Sections], baselines: Mapping[str, Mapping[str, Figures]]
) -> list[Table]:
    """All tables: `measured` is model -> sections, `baselines` section -> baseline -> figures."""

    def columns(section: str) -> dict[str, Figures]:
        return {name: s[section] for name, s in measured.items()} | dict(baselines.get(section, {}))

    def translated(section: str) -> dict[str, Figures]:
        rescaled = {f"{n}, rescaled": s[f"{section}_rescaled"] for n, s in measured.items()}
        plain = {name: s[section] for name, s in measured.items()}
        return plain | rescaled | dict(baselines.get(section, {}))

    panels = {
        f"{vae.removesuffix('_vae')}, {name}": sections[vae]
        for vae in ("midi_vae", "pose_vae", "bridge_vae")
        for name, sections in measured.items()
    }
    return [
        Table.of(
            "Table 1 of the paper: MSE on the test split",
            {"paper": PAPER} | columns("table_1"),
            "* No true pairs exist: the mate is a random test window of the other domain. Whoever "
            "answers with the mean wins such a row; it says nothing about translation.",
            UNPAIRED,
        ),
        Table.of("Music, reconstructed (note-on at .25)", columns("music")),
        Table.of("Dance, reconstructed", columns("dance"), _BONES),
        Table.of("Music to dance", translated("to_dance"), _POPULATION + " " + _BONES),
        Table.of("Dance to music", translated("to_music"), _POPULATION),
        Table.of("Collapse panel", panels, _PANEL),
    ]


_BONES = "Bone CV is that of the VAE's own output; what serves a dance puts it on constant bones."
_POPULATION = (
    "Ratios are to the real test windows as a population. Rescaled: each dimension of the "
    "translated z given the spread of encoded training windows (`domain.latents`). Energy "
    "correlation: Spearman's rho of onsets in the music and speed of the dance, by window."
)
_PANEL = (
    "KL in nats a window; units whose posterior mean has a variance above .01; variance of the "
    "outputs against that of the inputs; swd: squared sliced Wasserstein distance between the z' "
    "of both domains."
)


def text(all_tables: Sequence[Table]) -> str:
    """All tables for a terminal."""
    return "\n\n".join("\n".join(table.lines()) for table in all_tables)


def markdown(all_tables: Sequence[Table], command: str) -> str:
    """All tables as a Markdown page that names the command its figures come from."""
    lines = [f"Figures by `{command}`.", ""]
    return "\n".join(lines + [line for table in all_tables for line in table.markdown()])
