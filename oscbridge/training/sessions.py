"""Sessions: music and the dance that was danced to it, recorded by one person. True pairs.

A session is a song and a dance of one name in one folder (`take1.mid` and `take1.npz`). The dance
lies on the song's beats: by its own where its file tells them, else by its seconds from the song's
start. A song that several danced to (`take1-p1.npz`, `take1-p2.npz`) is a session with each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import key
from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip
from oscbridge.domain.score import Score, from_clip, joined
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW
from oscbridge.errors import FileError
from oscbridge.io.dance_file import read_dance_to
from oscbridge.io.midi_file import read_clip
from oscbridge.training import sources
from oscbridge.training.corpus import NothingToLearnError
from oscbridge.training.score_windows import ScoreWindows, tempo_at
from oscbridge.training.studio_dance import DanceWindows, cut

FEWEST_NOTES = 4
"""Notes that must start in a window of a session for it to be learnt from."""
BLOCK, EVERY = 32, 5
"""Beats of which every fifth so many are held out, to measure with what was never learnt."""
_BEATS = WINDOW // STEPS_PER_BEAT


@dataclass(frozen=True)
class Session:
    """A clip and the dance to it, its beats the clip's."""

    name: str
    clip: Clip
    dance: Dance


@dataclass(frozen=True)
class Paired:
    """N windows of music and, row by row, of the dance to it; `held_out` (N,): those no window of
    the others shares a beat with.
    """

    music: ScoreWindows
    dance: DanceWindows
    held_out: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.music)

    def chosen(self, rows: NDArray[np.bool_]) -> Paired:
        """Those windows."""
        return Paired(self.music.take(rows), self.dance.chosen(rows), self.held_out[rows])


def find(paths: Iterable[Path]) -> list[tuple[Path, Path]]:
    """The song and the dance of every session in the folders and files.

    Raises FileError where a path is missing or there is no session.
    """
    paths = list(paths)
    pairs = [(r.mate, r.path) for r in sources.find(paths) if r.kind == "take" and r.mate]
    if not pairs:
        raise FileError(
            paths[0] if paths else Path(),
            "no session here: a song and a dance of one name in one folder, such as take1.mid and "
            "take1.npz",
        )
    return pairs


def read(song: Path, dance: Path) -> Session:
    """One session. Raises FileError."""
    clip = read_clip(song)
    return Session(song.stem, clip, read_dance_to(dance, clip.timeline).dance)


def windows(sessions: Sequence[Session]) -> Paired:
    """Windows of all sessions, one a beat. Raises NothingToLearnError if there is none."""
    found = [(s.clip, part) for s in sessions if len(part := _windows(s))]
    spans: dict[Clip, tuple[float, float]] = {}
    for clip, part in found:
        first, last = spans.get(clip, (np.inf, -np.inf))
        beats = part.dance.beat
        spans[clip] = min(first, float(beats.min())), max(last, float(beats.max()) + _BEATS)
    parts = [_parted(part, *spans[clip]) for clip, part in found]
    if not parts:
        raise NothingToLearnError(
            "the sessions hold no two bars in which music plays and somebody dances; record longer "
            "ones, and see that song and dance begin together"
        )
    return Paired(
        ScoreWindows.joined([part.music for part in parts]),
        DanceWindows.joined([part.dance for part in parts]),
        np.concatenate([part.held_out for part in parts]),
    )


def _windows(session: Session) -> Paired:
    score = from_clip(session.clip)
    dance = cut(session.dance, session.clip.timeline)
    cuts = [(row, _at(score, beat)) for row, beat in enumerate(dance.beat)]
    kept = [
        (row, s) for row, s in cuts if s is not None and sum(s.onsets().values()) >= FEWEST_NOTES
    ]
    rows = np.array([row for row, _ in kept], np.intp)
    scores = [s for _, s in kept]
    beats = dance.beat[rows]
    music = ScoreWindows(
        joined(scores) if scores else Score.silent(0),
        np.array([key.shift_to_c(key.root(s)) for s in scores], np.int8),
        np.array([session.name] * len(scores), np.str_),
        beats.astype(np.int32),
        np.array([tempo_at(session.clip, float(b)) for b in beats], np.float32),
    )
    return Paired(music, dance.chosen(rows), np.zeros(len(rows), np.bool_))


def _parted(every: Paired, first: float, last: float) -> Paired:
    """With the windows of the held-out blocks between two beats, those of all who danced to the
    song, as held out, and without those across an edge.
    """
    within, across = _held_out(every.dance.beat, first, last)
    return replace(every, held_out=within).chosen(~across)


def _at(score: Score, beat: float) -> Score | None:
    start = round(beat * STEPS_PER_BEAT)
    return score.cut(start, start + WINDOW) if 0 <= start <= score.steps - WINDOW else None


def _held_out(
    beats: NDArray[np.float64], first: float, last: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which windows lie within a held-out block, and which lie across its edge (N,)."""
    block = min(float(BLOCK), (last - first) / EVERY)
    starts = np.arange(first + (EVERY - 1) * block, last, EVERY * block)
    ends = starts + block + (1e-6 if block < BLOCK else 0)
    apart = (beats[:, None] + _BEATS <= starts) | (beats[:, None] >= ends)
    within = ((beats[:, None] >= starts) & (beats[:, None] + _BEATS <= ends)).any(axis=1)
    return np.asarray(within), np.asarray(~within & ~apart.all(axis=1))
