"""The pictures of a report, as PNG: piano-rolls, figures, beats, latents, collapse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from oscbridge.domain.pose import BONES, INDEX, LANDMARKS
from oscbridge.domain.timeline import STEPS_PER_BEAT
from oscbridge.training import metrics_beat as beat
from oscbridge.training.collapse import FEWEST_NATS, LEAST_VARIANCE
from oscbridge.training.dance_features import smpl_joints
from oscbridge.training.samples import Dances, Music, Samples, density, onsets

COLOURS = {"drums": "#555555", "bass": "#2b6cb0", "melody": "#c2571a"}
LEFT_COLOUR, RIGHT_COLOUR, TRUNK_COLOUR = "#2f855a", "#6b46c1", "#333333"
MUSIC_COLOUR, DANCE_COLOUR = "#c2571a", "#2f855a"
PALE = 0.35
"""How strongly the rest of a note is coloured after its onset."""
EXAMPLES = 3
SPACING = 1.25
"""Metres from figure to figure."""
ENVELOPE = "accent envelope of the music"
FIGURES = 8
"""Figures in one strip: one a beat of a window."""


def pictures(samples: Samples) -> dict[str, tuple[str, bytes]]:
    """File name -> what it shows and the PNG."""
    drawn: dict[str, tuple[str, Callable[[Samples], Figure]]] = {
        "piano_rolls.png": (_ROLLS, piano_rolls),
        "figures.png": (_FIGURES, figures),
        "beats.png": (_BEATS, beats),
        "latents.png": (_LATENTS, latents),
    }
    if samples.panels:
        drawn["collapse.png"] = (_COLLAPSE, collapse)
    return {name: (words, _png(draw(samples))) for name, (words, draw) in drawn.items()}


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Figure) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight", pad_inches=0.12)
    return out.getvalue()


def _examples(groups: NDArray[Any], count: int = EXAMPLES) -> list[int]:
    """Windows from the middles of as many songs or takes, spread evenly over them."""
    names = np.unique(groups)
    chosen = names[np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)]
    middles = [np.flatnonzero(groups == name) for name in chosen]
    found = [int(m[len(m) // 2]) for m in middles]
    rest = [i for i in range(len(groups)) if i not in found]
    return (found + rest)[:count]


def piano_rolls(samples: Samples) -> Figure:
    """Real and reconstructed windows of three songs, three from the prior, three of dances."""
    chosen = _examples(samples.songs)
    rows: list[tuple[str, Music, Sequence[int]]] = [
        ("real", samples.music["real"], chosen),
        ("reconstructed", samples.music["reconstructed"], chosen),
        ("generated from the prior", samples.music["generated"], range(EXAMPLES)),
        ("made of a test dance", samples.music["translated"], _examples(samples.takes)),
    ]
    figure = _figure(13, 3.3 * len(rows))
    axes = figure.subplots(len(rows), EXAMPLES, squeeze=False)
    melody = np.concatenate([m["melody"].held[list(i)] for _, m, i in rows]).any(axis=(0, 1))
    top = int(np.flatnonzero(melody).max(initial=24)) + 2
    for line, (title, music, index) in zip(axes, rows, strict=True):
        for panel, i in zip(line, index, strict=False):
            _roll(panel, music, i, top)
            song = f": {samples.songs[i]}" if title in ("real", "reconstructed") else ""
            panel.set_title(f"{title}{song}", fontsize=9, loc="left")
    for panel in axes[-1]:
        panel.set_xlabel("beat")
    for panel in axes[:, 0]:
        panel.set_ylabel("part; pitch rises within it")
    return figure


def _roll(axes: Axes, music: Music, index: int, top: int) -> None:
    stripes, middles, edges = [], {}, [0]
    for name, part in music.items():
        held, starts = part.held[index], part.onsets[index]
        if name == "melody":
            held, starts = held[:, :top], starts[:, :top]
        colour = np.array(to_rgb(COLOURS[name]))
        shade = np.where(starts, 1.0, np.where(held, PALE, 0.0))[..., None]
        stripes.append(1 - shade * (1 - colour))
        edges.append(edges[-1] + held.shape[1])
        middles[name] = (edges[-1] + edges[-2]) / 2 - 0.5
    image = np.concatenate(stripes, axis=1).transpose(1, 0, 2)
    beats_long = image.shape[1] / STEPS_PER_BEAT
    extent = (0.0, beats_long, -0.5, edges[-1] - 0.5)
    axes.imshow(image, aspect="auto", origin="lower", extent=extent, interpolation="nearest")
    for edge in edges[1:-1]:
        axes.axhline(edge - 0.5, color="#999999", linewidth=0.6)
    for bar in np.arange(4, beats_long, 4):
        axes.axvline(bar, color="#999999", linewidth=0.6)
    axes.set_xticks(np.arange(0, beats_long + 1))
    axes.set_yticks(list(middles.values()), list(middles))
    axes.tick_params(axis="y", length=0)
    for label, name in zip(axes.get_yticklabels(), middles, strict=True):
        label.set_color(COLOURS[name])


def figures(samples: Samples) -> Figure:
    """Strips of figures: a real window, its reconstruction, one generated, one made of music."""
    take = _examples(samples.takes, 1)[0]
    song = _examples(samples.songs, 1)[0]
    strips: list[tuple[str, Dances, int]] = [
        (f"real: {samples.takes[take]}", samples.dance["real"], take),
        ("reconstructed", samples.dance["reconstructed"], take),
        ("generated from the prior", samples.dance["generated"], 0),
        (f"danced to {samples.songs[song]}", samples.dance["translated"], song),
        ("a random training window", samples.dance["random"], take),
    ]
    figure = _figure(10, 2.3 * len(strips))
    for panel, (title, dances, index) in zip(
        figure.subplots(len(strips), 1, sharex=True), strips, strict=True
    ):
        _strip(panel, dances.world[index], samples)
        panel.set_title(title, fontsize=9, loc="left")
        panel.set_ylabel("height, m")
    panel.set_xlabel("beat (a figure's own width is to the scale of its height)")
    return figure


def _strip(axes: Axes, world: NDArray[Any], samples: Samples) -> None:
    per_beat = samples.frames_per_step * STEPS_PER_BEAT
    axes.axhline(0, color="#999999", linewidth=0.8)
    for number in range(FIGURES):
        frame = world[min(round(number * per_beat), len(world) - 1)]
        hip = frame[[INDEX["left_hip"], INDEX["right_hip"]], 0].mean()
        across = frame[:, 0] - hip + number * SPACING
        height = -frame[:, 1]
        for a, b in BONES:
            axes.plot(across[[a, b]], height[[a, b]], color=_side(a, b), linewidth=1.6)
        ears = [INDEX["left_ear"], INDEX["right_ear"]]
        axes.plot(across[ears].mean(), height[ears].mean(), "o", color=TRUNK_COLOUR, markersize=7)
    axes.set_aspect("equal")
    axes.set_xlim(-SPACING * 0.6, SPACING * (FIGURES - 0.4))
    axes.set_ylim(-0.1, 2.0)
    axes.set_xticks(np.arange(FIGURES) * SPACING, [str(n) for n in range(FIGURES)])


def _side(a: int, b: int) -> str:
    names = LANDMARKS[a], LANDMARKS[b]
    if all("left" in name for name in names):
        return LEFT_COLOUR
    return RIGHT_COLOUR if all("right" in name for name in names) else TRUNK_COLOUR


def beats(samples: Samples) -> Figure:
    """Accents of the music over the speed of the dance, for one window in each direction."""
    song, take = _examples(samples.songs, 1)[0], _examples(samples.takes, 1)[0]
    figure = _figure(11, 6.4)
    upper, lower = figure.subplots(2, 1)
    _meeting(upper, samples, "real", song, samples.dance["translated"].world[song])
    upper.set_title(f"music to dance: {samples.songs[song]} and the dance to it", loc="left")
    _meeting(lower, samples, "translated", take, samples.dance["real"].world[take])
    lower.set_title(f"dance to music: {samples.takes[take]} and the music to it", loc="left")
    lower.set_xlabel("time, s")
    named = dict(zip(*reversed(upper.get_legend_handles_labels()), strict=True))
    order = (ENVELOPE, "its accents", "speed of the dance", "its beats (minima)")
    figure.legend(
        [named[n] for n in order], order, loc="outside lower center", ncols=4, frameon=False
    )
    return figure


def _meeting(axes: Axes, samples: Samples, which: str, index: int, world: NDArray[Any]) -> None:
    fps = samples.dance["real"].fps
    envelope = beat.accent_envelope(
        {n: part[index : index + 1] for n, part in onsets(samples.music[which]).items()}
    )[0]
    step = samples.frames_per_step / fps
    strong = beat.accents(envelope, samples.frames_per_step) / fps
    at = np.arange(len(envelope)) * step
    axes.bar(at, envelope, width=step * 0.8, color="#f0c7a8", label=ENVELOPE)
    tops = np.interp(strong, at, envelope)
    axes.plot(strong, tops, "v", color=MUSIC_COLOUR, label="its accents", markersize=7)
    axes.set_ylabel("accent (no unit)", color=MUSIC_COLOUR)
    axes.set_ylim(0, max(float(envelope.max()), 1.0) * 1.2)
    axes.set_xlim(-step, len(envelope) * step)
    joints = smpl_joints(world)
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(axis=1) * fps
    soft = gaussian_filter1d(speed, beat.SOFTEN)
    moves = beat.motion_beats(joints)
    other = axes.twinx()
    other.plot(np.arange(len(soft)) / fps, soft, color=DANCE_COLOUR)
    other.plot(moves / fps, soft[moves], "o", color=DANCE_COLOUR, markersize=7)
    other.set_ylabel("mean joint speed, m/s", color=DANCE_COLOUR)
    other.set_ylim(0, float(soft.max()) * 1.2)
    # Drawn on the twin axes; named here so that one legend has all.
    axes.plot([], [], color=DANCE_COLOUR, label="speed of the dance")
    axes.plot([], [], "o", color=DANCE_COLOUR, label="its beats (minima)")


def latents(samples: Samples) -> Figure:
    """z' of the test windows of both domains on their two main axes."""
    music, dance = samples.latents["music"], samples.latents["dance"]
    points, share = plane(np.concatenate([music, dance]))
    is_music = np.arange(len(points)) < len(music)
    energy = np.concatenate(
        [_ranks(density(samples.music["real"])), _ranks(samples.dance["real"].speed())]
    )
    figure = _figure(12, 5.2)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for mask, name, colour in (
        (is_music, "music", MUSIC_COLOUR), (~is_music, "dance", DANCE_COLOUR)
    ):  # fmt: skip
        left.scatter(*points[mask].T, s=10, alpha=0.6, color=colour, label=name, linewidths=0)
    left.legend(frameon=False, markerscale=2)
    left.set_title("by domain", loc="left")
    for mask, marker in ((is_music, "o"), (~is_music, "^")):
        shown = right.scatter(
            *points[mask].T, s=12, c=energy[mask], marker=marker, cmap="viridis", vmin=0, vmax=1,
            linewidths=0,
        )  # fmt: skip
    figure.colorbar(shown, ax=right, label="energy: rank among its domain (onsets; speed)")
    right.set_title("by energy (dots music, triangles dance)", loc="left")
    for axes in (left, right):
        axes.set_xlabel(f"first axis ({share[0]:.0%} of the variance)")
    left.set_ylabel(f"second axis ({share[1]:.0%} of the variance)")
    return figure


