"""Interim."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    """Interim."""

    latent: int = 128


class MidiPrior(nn.Module):
    """Interim."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.net = nn.Linear(config.latent + 1, config.latent)

    def velocity(self, x: Tensor, time: Tensor) -> Tensor:
        """Interim."""
        y: Tensor = self.net(torch.cat([x, time], dim=1)) * 0.01
        return y
