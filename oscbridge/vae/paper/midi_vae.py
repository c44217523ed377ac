"""The paper's MIDI VAE: two bars of unified piano-roll to a latent and back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from oscbridge.domain.pianoroll import ROWS
from oscbridge.domain.timeline import WINDOW
from oscbridge.vae.elbo import Reduction, Terms, elbo, sample
from oscbridge.vae.mlp import GaussianEncoder, mlp


@dataclass(frozen=True)
class Config:
    """Sizes and loss. The paper leaves open the activation (LeakyReLU here) and normalisation
    (none here); it states the rest.
    """

    steps: int = WINDOW
    rows: int = ROWS
    hidden: tuple[int, ...] = (512, 256, 128)
    latent: int = 128
    dropout: float = 0.0
    kl_weight: float = 0.1
    reduction: Reduction = "sum"


class MidiVae(nn.Module):
    """Binary rolls (B, 32, 128), 1 where a note sounds, to z (B, 128) and back."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        values = config.steps * config.rows
        self.encoder = GaussianEncoder(values, config.hidden, config.latent, config.dropout)
        self.decoder = mlp((config.latent, *reversed(config.hidden), values), config.dropout)

    def encode(self, roll: Tensor) -> tuple[Tensor, Tensor]:
        """Rolls (B, 32, 128) -> mean and log variance (B, 128) of their posteriors."""
        mean, log_variance = self.encoder(roll.flatten(start_dim=1))  # (B, 4096) -> (B, 128) x 2
        return mean, log_variance

    def decode(self, latent: Tensor) -> Tensor:
        """Latents (B, 128) -> rolls (B, 32, 128) in (-1, 1): the paper ends in a tanh."""
        flat = torch.tanh(self.decoder(latent))  # (B, 4096)
        return flat.reshape(-1, self.config.steps, self.config.rows)

    def play(self, latent: Tensor) -> Tensor:
        """`decode` clipped to [0, 1], as a roll is read once training is over."""
        return self.decode(latent).clamp(0, 1)

    def loss(self, roll: Tensor, generator: torch.Generator) -> Terms:
        """Squared error + 0.1 KL of a minibatch of rolls."""
        mean, log_variance = self.encode(roll)
        output = self.decode(sample(mean, log_variance, generator))
        return elbo(
            output, roll, mean, log_variance,
            kl_weight=self.config.kl_weight, reduction=self.config.reduction,
        )  # fmt: skip
