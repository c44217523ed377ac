"""What a trial of a search needs: windows to train a VAE on and to measure it on, and the VAEs it
stands on. It travels to whoever runs the trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from oscbridge.training.collapse import ACTIVE, FEWEST_ACTIVE, FEWEST_NATS, Panel
from oscbridge.training.net_settings import Values
from oscbridge.training.search_trials import Outcome, Weights
from oscbridge.vae.elbo import divergence


class Bench(Protocol):
    """Trials of one VAE."""

    def run(self, settings: Values) -> Outcome:
        """Train the VAE with these settings and measure it on the validation windows."""


class Benches(Protocol):
    """The benches of a preset, over one corpus."""

    preset: str
    fingerprint: str
    """Hash of all windows."""

    def bench(self, net: str, chosen: Mapping[str, Values], frozen: Mapping[str, Weights]) -> Bench:
        """Of one VAE, after the settings chosen for those before it; the bridge's stands on their
        weights.
        """


class Unwatched:
    """Nobody follows the training of a trial."""

    def epoch(self, name: str, done: int, figures: dict[str, float]) -> None:
        """Not told."""

    def warn(self, text: str) -> None:
        """Not told: what is wrong shows in the figures."""


def weights_of(net: nn.Module) -> Weights:
    """The net's tensors as arrays."""
    return {name: np.ascontiguousarray(t.numpy()) for name, t in net.state_dict().items()}


def with_weights(net: nn.Module, weights: Weights) -> None:
    """Put the arrays into the net, which is then frozen as it is used."""
    net.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in weights.items()})
    net.eval()


def posterior_figures(mean: Tensor, log_variance: Tensor) -> dict[str, float]:
    """KL in nats a window and active units of posteriors (N, latent)."""
    return {
        "KL nats": float(divergence(mean, log_variance).mean()),
        "active units": float((mean.var(dim=0, unbiased=False) > ACTIVE).sum()),
    }


def panel_figures(panel: Panel) -> dict[str, float]:
    """The same of a panel, with its variance ratio."""
    return {
        "KL nats": panel.kl,
        "active units": float(panel.active),
        "variance ratio": panel.variance_ratio,
    }


def silent(figures: Mapping[str, Any]) -> bool:
    """Whether these are the figures of a VAE whose latent says nothing."""
    return bool(figures["KL nats"] < FEWEST_NATS or figures["active units"] < FEWEST_ACTIVE)
