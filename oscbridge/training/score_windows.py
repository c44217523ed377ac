"""Two-bar windows of songs as scores, and what the parts of a song give to learn from by
themselves: its drums where no bass plays, and every voice that could have led.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import key
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.parts import BASS_PROGRAMS, DRUM_CHANNEL, FIRST_EFFECT, Played
from oscbridge.domain.score import KEYED_BASS, KEYED_MELODY, LANES, Score, from_clip, joined
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW
from oscbridge.io.midi_file import read_clip, read_played
from oscbridge.training.windows import ALIKE_ROLLS, FEWEST_ONSETS

BEATS_IN_BAR = 4
_ROWS_AT_ONCE = 2048


@dataclass(frozen=True)
class Song:
    """A song to cut: `voices` are lines besides its melody that could lead, each as a score whose
    melody it is.
    """

    name: str
    clip: Clip
    voices: tuple[Score, ...] = ()


def read_song(path: Path) -> Song:
    """The song in a MIDI file with all its voices. Raises FileError."""
    clip = read_clip(path)
    lines: dict[object, list[Played]] = {}
    for note in read_played(path):
        voice = note.voice
        pitched = voice.channel != DRUM_CHANNEL and voice.program not in BASS_PROGRAMS
        if pitched and voice.program < FIRST_EFFECT:
            lines.setdefault(voice, []).append(note)
    voices = (
        from_clip(replace(clip, notes=tuple(sorted(p.as_part(Part.MELODY) for p in line))))
        for line in lines.values()
    )
    return Song(path.stem, clip, tuple(voices))


@dataclass(frozen=True)
class ScoreWindows:
    """N windows: their `score` (N x 32 steps end to end, in its own keys), the `shift` (N,) that
    brings each to C, and of each the `song` (N,), first `beat` (N,) and `tempo` (N,).
    """

    score: Score
    shift: NDArray[np.int8]
    song: NDArray[np.str_]
    beat: NDArray[np.int32]
    tempo: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.shift)

    @classmethod
    def joined(cls, parts: Sequence[ScoreWindows]) -> ScoreWindows:
        """All windows of the parts, in order."""
        names = [f.name for f in fields(cls) if f.name != "score"]
        rest = {name: np.concatenate([getattr(p, name) for p in parts]) for name in names}
        return cls(score=joined([p.score for p in parts]), **rest)

    def take(self, rows: NDArray[np.integer | np.bool_]) -> ScoreWindows:
        """These windows only."""
        return ScoreWindows(
            picked(self.score, rows),
            self.shift[rows], self.song[rows], self.beat[rows], self.tempo[rows],
        )  # fmt: skip

    def on_bars(self) -> ScoreWindows:
        """Those of them that start with a bar of 4/4."""
        return self.take(self.beat % BEATS_IN_BAR == 0)

    def in_c(self) -> Score:
        """The score with every window shifted to C."""
        return self.score.shifted(np.repeat(self.shift.astype(np.intp), WINDOW))


def picked(score: Score, rows: NDArray[np.integer | np.bool_]) -> Score:
    """These windows of a score of windows end to end."""
    values = (getattr(score, f.name) for f in fields(score))
    chosen = (v.reshape(-1, WINDOW, *v.shape[1:])[rows] for v in values)
    return Score(*(v.reshape(-1, *v.shape[2:]) for v in chosen))


def each_window(score: Score) -> Iterator[Score]:
    """The windows of a score, one a beat."""
    for start in range(0, score.steps - WINDOW + 1, STEPS_PER_BEAT):
        yield score.cut(start, start + WINDOW)


def each_window_of(windows: Score) -> Iterator[Score]:
    """Windows end to end, one after the other."""
    for start in range(0, windows.steps, WINDOW):
        yield windows.cut(start, start + WINDOW)


def cut(songs: Sequence[Song]) -> ScoreWindows:
    """Every window, one a beat, in which all three parts play, without repeats (by notes, in C)."""
    scores: list[Score] = []
    told: list[tuple[int, str, int, float]] = []
    seen: set[bytes] = set()
    for song in songs:
        for beat, score in enumerate(each_window(from_clip(song.clip))):
            if any(score.onsets()[part] < fewest for part, fewest in FEWEST_ONSETS.items()):
                continue
            shift = key.shift_to_c(key.root(score))
            name = notes_of(score.shifted(shift))
            if name not in seen:
                seen.add(name)
                scores.append(score)
                told.append((shift, song.name, beat, tempo_at(song.clip, beat)))
    shifts, names, beats, tempos = zip(*told, strict=True) if told else ((), (), (), ())
    return ScoreWindows(
        joined(scores) if scores else Score.silent(0),
        np.array(shifts, np.int8), np.array(names, np.str_), np.array(beats, np.int32),
        np.array(tempos, np.float32),
    )  # fmt: skip


def tempo_at(clip: Clip, beat: float) -> float:
    """Beats a minute at that beat."""
    return [t.bpm for t in clip.timeline.tempos if t.beat <= beat + 1e-9][-1]


def notes_of(score: Score) -> bytes:
    """What two windows of the same notes share, whatever their velocities and timing."""
    lines = (score.bass_pitch, score.bass_velocity > 0, score.melody_pitch)
    parts = (score.drums > 0, *lines, score.melody_velocity > 0)
    return b"".join(part.tobytes() for part in parts)


def cells(score: Score) -> NDArray[np.bool_]:
    """What sounds in windows end to end, in C: (N, 32 x rows)."""
    rows = [score.drums > 0]
    for pitch, pitches in ((score.bass_pitch, KEYED_BASS), (score.melody_pitch, KEYED_MELODY)):
        rows.append(pitch[:, None] == np.arange(pitches.low, pitches.high + 1))
    return np.concatenate(rows, axis=1).reshape(-1, WINDOW * (LANES + _LINE_ROWS))


_LINE_ROWS = len(KEYED_BASS) + len(KEYED_MELODY)


def unlike(windows: ScoreWindows, others: ScoreWindows) -> ScoreWindows:
    """Those of the windows that, brought to C, are near-duplicates of none of the others."""
    if not len(windows) or not len(others):
        return windows
    score, theirs = windows.in_c(), cells(others.in_c()).astype(np.float32)
    near = []
    for first in range(0, len(windows), _ROWS_AT_ONCE):
        rows = np.arange(first, min(first + _ROWS_AT_ONCE, len(windows)))
        ours = cells(picked(score, rows)).astype(np.float32)
        both = ours @ theirs.T  # cells that sound in both
        either = ours.sum(axis=1)[:, None] + theirs.sum(axis=1) - both
        near.append((both >= ALIKE_ROLLS * either).any(axis=1))
    return windows.take(~np.concatenate(near))
