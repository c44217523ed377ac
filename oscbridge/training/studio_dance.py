"""The `studio` preset's windows of dance: 32 steps of 4 frames, with the way of the hips and which
soles bear the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening

from oscbridge.domain.dance import Dance
from oscbridge.domain.graphs import FRAMES, FRAMES_PER_STEP, PER_BEAT
from oscbridge.domain.pose import SOLES, mirror, to_front, turn
from oscbridge.domain.timeline import Timeline
from oscbridge.io.dance_file import DanceFile
from oscbridge.training.split import PARTS, Part
from oscbridge.training.windows import alike

TOUCH, REST = 0.05, 0.35
"""A sole lower than this (m) that moves slower than this (m/s) bears the body: what skating is
measured at (`studio_measure`), with a little room for the noise of capture."""
NOMINAL_TEMPO = 180.0
"""BPM of the step grid laid on a take whose beat nobody knows. At `sources.NOMINAL_TEMPO`, that of
the `paper` preset, four seconds of free dance hold more than 128 numbers tell: on validation takes
the closed form's error by that of the mean pose was .25 (Indian) and .16 (modern) there, and is .11
here. What was danced so comes out slower to slower music.
"""
_CHUNK = 512
"""Windows compared with the held-out ones at once."""
MIRRORED_SOLES = np.array([2, 3, 0, 1])


@dataclass(frozen=True)
class DanceWindows:
    """N windows of dance, their frames a quarter step apart.

    `poses` (N, 128, 33, 3) float32, metres from mid-hip, turned as a whole to face the front;
    `way` (N, 128, 3) float32: how fast mid-hip goes left and back, as the window was turned, in
    metres a beat, and how high it is above the floor (m); `contact` (N, 128, 4) bool: the soles of
    `pose.SOLES` that bear the body; `take` (N,) names; `beat` (N,) where each begins; `tempo` (N,)
    in BPM; `yaw` (N,) radians it was turned by.
    """

    poses: NDArray[np.float32]
    way: NDArray[np.float32]
    contact: NDArray[np.bool_]
    take: NDArray[np.str_]
    beat: NDArray[np.float64]
    tempo: NDArray[np.float64]
    yaw: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.poses)

    def chosen(self, rows: NDArray[Any]) -> DanceWindows:
        """Those of the windows, by index or by mask."""
        return DanceWindows(*(getattr(self, f.name)[rows] for f in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[DanceWindows]) -> DanceWindows:
        """All windows of the parts, in order."""
        some = parts or [_stacked([])]
        return cls(*(np.concatenate([getattr(p, f.name) for p in some]) for f in fields(cls)))

    def mirrored(self) -> DanceWindows:
        """The windows with left and right exchanged."""
        way = self.way * np.array([-1, 1, 1], np.float32)
        contact = self.contact[..., MIRRORED_SOLES]
        return DanceWindows(
            mirror(self.poses), way, contact, self.take, self.beat, self.tempo, -self.yaw
        )

    def seconds(self) -> NDArray[np.float64]:
        """Time (N, 128) of each frame from its window's start."""
        return np.arange(FRAMES) * (60.0 / PER_BEAT / self.tempo[:, None])

    def roots(self) -> NDArray[np.float32]:
        """Mid-hip (N, 128, 3) in the room, each window starting above the origin."""
        return rooted(self.way)


def rooted(way: NDArray[Any]) -> NDArray[np.float32]:
    """Mid-hip (..., frames, 3) in a room whose floor is y = 0, from `DanceWindows.way`."""
    ground = np.cumsum(way[..., :2], axis=-2) / PER_BEAT
    ground = ground - ground[..., :1, :]
    return np.stack([ground[..., 0], -way[..., 2], ground[..., 1]], -1).astype(np.float32)


def cut(
    dance: Dance, timeline: Timeline, *, hop: float = 1.0, stretch: float = 1.0
) -> DanceWindows:
    """Windows of a dance, one every `hop` beats from its first whole beat on.

    With `stretch` a window takes in so many times as much of the dance as its beats hold: another
    tempo for a dance whose tempo nobody knows.
    """
    pace = stretch / PER_BEAT
    first = np.ceil(dance.beat[0] - 1e-6)
    frames = int(np.floor((dance.beat[-1] - first) / pace + 1e-6)) + 1
    even = dance.at_beats(first + np.arange(frames) * pace, timeline)
    contact = bearing(even.world, even.time)
    speed = np.diff(even.root, axis=0, prepend=even.root[:1]) * PER_BEAT
    starts = np.arange(0, frames - FRAMES + 1, max(1, round(hop / pace)))
    cuts = []
    for start in starts:
        rows = slice(start, start + FRAMES)
        poses, yaw = to_front(even.landmarks[rows])
        moved = turn(speed[rows], -yaw)
        way = np.stack([moved[:, 0], moved[:, 2], -even.root[rows, 1]], -1)
        at = even.beat[start]
        bpm = timeline_tempo(timeline, float(at)) / stretch
        cuts.append((poses, way, contact[rows], dance.name, at, bpm, yaw))
    return _stacked(cuts)


