"""Latents of new music: the parts of windows that are known, put together anew and led on by the
learnt flow.

A flow from mere noise forgets that bars repeat (bar 1-2 drum F1 .54 where real music has .72);
parts of known windows, put together, do not, but hold nothing new. On the way from the one to the
other lies what is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.flow import Points, Velocity, draw
from oscbridge.domain.latents import Spread, akin

LATENTS = (4, 5, 7)
"""Values a beat of drums, bass and melody in z of the `studio` music VAE."""
FORM = (0, 0, 1, 0)
"""Which of its melodies each window of a longer clip begins from: A A B A."""
FREE = 4.0
"""Temperature at which nothing known is left: the flow then begins from noise alone."""


@dataclass(frozen=True)
class MusicPrior:
    """`anchors` (A, 128): z of known windows; `spread`: the centre and scale by which the flow
    whitens z.
    """

    anchors: NDArray[np.float32]
    spread: Spread

    def draw(
        self, velocity: Velocity, count: int, rng: np.random.Generator, temperature: float = 1.0
    ) -> Points:
        """z (count, 128) of windows that follow one another.

        `velocity` is the flow's. `temperature`: 0 for known parts as they are, put together anew;
        1 as far from them as sounds like music; FREE and more from noise, ever more of it.
        """
        known = self._put_together(count, rng)
        noise = akin(rng.standard_normal(known.shape)) * max(1.0, temperature / FREE)
        return self._led(velocity, known, noise, max(0.0, 1.0 - temperature / FREE))

    def about(
        self,
        velocity: Velocity,
        z: Points,
        rng: np.random.Generator,
        amount: float,
        temperature: float = 1.0,
    ) -> Points:
        """z (N, 128) of windows sent a part `amount` of the way back to noise and led on from
        there: 0 for z itself, 1 for music that has nothing of it (Meng et al. 2022, SDEdit).
        """
        noise = akin(rng.standard_normal(z.shape)) * temperature
        return self._led(velocity, z, noise, 1.0 - amount)

    def _led(
        self, velocity: Velocity, known: Points, noise: NDArray[np.float64], time: float
    ) -> Points:
        """Where the flow leads from that point of the way between noise and what is known."""
        centre, scale = self.spread.mean, self.spread.std
        whitened = (1 - time) * noise + time * (known - centre) / scale
        points = whitened * (1 - time + time * scale) + time * centre
        return draw(velocity, points.astype(np.float32), start=time)

    def _put_together(self, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """z (count, 128): one known drum part, one bass, and melodies in the order of FORM."""
        drums, bass, *melodies = rng.integers(len(self.anchors), size=2 + len(set(FORM)))
        beats = self.anchors.reshape(len(self.anchors), -1, sum(LATENTS))
        edges = np.cumsum(LATENTS)[:-1]
        windows = []
        for i in range(count):
            rows = (drums, bass, melodies[FORM[i % len(FORM)]])
            parts = zip(rows, np.split(beats, edges, axis=2), strict=True)
            windows.append(np.concatenate([part[row] for row, part in parts], axis=1).ravel())
        return np.stack(windows)
