"""The paper's pose VAE: 32 poses on the step grid to a latent and back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from oscbridge.domain import pose
from oscbridge.domain.timeline import WINDOW
from oscbridge.vae.elbo import Reduction, Terms, elbo, sample
from oscbridge.vae.mlp import GaussianEncoder, mlp


@dataclass(frozen=True)
class Config:
    """Sizes, scale and loss. The paper's "PoseNet, 33 x 3" is read as BlazePose (PoseNet has 17
    landmarks); its range [-1, 1] is reached by dividing metres from mid-hip by `metres_per_unit`,
    the farthest an arm of the canonical figure (`domain.skeleton`) reaches being 1.03 m.
    """

    steps: int = WINDOW
    landmarks: int = pose.COUNT
    metres_per_unit: float = 1.1
    hidden: tuple[int, ...] = (512, 256, 128)
    latent: int = 128
    dropout: float = 0.0
    kl_weight: float = 0.1
    reduction: Reduction = "sum"


class PoseVae(nn.Module):
    """Poses (B, 32, 33, 3) in metres from mid-hip, each window's mean facing turned to the front
    (`domain.pose.to_front`), to z (B, 128) and back.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        values = config.steps * config.landmarks * 3
        self.encoder = GaussianEncoder(values, config.hidden, config.latent, config.dropout)
        self.decoder = mlp((config.latent, *reversed(config.hidden), values), config.dropout)

    def encode(self, poses: Tensor) -> tuple[Tensor, Tensor]:
        """Poses (B, 32, 33, 3), metres -> mean and log variance (B, 128) of their posteriors."""
        units = (poses / self.config.metres_per_unit).flatten(start_dim=1)  # (B, 3168)
        mean, log_variance = self.encoder(units)
        return mean, log_variance

    def decode(self, latent: Tensor) -> Tensor:
        """Latents (B, 128) -> poses (B, 32, 33, 3), metres; the last layer is linear."""
        units: Tensor = self.decoder(latent)  # (B, 3168)
        poses = units.reshape(-1, self.config.steps, self.config.landmarks, 3)
        return poses * self.config.metres_per_unit

    def loss(self, poses: Tensor, generator: torch.Generator) -> Terms:
        """Squared error, in units, + 0.1 KL of a minibatch of poses in metres."""
        mean, log_variance = self.encode(poses)
        output = self.decode(sample(mean, log_variance, generator))
        scale = self.config.metres_per_unit
        return elbo(
            output / scale, poses / scale, mean, log_variance,
            kl_weight=self.config.kl_weight, reduction=self.config.reduction,
        )  # fmt: skip
