"""Taking z over a trained `studio` bridge: to the middle of what could answer, or to drawn answers
of which the one in the best rhythm is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain.latents import Spread, rescaled
from oscbridge.engine.studio_dance import GAINS, TRIALS
from oscbridge.training.studio_bridge import Known, Material
from oscbridge.vae.paper.bridge_vae import one_hot
from oscbridge.vae.studio.bridge_vae import BridgeVae

STRICTNESS = 4.0
"""What a drawn answer loses by a squared rank of energy or contour that it is off, against the
likeness of its rhythm."""


@dataclass(frozen=True)
class Translation:
    """A bridge with what it takes to translate: how translated and real z are spread over the
    training windows, by goal, and how far apart (64,) z' of pseudo-pairs are.
    """

    vae: BridgeVae
    made: tuple[Spread, Spread]
    real: tuple[Spread, Spread]
    apart: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, vae: BridgeVae, material: Material) -> Translation:
        """From the training windows."""
        sides = (material.music.mean, material.dance.mean)
        shared = [
            vae.encode(z, one_hot(d, len(z)), *material.known(d))[0] for d, z in enumerate(sides)
        ]
        made = [vae.decode(shared[1 - d], one_hot(d, len(shared[1 - d]))) for d in range(2)]
        rows = torch.from_numpy(np.ascontiguousarray(material.pairs))
        apart = (shared[1][rows[:, 1]] - shared[0][rows[:, 0]]).std(dim=0)
        made_spreads, real = ([_spread(z) for z in group] for group in (made, sides))
        return cls(vae, (made_spreads[0], made_spreads[1]), (real[0], real[1]), apart)

    def shared_of(self, material: Material) -> tuple[Tensor, Tensor]:
        """Mean z' (N, 64) of the training windows of music and of dance."""
        return (
            self.shared(material.music.mean, 0, material.known(0)),
            self.shared(material.dance.mean, 1, material.known(1)),
        )

    @torch.no_grad()
    def shared(self, z: Tensor, domain: int, known: Known | None = None) -> Tensor:
        """Mean z' (N, 64) of z (N, 128), with what is known about its windows or without."""
        envelope, ranks = known or self.nothing(len(z))
        return self.vae.encode(z, one_hot(domain, len(z)), envelope, ranks)[0]

    def nothing(self, count: int) -> Known:
        """What stands for windows (N,) that nothing is known about."""
        config = self.vae.config
        return Known(torch.zeros(count, config.steps), torch.zeros(count, config.traits))

    @torch.no_grad()
    def answer(self, shared: Tensor, goal: int) -> Tensor:
        """z (N, 128) of the domain `goal`, given the spread of real latents."""
        z = self.vae.decode(shared, one_hot(goal, len(shared)))
        return torch.from_numpy(rescaled(z.numpy(), self.made[goal], self.real[goal]))

    @torch.no_grad()
    def in_rhythm(
        self,
        shared: Tensor,
        goal: int,
        envelope: Tensor,
        generator: torch.Generator,
        *,
        candidates: int = 48,
        temperature: float = 0.7,
        hear: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Of some answers z (N, 128), drawn as far from z' (N, 64) as pseudo-pairs lie apart, the
        one whose own z' is most like the standardised envelope (N, steps) asked for in its rhythm
        channel, and like z' in energy and contour. With `hear`, which finds the standardised
        envelope (N, steps) that z (N, 128) has once decoded, that is asked and not the channel.
        """
        count, size = shared.shape
        noise = torch.randn(candidates, count, size, generator=generator)
        noise[0] = 0
        drawn = shared + temperature * self.apart * noise  # (candidates, N, 64)
        z = self.vae.decode(drawn.flatten(0, 1), one_hot(goal, candidates * count))
        z = torch.from_numpy(rescaled(z.numpy(), self.made[goal], self.real[goal]))
        back = self.shared(z, goal)  # (candidates * N, 64)
        said, ranks = self.vae.tell(back)
        heard = (hear(z) if hear else said).reshape(candidates, count, -1)
        off = ranks.reshape(candidates, count, -1) - self.vae.tell(shared)[1]
        fit = torch.cosine_similarity(heard, envelope[None], dim=-1)  # (candidates, N)
        fit = fit - STRICTNESS * off.square().sum(dim=-1)
        every = torch.arange(count)
        return z.reshape(candidates, count, -1)[fit.argmax(dim=0), every]

    def in_energy(
        self,
        z: Tensor,
        goal: int,
        wanted: NDArray[np.float64],
        heard: Callable[[Tensor], NDArray[np.float64]],
    ) -> Tensor:
        """z (N, 128) moved from or to the middle of the training windows until what they decode to
        has the energy (N,) `wanted`, as far as GAINS go; `heard` decodes z and tells it.
        """
        middle = torch.from_numpy(self.real[goal].mean)
        gain = np.ones(len(z))
        for _ in range(TRIALS):
            scale = torch.from_numpy(gain[:, None].astype(np.float32))
            energy = heard(middle + scale * (z - middle))
            gain = np.clip(gain * wanted / np.maximum(energy, 1e-9), *GAINS)
        return middle + torch.from_numpy(gain[:, None].astype(np.float32)) * (z - middle)


def _spread(z: Tensor) -> Spread:
    return Spread(z.mean(dim=0).numpy(), z.std(dim=0, unbiased=False).numpy())