def bearing(world: NDArray[Any], seconds: NDArray[Any]) -> NDArray[np.bool_]:
    """Which soles (frames, 4) bear a captured body: landmarks (frames, 33, 3) in the room."""
    soles = np.asarray(world[:, SOLES], np.float64)
    pace = np.gradient(np.asarray(seconds, float))[:, None] if len(soles) > 1 else np.ones((1, 1))
    moved = np.gradient(soles[..., (0, 2)], axis=0) if len(soles) > 1 else 0 * soles[..., (0, 2)]
    speed = np.linalg.norm(moved, axis=-1) / np.maximum(pace, 1e-6)
    touching = (soles[..., 1] > -TOUCH) & (speed < REST)
    brief = np.ones((3, 1), bool)
    return np.asarray(binary_opening(binary_closing(touching, brief), brief))


def timeline_tempo(timeline: Timeline, beat: float) -> float:
    """Tempo in BPM at a beat."""
    return [t.bpm for t in timeline.tempos if t.beat <= beat + 1e-9][-1]


@dataclass(frozen=True)
class DanceCorpus:
    """Windows by part, and which style (the folder) each take is of. `extra`: more windows of the
    training takes, off the beat and at other tempos.
    """

    train: DanceWindows
    validation: DanceWindows
    test: DanceWindows
    extra: DanceWindows
    style: dict[str, str]

    def parts(self) -> dict[Part, DanceWindows]:
        """The windows on the beat of each part."""
        return {part: getattr(self, part) for part in PARTS}


@dataclass(frozen=True)
class Take:
    """A take that was read: its style, and the part of the corpus it belongs to."""

    file: DanceFile
    style: str
    part: Part


def gather(takes: Sequence[Take], stretches: Sequence[float] = (0.8, 1.25)) -> DanceCorpus:
    """Windows of the takes, by part; what is nearly the same as a held-out window is left out of
    training.
    """
    parts: dict[Part, list[DanceWindows]] = {part: [] for part in PARTS}
    extra: list[DanceWindows] = []
    style = {}
    for take in takes:
        dance, timeline = take.file.dance, take.file.timeline
        style[dance.name] = take.style
        parts[take.part].append(cut(dance, timeline))
        if take.part == "train":
            extra += [
                cut(dance, timeline, hop=0.25, stretch=stretch) for stretch in (1.0, *stretches)
            ]
    train, validation, test = (DanceWindows.joined(parts[part]) for part in PARTS)
    validation = apart(validation, test)
    held_out = DanceWindows.joined([validation, test])
    extra_windows = apart(DanceWindows.joined(extra), held_out)
    return DanceCorpus(apart(train, held_out), validation, test, extra_windows, style)


def apart(windows: DanceWindows, others: DanceWindows) -> DanceWindows:
    """Those of the windows that are near-duplicates of none of the `others`, mirrored or not."""
    every = slice(None, None, FRAMES_PER_STEP)
    seen = np.concatenate([others.poses[:, every], mirror(others.poses[:, every])])
    near = [
        alike(windows.poses[i : i + _CHUNK, every], seen) for i in range(0, len(windows), _CHUNK)
    ]
    return windows.chosen(~np.concatenate(near)) if near else windows


def _stacked(cuts: Sequence[tuple[Any, ...]]) -> DanceWindows:
    if not cuts:
        empty = np.zeros(0)
        return DanceWindows(
            np.zeros((0, FRAMES, 33, 3), np.float32), np.zeros((0, FRAMES, 3), np.float32),
            np.zeros((0, FRAMES, 4), np.bool_), np.zeros(0, np.str_), empty, empty, empty,
        )  # fmt: skip
    poses, way, contact, take, beat, tempo, yaw = zip(*cuts, strict=True)
    return DanceWindows(
        np.stack(poses).astype(np.float32), np.stack(way).astype(np.float32), np.stack(contact),
        np.array(take), np.array(beat, float), np.array(tempo, float), np.array(yaw, float),
    )  # fmt: skip
