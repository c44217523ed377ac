"""Following a learnt flow from noise to latents."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
"""(B, latent)."""
Velocity = Callable[[Points, NDArray[np.float32]], Points]
"""(points (B, latent), time (B, 1) in [0, 1]) -> where they go, a unit of time."""
STEPS = 12
"""Steps from noise to latents; each asks for the velocity twice."""


def draw(velocity: Velocity, noise: Points, steps: int = STEPS, start: float = 0.0) -> Points:
    """Where points end up at time 1 that start as `noise` (B, latent) at time 0, by Heun's method;
    or at a later `start`, in as many steps as are left.

    Noise is standard normal; scaled down (a temperature below 1) it leads to what is more usual.
    """
    x = np.asarray(noise, np.float32)
    times = np.linspace(start, 1, 1 + int(np.ceil(steps * (1 - start))))
    for at, to in pairwise(times):
        now, ahead = (np.full((len(x), 1), t, np.float32) for t in (at, to))
        v = velocity(x, now)
        guess = np.asarray(x + (to - at) * v, np.float32)
        x = np.asarray(x + (to - at) * (v + velocity(guess, ahead)) / 2, np.float32)
    return x
