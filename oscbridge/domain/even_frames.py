"""Poses that come when they come, at a constant frame rate: one by one, without looking ahead."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

LONGEST = 0.5
"""Seconds between two poses beyond which nothing is known of what lies between: it stands still."""
_ON = 1e-6
"""Frames within which a pose lies on a frame."""


class EvenFrames:
    """Frame k is at the time of the first pose plus k / `fps`."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._start = 0.0
        self._before: tuple[float, Points] | None = None
        self._made = 0

    def add(self, time: float, points: Points, most: int) -> Points:
        """The frames (frames, *points.shape) that a pose of a later `time` (s) makes certain, on
        straight ways between poses; the first `most` of them where there are more.
        """
        if self._before is None:
            self._start, self._made = time, 1
            self._before = (time, points)
            return points[None]
        then, held = self._before
        self._before = (time, points)
        last = math.floor((time - self._start) * self._fps + _ON)
        count = min(last + 1 - self._made, most)
        at = self._start + np.arange(self._made, self._made + max(0, count)) / self._fps
        self._made += len(at)
        share = np.clip((at - then) / (time - then), 0, 1)
        if time - then > LONGEST:
            share = np.floor(share + _ON)
        return np.asarray(held + share.reshape(-1, *[1] * points.ndim) * (points - held))
