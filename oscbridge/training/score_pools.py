"""What the studio music VAE is shown: full windows, and for each part more of its own kind, drawn
into minibatches that no two epochs see alike.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain import key
from oscbridge.domain.music import Part
from oscbridge.domain.score import (
    KEYED_BASS,
    KEYED_MELODY,
    REST,
    USUAL_VELOCITY,
    PitchRange,
    Score,
    from_clip,
    joined,
)
from oscbridge.domain.score_channels import to_input
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW
from oscbridge.errors import FileError
from oscbridge.io.midi_file import read_clip
from oscbridge.training import score_variations as variations
from oscbridge.training.score_windows import ScoreWindows, Song, each_window, picked
from oscbridge.training.windows import FEWEST_ONSETS

FEWEST_DRUMMED = 6
"""Hits a window of a drummer's performance must have."""


@dataclass(frozen=True)
class Chances:
    """How likely a window's part is taken from elsewhere: `groove` and `drums` (of a drummer, of
    another place in the songs), `bass`, `melody`; how likely `key` is jittered, or a line moved by
    an `octave`; and how likely a part goes on as another window of the songs from some beat on
    (`turn`), so that beats are met in company they never had.

    Of new music: how likely a line has the pitches of another (`repitched`), is moved by up to
    three `degrees` of the scale, or the drums take half of their `lanes` from another window.
    """

    groove: float = 0.3
    drums: float = 0.2
    bass: float = 0.3
    melody: float = 0.5
    key: float = 0.15
    octave: float = 0.1
    turn: float = 0.0
    repitched: float = 0.3
    degrees: float = 0.2
    lanes: float = 0.3


