"""An average of a model's weights over the latest steps of its training, kept beside the model."""

from __future__ import annotations

import torch
from torch import nn


class Averaged(nn.Module):
    """A `model` in training and, as buffers, the exponential moving average of its parameters.

    `decay` 0.999 averages over about the last 1000 steps, and over all of them while they are few;
    0 follows the model. Its state is that of both, so that a checkpoint holds both.
    """

    steps: torch.Tensor

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__()
        self.model, self.decay = model, decay
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.means = nn.Module()
        for name, parameter in model.named_parameters():
            self.means.register_buffer(name.replace(".", "|"), parameter.detach().clone())

    @torch.no_grad()
    def update(self) -> None:
        """Count the parameters as they are now."""
        self.steps += 1
        decay = min(self.decay, float(self.steps) / (float(self.steps) + 10))
        for mean, parameter in zip(self.means.buffers(), self.model.parameters(), strict=True):
            mean.lerp_(parameter, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the model's parameters and their averages."""
        for mean, parameter in zip(self.means.buffers(), self.model.parameters(), strict=True):
            kept = mean.clone()
            mean.copy_(parameter)
            parameter.copy_(kept)
