"""Joining windows that overlap: rolls mixed, dances turned to one another and faded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import facing, turn
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline

FADE = 4
"""Steps (a quarter bar of 4/4) in which one window gives way to the next."""
ALIGN = 2
"""Steps at a seam over which the facing of both windows is compared."""


def cut(frames: NDArray[np.float32], starts: NDArray[np.intp]) -> NDArray[np.float32]:
    """Windows (N, 32, ...) of frames (T, ...) from each start; past the end the last frame is held
    for poses, which a caller wants, and rolls are given with silence already added.
    """
    index = np.minimum(starts[:, None] + np.arange(WINDOW), len(frames) - 1)
    return np.asarray(frames[index], np.float32)


def join(
    windows: NDArray[np.float32], starts: NDArray[np.intp], *, align: bool = False
) -> NDArray[np.float32]:
    """One run (T, ...) of windows (N, 32, ...) that begin at `starts`.

    Each gives way to the next over FADE steps; with `align` (poses) a window is first turned about
    the vertical to face as the one before it does there.
    """
    run = np.zeros((int(starts[-1]) + WINDOW, *windows.shape[2:]), np.float32)
    run[:WINDOW] = windows[0]
    end = WINDOW
    ramp = _smooth(FADE)
    for window, start in zip(windows[1:], starts[1:], strict=True):
        at = int(start)
        if align:
            window = turn(window, _yaw(run[at : at + ALIGN]) - _yaw(window[:ALIGN]))
        overlap = min(FADE, end - at)
        weight = ramp[:overlap].reshape(-1, *[1] * (window.ndim - 1))
        run[at : at + overlap] = (1 - weight) * run[at : at + overlap] + weight * window[:overlap]
        run[at + overlap : at + WINDOW] = window[overlap:]
        end = at + WINDOW
    return run


def whole_bars(timeline: Timeline, steps: int) -> int:
    """So many steps filled up to a whole bar of the meter they end in."""
    bar = max(1, round(timeline.meter_at(steps / STEPS_PER_BEAT).bar * STEPS_PER_BEAT))
    return math.ceil(steps / bar) * bar


def _yaw(poses: NDArray[np.float32]) -> float:
    return float(facing(poses.mean(axis=0)))


def _smooth(length: int) -> NDArray[np.float32]:
    ramp = (np.arange(length, dtype=np.float32) + 0.5) / length
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)
