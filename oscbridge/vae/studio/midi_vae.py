"""The studio MIDI VAE: two bars of a score in C to 8 beats of latents and back.

Drums, bass and melody each have a mixer of their own and their own latents in every beat, so that
a part can be swapped or drawn by itself: z is 8 beats x (4 drums, 5 bass, 7 melody).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from oscbridge.domain.score_channels import (
    IN_BASS,
    IN_DRUM_VELOCITY,
    IN_DRUMS,
    IN_MELODY,
    INPUT_SIZES,
    OUT_BASS,
    OUT_DRUM_TIMING,
    OUT_DRUM_VELOCITY,
    OUT_DRUMS,
    OUT_MELODY,
    OUTPUT_SIZES,
    LineChannels,
)
from oscbridge.domain.timeline import WINDOW
from oscbridge.vae.elbo import Terms, divergence, sample
from oscbridge.vae.mixer import MixerConfig, MixerDecoder, MixerEncoder


@dataclass(frozen=True)
class Config:
    """Sizes and loss; `widths` and `latents` (a beat) are those of drums, bass and melody.

    The KL counts from `free_nats` on; velocity and timing errors are weighted against the
    likelihood of the notes in nats. `folded` nets see and say pitches also by class and octave.
    """

    steps: int = WINDOW
    beats: int = 8
    widths: tuple[int, ...] = (128, 128, 192)
    latents: tuple[int, ...] = (4, 5, 7)
    blocks: int = 2
    dropout: float = 0.1
    input_dropout: float = 0.05
    kl_weight: float = 0.1
    free_nats: float = 48.0
    velocity_weight: float = 2.0
    timing_weight: float = 20.0
    folded: bool = True

    @property
    def latent(self) -> int:
        """Size of z."""
        return self.beats * sum(self.latents)

    def mixers(self) -> tuple[MixerConfig, ...]:
        """Of each part."""
        return tuple(
            MixerConfig(
                width, latent, self.beats, self.blocks,
                dropout=self.dropout, input_dropout=self.input_dropout,
            )
            for width, latent in zip(self.widths, self.latents, strict=True)
        )  # fmt: skip


class MidiVae(nn.Module):
    """Channels (B, 32, F) of scores in C (`domain.score_channels`) to z (B, 128) and back to logits
    (B, 32, G).
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        mixers = config.mixers()
        self.encoders = nn.ModuleList(
            MixerEncoder(config.steps, n + k, m)
            for n, k, m in zip(INPUT_SIZES, self._extra(2), mixers, strict=True)
        )
        self.decoders = nn.ModuleList(
            MixerDecoder(config.steps, n + k, m)
            for n, k, m in zip(OUTPUT_SIZES, self._extra(1), mixers, strict=True)
        )
        for i, line in enumerate((IN_BASS, IN_MELODY), start=1):
            self.register_buffer(f"fold_{i}", _fold(line), persistent=False)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Channels (B, 32, F) -> mean and log variance (B, 128), beat by beat."""
        means, log_variances = [], []
        for i, part in enumerate(torch.split(x, list(INPUT_SIZES), dim=-1)):
            mean, log_variance = self.encoders[i](self._folded(part, i))  # (B, 8, 4 | 5 | 7)
            means.append(mean)
            log_variances.append(log_variance)
        return torch.cat(means, dim=-1).flatten(1), torch.cat(log_variances, dim=-1).flatten(1)

    def decode(self, latent: Tensor) -> Tensor:
        """z (B, 128) -> logits (B, 32, G) of `domain.score_channels`."""
        beats = latent.reshape(-1, self.config.beats, sum(self.config.latents))
        parts = torch.split(beats, list(self.config.latents), dim=-1)
        return torch.cat(
            [self._unfolded(self.decoders[i](part), i) for i, part in enumerate(parts)], dim=-1
        )

    def _extra(self, times: int) -> tuple[int, ...]:
        """Values a step that a part has besides its channels, if pitch and onset have `times`."""
        lines = (0, *(_fold(line).shape[1] for line in (IN_BASS, IN_MELODY)))
        return tuple(times * n if self.config.folded else 0 for n in lines)

    def _folded(self, x: Tensor, part: int) -> Tensor:
        """Channels of a part with, for a line, classes and octaves of pitches and onsets."""
        if part == 0 or not self.config.folded:
            return x
        fold: Tensor = getattr(self, f"fold_{part}")
        n = len(fold)
        return torch.cat([x, x[..., :n] @ fold, x[..., n : 2 * n] @ fold], dim=-1)

    def _unfolded(self, y: Tensor, part: int) -> Tensor:
        """Logits of a part, those of a line's classes and octaves added to its pitches'."""
        if part == 0 or not self.config.folded:
            return y
        fold: Tensor = getattr(self, f"fold_{part}")
        n, size = len(fold), OUTPUT_SIZES[part]
        pitch = y[..., 1 : n + 1] + y[..., size:] @ fold.T
        return torch.cat([y[..., :1], pitch, y[..., n + 1 : size]], dim=-1)

    def loss(
        self,
        x: Tensor,
        timing: Tensor,
        timed: Tensor,
        generator: torch.Generator,
        warmth: float = 1.0,
    ) -> Terms:
        """Negative log-likelihood of the notes of channels (B, 32, F) + errors of velocity and, for
        the windows that are `timed` (B,), of the hits' `timing` (B, 32, 12) in steps + `warmth` x
        0.1 KL.
        """
        mean, log_variance = self.encode(x)
        logits = self.decode(sample(mean, log_variance, generator))
        notes = _drum_nll(logits, x) + _line_nll(logits, x, OUT_BASS, IN_BASS)
        notes = notes + _line_nll(logits, x, OUT_MELODY, IN_MELODY)
        velocity = _velocity_error(logits, x)
        late = _timing_error(logits, x, timing) * timed
        kl = divergence(mean, log_variance)
        config = self.config
        excess = (kl - config.free_nats).clamp(min=0)
        loss = (
            notes
            + config.velocity_weight * velocity
            + config.timing_weight * late
            + warmth * config.kl_weight * excess
        ).mean()
        terms = {"loss": loss, "error": notes.mean(), "velocity": velocity.mean(), "kl": kl.mean()}
        return Terms(loss, {k: float(v.detach()) for k, v in terms.items()})


def _fold(line: LineChannels) -> Tensor:
    """(pitches, 12 + octaves): the class and the octave of each pitch, 1 where it is."""
    pitch = torch.arange(line.range.low, line.range.high + 1)
    octave = pitch // 12 - line.range.low // 12
    return torch.cat(
        [functional.one_hot(pitch % 12, 12), functional.one_hot(octave)], dim=1
    ).float()


def _drum_nll(logits: Tensor, x: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(
        logits[..., OUT_DRUMS], x[..., IN_DRUMS], reduction="none"
    ).sum(dim=(1, 2))


def _line_nll(logits: Tensor, x: Tensor, out: LineChannels, into: LineChannels) -> Tensor:
    """Of which pitch or rest each step has, and of where notes start: (B,)."""
    held = x[..., into.pitch]  # (B, 32, pitches)
    ranks = torch.arange(1, held.shape[-1] + 1, device=x.device, dtype=x.dtype)
    target = (held * ranks).sum(dim=-1).long()  # 0 for a rest
    pitch = functional.cross_entropy(
        logits[..., out.pitch].flatten(0, 1), target.flatten(), reduction="none"
    ).view(target.shape)
    onset = functional.binary_cross_entropy_with_logits(
        logits[..., out.onset].squeeze(-1), x[..., into.onset].sum(dim=-1), reduction="none"
    )
    return (pitch + onset).sum(dim=1)


def _velocity_error(logits: Tensor, x: Tensor) -> Tensor:
    """Squared error of the velocities, in units of 127, of what starts: (B,)."""
    error = (logits[..., OUT_DRUM_VELOCITY].sigmoid() - x[..., IN_DRUM_VELOCITY]).square()
    total = (error * x[..., IN_DRUMS]).sum(dim=(1, 2))
    for out, into in ((OUT_BASS, IN_BASS), (OUT_MELODY, IN_MELODY)):
        error = (logits[..., out.velocity].sigmoid() - x[..., into.velocity]).square()
        total = total + (error * x[..., into.onset].sum(dim=-1)).sum(dim=1)
    return total


def _timing_error(logits: Tensor, x: Tensor, timing: Tensor) -> Tensor:
    """Squared error of how late the hits are, in steps: (B,)."""
    error = (0.5 * logits[..., OUT_DRUM_TIMING].tanh() - timing).square()
    return (error * x[..., IN_DRUMS]).sum(dim=(1, 2))
