"""Has a VAE collapsed: does its latent still say anything about what went in?"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from oscbridge.vae.elbo import divergence
from oscbridge.vae.paper.bridge_vae import one_hot
from oscbridge.vae.presets import Trio

ACTIVE = 0.01
"""Variance of its posterior mean over the windows from which a unit counts as active (Burda et
al. 2016)."""
FEWEST_NATS, FEWEST_ACTIVE, LEAST_VARIANCE = 1.0, 1, 0.01


@dataclass(frozen=True)
class Panel:
    """`kl` in nats a window, `active` units of `units`, and `variance_ratio`: how much the outputs
    differ among each other, against how much the inputs do. A collapsed VAE has 0, 0 and 0.
    """

    kl: float
    active: int
    units: int
    variance_ratio: float

    @property
    def collapsed(self) -> bool:
        """Whether any of the three figures is that of a VAE that ignores its input."""
        return (
            self.kl < FEWEST_NATS
            or self.active < FEWEST_ACTIVE
            or self.variance_ratio < LEAST_VARIANCE
        )

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        return {k: float(v) for k, v in asdict(self).items()}

    def warning(self, name: str, epoch: int, reduction: str) -> str:
        """What to tell whoever trains it, and what they can do."""
        text = (
            f"{name} is collapsing: after epoch {epoch} its latent carries {self.kl:.3f} nats, "
            f"{self.active} of {self.units} units are active and its outputs vary "
            f"{self.variance_ratio:.1%} as much as the recordings do. "
        )
        if reduction == "mean":
            return text + "The KL outweighs the mean error: train with --reduction sum."
        return text + "Train on more recordings, or longer (--length)."


def panel(mean: Tensor, log_variance: Tensor, output: Tensor, target: Tensor) -> Panel:
    """The panel of posteriors (N, latent) and of what was made of them, beside what went in."""
    variances = mean.var(dim=0, unbiased=False)
    spread = target.flatten(1).var(dim=0, unbiased=False).sum()
    return Panel(
        kl=float(divergence(mean, log_variance).mean()),
        active=int((variances > ACTIVE).sum()),
        units=mean.shape[1],
        variance_ratio=float(output.flatten(1).var(dim=0, unbiased=False).sum() / spread),
    )


@torch.no_grad()
def panels(trio: Trio, music: Tensor, dance: Tensor) -> dict[str, Panel]:
    """The panel of each VAE on rolls (N, 32, 128) and poses (M, 32, 33, 3)."""
    return {
        "midi_vae": music_panel(trio, music),
        "pose_vae": dance_panel(trio, dance),
        "bridge_vae": bridge_panel(trio, music, dance),
    }


@torch.no_grad()
def music_panel(trio: Trio, music: Tensor) -> Panel:
    """The MIDI VAE's panel on rolls (N, 32, 128)."""
    mean, log_variance = trio.midi_vae.encode(music)
    return panel(mean, log_variance, trio.midi_vae.play(mean), music)


@torch.no_grad()
def dance_panel(trio: Trio, dance: Tensor) -> Panel:
    """The pose VAE's panel on poses (N, 32, 33, 3)."""
    mean, log_variance = trio.pose_vae.encode(dance)
    return panel(mean, log_variance, trio.pose_vae.decode(mean), dance)


@torch.no_grad()
def bridge_panel(trio: Trio, music: Tensor, dance: Tensor) -> Panel:
    """The bridge's panel on the posterior means of both, the two domains averaged."""
    halves = []
    for index, z in enumerate((trio.midi_vae.encode(music)[0], trio.pose_vae.encode(dance)[0])):
        domain = one_hot(index, len(z))
        mean, log_variance = trio.bridge_vae.encode(z, domain)
        halves.append(panel(mean, log_variance, trio.bridge_vae.decode(mean, domain), z))
    return Panel(
        kl=float(np.mean([h.kl for h in halves])),
        active=min(h.active for h in halves),
        units=halves[0].units,
        variance_ratio=float(np.mean([h.variance_ratio for h in halves])),
    )
