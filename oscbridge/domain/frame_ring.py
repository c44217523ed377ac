"""The last seconds of somebody's frames, bounded, each at its time.

Frames lie in arrays of twice their number, so that the newest are always one piece.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import COUNT


class FrameRing:
    """Up to `most` frames; the oldest goes first. `begun` counts from the first that is held."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._points = np.empty((2 * most, COUNT, 3), np.float32)
        self._root = np.empty((2 * most, 3), np.float32)
        self._placed = np.empty(2 * most)
        self._start = self._end = self._begun = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def placed(self) -> NDArray[np.float64]:
        """Where frames (frames,) were placed; those before `begun` at host times already."""
        return self._placed[self._start : self._end]

    @property
    def begun(self) -> int:
        """The first frame that was placed since `begin_anew`."""
        return max(self._begun - self._start, 0)

    def begin_anew(self, host: NDArray[np.float64]) -> None:
        """Give the frames held so far their final times (frames,)."""
        self._placed[self._start : self._end] = host
        self._begun = self._end

    def put(self, placed: float, points: NDArray[np.float64], root: NDArray[np.float64]) -> None:
        """Hold a frame: `points` (33, 3) and `root` (3,), NaN where it is not known."""
        if self._end == 2 * self._most:
            self._to_front()
        self._placed[self._end] = placed
        self._points[self._end] = points
        self._root[self._end] = root
        self._end += 1
        self._start = max(self._start, self._end - self._most)

    def _to_front(self) -> None:
        moved = self._start
        for array in (self._placed, self._points, self._root):
            array[: self._end - moved] = array[moved : self._end]
        self._start, self._end, self._begun = 0, self._end - moved, max(self._begun - moved, 0)

    def between(
        self, time: NDArray[np.float64], times: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points (n, 33, 3) and root (n, 3) at `times` (n,), straight from frame to frame, which
        are at `time` (frames,); held before the first and after the last.
        """
        after = np.searchsorted(time, times).clip(0, len(time) - 1)
        before = (after - 1).clip(0)
        pace = np.maximum(time[after] - time[before], 1e-9)
        share = np.clip((times - time[before]) / pace, 0.0, 1.0)[:, None]
        share[before == after] = 0.0
        a, b = self._start + before, self._start + after
        root = (1 - share) * self._root[a] + share * self._root[b]
        share = share[..., None]
        return (1 - share) * self._points[a] + share * self._points[b], root
