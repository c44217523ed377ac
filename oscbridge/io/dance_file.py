"""Dances in files, whatever the format: .bvh motion or .npz, .json and .csv landmarks, by ending.

What is read is always a dance of the canonical figure, on its floor, with a beat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.beat import estimate_tempo
from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import stand
from oscbridge.domain.timeline import DEFAULT_TEMPO, FASTEST, SLOWEST, Tempo, Timeline
from oscbridge.errors import FileError
from oscbridge.io.bvh import read_bvh
from oscbridge.io.bvh_figure import motion_of
from oscbridge.io.bvh_landmarks import NoHumanoidError, landmarks_of
from oscbridge.io.bvh_write import format_bvh
from oscbridge.io.files import write_atomically
from oscbridge.io.landmark_file import LARGEST, Recording, read_landmarks, write_landmarks

BVH = ".bvh"
ENDINGS = (BVH, *LARGEST)
"""Endings of the files that dances are read from and written to."""
BVH_FPS = 30.0
"""Frames a second of a .bvh that is written, unless told otherwise."""
HIGHEST_FPS = 1000.0
SAME_TEMPO = 1e-3
"""Share by which the pace of two frames may differ within one tempo."""


@dataclass(frozen=True)
class DanceFile:
    """A dance read from a file, the timeline its beats lie on, and where the tempo comes from, in
    words for the user.
    """

    dance: Dance
    timeline: Timeline
    tempo_source: str


def read_dance(path: Path, *, fps: float | None = None, tempo: float | None = None) -> DanceFile:
    """The dance in a file.

    `fps` replaces the file's own frame times, `tempo` (BPM) its beats or the estimate made where it
    has none. Raises FileError.
    """
    ending = ending_of(path)
    _check_rate(path, fps)
    if tempo is not None and not SLOWEST <= tempo <= FASTEST:
        raise FileError(path, f"tempo {tempo:g}: expected {SLOWEST:g} to {FASTEST:g} BPM")
    if ending == BVH:
        landmarks, root, time = _captured(path, fps)
        return _on_timeline(landmarks, root, time, None, path, tempo)
    recording = read_landmarks(path)
    if fps is not None:
        recording = recording._replace(time=np.arange(len(recording.time)) / fps, beat=None)
    return dance_of(recording, path, tempo)


def dance_of(recording: Recording, path: Path, tempo: float | None = None) -> DanceFile:
    """The dance in a recording of any body; `path` names it, `tempo` as in `read_dance`. Raises
    FileError.
    """
    landmarks = skeleton.retarget(recording.landmarks)
    root = _root(recording, landmarks)
    return _on_timeline(landmarks, root, recording.time, recording.beat, path, tempo)


def _on_timeline(
    landmarks: NDArray[np.float32],
    root: NDArray[np.float32],
    time: NDArray[np.float64],
    beat: NDArray[np.float64] | None,
    path: Path,
    tempo: float | None,
) -> DanceFile:
    dance = Dance(landmarks, root, time, np.zeros(len(time)), path.stem)
    if tempo is not None:
        return _on_beat(dance, tempo, 0.0, f"{tempo:.1f} BPM as given")
    if beat is not None and len(beat) > 1:
        return _by_beats(dance, beat, path)
    return _by_motion(dance)


def read_dance_to(path: Path, timeline: Timeline) -> DanceFile:
    """The dance in a file on the beats of the music it was danced to: by its own beats where the
    file tells them, else by its seconds from the music's start. Raises FileError.
    """
    dance = read_dance(path, tempo=DEFAULT_TEMPO).dance
    if ending_of(path) == BVH:
        beat = timeline.beats(dance.time)
    else:
        recording = read_landmarks(path)
        beat = timeline.beats(recording.time) if recording.beat is None else recording.beat
    dance = replace(dance, time=timeline.seconds(beat), beat=beat)
    return DanceFile(dance, timeline, "the beats of its music")


def write_dance(dance: Dance, timeline: Timeline, path: Path, fps: float | None = None) -> None:
    """The dance as the ending of `path` says. At `fps` frames a second; without it a .bvh has
    BVH_FPS, the others the dance's own frames. Raises FileError.
    """
    ending = ending_of(path)
    _check_rate(path, fps)
    if ending == BVH:
        fps = fps or BVH_FPS
    if fps is not None:
        dance = dance.at_fps(fps, timeline)
        # Between two poses of the figure the figure's bones would shrink.
        dance = replace(dance, landmarks=skeleton.project(dance.landmarks))
    if ending == BVH:
        write_atomically(path, format_bvh(motion_of(dance, fps or BVH_FPS)))
    else:
        write_landmarks(dance, path)


def ending_of(path: Path) -> str:
    """The ending of a file that can hold a dance. Raises FileError on any other."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise FileError(path, f"a dance ends in {known}, not in {path.suffix or 'nothing'!r}")
    return ending


