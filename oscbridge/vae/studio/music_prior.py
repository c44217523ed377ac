"""The music prior: which z are music. It draws new clips that keep their beat and their key.

Each part's latents of a beat are rounded to codes, coarse to fine (residual vector quantisation);
a causal transformer over the beats, and within a beat a net over the codes so far, foresees every
code from those before it. Repeating a bar is then choosing the same code again, which samples of
Gaussians cannot do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from oscbridge.domain import code_sampling
from oscbridge.vae.elbo import Terms


@dataclass(frozen=True)
class Config:
    """Sizes. `latents` a beat of drums, bass and melody as in the VAE, each rounded in `levels`
    steps to one of `choices` codes. `phases`: beats of a bar, one of which a window starts at.
    """

    latents: tuple[int, ...] = (4, 5, 7)
    levels: tuple[int, ...] = (2, 2, 3)
    choices: int = 256
    beats: int = 8
    phases: int = 4
    width: int = 128
    heads: int = 4
    blocks: int = 3
    dropout: float = 0.2

    @property
    def places(self) -> int:
        """Codes a beat."""
        return sum(self.levels)


class CausalBlock(nn.Module):
    """Beats (B, beats, width) to the same, each knowing of those before it."""

    causal: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.attention_norm, self.net_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        self.net = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer(
            "causal", torch.ones(config.beats, config.beats, dtype=torch.bool).tril()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, beats, width) -> (B, beats, width)."""
        batch, beats, width = x.shape
        asked = self.ask(self.attention_norm(x)).reshape(batch, beats, 3 * self.heads, -1)
        query, key, value = asked.transpose(1, 2).chunk(3, dim=1)  # (B, heads, beats, per head)
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=self.causal)
        x = x + self.dropout(self.answer(heard.transpose(1, 2).reshape(batch, beats, width)))
        y: Tensor = x + self.dropout(self.net(self.net_norm(x)))
        return y


