"""Following a learnt flow from noise to latents (rectified flow, Liu et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]


def draw(velocity: Callable[[Points, Points], Points], noise: Points, steps: int) -> Points:
    """Where points (B, n) end up at time 1 that are `noise` at time 0, by Heun's method.

    `velocity` tells from points (B, n) and time (B, 1) where they are going.
    """
    x = noise
    for step in range(steps):
        now = np.full((len(x), 1), step / steps, np.float32)
        ahead = np.full((len(x), 1), (step + 1) / steps, np.float32)
        v = velocity(x, now)
        guess = np.asarray(x + v / steps, np.float32)
        x = np.asarray(x + (v + velocity(guess, ahead)) / (2 * steps), np.float32)
    return x