def _check_rate(path: Path, fps: float | None) -> None:
    if fps is not None and not 0 < fps <= HIGHEST_FPS:
        raise FileError(path, f"{fps:g} frames a second: expected up to {HIGHEST_FPS:g}")


def _captured(
    path: Path, fps: float | None
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    motion = read_bvh(path)
    if fps is None and not 1 / HIGHEST_FPS <= motion.frame_time <= 10:
        raise FileError(path, f"a frame time of {motion.frame_time:g} s; say how many frames a "
                        "second it has (fps)")  # fmt: skip
    try:
        found = landmarks_of(motion)
    except NoHumanoidError as error:
        raise FileError(path, f"{error}; export the body with its usual joint names") from error
    pace = motion.frame_time if fps is None else 1 / fps
    time = np.arange(len(found.landmarks), dtype=np.float64) * pace
    return found.landmarks, found.root, time


def _root(recording: Recording, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    if recording.root is None:
        return stand(landmarks, recording.time)
    return np.asarray(recording.root * skeleton.leg_scale(recording.landmarks), np.float32)


def _by_motion(dance: Dance) -> DanceFile:
    estimate = estimate_tempo(dance.world, dance.time)
    if estimate.source == "motion":
        source = f"{estimate.bpm:.1f} BPM from the motion (confidence {estimate.confidence:.2f})"
    else:
        source = f"nominal {estimate.bpm:.0f} BPM: no beat could be seen in the motion"
    return _on_beat(dance, estimate.bpm, estimate.first_beat, source)


def _on_beat(dance: Dance, bpm: float, first_beat: float, source: str) -> DanceFile:
    """The dance at one tempo, its first frame less than a beat from the start of the timeline."""
    beat = 60.0 / bpm
    time = dance.time - dance.time[0] + (beat - first_beat) % beat
    timeline = Timeline.steady(bpm)
    return DanceFile(replace(dance, time=time, beat=timeline.beats(time)), timeline, source)


def _by_beats(dance: Dance, beat: NDArray[np.float64], path: Path) -> DanceFile:
    """The dance on the timeline that its times and beats describe, moved by whole beats so that it
    starts within the first.
    """
    pace = np.diff(beat) / np.diff(dance.time) * 60
    usable = (pace >= SLOWEST * (1 - SAME_TEMPO)) & (pace <= FASTEST * (1 + SAME_TEMPO))
    if not usable.all():
        i = int(np.argmin(usable))
        raise FileError(path, f"frame {i + 2}: time and beat give {pace[i]:g} BPM; expected "
                        f"{SLOWEST:g} to {FASTEST:g}")  # fmt: skip
    beat = beat - np.floor(beat[0])
    knots = [0]
    for i in range(1, len(pace)):
        if abs(pace[i] - pace[knots[-1]]) > SAME_TEMPO * pace[i]:
            knots.append(i)
    ends = [*knots[1:], len(beat) - 1]
    bpm = [60 * (beat[b] - beat[a]) / (dance.time[b] - dance.time[a])
           for a, b in zip(knots, ends, strict=True)]  # fmt: skip
    starts = [0.0, *beat[knots[1:]].tolist()]
    timeline = Timeline(tuple(Tempo(at, float(t)) for at, t in zip(starts, bpm, strict=True)))
    dance = replace(dance, time=timeline.seconds(beat), beat=beat)
    return DanceFile(dance, timeline, f"{bpm[0]:.1f} BPM from the file's own beats")
