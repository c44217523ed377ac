"""The paper's bridging VAE: one latent space z' that both domains' z go through.

Nothing in its loss sees a pair: the sliced Wasserstein distance sorts, so it does not know which
music came with which dance. The bridge matches two populations, not their members.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from oscbridge.domain.graphs import DOMAINS
from oscbridge.vae.elbo import Reduction, Terms, elbo, sample
from oscbridge.vae.mlp import GaussianEncoder, mlp


@dataclass(frozen=True)
class Config:
    """Sizes and loss. Left open by the paper and settled here: one VAE shared by both domains and
    told apart by a one-hot; both ELBOs summed; z is taken as it comes, not normalised.
    """

    latent_in: int = 128
    hidden: tuple[int, ...] = (256, 128)
    latent: int = 32
    dropout: float = 0.0
    kl_weight: float = 0.005
    swd_weight: float = 10.0
    projections: int = 50
    reduction: Reduction = "sum"


class BridgeVae(nn.Module):
    """z (B, 128) of either domain, with a one-hot (B, 2) of which, to z' (B, 32) and back."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        told = len(DOMAINS)
        self.encoder = GaussianEncoder(
            config.latent_in + told, config.hidden, config.latent, config.dropout
        )
        widths = (config.latent + told, *reversed(config.hidden), config.latent_in)
        self.decoder = mlp(widths, config.dropout)

    def encode(self, latent: Tensor, domain: Tensor) -> tuple[Tensor, Tensor]:
        """z (B, 128) of the one-hot `domain` (B, 2) -> mean and log variance (B, 32) of z'."""
        mean, log_variance = self.encoder(torch.cat([latent, domain], dim=1))  # (B, 130)
        return mean, log_variance

    def decode(self, latent: Tensor, domain: Tensor) -> Tensor:
        """z' (B, 32) -> z (B, 128) of the one-hot `domain` (B, 2)."""
        z: Tensor = self.decoder(torch.cat([latent, domain], dim=1))  # (B, 34)
        return z

    def loss(self, music: Tensor, dance: Tensor, generator: torch.Generator) -> Terms:
        """Both domains' ELBOs + 10 x the SWD between their z', for unpaired z (B, 128) each.

        The z are draws from the frozen VAEs' posteriors.
        """
        drawn: list[Tensor] = []
        elbos: list[Terms] = []
        for index, z in enumerate((music, dance)):
            domain = one_hot(index, len(z))
            mean, log_variance = self.encode(z, domain)
            shared = sample(mean, log_variance, generator)
            elbos.append(
                elbo(
                    self.decode(shared, domain), z, mean, log_variance,
                    kl_weight=self.config.kl_weight, reduction=self.config.reduction,
                )
            )  # fmt: skip
            drawn.append(shared)
        swd = sliced_wasserstein(*drawn, projections=self.config.projections, generator=generator)
        loss = elbos[0].loss + elbos[1].loss + self.config.swd_weight * swd
        figures = {key: sum(e.figures[key] for e in elbos) for key in ("error", "kl")}
        return Terms(loss, {"loss": float(loss.detach()), **figures, "swd": float(swd.detach())})


def one_hot(domain: int, count: int) -> Tensor:
    """`count` rows (count, 2) that name the domain: 0 music, 1 dance."""
    return functional.one_hot(torch.full((count,), domain), len(DOMAINS)).float()


def sliced_wasserstein(
    a: Tensor, b: Tensor, *, projections: int, generator: torch.Generator
) -> Tensor:
    """Squared 1-D Wasserstein-2 distance of `a` and `b` (B, latent), averaged over random unit
    projections (Bonneel et al. 2015).
    """
    axes = torch.randn(a.shape[1], projections, generator=generator).to(a.device)
    axes = axes / axes.norm(dim=0)  # (latent, projections)
    sorted_a = (a @ axes).sort(dim=0).values  # (B, projections)
    sorted_b = (b @ axes).sort(dim=0).values
    distance: Tensor = (sorted_a - sorted_b).square().mean()
    return distance
