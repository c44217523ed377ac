"""The studio's pose VAE: 128 poses, four a step, to a latent and back, with the way of the hips and
which soles bear the body.

It starts from a closed form. Each frame is turned to the front by itself and how far it was turned
becomes a value of its own, so that a turning body is as simple as a still one; a whitened principal
component analysis of such windows is encoder and decoder (`training.studio_dance_start` finds it).
Mixers that add nothing at first learn what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from oscbridge.domain import pose
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW
from oscbridge.vae.elbo import Terms, divergence, sample
from oscbridge.vae.mixer import MixerConfig, MixerDecoder, MixerEncoder
from oscbridge.vae.studio.steps import StepReader

_STILL = 0.001
"""Metres a frame below which a landmark's speed does not matter."""


@dataclass(frozen=True)
class Config:
    """Sizes and loss. `turn_metres`: how many metres of landmarks a radian of turning weighs as
    much as. `noise`: standard deviation in metres of a landmark about its decoded place.
    """

    steps: int = WINDOW
    frames_per_step: int = 4
    landmarks: int = pose.COUNT
    latent: int = 128
    turn_metres: float = 1.5
    noise: float = 0.05
    width: int = 192
    token_latent: int = 48
    blocks: int = 2
    dropout: float = 0.1
    kl_weight: float = 0.1
    velocity_weight: float = 8.0
    acceleration_weight: float = 8.0
    liveliness_weight: float = 400.0
    feet_weight: float = 30.0

    @property
    def frames(self) -> int:
        """Poses a window."""
        return self.steps * self.frames_per_step

    @property
    def values(self) -> int:
        """Numbers a frame: its landmarks and how far it is turned."""
        return self.landmarks * 3 + 1


