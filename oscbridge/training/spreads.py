"""Measuring how a trio's latents are spread over its training windows."""

from __future__ import annotations

import torch
from torch import Tensor

from oscbridge.domain.graphs import DOMAINS
from oscbridge.domain.latents import Spread
from oscbridge.vae.paper.bridge_vae import one_hot
from oscbridge.vae.presets import Trio


def crossed(trio: Trio, z: Tensor, origin: int, goal: int) -> Tensor:
    """z (N, 128) of one domain taken over the bridge to another, or to its own."""
    shared, _ = trio.bridge_vae.encode(z, one_hot(origin, len(z)))
    return trio.bridge_vae.decode(shared, one_hot(goal, len(z)))


@torch.no_grad()
def spreads(trio: Trio, music: Tensor, dance: Tensor) -> dict[str, Spread]:
    """Spread of each of `domain.latents.SPREADS`, from training rolls and poses."""
    z = (trio.midi_vae.encode(music)[0], trio.pose_vae.encode(dance)[0])
    found = {name: _spread(latents) for name, latents in zip(DOMAINS, z, strict=True)}
    for origin, name in enumerate(DOMAINS):
        goal = 1 - origin
        found[f"{name}_to_{DOMAINS[goal]}"] = _spread(crossed(trio, z[origin], origin, goal))
    return found


def _spread(latents: Tensor) -> Spread:
    return Spread(latents.mean(dim=0).numpy(), latents.std(dim=0, unbiased=False).numpy())
