"""The two halves every MLP VAE here is built from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn


def mlp(widths: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Linear layers of the given widths, a LeakyReLU, and `dropout` if any, between two of them,
    none after the last.
    """
    layers: list[nn.Module] = []
    for narrow, wide in pairwise(widths[:-1]):
        layers += [nn.Linear(narrow, wide), *_between(dropout)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def _between(dropout: float) -> list[nn.Module]:
    return [nn.LeakyReLU(), nn.Dropout(dropout)] if dropout else [nn.LeakyReLU()]


class GaussianEncoder(nn.Module):
    """(B, inputs) -> mean (B, latent) and log variance (B, latent) of a diagonal Gaussian."""

    def __init__(
        self, inputs: int, hidden: Sequence[int], latent: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*mlp((inputs, *hidden), dropout), *_between(dropout))
        self.mean = nn.Linear(hidden[-1], latent)
        self.log_variance = nn.Linear(hidden[-1], latent)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the posterior of each row of `x`."""
        h = self.trunk(x)  # (B, hidden[-1])
        return self.mean(h), self.log_variance(h)
