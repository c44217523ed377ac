"""The One-Euro filter: smooth while slow, quick while fast, for points at any frame rate.

G. Casiez, N. Roussel, D. Vogel: 1 € Filter, CHI 2012.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MIN_CUTOFF = 1.0
"""Hz below which a still point's noise is kept."""
BETA = 8.0
"""Hz of cutoff that each metre a second adds."""
D_CUTOFF = 2.0
"""Hz of the low-pass over the speed itself."""


class OneEuro:
    """Filters points (..., 3) that come one after another, each by its own speed in all directions.

    `min_cutoff` and `d_cutoff` in Hz, `beta` in Hz a unit a second; `beta` may be changed between
    steps. With the defaults, at 25 to 60 frames a second: noise of 5 mm on a still point is cut to
    less than half, and a wrist that swings by half a metre twice a second comes less than 15 ms
    late (tests/unit/test_one_euro.py).
    """

    def __init__(
        self, min_cutoff: float = MIN_CUTOFF, beta: float = BETA, d_cutoff: float = D_CUTOFF
    ) -> None:
        self.min_cutoff, self.beta, self.d_cutoff = min_cutoff, beta, d_cutoff
        self.reset()

    def reset(self) -> None:
        """Begin anew: the next values are taken as they are."""
        self._time = math.nan
        self._values: NDArray[np.float64] = np.zeros(())
        self._speed: NDArray[np.float64] = np.zeros(())

    def step(self, values: NDArray[np.float64], time: float) -> NDArray[np.float64]:
        """The filtered points at `time` (s); a time that does not rise changes nothing."""
        if math.isnan(self._time):
            self._time, self._values, self._speed = time, values, np.zeros_like(values)
            return values
        pace = time - self._time
        if pace <= 0:
            return self._values
        moved = (values - self._values) / pace
        self._speed = self._speed + (moved - self._speed) * _share(self.d_cutoff, pace)
        fast = np.sqrt(np.einsum("...i,...i->...", self._speed, self._speed))
        share = 1 / (1 + 1 / (2 * math.pi * pace * (self.min_cutoff + self.beta * fast)))
        self._values = self._values + (values - self._values) * share[..., None]
        self._time = time
        return self._values


def _share(cutoff: float, pace: float) -> float:
    """How much of a new value an exponential filter of that cutoff (Hz) takes."""
    return 1 / (1 + 1 / (2 * math.pi * pace * cutoff))
