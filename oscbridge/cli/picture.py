"""One picture of music and dance: piano-rolls above, the dancer's figure over the bars below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.pianoroll import row_of
from oscbridge.domain.pose import BONES, INDEX, LANDMARKS
from oscbridge.domain.timeline import Timeline
from oscbridge.io.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, MARGIN, TITLE = 16.0, 0.35, 0.32
"""Inches: of the picture, around it, and above each panel for its title."""
ROLL, DANCER, GAP = 1.25, 2.1, 0.2
"""Inches: height of a piano-roll, height of the dancer's panel, space after a clip."""
LONGEST = 32.0
"""Beats of a clip or dance that are drawn."""
TALLEST = 2.0
"""Metres the height of the dancer's panel stands for: a figure with its arms up."""
CLOSEST = 0.45
"""Inches from figure to figure; where half bars are closer, some are left out."""
COLOURS = {Part.DRUMS: "#555555", Part.BASS: "#2b6cb0", Part.MELODY: "#c2571a"}
LEFT_COLOUR, RIGHT_COLOUR, TRUNK_COLOUR = "#2f855a", "#6b46c1", "#333333"
EARS = [INDEX["left_ear"], INDEX["right_ear"]]
SEAM = 0.05
"""Beats by which a note is drawn shorter, to tell it from the next on its pitch."""
TOP_ROW = 92
"""Row of the unified roll up to which a panel reaches, unless a note lies higher."""

Titled = tuple[str, Clip]


