"""The prior of music: which z of the studio MIDI VAE are music, to draw clips that keep their beat
and their key.

A rectified flow (Liu et al. 2023): a mixer over the beats tells at every point between noise and
latents which way latents lie. It only corrects the flow of a Gaussian of the latents' own
covariance, which is known in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from oscbridge.vae.elbo import Terms
from oscbridge.vae.mixer import MixerBlock, MixerConfig


@dataclass(frozen=True)
class Config:
    """Sizes; `waves` are the frequencies that tell the time of the flow. Each beat also sees the
    same beat of the next of the `bars`, so that one may repeat the other.
    """

    latent: int = 128
    beats: int = 8
    bars: int = 2
    width: int = 128
    blocks: int = 3
    token_hidden: int = 48
    dropout: float = 0.1
    waves: int = 16

    def mixer(self) -> MixerConfig:
        """Of a block."""
        return MixerConfig(
            self.width, self.latent // self.beats, self.beats, self.blocks,
            token_hidden=self.token_hidden, dropout=self.dropout,
        )  # fmt: skip


class MidiPrior(nn.Module):
    """Points (B, 128) on their way from noise to z, to their velocity there.

    Within, the flow ends in whitened z: (z - `centre`) / `scale`, (128,) each, which varies by
    `variance` (128,) along the columns of `basis` (128, 128). Seen from without, by `velocity`, it
    ends in z itself.
    """

    centre: Tensor
    scale: Tensor
    basis: Tensor
    variance: Tensor
    frequencies: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("centre", torch.zeros(config.latent))
        self.register_buffer("scale", torch.ones(config.latent))
        self.register_buffer("basis", torch.eye(config.latent))
        self.register_buffer("variance", torch.ones(config.latent))
        self.register_buffer("frequencies", torch.pi * torch.arange(1.0, config.waves + 1))
        self.patch = config.latent // config.beats
        self.project = nn.Linear(4 * self.patch, config.width)
        self.time = nn.Sequential(
            nn.Linear(2 * config.waves, config.width), nn.GELU(),
            nn.Linear(config.width, config.width),
        )  # fmt: skip
        self.beat = nn.Parameter(0.02 * torch.randn(config.beats, config.width))
        self.blocks = nn.ModuleList(MixerBlock(config.mixer()) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)
        self.answer = nn.Linear(config.width, self.patch)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    @torch.no_grad()
    def learn_spread(self, latent: Tensor) -> None:
        """Take centre, scale and covariance of z (N, 128)."""
        self.centre.copy_(latent.mean(dim=0))
        self.scale.copy_(latent.std(dim=0).clamp(min=1e-3))
        variance, basis = torch.linalg.eigh(torch.cov(((latent - self.centre) / self.scale).T))
        self.variance.copy_(variance.clamp(min=1e-4))
        self.basis.copy_(basis)

    def velocity(self, x: Tensor, time: Tensor) -> Tensor:
        """Where points (B, 128) go at times (B, 1) in [0, 1]: from unit noise at 0 to z at 1.

        Such a point is w * (1 - t + t * scale) + t * centre, of the point w of the whitened way
        that starts at the same noise.
        """
        spread = 1 + time * (self.scale - 1)
        whitened = (x - time * self.centre) / spread
        flow = self.whitened(whitened, time)
        return flow * spread + whitened * (self.scale - 1) + self.centre

    def whitened(self, point: Tensor, time: Tensor) -> Tensor:
        """Velocity (B, 128) of whitened points (B, 128) at times (B, 1)."""
        straight, goal = self._gaussian(point, time)
        angles = time * self.frequencies
        told = self.time(torch.cat([angles.sin(), angles.cos()], dim=1))[:, None]
        shape = (-1, self.config.bars, self.config.beats // self.config.bars, self.patch)
        seen = torch.cat([point.reshape(shape), goal.reshape(shape)], dim=3)
        other = torch.cat([seen[:, 1:], seen[:, :1]], dim=1)
        x = self.project(torch.cat([seen, other - seen], dim=3).flatten(1, 2)) + self.beat
        for block in self.blocks:
            x = block(x + told)  # (B, 8, width)
        answer: Tensor = straight + self.answer(self.norm(x)).flatten(1)
        return answer

    def _gaussian(self, point: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """Velocity (B, 128) if z were a Gaussian, and the whitened z that is then expected."""
        along = point @ self.basis
        spread = time.square() * self.variance + (1 - time).square()
        goal = (time * self.variance / spread * along) @ self.basis.T
        noise = ((1 - time) / spread * along) @ self.basis.T
        return goal - noise, goal

    def loss(self, z: Tensor, generator: torch.Generator) -> Terms:
        """Squared error of the velocity, averaged, on straight ways from noise to whitened z, of
        z (B, 128).
        """
        goal = (z - self.centre) / self.scale
        noise = torch.randn(goal.shape, generator=generator).to(goal.device)
        time = torch.rand((len(goal), 1), generator=generator).to(goal.device)
        point = noise + time * (goal - noise)
        loss = (self.whitened(point, time) - (goal - noise)).square().mean()
        return Terms(loss, {"loss": float(loss.detach())})
