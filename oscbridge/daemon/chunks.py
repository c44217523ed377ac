"""Clips and dances cut into the chunks the wire carries, and put together again."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.api import FRAME, NOTE
from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip, Note, Part, without_overlaps
from oscbridge.domain.pose import COUNT
from oscbridge.domain.timeline import FASTEST, SLOWEST, Tempo, Timeline
from oscbridge.errors import JobError

FRAMES_A_CHUNK = {
    ("udp", "floats"): 2,
    ("udp", "blob"): 3,
    ("tcp", "floats"): 32,
    ("tcp", "blob"): 256,
}
_STEADY = 0.02
"""Beats by which a dance may stray from one tempo and still count as steady."""


def count(items: int, a_chunk: int) -> int:
    """Chunks needed for so many items."""
    return max(1, -(-items // a_chunk))


def clip_of(notes: list[NDArray[np.float64]], length: float, timeline: Timeline, name: str) -> Clip:
    """The clip of chunks of notes (n, 5). Raises JobError where a note lies beyond its length."""
    rows = np.concatenate(notes) if notes else np.empty((0, len(NOTE)))
    if len(rows) and (last := rows[:, 2].max()) >= length:
        raise JobError("argument", f"a note starts at beat {last:g}; the clip ends at {length:g}")
    return Clip(
        without_overlaps(
            Note(start, Part(int(part)), int(pitch), min(duration, length - start), int(velocity))
            for part, pitch, start, duration, velocity in rows.tolist()
        ),
        length,
        timeline,
        name,
    )


def frames_of(dance: Dance) -> NDArray[np.float32]:
    """(frames, 104) as they go over the wire."""
    return np.concatenate(
        [
            dance.time[:, None],
            dance.beat[:, None],
            dance.root,
            dance.landmarks.reshape(len(dance.landmarks), -1),
        ],
        axis=1,
        dtype=np.float32,
    )


def frames_chunk(frames: NDArray[np.float32], index: int, size: int, kind: str) -> Any:
    """The last argument of one chunk: an array of floats, or bytes for a blob."""
    part = frames[index * size : (index + 1) * size]
    return part.astype(">f4").tobytes() if kind == "blob" else part.ravel()


def dance_of(frames: NDArray[np.float32], name: str) -> tuple[Dance, Timeline]:
    """The dance of frames (n, 104) and the tempo its times and beats describe. Raises JobError."""
    if len(frames) < 2:
        raise JobError("argument", "a dance has two frames or more")
    time, beat = frames[:, 0].astype(float), frames[:, 1].astype(float)
    if (np.diff(time) <= 0).any() or (np.diff(beat) <= 0).any():
        raise JobError("argument", "time and beat must increase from frame to frame")
    beat -= np.floor(beat[0])
    timeline = _timeline(time, beat)
    landmarks = np.ascontiguousarray(frames[:, 5:FRAME].reshape(-1, COUNT, 3))
    return Dance(landmarks, frames[:, 2:5].copy(), timeline.seconds(beat), beat, name), timeline


def _timeline(time: NDArray[np.float64], beat: NDArray[np.float64]) -> Timeline:
    pace = (beat[-1] - beat[0]) / (time[-1] - time[0])
    drift = np.abs(beat - beat[0] - (time - time[0]) * pace).max()
    # Where the tempo changes, one tempo a beat follows it closely enough.
    ends = np.ceil(beat[0]) + 1, np.floor(beat[-1])
    marks = np.arange(*ends if drift > _STEADY else (0, 0), dtype=np.float64)
    knots = np.unique([0, *np.searchsorted(beat, marks), len(beat) - 1]).tolist()
    bpm = [60 * (beat[b] - beat[a]) / (time[b] - time[a]) for a, b in pairwise(knots)]
    if not all(SLOWEST <= b <= FASTEST for b in bpm):
        raise JobError(
            "argument",
            f"times and beats give {min(bpm):g} to {max(bpm):g} BPM; "
            f"expected {SLOWEST:g} to {FASTEST:g}",
        )
    starts = [0.0, *beat[knots[1:-1]].tolist()]
    return Timeline(tuple(Tempo(at, float(b)) for at, b in zip(starts, bpm, strict=True)))