def draw(clips: Sequence[Titled], dance: Dance, path: Path) -> None:
    """Write a PNG: each titled clip as a piano-roll, the dance below, all at one scale in beats.

    The first clip's bars are those the dance is drawn over. Of what is longer than LONGEST the
    beginning is drawn, and the title says so. Raises FileError.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    clips = [_beginning(title, clip) for title, clip in clips]
    beats = min(LONGEST, max(float(dance.beat[-1]), *(clip.length for _, clip in clips)))
    inches = (WIDTH - 2 * MARGIN) / beats
    rows = _rows(clips, inches)
    height = len(rows) * (ROLL + TITLE) + DANCER + TITLE + 2 * MARGIN
    figure = Figure(figsize=(WIDTH, height), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    bottom = height - MARGIN
    for row in rows:
        bottom -= ROLL + TITLE
        left = MARGIN
        for title, clip in row:
            width = clip.length * inches
            _draw_clip(_panel(figure, left, bottom, width - GAP, ROLL), title, clip)
            left += width
    _legend(figure, height)
    panel = _panel(figure, MARGIN, MARGIN, beats * inches - GAP, DANCER)
    _draw_dance(panel, dance, clips[0][1].timeline, beats, inches)
    png = BytesIO()
    figure.savefig(png, format="png")
    write_atomically(path, png.getvalue())


def _beginning(title: str, clip: Clip) -> Titled:
    """A clip as it is drawn: its first LONGEST beats, the notes held over the end cut off."""
    if clip.length <= LONGEST:
        return title, clip
    notes = tuple(
        replace(n, duration=min(n.duration, LONGEST - n.start))
        for n in clip.notes
        if n.start < LONGEST
    )
    words = f"{title}, the first {LONGEST:g} of {clip.length:g} beats"
    return words, replace(clip, notes=notes, length=LONGEST)


def _rows(clips: Sequence[Titled], inches: float) -> list[list[Titled]]:
    """The clips in order, as many side by side as fit into the width."""
    rows: list[list[Titled]] = []
    free = 0.0
    for title, clip in clips:
        width = clip.length * inches
        if not rows or width > free + 1e-6:
            rows.append([])
            free = WIDTH - 2 * MARGIN
        rows[-1].append((title, clip))
        free -= width
    return rows


def _panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place in inches, without ticks or frame."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    return axes


def _draw_clip(axes: Axes, title: str, clip: Clip) -> None:
    rows = {note: row_of(note.part, note.pitch) for note in clip.notes}
    for part in Part:
        notes = clip.part(part)
        axes.barh(
            [rows[n] + 0.5 for n in notes],
            [max(n.duration - SEAM, n.duration / 2) for n in notes],
            left=[n.start for n in notes],
            height=2.6,
            color=COLOURS[part],
            snap=False,
        )
    counts = ", ".join(f"{name} {count}" for name, count in clip.counts().items() if count)
    words = title if clip.length < LONGEST / 4 else f"{title}   ({counts or 'no notes'})"
    axes.set_title(words, loc="left", fontsize=9)
    axes.set_xlim(0, clip.length)
    axes.set_ylim(-1, max(TOP_ROW, *rows.values(), 0) + 2)
    _bar_lines(axes, clip.timeline, clip.length)


def _bar_lines(axes: Axes, timeline: Timeline, length: float) -> None:
    for number, beat in enumerate(timeline.bar_starts(length)):
        axes.axvline(beat, color="#bbbbbb", linewidth=0.8, zorder=0)
        axes.annotate(
            f"{number + 1}",
            (float(beat), 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2, -8),
            textcoords="offset points",
            fontsize=7,
            color="#888888",
        )


def _legend(figure: Figure, height: float) -> None:
    for i, part in enumerate(reversed(Part)):
        figure.text(
            1 - (MARGIN + 0.7 * i) / WIDTH,
            1 - MARGIN * 0.7 / height,
            part.title,
            color=COLOURS[part],
            ha="right",
            fontsize=9,
        )


def _draw_dance(axes: Axes, dance: Dance, timeline: Timeline, beats: float, inches: float) -> None:
    name = f"the dance: {dance.name}" if dance.name else "the dance"
    words = f"{name}, seen from the front; the dancer's left side green, the right violet"
    axes.set_title(words, loc="left", fontsize=9)
    axes.set_xlim(0, beats)
    axes.set_ylim(0, TALLEST)
    axes.spines["bottom"].set_color("#777777")
    _bar_lines(axes, timeline, beats)
    beats_per_metre = DANCER / TALLEST / (inches - GAP / beats)
    at = _figure_beats(timeline, dance, beats, inches)
    seen = dance.at_beats(at, timeline)
    # Time runs along x, so of the way through the room only the height is drawn.
    height = -(seen.landmarks[..., 1] + seen.root[:, None, 1])
    across = at[:, None] + seen.landmarks[..., 0] * beats_per_metre
    for x, y in zip(across, height, strict=True):
        for a, b in BONES:
            axes.plot(x[[a, b]], y[[a, b]], color=_side(a, b), linewidth=1.5, clip_on=False)
        axes.plot(x[EARS].mean(), y[EARS].mean(), "o", color=TRUNK_COLOUR, markersize=13)


def _figure_beats(
    timeline: Timeline, dance: Dance, beats: float, inches: float
) -> NDArray[np.float64]:
    """Beats of half bars within the dance, thinned so that figures stand CLOSEST apart or more.

    A figure stands for its half bar, so it is taken and drawn a quarter bar into the bar.
    """
    starts = timeline.bar_starts(beats)
    bars = np.array([timeline.meter_at(float(start)).bar for start in starts])
    at = np.sort(np.concatenate([starts + bars / 4, starts + bars * 3 / 4]))
    at = at[(at >= dance.beat[0]) & (at <= min(beats, dance.beat[-1]))]
    if len(at) == 0:
        return np.array([dance.beat[0]])
    every = int(np.ceil(CLOSEST / (float(bars.min()) / 2 * inches)))
    return np.asarray(at[::every])


def _side(a: int, b: int) -> str:
    names = LANDMARKS[a], LANDMARKS[b]
    if all("left" in name for name in names):
        return LEFT_COLOUR
    if all("right" in name for name in names):
        return RIGHT_COLOUR
    return TRUNK_COLOUR