def plane(points: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (N, size) on their two principal axes (N, 2), and the share of variance of each."""
    centred = points - points.mean(axis=0)
    _, size, axes = np.linalg.svd(centred, full_matrices=False)
    share = size**2 / max(float((size**2).sum()), 1e-12)
    return np.asarray(centred @ axes[:2].T, np.float64), np.asarray(share[:2])


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(values.argsort().argsort() / max(1, len(values) - 1), np.float64)


def collapse(samples: Samples) -> Figure:
    """The collapse panel of each VAE as bars beside what counts as collapsed."""
    names = list(samples.panels)
    rows = (
        ("KL, nats a window", [p["kl"] for p in samples.panels.values()], FEWEST_NATS),
        (
            "active units, share",
            [p["active"] / max(p["units"], 1) for p in samples.panels.values()],
            None,
        ),
        (
            "variance of outputs / inputs",
            [p["variance_ratio"] for p in samples.panels.values()],
            LEAST_VARIANCE,
        ),
    )
    figure = _figure(11, 3.6)
    for axes, (title, values, limit) in zip(figure.subplots(1, 3), rows, strict=True):
        bars = axes.bar(names, values, color=["#c2571a", "#2f855a", "#6b46c1"][: len(names)])
        axes.bar_label(bars, fmt="{:.3g}", padding=2)
        axes.set_title(title, loc="left")
        axes.set_ylim(0, max(max(values), limit or 0) * 1.18 or 1)
        if limit is not None:
            axes.axhline(limit, color="#c53030", linestyle="--", linewidth=1)
    figure.supxlabel("dashed: below it a VAE counts as collapsed", fontsize=9)
    return figure


_ROLLS = (
    "Music: onsets in full colour, what is held paler. A good model fills all three parts, keeps "
    "the bar's pattern and does not copy."
)
_FIGURES = (
    "Dance, a figure a beat, seen from the front: the dancer's left green, right violet. Look for "
    "reach, bent knees, feet on the line of the floor."
)
_BEATS = (
    "Do minima of speed (dots) fall on accents (triangles)? One window each way; the tables have "
    "all, with their null."
)
_LATENTS = (
    "z' of the test windows. By domain the two clouds should lie on each other; by energy colours "
    "should agree where they do."
)
_COLLAPSE = "Does each VAE still say something about what went in?"
