"""The closed form the studio's pose VAE starts from: a whitened principal component analysis."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from oscbridge.vae.studio.pose_vae import PoseVae, unturned

_LEAST = 1e-2
"""Share of the largest spread below which a component counts as one of that spread."""
_SPARE, _ROUNDS = 32, 3
"""Components looked for beyond those kept, and rounds of looking: Halko et al. 2011."""


@torch.no_grad()
def start(vae: PoseVae, poses: Tensor, seed: int = 0) -> None:
    """Set encoder and decoder to the whitened components of windows (N, 128, 33, 3).

    The posterior's variance is that of probabilistic PCA whose noise is the components left out.
    """
    values = unturned(poses, vae.config.turn_metres)
    vae.centre.copy_(values.mean(dim=(0, 1)))
    vae.scale.copy_(values.flatten(end_dim=1).std(dim=0).clamp_min(1e-3))
    windows = values.flatten(start_dim=1)
    mean = windows.mean(dim=0)
    spread, axes = _components(windows - mean, vae.config.latent, seed)
    vae.analysis.weight.copy_(axes.T / spread[:, None])
    vae.analysis.bias.copy_(-(axes.T @ mean) / spread)
    vae.synthesis.weight.copy_(axes * spread)
    vae.synthesis.bias.copy_(mean)
    # A frame holds a step's news a quarter each: noise counts once a step.
    noise = vae.config.noise**2 * vae.config.frames_per_step
    vae.log_variance.copy_(torch.log(noise / (spread**2 + noise)))


def _components(windows: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Standard deviations (count,) and directions (values, count) in which windows vary most."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        size = min(count + _SPARE, *windows.shape)
        _, singular, axes = torch.svd_lowrank(windows, q=size, niter=_ROUNDS)
    spread = singular[:count] / math.sqrt(len(windows))
    missing = count - len(spread)
    if missing:
        spread = torch.cat([spread, torch.ones(missing)])
        axes = torch.cat([axes, torch.zeros(len(axes), missing)], dim=1)
    # What hardly varies is not blown up to the size of what does.
    return spread.clamp_min(_LEAST * float(spread[0])), axes[:, :count]
