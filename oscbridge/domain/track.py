"""What is known of one person who is seen live: their frames, cleaned, as poses on any grid.

Times are seconds of the host's steady clock.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.body_tree import LEVELS, MAIN, Points, at_ease, sizes
from oscbridge.domain.floor import stand
from oscbridge.domain.frame_ring import FrameRing
from oscbridge.domain.live import PoseFrame
from oscbridge.domain.missing import BELIEVED, Missing
from oscbridge.domain.one_euro import BETA, OneEuro
from oscbridge.domain.pose import COUNT, middle
from oscbridge.domain.sender_clock import SenderClock
from oscbridge.domain.skeleton import retarget

KEPT = 20.0
"""Seconds of frames that are held."""
HIGHEST_FPS = 200
FEWEST = 4
"""Main joints that must be seen, among them both hips or both shoulders."""
FARTHEST = 1e4
"""Largest coordinate that is taken for one."""
GAP = 0.15
"""Seconds without a frame in which somebody still counts as seen."""
SWAP = 64
"""A frame number lower by more than this begins a new count instead of being late."""
RESTART = 0.5
"""Seconds without a newer frame after which a lower number begins a new count."""
FOOTED = 1 / 30
"""Seconds between poses from which feet are told."""
MEASURED = 0.1
"""Seconds between two looks at how large the body is."""
_RATED = 2.0
"""Seconds over which the frame rate is told."""
_TRUNK = LEVELS[0].reshape(2, 2).T
_NOWHERE = np.full(3, np.nan)

Poses = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]
"""Landmarks (n, 33, 3) of the figure, root (n, 3), seen (n,)"""


class Track:
    """One person's frames. `take` them as they come; `poses` answers on any grid.

    `seen_at`: host time at which the last frame was accepted, -inf before; `confidence`: its mean;
    `dropped`: how many frames were refused, by reason.
    """

    def __init__(self) -> None:
        self.seen_at = -math.inf
        self.confidence = 0.0
        self.dropped: Counter[str] = Counter()
        self._clock = SenderClock()
        self._ring = FrameRing(int(KEPT * HIGHEST_FPS))
        self._missing = Missing()
        self._points, self._root = OneEuro(), OneEuro()
        self._legs: deque[float] = deque(maxlen=200)
        self._others: deque[float] = deque(maxlen=200)
        self._size = 1.0
        self._measured = -math.inf
        self._seq = -1
        self._placed = math.nan
        self._passed = 0.0

    def take(self, frame: PoseFrame, now: float) -> str | None:
        """Accept a frame that came at `now`, or say in one phrase why not."""
        refused = _unusable(frame) or self._late(frame, now)
        if refused:
            self.dropped[refused] += 1
        return refused

    def _late(self, frame: PoseFrame, now: float) -> str | None:
        """Hold the frame if it is newer than the last."""
        behind = self._seq - frame.seq
        counted = -1 not in (frame.seq, self._seq) and now - self.seen_at < RESTART
        untimed = math.isnan(frame.time) or not self._clock.steady
        if untimed and counted and 0 <= behind < SWAP:
            return _OLD if behind else _AGAIN
        before = self._times()
        place = self._clock.place(frame.time, now)
        if place is None:
            return _AGAIN if frame.time == self._placed else _OLD
        placed, anew = place
        if anew:
            self._ring.begin_anew(before)
            pace = now - self.seen_at if self._ring else math.inf
        else:
            pace = placed - self._placed
        if pace < 1 / HIGHEST_FPS and not anew:
            return _CROWDED
        self._seq, self._placed, self.seen_at = frame.seq, placed, now
        self._hold(frame, placed, max(pace, 1 / HIGHEST_FPS))
        return None

    def _hold(self, frame: PoseFrame, placed: float, pace: float) -> None:
        points = frame.landmarks.astype(np.float64)
        confidence = frame.confidence
        points -= middle(points, "hip")
        if pace > 1.0:  # whoever was away that long is seen afresh
            self._points.reset()
            self._root.reset()
        self._passed += min(pace, 1.0)
        self._measure(points, confidence)
        points = self._missing.fill(points, confidence, self._size, pace)
        points = self._points.step(points, self._passed)
        root: Points = _NOWHERE
        if frame.root is None:
            self._root.reset()
        else:
            root = self._root.step(frame.root.astype(np.float64), self._passed)
        self._ring.put(placed, points, root)
        self.confidence = float(confidence.mean())

    def _measure(self, points: Points, confidence: NDArray[np.float32]) -> None:
        """Keep `_size` what it usually is by the legs, or by the rest where no legs are seen."""
        if self._passed - self._measured < MEASURED:
            return
        self._measured = self._passed
        found = sizes(points, confidence >= BELIEVED)
        for told, size in zip((self._legs, self._others), found, strict=True):
            if size > 0:
                told.append(size)
        if told := self._legs or self._others:
            self._size = median(told)
        self._points.beta = self._root.beta = BETA / self._size

    def _times(self) -> NDArray[np.float64]:
        """Host times (frames,) of what is held."""
        times = self._ring.placed.copy()
        begun = self._ring.begun
        times[begun:] = self._clock.host(times[begun:])
        return np.maximum.accumulate(times)

    @property
    def fps(self) -> float:
        """Frames a second over the last two seconds; 0 with fewer than two frames."""
        times = self._times()
        recent = times[np.searchsorted(times, times[-1] - _RATED) :] if len(times) else times
        passed = recent[-1] - recent[0] if len(recent) > 1 else 0.0
        return (len(recent) - 1) / passed if passed > 0 else 0.0

    def looks(self, times: NDArray[np.float64]) -> Callable[[], NDArray[np.float32]]:
        """What gives, on any thread, how the person is at `times` (n,), rising: landmarks
        (n, 33, 3) float32 as poses of the figure. `poses` without the way through the room, which
        takes as long again.
        """
        if not len(self._ring):
            return lambda: _nobody(len(times))[0]
        points, _ = self._ring.between(self._times(), times)
        return partial(retarget, points, 1 / self._size)

    def poses(self, times: NDArray[np.float64]) -> Poses:
        """How the person is at `times` (n,), rising: landmarks (n, 33, 3) float32 as poses of the
        figure, root (n, 3) float32 and whether they were seen then (n,).

        Before the first frame and after the last the person holds still; with no frame at all
        they stand at ease. Where the sender tells no root it is taken from the feet (`stand`), from
        the origin at the first of `times`.
        """
        if not len(self._ring) or not len(times):
            return _nobody(len(times))
        at = self._times()
        finer = _finer(times)
        every = max((len(finer) - 1) // max(len(times) - 1, 1), 1)
        points, root = self._ring.between(at, finer)
        scale = 1 / self._size
        if np.isfinite(root).all():
            landmarks = retarget(points[::every], scale)
            way = root[::every] * scale
        else:
            landmarks = retarget(points, scale)
            way = stand(landmarks, finer)[::every].astype(np.float64)
            landmarks = landmarks[::every]
        return landmarks, np.asarray(way, np.float32), _seen(at, times)


_AGAIN, _OLD = "the same frame again", "older than the last frame"
_CROWDED = f"more than {HIGHEST_FPS} frames a second"
_RANGE = "a landmark, confidence or root is out of range or no number"
_FEW = f"fewer than {FEWEST} joints are seen, or neither both hips nor both shoulders"


def _unusable(frame: PoseFrame) -> str | None:
    """Why a frame tells nothing of a body, whatever came before."""
    if frame.landmarks.shape != (COUNT, 3) or frame.confidence.shape != (COUNT,):
        return f"not {COUNT} landmarks"
    near = [frame.landmarks] if frame.root is None else [frame.landmarks, frame.root]
    low, high = frame.confidence.min(), frame.confidence.max()
    if not (all(np.abs(a).max() <= FARTHEST for a in near) and low >= 0 and high <= 1):
        return _RANGE
    seen = frame.confidence >= BELIEVED
    if np.count_nonzero(seen[MAIN]) < FEWEST or not seen[_TRUNK].all(axis=1).any():
        return _FEW
    return None


def _nobody(count: int) -> Poses:
    poses = np.repeat(at_ease().astype(np.float32)[None], count, axis=0)
    root = stand(poses, np.arange(count, dtype=np.float64))
    return poses, root, np.zeros(count, np.bool_)


def _finer(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """`times` with as many steps between as make it fine enough to tell where feet stand."""
    if len(times) < 2:
        return times
    pace = float(np.median(np.diff(times)))
    every = max(1, math.ceil(pace / FOOTED - 1e-6))
    steps = np.arange((len(times) - 1) * every + 1) / every
    return np.interp(steps, np.arange(len(times)), times)


def _seen(at: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether there is no long gap between the frames at `at` (frames,) around `times` (n,)."""
    usual = float(np.median(np.diff(at[-32:]))) if len(at) > 1 else 0.0
    most = max(GAP, 2.5 * usual)
    after = np.searchsorted(at, times)
    before = np.where(after > 0, at[(after - 1).clip(0)], -np.inf)
    next_ = np.where(after < len(at), at[after.clip(0, len(at) - 1)], times)
    return np.asarray((next_ - before <= most) | (next_ == times) & (after < len(at)))
