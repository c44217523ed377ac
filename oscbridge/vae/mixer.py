"""Beat-patch mixers: the encoder and decoder that the `studio` preset's music and pose VAEs share.

A window is cut into one token a beat; blocks then mix along the tokens and along the channels in
turn (MLP-Mixer, Tolstikhin et al. 2021). Each beat so keeps latents of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_TAMED = 0.3
"""A block starts near the identity: what it adds is scaled down by this."""
_LOG_VARIANCES = (-10.0, 6.0)


@dataclass(frozen=True)
class MixerConfig:
    """Sizes of one mixer: `tokens` a window (its beats), `width` channels a token, `latent` values
    a token, `blocks`, and the hidden sizes of the two mixings. `dropout` is that of the blocks,
    `input_dropout` that of the encoder's input.
    """

    width: int
    latent: int
    tokens: int = 8
    blocks: int = 2
    token_hidden: int = 32
    expansion: int = 2
    dropout: float = 0.1
    input_dropout: float = 0.05


class MixerBlock(nn.Module):
    """Tokens (B, tokens, width) to the same, each knowing of the others."""

    def __init__(self, config: MixerConfig) -> None:
        super().__init__()
        hidden = config.expansion * config.width
        self.token_norm = nn.LayerNorm(config.width)
        self.token_in = nn.Linear(config.tokens, config.token_hidden)
        self.token_out = nn.Linear(config.token_hidden, config.tokens)
        self.channel_norm = nn.LayerNorm(config.width)
        self.channel_in = nn.Linear(config.width, hidden)
        self.channel_out = nn.Linear(hidden, config.width)
        self.dropout = nn.Dropout(config.dropout)
        for layer in (self.token_out, self.channel_out):
            nn.init.zeros_(layer.bias)
            with torch.no_grad():
                layer.weight.mul_(_TAMED)

    def forward(self, x: Tensor) -> Tensor:
        """(B, tokens, width) -> (B, tokens, width)."""
        along = self.token_norm(x).transpose(1, 2)  # (B, width, tokens)
        mixed = self.token_out(functional.gelu(self.token_in(along)))
        x = x + self.dropout(mixed.transpose(1, 2))
        mixed = self.channel_out(functional.gelu(self.channel_in(self.channel_norm(x))))
        y: Tensor = x + self.dropout(mixed)
        return y


class MixerEncoder(nn.Module):
    """Windows (B, steps, values) to a diagonal Gaussian a token.

    `steps` is a multiple of the tokens; the patch of a token is its steps' values end to end.
    """

    def __init__(self, steps: int, values: int, config: MixerConfig) -> None:
        super().__init__()
        self.config = config
        self.patch = steps // config.tokens * values
        self.dropout = nn.Dropout(config.input_dropout)
        self.project = nn.Linear(self.patch, config.width)
        self.blocks = nn.Sequential(*(MixerBlock(config) for _ in range(config.blocks)))
        self.norm = nn.LayerNorm(config.width)
        self.posterior = nn.Linear(config.width, 2 * config.latent)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, steps, values) -> mean and log variance (B, tokens, latent)."""
        tokens = self.dropout(x).reshape(-1, self.config.tokens, self.patch)
        mixed = self.norm(self.blocks(self.project(tokens)))  # (B, tokens, width)
        mean, log_variance = self.posterior(mixed).chunk(2, dim=-1)
        return mean, log_variance.clamp(*_LOG_VARIANCES)


class MixerDecoder(nn.Module):
    """Latents (B, tokens, latent) to windows (B, steps, values)."""

    def __init__(self, steps: int, values: int, config: MixerConfig) -> None:
        super().__init__()
        self.steps, self.values = steps, values
        self.project = nn.Linear(config.latent, config.width)
        self.blocks = nn.Sequential(*(MixerBlock(config) for _ in range(config.blocks)))
        self.norm = nn.LayerNorm(config.width)
        self.unfold = nn.Linear(config.width, steps // config.tokens * values)

    def forward(self, latent: Tensor) -> Tensor:
        """(B, tokens, latent) -> (B, steps, values), unbounded."""
        mixed = self.norm(self.blocks(self.project(latent)))  # (B, tokens, width)
        window: Tensor = self.unfold(mixed).reshape(-1, self.steps, self.values)
        return window
