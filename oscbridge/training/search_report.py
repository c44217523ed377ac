"""The results of a search: tables, JSON, a page of Markdown and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from oscbridge.errors import FileError
from oscbridge.training import tables as rendering
from oscbridge.training.search import Result
from oscbridge.training.search_space import own
from oscbridge.training.search_trials import Trial, ordered
from oscbridge.training.tables import Table

TOLD = 10
"""Trials of each VAE in the terminal's tables."""
_JSON, _MARKDOWN, _PICTURE = "search.json", "search.md", "search.png"
_TITLES = {"midi_vae": "Music VAE", "pose_vae": "Pose VAE", "bridge_vae": "Bridge VAE"}
_COLOURS = {"midi_vae": "#c2571a", "pose_vae": "#2f855a", "bridge_vae": "#6b46c1"}
_COLLAPSED, _CHOSEN = "#999999", "#c53030"
_SHORT = {"learning_rate": "rate", "kl_weight": "KL", "swd_weight": "SWD"}


def tables(preset: str, results: Sequence[Result], most: int | None = None) -> list[Table]:
    """A table a VAE, the best trial first; with `most`, that many rows of each."""
    return [_table(preset, result, most) for result in results]


def _table(preset: str, result: Result, most: int | None) -> Table:
    trials = ordered(result.trials, result.figure)
    shown = trials[:most]
    columns = list(dict.fromkeys(name for t in trials for name in t.figures))
    columns.sort(key=lambda name: name != result.figure)  # what decides comes first
    fixed, varied = _fixed(result), varying(result.trials)
    rows = tuple(
        (
            _name(preset, result, trial, varied),
            (*(trial.figures.get(name) for name in columns), trial.seconds),
        )
        for trial in shown
    )
    notes = [f"Chosen by {result.figure} on validation windows (*)."]
    if fixed:
        notes.append(f"All with {described(fixed)}.")
    if len(shown) < len(trials):
        notes.append(f"{len(trials) - len(shown)} more in {_MARKDOWN}.")
    failed = [trial.failed for trial in shown if trial.failed]
    notes += [f"Failed: {why}." for why in dict.fromkeys(failed)]
    title = f"{_TITLES[result.net]}: {len(trials)} trials"
    return Table(title, (*columns, "seconds"), rows, " ".join(notes))


def _name(preset: str, result: Result, trial: Trial, varied: Sequence[str]) -> str:
    marks = [
        " *" * (trial is result.chosen or trial == result.chosen),
        " (the preset's own)" * own(preset, trial.net, trial.settings),
        " COLLAPSED" * (trial.collapsed and not trial.failed),
        " FAILED" * bool(trial.failed),
    ]
    return (described({n: trial.settings[n] for n in varied}) or "as it is") + "".join(marks)


def described(settings: Mapping[str, Any]) -> str:
    """Settings in words: `hidden 512-256-128, rate 0.001`."""
    return ", ".join(f"{_SHORT.get(n, n)} {worded(v)}" for n, v in settings.items())


def worded(value: Any) -> str:
    """A value of a setting in words."""
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else f"{value:g}"


def varying(trials: Sequence[Trial]) -> list[str]:
    """Names of which the trials have more than one value."""
    names = dict.fromkeys(name for trial in trials for name in trial.settings)
    return [n for n in names if len({worded(t.settings[n]) for t in trials}) > 1]


def _fixed(result: Result) -> dict[str, Any]:
    varied = varying(result.trials)
    first = result.trials[0].settings if result.trials else {}
    return {name: value for name, value in first.items() if name not in varied}


def write(
    folder: Path, preset: str, results: Sequence[Result], command: str, facts: Mapping[str, Any]
) -> None:
    """Put `search.json`, `search.md` and `search.png` into the folder. Raises FileError.

    `facts`: what else is to be known of the search (JSON-able).
    """
    told = {
        "preset": preset,
        "command": command,
        **facts,
        "vaes": [
            {
                "net": result.net,
                "chosen_by": result.figure,
                "chosen": result.chosen.settings if result.chosen else None,
                "trials": [
                    asdict(trial) | {"chosen": trial == result.chosen}
                    for trial in ordered(result.trials, result.figure)
                ],
            }
            for result in results
        ],
    }
    page = rendering.markdown(tables(preset, results), command)
    try:
        (folder / _JSON).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
        (folder / _MARKDOWN).write_text(page + f"\n![{_PICTURE}]({_PICTURE})\n", "utf-8")
        (folder / _PICTURE).write_bytes(png(picture(results)))
    except OSError as error:
        raise FileError(folder, f"cannot be written: {error.strerror or error}") from error


def png(figure: Figure) -> bytes:
    """The figure as a PNG."""
    out = BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight", pad_inches=0.12)
    return out.getvalue()


def picture(results: Sequence[Result]) -> Figure:
    """A row of panels a VAE: each trial over each setting that varies."""
    names = [varying(result.trials) or [""] for result in results]
    wide = max(len(row) for row in names)
    size = (max(5.0, 2.9 * wide), 2.9 * len(results) + 0.4)
    figure = Figure(figsize=size, dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(results), wide, squeeze=False, sharey="row")
    for line, result, row in zip(grid, results, names, strict=True):
        for panel, name in zip(line, row, strict=False):
            _panel(panel, result, name)
        for panel in line[len(row) :]:
            panel.set_axis_off()
        line[0].set_title(_TITLES[result.net], loc="left", fontsize=10)
        line[0].set_ylabel(f"{result.figure}, validation")
    figure.supxlabel(
        "dots: trials; line: best of each value; crosses: collapsed; ring: chosen", fontsize=9
    )
    return figure


def _panel(axes: Axes, result: Result, name: str) -> None:
    drawn = [trial for trial in result.trials if result.figure in trial.figures]
    values = {worded(t.settings[name]): t.settings[name] for t in drawn} if name else {"": 0}
    order = sorted(values, key=lambda word: values[word])
    places = [order.index(worded(t.settings[name])) if name else 0 for t in drawn]
    spread = np.random.default_rng(0).uniform(-0.08, 0.08, len(drawn))
    for trial, place, aside in zip(drawn, places, spread, strict=True):
        height = trial.figures[result.figure]
        if trial == result.chosen:
            axes.plot(
                place + aside, height, "o", markersize=12, markerfacecolor="none",
                markeredgecolor=_CHOSEN, markeredgewidth=1.6,
            )  # fmt: skip
        style = ("x", _COLLAPSED) if trial.collapsed else ("o", _COLOURS[result.net])
        axes.plot(place + aside, height, style[0], color=style[1], markersize=5, alpha=0.8)
    _line(axes, result, drawn, places)
    words = [word.replace("-", "-\n") for word in order]  # a layer a line
    axes.set_xticks(range(len(order)), words, fontsize=8)
    axes.set_xlim(-0.5, max(1, len(order)) - 0.5)
    axes.set_xlabel(name)
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)


def _line(axes: Axes, result: Result, drawn: Sequence[Trial], places: Sequence[int]) -> None:
    leaders: dict[int, Trial] = {}
    for trial, place in zip(drawn, places, strict=True):
        leader = leaders.get(place)
        if trial.eligible and (
            leader is None or trial.rank(result.figure) < leader.rank(result.figure)
        ):
            leaders[place] = trial
    across = sorted(leaders)
    heights = [leaders[place].figures[result.figure] for place in across]
    axes.plot(across, heights, "-", color=_COLOURS[result.net], linewidth=1.2, alpha=0.7)
