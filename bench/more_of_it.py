"""How variations and continuations of songs keep to them.

    python3 bench/more_of_it.py SONG.mid ...

Of every eighth bar on of each song, four bars are varied and the two after them are made anew.
Prints how alike onsets are (F1: drums by step and lane, others by step and pitch class), and how
many pitched notes lie in the scale of the bars' key, beside the same of the song's next bars.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from oscbridge.config import DEFAULT_MODEL
from oscbridge.domain import key, score
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.sampling import Sampling
from oscbridge.engine.loading import load
from oscbridge.io import model_files
from oscbridge.io.midi_file import read_clip
from oscbridge.shipped import MODELS

BAR, EVERY = 4.0, 8


def cut(clip: Clip, first: float, last: float) -> Clip:
    """Those beats of it."""
    notes = tuple(replace(n, start=n.start - first) for n in clip.notes if first <= n.start < last)
    return Clip(notes, last - first)


def f1(a: set[tuple[int, ...]], b: set[tuple[int, ...]]) -> float:
    """How alike onsets are."""
    return 2 * len(a & b) / max(1, len(a) + len(b))


def struck(clip: Clip) -> set[tuple[int, ...]]:
    """Steps and lanes at which drums are struck."""
    return {(int(step), int(lane)) for step, lane in np.argwhere(score.from_clip(clip).drums > 0)}


def pitched(clip: Clip) -> set[tuple[int, ...]]:
    """Steps, parts and pitch classes of the other onsets."""
    notes = (n for n in clip.notes if n.part is not Part.DRUMS)
    return {(round(4 * n.start), int(n.part), n.pitch % 12) for n in notes}


def in_key_of(clip: Clip, other: Clip) -> float:
    """Share of pitched notes in the scale of the other's key."""
    shift = key.shift_to_c(int(key.smoothed([key.fits(score.from_clip(other))])[0]))
    moved = tuple(
        sorted(
            n if n.part is Part.DRUMS else replace(n, pitch=(n.pitch + shift) % 12 + 60)
            for n in clip.notes
        )
    )
    tones = [n.pitch % 12 for n in moved if n.part is not Part.DRUMS]
    return float(np.mean([tone in {0, 2, 4, 5, 7, 9, 11} for tone in tones] or [np.nan]))


def main(songs: list[str]) -> None:
    """Prints the table."""
    bridge = load(model_files.find([MODELS], DEFAULT_MODEL))
    rows: dict[str, list[tuple[float, float, float]]] = {}

    def note(name: str, made: Clip, of: Clip) -> None:
        drums, others = f1(struck(made), struck(of)), f1(pitched(made), pitched(of))
        row = (drums, others, in_key_of(made, of))
        rows.setdefault(name, []).append(row)

    for song in map(read_clip, map(Path, songs)):
        for bar in range(0, int(song.length / BAR) - 6, EVERY):
            now, after = cut(song, bar * BAR, bar * BAR + 16), bar * BAR + 16
            last = cut(song, after - 8, after)
            if len(now.notes) < 16 or len(last.notes) < 8:
                continue
            note("its own next two bars, against the two before", cut(song, after, after + 8), last)
            for temperature in (0.0, 0.5, 1.0, 2.0):
                asked = Sampling(bar, temperature)
                name = f"two bars continued, temperature {temperature:g}, against the two before"
                note(name, bridge.continue_music(now, 2, asked), last)
            note(
                "new music, against the same two",
                bridge.generate(bars=2, tempo=120.0, sampling=Sampling(bar, 1.0)),
                last,
            )
            for amount in (0.0, 0.25, 0.5, 0.75, 1.0):
                made = bridge.vary_music(now, amount, Sampling(bar, 1.0))
                note(f"four bars varied, amount {amount:g}, against themselves", made, now)
    click.echo(f"{'':66} drums F1  pitched F1  in its key   n")
    for name, found in rows.items():
        drums, others, tonal = np.nanmean(np.array(found), axis=0)
        click.echo(f"{name:66} {drums:8.2f}  {others:10.2f}  {tonal:10.2f} {len(found):5}")


if __name__ == "__main__":
    main(sys.argv[1:])
