"""Augmentation of windows as pure functions: what they take is never changed, chance comes from the
generator given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.pose import mirror
from oscbridge.domain.score import REST, PitchRange

SMALLEST, LARGEST = 0.8, 1.25
"""Scale of a movement's amplitude."""
BAR = 16
"""Steps of a bar of 4/4."""
OTHER_SIDE = np.array([2, 3, 0, 1])
"""The order of soles, left and right exchanged."""


def mirrored(
    landmarks: NDArray[Any], root: NDArray[Any], contacts: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Left and right exchanged: landmarks (..., 33, 3), root (..., 3), contacts (..., 4)."""
    return mirror(landmarks), root * np.array([-1, 1, 1], root.dtype), contacts[..., OTHER_SIDE]


def room(pitch: NDArray[np.uint8], pitches: PitchRange) -> tuple[int, int]:
    """Semitones a line (...,) may be moved down (<= 0) and up without leaving `pitches`."""
    sounding = pitch[pitch != REST].astype(int)
    if not len(sounding):
        return -127, 127
    return pitches.low - int(sounding.min()), pitches.high - int(sounding.max())


def transposed(pitch: NDArray[np.uint8], semitones: int, pitches: PitchRange) -> NDArray[np.uint8]:
    """The line (...,) moved. Raises ValueError rather than fold a note: it could not be undone."""
    low, high = room(pitch, pitches)
    if not low <= semitones <= high:
        raise ValueError(f"{semitones:+d} semitones: only {low:+d} to {high:+d} keep every note")
    return np.where(pitch == REST, REST, pitch.astype(int) + semitones).astype(np.uint8)


def without_lanes(
    drums: NDArray[Any], share: float, generator: np.random.Generator
) -> NDArray[Any]:
    """Drums (..., steps, lanes) with each lane of each window left out with chance `share`."""
    kept = generator.random((*drums.shape[:-2], 1, drums.shape[-1])) >= share
    return np.asarray(np.where(kept, drums, 0).astype(drums.dtype))


def rotated(steps: NDArray[Any], by: int = BAR, axis: int = 1) -> NDArray[Any]:
    """The window's second bar first: (windows, steps or frames, ...) rolled along `axis`.

    Not for `root`, whose way would jump, nor for lines held over the seam.
    """
    return np.roll(steps, by, axis=axis)


def scaled(landmarks: NDArray[Any], amplitude: float) -> NDArray[np.float32]:
    """A movement (frames, 33, 3) of the figure made smaller or larger about its mean pose.

    The excursions are scaled and the result is projected, so that bones keep their lengths.
    """
    if not SMALLEST <= amplitude <= LARGEST:
        raise ValueError(f"amplitude {amplitude:g}: expected {SMALLEST:g} to {LARGEST:g}")
    mean = landmarks.mean(axis=0, keepdims=True)
    return skeleton.project(mean + amplitude * (landmarks - mean))
