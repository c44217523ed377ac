"""The terms of a VAE's loss, and the two scales it is summed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

Reduction = Literal["mean", "sum"]
"""How the squared error over a window's values is reduced before the KL is added to it.

`mean` is the paper's loss read to the letter: the KL, summed over the latent, then weighs some
thousand times more than one value's error, and the posterior collapses onto the prior. `sum`
is the loss of a Gaussian likelihood, and does not.
"""
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)


@dataclass(frozen=True)
class Terms:
    """A minibatch's `loss` (scalar, with gradient) and the figures that explain it."""

    loss: Tensor
    figures: dict[str, float]


def sample(mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
    """One draw (B, latent) from the Gaussians, with its gradient (the reparametrisation trick)."""
    noise = torch.randn(mean.shape, generator=generator).to(mean.device)
    return mean + torch.exp(0.5 * log_variance) * noise


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL (B,) in nats of each Gaussian from the standard normal, summed over the latent."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


def squared_error(output: Tensor, target: Tensor, reduction: Reduction) -> Tensor:
    """Squared error (scalar): averaged over the batch, and over each window or summed over it."""
    error = (output - target).square().flatten(start_dim=1)  # (B, values)
    return error.mean() if reduction == "mean" else error.sum(dim=1).mean()


def elbo(
    output: Tensor,
    target: Tensor,
    mean: Tensor,
    log_variance: Tensor,
    *,
    kl_weight: float,
    reduction: Reduction,
) -> Terms:
    """Squared error + `kl_weight` x KL, the negative ELBO of a Gaussian likelihood up to scale."""
    error = squared_error(output, target, reduction)
    kl = divergence(mean, log_variance).mean()
    loss = error + kl_weight * kl
    return Terms(
        loss,
        {"loss": float(loss.detach()), "error": float(error.detach()), "kl": float(kl.detach())},
    )
