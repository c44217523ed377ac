"""Cutting songs and dances into the windows a VAE sees, and telling windows apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.pianoroll import PART_ROWS, ROWS, to_roll
from oscbridge.domain.pose import COUNT, mirror, to_front
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline

FEWEST_ONSETS = {Part.DRUMS: 4, Part.BASS: 2, Part.MELODY: 4}
"""A window of music must have at least these to be learnt from: all three parts play."""
ALIKE_ROLLS = 0.9
"""Rolls that share this part of the cells either of them holds are near-duplicates."""
ALIKE_POSES = 0.02
"""Pose windows whose landmarks are this close, in metres root-mean-square, are near-duplicates."""

Windows = NDArray[Any]
"""(N, 32, 128) bool rolls or (N, 32, 33, 3) float32 poses in metres."""


def music_windows(clip: Clip) -> NDArray[np.bool_]:
    """Held rolls (N, 32, 128), one a bar start, of the windows in which all three parts play."""
    roll = to_roll(clip)
    bars = np.round(clip.timeline.bar_starts(clip.length) * STEPS_PER_BEAT).astype(int)
    starts = [s for s in bars if s + WINDOW <= roll.steps and _full(roll.velocity[s : s + WINDOW])]
    cut = [roll.held[s : s + WINDOW] for s in starts]
    return np.stack(cut) if cut else np.zeros((0, WINDOW, ROWS), np.bool_)


def _full(velocity: NDArray[np.uint8]) -> bool:
    return all(
        np.count_nonzero(velocity[:, PART_ROWS[part]]) >= fewest
        for part, fewest in FEWEST_ONSETS.items()
    )


def pose_windows(dance: Dance, timeline: Timeline) -> NDArray[np.float32]:
    """Poses (N, 32, 33, 3) on the step grid, one window a beat, each turned to face the front."""
    steps = dance.on_grid(timeline).landmarks
    first = int(np.ceil(dance.beat[0] - 1e-6)) * STEPS_PER_BEAT  # before it the dance only waits
    starts = range(first, len(steps) - WINDOW + 1, STEPS_PER_BEAT)
    cut = [to_front(steps[s : s + WINDOW])[0] for s in starts]
    return np.stack(cut).astype(np.float32) if cut else np.zeros((0, WINDOW, COUNT, 3), np.float32)


def with_mirrors(poses: NDArray[np.float32]) -> NDArray[np.float32]:
    """The windows and, after them, their mirror images (2N, 32, 33, 3)."""
    return np.concatenate([poses, mirror(poses)])


def distinct(windows: Windows) -> Windows:
    """The windows without exact repeats, in order."""
    seen = {window.tobytes(): i for i, window in reversed(list(enumerate(windows)))}
    return windows[sorted(seen.values())]


def unlike(windows: Windows, others: Windows) -> Windows:
    """Those of the windows that are near-duplicates of none of the `others`."""
    return windows[~alike(windows, others)]


def alike(windows: Windows, others: Windows) -> NDArray[np.bool_]:
    """Which of the windows (N,) are near-duplicates of any of the `others`."""
    if not len(windows) or not len(others):
        return np.zeros(len(windows), np.bool_)
    return _shared(windows, others) if windows.dtype == np.bool_ else _close(windows, others)


def _shared(windows: Windows, others: Windows) -> NDArray[np.bool_]:
    a, b = (w.reshape(len(w), -1).astype(np.float32) for w in (windows, others))
    both = a @ b.T  # (N, M) cells held in both
    either = a.sum(axis=1)[:, None] + b.sum(axis=1)[None] - both
    return np.asarray((both >= ALIKE_ROLLS * either).any(axis=1))


def _close(windows: Windows, others: Windows) -> NDArray[np.bool_]:
    a, b = (w.reshape(len(w), -1).astype(np.float64) for w in (windows, others))
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    landmarks = windows.shape[1] * windows.shape[2]
    return np.asarray((squared <= landmarks * ALIKE_POSES**2).any(axis=1))