@dataclass(frozen=True)
class Pools:
    """Scores in C of windows end to end: `full` ones, and those of which only one part is taken."""

    full: Score
    groove: Score
    drums: Score
    bass: Score
    melody: Score

    def batch(
        self, size: int, chances: Chances, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Channels (B, 32, F), hits' timing (B, 32, 12) and whether it is known (B,)."""
        score = _drawn(self.full, size, rng)
        timed = np.zeros(size, np.bool_)
        for chance, pool, names in (
            (chances.drums, self.drums, ("drums",)),
            (chances.groove, self.groove, ("drums", "drum_timing")),
            (chances.bass, self.bass, ("bass_pitch", "bass_velocity")),
            (chances.melody, self.melody, ("melody_pitch", "melody_velocity")),
        ):
            swapped = rng.random(size) < chance
            if pool.steps and swapped.any():
                score = _with(score, names, swapped, _drawn(pool, int(swapped.sum()), rng))
                timed = swapped if pool is self.groove else timed
        score = _turned(score, _drawn(self.full, size, rng), ~timed * chances.turn, rng)
        score = self._varied(score, ~timed, chances, rng)
        jitter = rng.integers(-6, 6, size) * (rng.random(size) < chances.key)
        score = replace(
            score,
            bass_pitch=_moved(score.bass_pitch, KEYED_BASS, jitter, chances.octave, rng),
            melody_pitch=_moved(score.melody_pitch, KEYED_MELODY, jitter, chances.octave, rng),
        )
        x = torch.from_numpy(to_input(score).reshape(size, WINDOW, -1))
        timing = torch.from_numpy(score.drum_timing.reshape(size, WINDOW, -1))
        return x, timing, torch.from_numpy(timed.astype(np.float32))

    def _varied(
        self, score: Score, untimed: NDArray[np.bool_], chances: Chances, rng: np.random.Generator
    ) -> Score:
        """Windows with lanes and pitches of others."""
        size = score.steps // WINDOW
        rows = untimed & (rng.random(size) < chances.lanes)
        others = _drawn(self.drums if self.drums.steps else self.full, size, rng)
        return replace(
            score,
            drums=variations.lanes_mixed(score.drums, others.drums, rows, rng),
            bass_pitch=_repitched(score, "bass", KEYED_BASS, self.bass, chances, rng),
            melody_pitch=_repitched(score, "melody", KEYED_MELODY, self.melody, chances, rng),
        )


def _repitched(
    score: Score, name: str, pitches: PitchRange, pool: Score, chances: Chances,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:  # fmt: skip
    """Pitches of a line whose windows have those of others or are moved by degrees of the scale."""
    pool = pool if pool.steps else score
    lines, struck = (a.copy() for a in _line(score, name))
    rows = np.flatnonzero(rng.random(len(lines)) < chances.repitched)
    theirs, loud = _line(_drawn(pool, len(rows), rng), name)
    for i, row in enumerate(rows):
        lines[row] = variations.repitched(lines[row], struck[row], theirs[i], loud[i])
    for row in np.flatnonzero(rng.random(len(lines)) < chances.degrees):
        lines[row] = variations.by_degrees(lines[row], int(rng.integers(-3, 4)), pitches)
    return lines.reshape(-1)


def _line(score: Score, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pitches and velocities of a line, (N, 32) each."""
    pitch, velocity = (getattr(score, f"{name}_{what}") for what in ("pitch", "velocity"))
    return pitch.reshape(-1, WINDOW), velocity.reshape(-1, WINDOW)


def _drawn(pool: Score, size: int, rng: np.random.Generator) -> Score:
    return picked(pool, rng.integers(pool.steps // WINDOW, size=size))


def _with(score: Score, names: Sequence[str], rows: NDArray[np.bool_], other: Score) -> Score:
    """The score with these arrays of these windows taken from the other."""
    steps = np.repeat(rows, WINDOW)
    changed = {}
    for name in names:
        values = getattr(score, name).copy()
        values[steps] = getattr(other, name)
        changed[name] = values
    return replace(score, **changed)


def _turned(
    score: Score, other: Score, chances: NDArray[np.floating], rng: np.random.Generator
) -> Score:
    """Windows of which a part becomes that of the other's, from any beat on, as likely as each
    window's chance (N,).
    """
    size = score.steps // WINDOW
    changed = {}
    for names in _PARTS:
        beat = rng.integers(1, WINDOW // STEPS_PER_BEAT, size)
        beat = np.where(rng.random(size) < chances, beat, WINDOW)
        late = (np.arange(WINDOW) >= STEPS_PER_BEAT * beat[:, None]).reshape(-1)
        for name in names:
            ours, theirs = getattr(score, name), getattr(other, name)
            changed[name] = np.where(late.reshape(-1, *[1] * (ours.ndim - 1)), theirs, ours)
        if names[0].endswith("pitch"):
            changed[names[1]] = _begun(changed[names[0]], changed[names[1]])
    return replace(score, **changed)


_PARTS = (
    ("drums", "drum_timing"),
    ("bass_pitch", "bass_velocity"),
    ("melody_pitch", "melody_velocity"),
)


def _begun(pitch: NDArray[np.uint8], velocity: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The velocities with an onset wherever a pitch begins amid a window without one."""
    lines, loud = pitch.reshape(-1, WINDOW), velocity.reshape(-1, WINDOW).copy()
    new = (lines[:, 1:] != lines[:, :-1]) & (lines[:, 1:] != REST) & (loud[:, 1:] == 0)
    loud[:, 1:][new] = USUAL_VELOCITY
    return loud.reshape(-1)


def _moved(
    pitch: NDArray[np.uint8],
    pitches: PitchRange,
    shift: NDArray[np.integer],
    octave: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Windows of a line moved by semitones (N,) and some by an octave, those that would leave the
    range by an octave less or more.
    """
    size = len(shift)
    shift = shift + 12 * rng.choice((-1, 1), size) * (rng.random(size) < octave)
    line = pitch.reshape(size, WINDOW).astype(np.intp)
    high = line.max(axis=1)
    low = np.where(line == REST, 255, line).min(axis=1)
    shift = shift - 12 * np.ceil(np.maximum(high + shift - pitches.high, 0) / 12).astype(np.intp)
    shift = shift + 12 * np.ceil(np.maximum(pitches.low - low - shift, 0) / 12).astype(np.intp)
    fits = high + shift <= pitches.high
    moved = np.where(line == REST, REST, line + np.where(fits, shift, 0)[:, None])
    return moved.astype(np.uint8).reshape(-1)


def gather(
    full: ScoreWindows, songs: Sequence[Song], groove: Sequence[Score], held_out: Sequence[Song]
) -> Pools:
    """The pools of training songs. A part that is the very same, in C, as one of a held-out song
    is left out of the single parts' pools.
    """
    pools = {}
    for part, name in ((Part.DRUMS, "drums"), (Part.BASS, "bass"), (Part.MELODY, "melody")):
        known = {_bytes(s, part) for s in _parts(held_out, part)}
        pools[name] = _distinct(_parts(songs, part), part, known)
    drummed = (
        w for s in groove for w in each_window(s) if np.count_nonzero(w.drums) >= FEWEST_DRUMMED
    )
    return Pools(full.in_c(), _distinct(drummed, Part.DRUMS, set()), **pools)


def _parts(songs: Sequence[Song], part: Part) -> Iterable[Score]:
    """Windows in C in which the part plays; for the melody of every voice that could lead."""
    for song in songs:
        own = from_clip(song.clip)
        lines = (own, *song.voices) if part is Part.MELODY else (own,)
        shifts = [key.shift_to_c(key.root(w)) for w in each_window(own)]
        for line in lines:
            for window, shift in zip(each_window(line), shifts, strict=False):
                if window.onsets()[part] >= FEWEST_ONSETS[part]:
                    yield window.shifted(shift)


_ARRAYS: dict[Part, Callable[[Score], tuple[NDArray[np.generic], ...]]] = {
    Part.DRUMS: lambda s: (s.drums > 0,),
    Part.BASS: lambda s: (s.bass_pitch, s.bass_velocity > 0),
    Part.MELODY: lambda s: (s.melody_pitch, s.melody_velocity > 0),
}


def _bytes(score: Score, part: Part) -> bytes:
    return b"".join(array.tobytes() for array in _ARRAYS[part](score))


def _distinct(scores: Iterable[Score], part: Part, known: set[bytes]) -> Score:
    kept: dict[bytes, Score] = {}
    for score in scores:
        name = _bytes(score, part)
        if name not in known:
            kept.setdefault(name, score)
    return joined(list(kept.values())) if kept else Score.silent(0)


def read_groove(folder: Path, split: str) -> list[Score]:
    """The 4/4 performances of one of Groove's own splits (train, validation, test), with the
    drummers' velocities and timing. Raises FileError if `info.csv` is not there.
    """
    table = folder / "info.csv"
    if not table.is_file():
        raise FileError(table, "not there; give the folder of the Groove MIDI dataset")
    with table.open(encoding="utf-8", newline="") as file:
        rows = [
            r for r in csv.DictReader(file)
            if r["time_signature"] == "4-4" and r["split"] == split
        ]  # fmt: skip
    paths = [folder / r["midi_filename"] for r in rows]
    return [from_clip(read_clip(path)) for path in paths if path.is_file()]
