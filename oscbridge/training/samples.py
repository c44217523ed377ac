"""What a report is made of, whatever the preset: windows of music and dance, real and made.

Numpy values only. A preset fills in `Samples` (`report.paper` does for `paper`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from oscbridge.domain import skeleton
from oscbridge.domain.floor import stand
from oscbridge.domain.pianoroll import BASS_LOW, BASS_ROWS, DRUM_ROWS, MELODY_ROWS
from oscbridge.domain.timeline import DEFAULT_TEMPO, STEPS_PER_BEAT

FPS = 60.0
"""Frames a second that dances are measured at."""


@dataclass(frozen=True)
class PartRoll:
    """One part of N windows: `held` and `onsets` (N, steps, rows) bool; `lowest` the MIDI note of
    row 0, None for drums.
    """

    held: NDArray[np.bool_]
    onsets: NDArray[np.bool_]
    lowest: int | None = None

    @classmethod
    def line(
        cls, pitch: NDArray[Any], onset: NDArray[np.bool_], lowest: int, rows: int
    ) -> PartRoll:
        """A line of one note at a time: MIDI `pitch` (N, steps), below `lowest` for a rest, and
        where its notes start (N, steps).
        """
        held = (np.asarray(pitch)[..., None] - lowest) == np.arange(rows)
        return cls(held, held & onset[..., None], lowest)

    def __getitem__(self, index: Any) -> PartRoll:
        """Some of the windows."""
        return PartRoll(self.held[index], self.onsets[index], self.lowest)


Music = dict[str, PartRoll]
"""`drums`, `bass` and `melody` of the same N windows."""


def music_of_rolls(held: NDArray[np.bool_]) -> Music:
    """The parts of unified rolls (N, steps, 128)."""
    drums, bass, melody = (held[..., rows] for rows in (DRUM_ROWS, BASS_ROWS, MELODY_ROWS))
    return {
        "drums": PartRoll(drums, drums),
        "bass": PartRoll(bass, _rises(bass), BASS_LOW),
        "melody": PartRoll(melody, _rises(melody), MELODY_ROWS.start),
    }


def _rises(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    starts = held.copy()
    starts[:, 1:] &= ~held[:, :-1]
    return starts


def onsets(music: Music) -> dict[str, NDArray[np.bool_]]:
    """The onsets of each part."""
    return {name: part.onsets for name, part in music.items()}


def density(music: Music) -> NDArray[np.float64]:
    """Onsets of all parts in each window (N,)."""
    return np.asarray(sum(p.onsets.sum(axis=(1, 2)) for p in music.values()), np.float64)


@dataclass(frozen=True)
class Dances:
    """N windows of dance: `landmarks` (N, frames, 33, 3) from mid-hip and `root` (N, frames, 3) in
    the room as `domain.dance.Dance` has them, at `fps` frames a second.
    """

    landmarks: NDArray[Any]
    root: NDArray[Any]
    fps: float = FPS

    @property
    def world(self) -> NDArray[Any]:
        """Landmarks in the room (N, frames, 33, 3)."""
        return np.asarray(self.landmarks + self.root[:, :, None])

    def __len__(self) -> int:
        return len(self.landmarks)

    def __getitem__(self, index: Any) -> Dances:
        """Some of the windows."""
        return Dances(self.landmarks[index], self.root[index], self.fps)

    def speed(self) -> NDArray[np.float64]:
        """Metres a second (N,) of a landmark about the hips, averaged over landmarks and time."""
        pace = np.linalg.norm(np.diff(self.landmarks, axis=1), axis=-1) * self.fps
        return np.asarray(pace.mean(axis=(1, 2)), np.float64)

    @classmethod
    def of_steps(cls, poses: NDArray[Any], tempo: float, *, bones: bool = True) -> Dances:
        """Windows of a pose a step (N, 32, 33, 3) as they are served: on constant bones (unless
        not `bones`), between steps as `Dance.at_fps` has it, on the floor by `floor.stand`.
        """
        count, steps = poses.shape[:2]
        seconds = np.arange(steps) * 60 / tempo / STEPS_PER_BEAT
        at = np.arange(int(np.floor(seconds[-1] * FPS + 1e-6)) + 1) / FPS
        landmarks = np.zeros((count, len(at), *poses.shape[2:]), np.float32)
        root = np.zeros((count, len(at), 3), np.float32)
        for i, window in enumerate(poses):
            body = skeleton.project(window) if bones else window
            landmarks[i] = PchipInterpolator(seconds, body, axis=0)(at)
            root[i] = stand(landmarks[i], at)
        return cls(landmarks, root, FPS)


@dataclass(frozen=True)
class Samples:
    """Windows to measure and to draw.

    `music`: `real` and `reconstructed` of the test songs, `generated` from the prior, `translated`
    from each real dance, `random` training windows, one for each real one, and `known`, many of
    them. `dance` likewise; `translated` from each real window of music. `songs` and `takes` name
    the song and the take of each real window. `latents`: z' of `music` and `dance`. `panels`: the
    collapse panel of each VAE. `pairs` (K, 2): real windows of music and dance that belong
    together, or None where nobody knows any.
    """

    title: str
    music: dict[str, Music]
    dance: dict[str, Dances]
    songs: NDArray[Any]
    takes: NDArray[Any]
    latents: dict[str, NDArray[Any]]
    panels: dict[str, dict[str, float]]
    pairs: NDArray[np.intp] | None = None
    tempo: float = DEFAULT_TEMPO
    notes: tuple[str, ...] = field(default=())

    @property
    def frames_per_step(self) -> float:
        """Frames of dance in one step of music."""
        return self.dance["real"].fps * 60 / self.tempo / STEPS_PER_BEAT