class PoseVae(nn.Module):
    """Poses (B, 128, 33, 3) in metres from mid-hip, each window turned as a whole to the front
    (`domain.pose.to_front`), to z (B, 128) and back.
    """

    scale: Tensor
    centre: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        tokens = self.tokens = config.steps // STEPS_PER_BEAT
        window = config.frames * config.values
        mixer = MixerConfig(
            config.width, config.token_latent, tokens, config.blocks, dropout=config.dropout
        )
        self.analysis = nn.Linear(window, config.latent)
        self.synthesis = nn.Linear(config.latent, window)
        self.log_variance = nn.Parameter(torch.full((config.latent,), -3.0))
        self.register_buffer("scale", torch.ones(config.values))
        self.register_buffer("centre", torch.zeros(config.values))
        self.listen = MixerEncoder(config.frames, config.values, mixer)
        self.gather = _silent(nn.Linear(tokens * config.token_latent, config.latent))
        self.spread = _silent(nn.Linear(config.latent, config.latent))
        self.lift = nn.Linear(config.latent, tokens * config.token_latent)
        self.speak = MixerDecoder(config.frames, config.values, mixer)
        _silent(self.speak.unfold)
        self.steps = StepReader(config.frames_per_step * STEPS_PER_BEAT)

    def encode(self, poses: Tensor) -> tuple[Tensor, Tensor]:
        """Poses (B, 128, 33, 3), metres -> mean and log variance (B, 128) of their posteriors."""
        values = unturned(poses, self.config.turn_metres)  # (B, 128, 100)
        tokens, _ = self.listen((values - self.centre) / self.scale)  # (B, 8, token_latent)
        mean = self.analysis(values.flatten(start_dim=1)) + self.gather(tokens.flatten(start_dim=1))
        log_variance = (self.log_variance + self.spread(mean)).clamp(-10, 6)
        return mean, log_variance

    def decode(self, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latents (B, 128) -> poses (B, 128, 33, 3), metres, bones not yet of constant length
        (`domain.skeleton.project`); `way` (B, 128, 3): metres a beat that mid-hip goes left and
        back, as the window is turned, and its height in metres; `contact` (B, 128, 4): logits of
        the soles of `pose.SOLES` to bear the body.
        """
        values = self.values(latent)
        front, turning = parted(values, self.config.turn_metres)
        way, contact = self.steps(front, turning)
        return turned(front, turning), way, contact

    def values(self, latent: Tensor) -> Tensor:
        """Latents (B, 128) -> frames (B, 128, 100): landmarks facing the front, and turning."""
        config = self.config
        plain = self.synthesis(latent).reshape(-1, config.frames, config.values)
        tokens = self.lift(latent).view(-1, self.tokens, config.token_latent)
        added: Tensor = self.speak(tokens) * self.scale
        made: Tensor = plain + added
        return made

    def loss(
        self, poses: Tensor, way: Tensor, contact: Tensor, generator: torch.Generator
    ) -> Terms:
        """Error of landmarks, their velocity and acceleration over a Gaussian's variance, + KL,
        + how much calmer or wilder each landmark is (squared error alone calms what it cannot
        tell), + error of the way and of the soles that bear the body.
        """
        config = self.config
        mean, log_variance = self.encode(poses)
        values = self.values(sample(mean, log_variance, generator))
        front, turning = parted(values, self.config.turn_metres)
        true = unturned(poses, config.turn_metres)
        scale = 1 / (2 * config.noise**2)
        place, speed, jolt = (
            (torch.diff(values, n, dim=1) - torch.diff(true, n, dim=1)).square().sum(dim=-1)
            for n in range(3)
        )  # (B, frames) each
        # Neighbouring frames hardly differ: a window holds about as much news as its steps do.
        shape = place.mean() + config.velocity_weight * speed.mean()
        shape = (shape + config.acceleration_weight * jolt.mean()) * config.steps * scale / 4
        kl = divergence(mean, log_variance).mean()
        true_front, true_turning = parted(true, self.config.turn_metres)
        lively = (_pace(front) / _pace(true_front)).log().square().mean()
        feet = self.steps.loss(true_front, true_turning, way, contact)
        feet = feet + self.steps.loss(front.detach(), turning.detach(), way, contact)
        loss = shape + config.kl_weight * kl + config.feet_weight * feet
        loss = loss + config.liveliness_weight * lively
        figures = {"loss": loss, "error": place.mean(), "speed": speed.mean(), "kl": kl}
        figures |= {"lively": lively, "feet": feet}
        return Terms(loss, {k: float(v.detach()) for k, v in figures.items()})


def unturned(poses: Tensor, turn_metres: float) -> Tensor:
    """Poses (B, frames, 33, 3) as frames (B, frames, 100): the landmarks of each turned to the
    front by itself, and how far it was turned, without jumps, times `turn_metres`.
    """
    across = poses[..., pose.INDEX["left_hip"], :] - poses[..., pose.INDEX["right_hip"], :]
    x, z = across[..., 0], across[..., 2]  # (B, frames)
    first = torch.atan2(z[:, :1], x[:, :1])
    cross = x[:, :-1] * z[:, 1:] - z[:, :-1] * x[:, 1:]
    dot = x[:, :-1] * x[:, 1:] + z[:, :-1] * z[:, 1:]
    turning = torch.cat([first, first + torch.cumsum(torch.atan2(cross, dot), dim=1)], dim=1)
    whole = 2 * torch.pi
    turning = turning - whole * torch.round(turning.mean(dim=1, keepdim=True) / whole)
    front = turned(poses, -turning).flatten(start_dim=2)
    return torch.cat([front, turn_metres * turning[..., None]], dim=-1)


def parted(values: Tensor, turn_metres: float) -> tuple[Tensor, Tensor]:
    """Frames (B, frames, 100) of `unturned` as landmarks (B, frames, 33, 3) and turning (B, frames)
    in radians.
    """
    front = values[..., :-1].reshape(*values.shape[:-1], pose.COUNT, 3)
    return front, values[..., -1] / turn_metres


def turned(poses: Tensor, angle: Tensor) -> Tensor:
    """Points (B, frames, n, 3) turned about the vertical by `angle` (B, frames), as `pose.turn`."""
    c, s = torch.cos(angle)[..., None], torch.sin(angle)[..., None]
    x, y, z = poses[..., 0], poses[..., 1], poses[..., 2]
    return torch.stack([c * x - s * z, y, s * x + c * z], dim=-1)


def _pace(front: Tensor) -> Tensor:
    """Mean speed (B, 33) of each landmark over a window (B, frames, 33, 3), metres a frame."""
    pace: Tensor = torch.diff(front, dim=1).norm(dim=-1).mean(dim=1)
    return pace + _STILL


def _silent(layer: nn.Linear) -> nn.Linear:
    """The layer made to say nothing until it has learnt something."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
