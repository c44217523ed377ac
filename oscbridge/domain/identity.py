"""Who is who among detections that come as bare lists, frame by frame: the nearest to where each
would be by now.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FORGET = 1.5
"""Seconds after which somebody who is not seen is nobody any more."""
MOST = 64
"""People who are remembered."""
COAST = 0.5
"""Seconds in which the motion of somebody unseen dies down to about a third."""
_AGILE = 0.5
"""Share of a new velocity that is believed."""


@dataclass(slots=True)
class _Known:
    person: int
    place: NDArray[np.float64]
    velocity: NDArray[np.float64]
    seen: float

    def ahead(self, now: float) -> NDArray[np.float64]:
        """Where they would be by now."""
        passed = COAST * (1 - np.exp(-(now - self.seen) / COAST))
        return np.asarray(self.place + self.velocity * passed)


class Identities:
    """Gives detections the number of a person; numbers rise and are never used again.

    Two who cross are told apart by their motion. Where they meet and both turn back at once they
    may be exchanged: positions do not show it.
    """

    def __init__(self) -> None:
        self._known: list[_Known] = []
        self._newest = 0

    def assign(self, places: NDArray[np.float64], reach: float, now: float) -> list[int]:
        """Numbers (n,) of the people at `places` (n, 2 or 3).

        Nobody is taken to be farther than `reach`, in the unit of `places`, from where they would
        be by their motion.
        """
        numbers = [0] * len(places)
        for known, i in self._pairs(places, reach, now):
            self._move(known, places[i], now)
            numbers[i] = known.person
        for i, number in enumerate(numbers):
            if not number:
                self._newest += 1
                place = places[i].astype(np.float64)
                self._known.append(_Known(self._newest, place, np.zeros_like(place), now))
                numbers[i] = self._newest
        return numbers

    def _pairs(
        self, places: NDArray[np.float64], reach: float, now: float
    ) -> list[tuple[_Known, int]]:
        if not len(places) or not self._known:
            return []
        from scipy.optimize import linear_sum_assignment

        ahead = np.stack([known.ahead(now) for known in self._known])
        apart = np.linalg.norm(ahead[:, None] - places[None], axis=-1)
        # Whoever is out of reach costs more than any pairing of those within.
        cost = np.where(apart <= reach, apart, 1e6 * reach)
        rows, columns = linear_sum_assignment(cost)
        return [
            (self._known[row], int(i))
            for row, i in zip(rows, columns, strict=True)
            if apart[row, i] <= reach
        ]

    @staticmethod
    def _move(known: _Known, place: NDArray[np.float64], now: float) -> None:
        pace = now - known.seen
        if pace > 0:
            velocity = (place - known.place) / pace
            known.velocity = known.velocity + (velocity - known.velocity) * _AGILE
        known.place, known.seen = place.astype(np.float64), now

    def forgotten(self, now: float) -> list[int]:
        """Numbers of those who have not been seen for FORGET seconds, and of the longest unseen of
        more than MOST, each told once.
        """
        self._known.sort(key=lambda known: known.seen, reverse=True)
        count = sum(now - known.seen <= FORGET for known in self._known[:MOST])
        gone = [known.person for known in self._known[count:]]
        del self._known[count:]
        return gone