class MusicPrior(nn.Module):
    """z (B, 128) to codes (B, 8, 7) and back, and the logits of each code."""

    offset: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        for part, (levels, size) in enumerate(zip(config.levels, config.latents, strict=True)):
            self.register_buffer(f"codebook_{part}", torch.zeros(levels, config.choices, size))
        codes, width = config.places * config.choices, config.width
        self.heard = nn.Embedding(codes, width)
        self.so_far = nn.Embedding(codes, width)
        self.phase = nn.Embedding(config.phases, width)
        self.place = nn.Parameter(0.02 * torch.randn(config.places, width))
        self.beat = nn.Parameter(0.02 * torch.randn(config.beats, width))
        self.blocks = nn.Sequential(*(CausalBlock(config) for _ in range(config.blocks)))
        self.net = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(),
            nn.Dropout(config.dropout), nn.Linear(2 * width, width),
        )  # fmt: skip
        self.norm = nn.LayerNorm(width)
        self.choose = nn.Parameter(width**-0.5 * torch.randn(config.places, config.choices, width))
        self.bias = nn.Parameter(torch.zeros(config.places, config.choices))
        self.dropout = nn.Dropout(config.dropout)
        for embedding in (self.heard, self.so_far, self.phase):
            nn.init.normal_(embedding.weight, std=0.1)
        self.register_buffer("offset", torch.arange(config.places) * config.choices)

    def forward(self, codes: Tensor, phase: Tensor) -> Tensor:
        """Codes (B, 8, 7) int64 of windows that start at beat `phase` (B,) of a bar -> logits
        (B, 8, 7, 256) of each, from those before it.
        """
        index = codes + self.offset
        beats = self.heard(index).sum(dim=2)  # (B, 8, width)
        before = functional.pad(beats[:, :-1], (0, 0, 1, 0))  # each beat sees those before it
        context = self.dropout(before + self.beat + self.phase(phase)[:, None])
        context = self.blocks(context)
        chosen = self.so_far(index).cumsum(dim=2)
        chosen = functional.pad(chosen[:, :, :-1], (0, 0, 1, 0))  # (B, 8, 7, width)
        state = context[:, :, None] + self.dropout(chosen) + self.place
        state = self.norm(state + self.net(state))
        logits: Tensor = torch.einsum("bnpw,pcw->bnpc", state, self.choose) + self.bias
        return logits

    def loss(self, codes: Tensor, phase: Tensor, heard: Tensor | None = None) -> Terms:
        """Negative log-likelihood in nats a window of codes (B, 8, 7) at phases (B,), when these
        codes, or others instead, are `heard`.
        """
        logits = self(codes if heard is None else heard, phase)
        nats = functional.cross_entropy(logits.flatten(0, 2), codes.flatten(), reduction="none")
        loss = nats.view(len(codes), -1).sum(dim=1).mean()
        return Terms(loss, {"loss": float(loss.detach())})

    def codes(self, latent: Tensor) -> Tensor:
        """z (B, 128) -> the codes (B, 8, 7) nearest to it."""
        found = []
        beats = latent.reshape(-1, self.config.beats, sum(self.config.latents))
        for book, rest in zip(
            self._books(), torch.split(beats, list(self.config.latents), dim=-1), strict=True
        ):
            for level in book:  # (choices, size)
                code = torch.cdist(rest.flatten(0, 1), level).argmin(dim=1).view(rest.shape[:2])
                rest = rest - level[code]
                found.append(code)
        return torch.stack(found, dim=-1)

    def latent(self, codes: Tensor) -> Tensor:
        """Codes (B, 8, 7) -> z (B, 128)."""
        parts, at = [], 0
        for book, levels in zip(self._books(), self.config.levels, strict=True):
            parts.append(sum(book[i][codes[..., at + i]] for i in range(levels)))
            at += levels
        return torch.cat(parts, dim=-1).flatten(1)  # type: ignore[arg-type]

    def _books(self) -> list[Tensor]:
        return [getattr(self, f"codebook_{part}") for part in range(len(self.config.latents))]

    @torch.no_grad()
    def sample(
        self, count: int, temperature: float, rng: np.random.Generator, nucleus: float = 1.0
    ) -> Tensor:
        """z (count, 128) of new windows that start with a bar."""
        phase = torch.zeros(count, dtype=torch.long)

        def foresee(codes: code_sampling.Codes) -> NDArray[np.float32]:
            return np.asarray(self(torch.from_numpy(codes), phase).numpy())

        shape = (count, self.config.beats, self.config.places)
        drawn = code_sampling.draw(foresee, shape, temperature, rng, nucleus)
        return self.latent(torch.from_numpy(drawn))

    @torch.no_grad()
    def learn_codes(self, latent: Tensor, generator: torch.Generator, rounds: int = 20) -> None:
        """Set the codebooks by k-means on the beats of z (N, 128), level by level."""
        beats = latent.reshape(-1, sum(self.config.latents))
        for book, rest in zip(
            self._books(), torch.split(beats, list(self.config.latents), dim=-1), strict=True
        ):
            for level in book:
                level.copy_(_means(rest, len(level), generator, rounds))
                rest = rest - level[torch.cdist(rest, level).argmin(dim=1)]


def _means(points: Tensor, count: int, generator: torch.Generator, rounds: int) -> Tensor:
    """Centres (count, size) of k-means; a centre that loses all its points moves to a new one."""
    centres = points[torch.randperm(len(points), generator=generator)[:count]].clone()
    for _ in range(rounds):
        nearest = torch.cdist(points, centres).argmin(dim=1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        sizes = torch.bincount(nearest, minlength=count)
        drawn = points[torch.randint(len(points), (count,), generator=generator)]
        centres = torch.where(sizes[:, None] > 0, sums / sizes.clamp(min=1)[:, None], drawn)
    return centres
