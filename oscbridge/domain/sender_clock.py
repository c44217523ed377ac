"""When a sender's frames were seen, in seconds of the host: its clock, the network taken out.

A sender's clock has any zero and drifts. What the network adds to a frame varies and is never
negative, so the frames that came quickest say how the two clocks lie to each other.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

WINDOW = 5.0
"""Seconds of frames that say how the clocks lie."""
SURE = 2.0
"""Seconds of frames from which drift is told."""
DRIFT = 0.1
"""Share by which a clock may run wrong; one that is farther off does not count seconds."""
EARLY, LATE = 1.0, 1.5
"""Seconds a frame may seem to be from the future, or late, before the sender's clock was set."""
STANDING = 4
"""Frames at one time after which a clock is taken to stand."""
FIT = 0.25
"""Seconds between two looks at the window."""
_MOST = 600


class SenderClock:
    """Places the frames of one sender. Its clock is not used at all (`steady` is False) where it
    stands still or counts no seconds: then a frame was seen when it came.
    """

    def __init__(self) -> None:
        self.steady = True
        self._standing = 0
        self._start()

    def _start(self) -> None:
        self._rate = 1.0
        self._zero = math.inf
        self._last = -math.inf
        self._fitted = -math.inf
        self._told: deque[tuple[float, float]] = deque(maxlen=_MOST)

    def place(self, time: float, now: float) -> tuple[float, bool] | None:
        """Where a frame of the sender's `time` (NaN: it tells none) that came at `now` lies on the
        clock that `host` reads, and whether that clock begins anew with it: what was placed before
        is to be kept as `host` had it until then. None: it is no newer than the last.
        """
        if not math.isfinite(time) or not self.steady:
            return self._as_it_came(now)
        seems = self._rate * time + self._zero
        anew = not now - LATE <= seems <= now + EARLY
        if anew:
            self._start()
        elif time <= self._last:
            self._standing = self._standing + 1 if time == self._last else 0
            self.steady = self._standing < STANDING
            return None if self.steady else self._as_it_came(now)
        self._standing = 0
        self._last = time
        self._told.append((time, now))
        self._zero = min(self._zero, now - self._rate * time)
        if now - self._fitted >= FIT:
            self._fitted = now
            self.steady = self._fit(now)
        return (time, anew) if self.steady else self._as_it_came(now)

    def _as_it_came(self, now: float) -> tuple[float, bool]:
        anew = self._zero != 0.0
        self._start()
        self._zero = 0.0
        return now, anew

    def _fit(self, now: float) -> bool:
        """The line under all that was told that touches the quickest frames; whether a clock that
        counts seconds can run so.
        """
        while self._told[0][1] < now - WINDOW:
            self._told.popleft()
        told = np.array(self._told)
        time, came = (told - told[0]).T
        if came[-1] >= SURE:
            half = int(np.searchsorted(came, came[-1] / 2))
            wait = came - self._rate * time
            a, b = int(np.argmin(wait[:half])), half + int(np.argmin(wait[half:]))
            self._rate = float((came[b] - came[a]) / (time[b] - time[a]))
        zero = float(np.min(came - self._rate * time))
        self._zero = zero + told[0, 1] - self._rate * told[0, 0]
        return abs(self._rate - 1) <= DRIFT

    def host(self, placed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Host times of frames (frames,) placed since the clock last began anew."""
        return self._rate * placed + self._zero if math.isfinite(self._zero) else placed
