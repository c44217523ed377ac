"""Following a learnt flow from noise to latents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""(B, latent)."""
Velocity = Callable[[Points, NDArray[np.float32]], Points]
"""(points (B, latent), time (B, 1) in [0, 1]) -> where they go, a unit of time."""
STEPS = 12
"""Steps from noise to latents; each asks for the velocity twice."""


def draw(velocity: Velocity, noise: Points, steps: int = STEPS) -> Points:
    """Where points end up at time 1 that start as `noise` (B, latent) at time 0, by Heun's method.

    Noise is standard normal; scaled down (a temperature below 1) it leads to what is more usual.
    """
    x = np.asarray(noise, np.float32)
    for step in range(steps):
        now, ahead = (np.full((len(x), 1), s / steps, np.float32) for s in (step, step + 1))
        v = velocity(x, now)
        guess = np.asarray(x + v / steps, np.float32)
        x = np.asarray(x + (v + velocity(guess, ahead)) / (2 * steps), np.float32)
    return x
