"""Landmarks a sender does not see: held for a moment as they were last, then at ease."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.body_tree import (
    PARENT,
    RELAXED,
    RELAXED_LENGTH,
    Points,
    axes,
    hung,
    with_joints,
)
from oscbridge.domain.pose import COUNT

DOUBTED, BELIEVED = 0.2, 0.4
"""Confidence up to which a landmark is not believed at all, and from which it is wholly."""
HOLD = 0.3
"""Seconds an unseen landmark stays where it was last on the body."""
EASE = 0.7
"""Seconds in which it then goes to where it would be at ease."""
RETURN = 0.15
"""Seconds in which one that is seen again is believed again."""
_LEARN = 0.1
"""Share of a new bone length that is taken into the body's own."""


class Missing:
    """Fills what is missing in frames of one body that come one after another."""

    def __init__(self) -> None:
        self._axes: Points = np.eye(3)
        self._trust = np.zeros(COUNT)
        self._unseen = np.full(COUNT, np.inf)
        self._offset: Points = RELAXED.copy()
        self._length = np.full(COUNT, np.nan)
        self._first = True

    def fill(
        self, points: Points, confidence: NDArray[np.float32], size: float, pace: float
    ) -> Points:
        """Landmarks (33, 3) with what is not believed taken from the body instead.

        `size`: how many units of `points` a metre of the figure is; `pace`: seconds since the
        frame before.
        """
        trust = np.clip((confidence - DOUBTED) / (BELIEVED - DOUBTED), 0.0, 1.0)
        known = trust >= 1.0
        if not self._first:
            trust = np.minimum(trust, self._trust + pace / RETURN)
        self._first, self._trust = False, trust
        self._axes = axes(points, known, self._axes)
        if trust.min() >= 1.0:
            self._learn(points, known)
            return points
        self._unseen = np.where(known, self._unseen, self._unseen + pace)
        filled = hung(points, trust, self._wanted(size) @ self._axes.T)
        self._learn(filled, known)
        return filled

    def _wanted(self, size: float) -> Points:
        """Where each landmark would be from what it hangs on, seen from the body (33, 3)."""
        own = np.where(np.isnan(self._length), RELAXED_LENGTH * size, self._length)
        relaxed = RELAXED * (own / RELAXED_LENGTH)[:, None]
        ease = np.clip((self._unseen - HOLD) / EASE, 0.0, 1.0)[:, None]
        ease = ease * ease * (3 - 2 * ease)
        return np.where(ease >= 1.0, relaxed, self._offset + (relaxed - self._offset) * ease)

    def _learn(self, points: Points, known: NDArray[np.bool_]) -> None:
        """Remember how believed landmarks lie on the body."""
        known = known & (self._trust >= 1.0)
        offset = points - with_joints(points)[PARENT]
        length = np.sqrt(np.einsum("ij,ij->i", offset, offset))
        self._offset = np.where(known[:, None], offset @ self._axes, self._offset)
        own = np.where(np.isnan(self._length), length, self._length)
        self._length = np.where(known, own + (length - own) * _LEARN, self._length)
        self._unseen = np.where(known, 0.0, self._unseen)
