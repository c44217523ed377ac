"""The `studio` bridging VAE: the paper's one shared latent space, with what a translation needs on
top: self-labels, pseudo-pairs, and a rhythm channel in which accents and motion beats are the same.
What is known about a window without any net, its envelope and its ranks, goes in beside its z.

Every term beyond the paper's ELBO + SWD has a weight; at 0 it is left out, for ablations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from oscbridge.domain.graphs import DOMAINS
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW
from oscbridge.vae.elbo import Terms, divergence, sample
from oscbridge.vae.paper.bridge_vae import one_hot, sliced_wasserstein

_RANK_SCALE = 12.0
"""One over the variance of a rank."""
_TRAIT_COSTS = (4.0, 1.0)
"""Of a difference of rank in energy and in contour, against one of rhythm."""
_FEWEST = 4
"""Members of a label in a minibatch below which their distance is not looked at."""


@dataclass(frozen=True)
class Config:
    """Sizes and loss. `rhythm` of the `latent` dimensions of z', as many for each beat, are the
    rhythm channel, heard by a net of its own, `listener` wide. Squared errors are of whitened z,
    summed over its dimensions; `labels` is how many self-labels there are, `traits` how many values
    a window is ranked by. `softness`: how unlike the best a pseudo-pair may be (in the cost of
    `cost_of`) and still count as mates, 0 for the assigned ones only. `known`: whether the encoder
    heeds what is known about a window; `forgotten`: share of training windows that go in without.
    """

    latent_in: int = 128
    width: int = 192
    blocks: int = 2
    latent: int = 64
    rhythm: int = 32
    listener: int = 512
    steps: int = WINDOW
    labels: int = 9
    traits: int = 2
    known: bool = True
    forgotten: float = 0.2
    dropout: float = 0.1
    kl_weight: float = 0.05
    swd_weight: float = 10.0
    projections: int = 64
    label_weight: float = 1.0
    contrast_weight: float = 4.0
    temperature: float = 0.1
    softness: float = 0.15
    trait_weight: float = 4.0
    cross_weight: float = 0.25
    rhythm_weight: float = 64.0


class _Gated(nn.Module):
    """A residual block whose branch is gated, told the domain: (B, width) -> (B, width)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.branch = nn.Linear(width + len(DOMAINS), 2 * width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, domain: Tensor) -> Tensor:
        value, gate = self.branch(torch.cat([self.norm(h), domain], dim=1)).chunk(2, dim=1)
        mixed: Tensor = h + self.out(self.dropout(functional.gelu(value) * torch.sigmoid(gate)))
        return mixed


class _Mixing(nn.Module):
    """(B, inputs), a domain (B, 2) -> (B, outputs)."""

    def __init__(self, inputs: int, outputs: int, config: Config) -> None:
        super().__init__()
        self.inward = nn.Linear(inputs + len(DOMAINS), config.width)
        self.blocks = nn.ModuleList(
            _Gated(config.width, config.dropout) for _ in range(config.blocks)
        )
        self.outward = nn.Linear(config.width, outputs)

    def forward(self, x: Tensor, domain: Tensor) -> Tensor:
        h = self.inward(torch.cat([x, domain], dim=1))  # (B, width)
        for block in self.blocks:
            h = block(h, domain)
        y: Tensor = self.outward(h)
        return y


@dataclass(frozen=True)
class Batch:
    """A minibatch: z (B, 128) of both domains, as drawn from the frozen VAEs, their self-labels
    (B,), energy and contour as ranks (B, 2), 0 to 1, and standardised accent or motion-beat
    envelopes (B, steps). Row i of one domain and row i of the other are a pseudo-pair if `paired`.
    """

    z: tuple[Tensor, Tensor]
    labels: tuple[Tensor, Tensor]
    traits: tuple[Tensor, Tensor]
    envelopes: tuple[Tensor, Tensor]
    paired: bool

    def to(self, device: torch.device) -> Batch:
        """The same there."""
        (z, other), (labels, others) = self.z, self.labels
        (ranks, their_ranks), (envelope, their_envelope) = self.traits, self.envelopes
        return Batch(
            (z.to(device), other.to(device)),
            (labels.to(device), others.to(device)),
            (ranks.to(device), their_ranks.to(device)),
            (envelope.to(device), their_envelope.to(device)),
            self.paired,
        )


class BridgeVae(nn.Module):
    """z (B, 128) of either domain, with a one-hot (B, 2) of which, to z' (B, 64) and back."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        heard = config.latent_in + config.steps
        self.encoder = _Mixing(heard + config.traits, 2 * config.latent, config)
        self.decoder = _Mixing(config.latent, config.latent_in, config)
        # Of its own: in a trunk shared with the rest, reconstruction leaves no room for timing.
        self.listener = nn.Sequential(
            nn.Linear(heard + len(DOMAINS), config.listener),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.listener, config.listener),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.listener, config.rhythm),
        )
        self.classifier = nn.Linear(config.latent, config.labels)
        self.ranks = nn.Linear(config.latent, config.traits)
        beats = config.steps // STEPS_PER_BEAT
        self.anchors = nn.Linear(config.rhythm // beats, STEPS_PER_BEAT)
        self.centre: Tensor
        self.scale: Tensor
        shape = len(DOMAINS), config.latent_in
        self.register_buffer("centre", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape))

    def whiten(self, music: Tensor, dance: Tensor) -> None:
        """Take centre and scale of each domain's z from training latents (N, 128)."""
        for row, z in enumerate((music, dance)):
            self.centre[row] = z.mean(dim=0)
            self.scale[row] = z.std(dim=0).clamp_min(1e-3)

    def encode(
        self, latent: Tensor, domain: Tensor, envelope: Tensor, traits: Tensor
    ) -> tuple[Tensor, Tensor]:
        """z (B, 128) of the one-hot `domain` (B, 2), with the standardised accent or motion-beat
        `envelope` (B, steps) and the ranks of energy and contour `traits` (B, 2) of its window ->
        mean and log variance (B, 64) of z'. Zeros stand for what is not known.
        """
        white = (latent - domain @ self.centre) / (domain @ self.scale)
        if not self.config.known:
            envelope, traits = torch.zeros_like(envelope), torch.zeros_like(traits)
        heard = torch.cat([white, envelope], dim=1)
        mean, log_variance = self.encoder(torch.cat([heard, traits], 1), domain).chunk(2, dim=1)
        rhythm = self.listener(torch.cat([heard, domain], dim=1))  # (B, rhythm)
        mean = torch.cat([rhythm, mean[:, self.config.rhythm :]], dim=1)
        return mean, log_variance.clamp(-8, 4)

    def decode(self, latent: Tensor, domain: Tensor) -> Tensor:
        """z' (B, 64) -> z (B, 128) of the one-hot `domain` (B, 2)."""
        white: Tensor = self.decoder(latent, domain)
        return white * (domain @ self.scale) + domain @ self.centre

    def tell(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """What z' (B, 64) says: a standardised envelope (B, steps) of accents or motion beats, and
        ranks (B, 2) of energy and contour, about 0 to 1.

        One map of rhythm for both domains and for every beat: the channel means the same in music
        and in dance.
        """
        channel = latent[:, : self.config.rhythm]
        beats = channel.reshape(-1, self.config.steps // STEPS_PER_BEAT, self.anchors.in_features)
        envelope: Tensor = self.anchors(beats).flatten(start_dim=1)  # (B, beats, 4) -> (B, steps)
        ranks: Tensor = self.ranks(latent)
        return envelope, ranks

    def loss(self, batch: Batch, generator: torch.Generator) -> Terms:
        """All terms of a minibatch, each by its weight."""
        c = self.config
        hot = [one_hot(index, len(z)).to(z.device) for index, z in enumerate(batch.z)]
        known = self._remembered(batch, generator)
        posteriors = [self.encode(z, h, *k) for z, h, k in zip(batch.z, hot, known, strict=True)]
        drawn = [sample(*posterior, generator) for posterior in posteriors]
        terms = {
            "error": sum(
                self._error(self.decode(s, h), z, h)
                for s, z, h in zip(drawn, batch.z, hot, strict=True)
            ),
            "kl": c.kl_weight * sum(divergence(*p).mean() for p in posteriors),
        }
        if c.swd_weight:
            terms["swd"] = c.swd_weight * self._distance(drawn, batch.labels, generator)
        if c.label_weight:
            terms["label"] = c.label_weight * sum(
                functional.cross_entropy(self.classifier(s), labels)
                for s, labels in zip(drawn, batch.labels, strict=True)
            )
        told = [self.tell(s) for s in drawn]
        if c.trait_weight:
            terms["trait"] = c.trait_weight * sum(
                (said - ranks).square().mean() * _RANK_SCALE
                for (_, said), ranks in zip(told, batch.traits, strict=True)
            )
        if c.rhythm_weight:
            terms["rhythm"] = c.rhythm_weight * sum(
                functional.mse_loss(said, envelope)
                for (said, _), envelope in zip(told, batch.envelopes, strict=True)
            )
        if batch.paired and c.contrast_weight:
            means = [mean for mean, _ in posteriors]
            mates = (
                likeness(batch, c.softness)
                if c.softness
                else torch.eye(len(means[0]), device=means[0].device)
            )
            terms["contrast"] = c.contrast_weight * contrast(
                means[0], means[1], mates, c.temperature
            )
        if batch.paired and c.cross_weight:
            terms["cross"] = c.cross_weight * sum(
                self._error(self.decode(drawn[1 - goal], hot[goal]), batch.z[goal], hot[goal])
                for goal in range(len(DOMAINS))
            )
        loss = torch.stack([torch.as_tensor(t) for t in terms.values()]).sum()
        figures = {name: float(torch.as_tensor(t).detach()) for name, t in terms.items()}
        return Terms(loss, {"loss": float(loss.detach()), **figures})

    def _remembered(self, batch: Batch, generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
        """Envelopes and ranks of both domains, of some windows forgotten."""
        sides = zip(batch.envelopes, batch.traits, strict=True)
        kept = [
            (torch.rand(len(e), 1, generator=generator) >= self.config.forgotten)
            .float()
            .to(e.device)
            for e in batch.envelopes
        ]
        return [(e * k, t * k) for (e, t), k in zip(sides, kept, strict=True)]

    def _error(self, made: Tensor, true: Tensor, domain: Tensor) -> Tensor:
        return (((made - true) / (domain @ self.scale)).square()).sum(dim=1).mean()

    def _distance(
        self, shared: Sequence[Tensor], labels: Sequence[Tensor], generator: torch.Generator
    ) -> Tensor:
        """SWD between the domains' z', of each self-label apart where labels are in use."""
        projections = self.config.projections
        if not self.config.label_weight:
            return sliced_wasserstein(*shared, projections=projections, generator=generator)
        total, weight = shared[0].new_zeros(()), 0
        for label in range(self.config.labels):
            members = [s[of == label] for s, of in zip(shared, labels, strict=True)]
            count = min(len(m) for m in members)
            if count >= _FEWEST:
                some = [m[:count] for m in members]
                distance = sliced_wasserstein(*some, projections=projections, generator=generator)
                total, weight = total + count * distance, weight + count
        return total / max(1, weight)


def contrast(a: Tensor, b: Tensor, mates: Tensor, temperature: float) -> Tensor:
    """InfoNCE both ways, by cosine likeness: row i of a (B, latent) belongs to row j of b as much
    as `mates` (B, B) says; the identity for plain pairs.
    """
    alike = functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T / temperature
    both = functional.cross_entropy(alike, mates / mates.sum(dim=1, keepdim=True))
    back = functional.cross_entropy(alike.T, mates.T / mates.T.sum(dim=1, keepdim=True))
    return (both + back) / 2


def likeness(batch: Batch, softness: float) -> Tensor:
    """How well each music (row) and each dance (column) of a minibatch would do as a pseudo-pair
    (B, B): 1 at best, by energy, contour and rhythm as `training.pairing` weighs them.
    """
    cost = cost_of(batch.traits, batch.envelopes)
    return torch.exp(-(cost - cost.min()) / softness)


def cost_of(traits: tuple[Tensor, Tensor], envelopes: tuple[Tensor, Tensor]) -> Tensor:
    """Cost (N, M) of each music with each dance, from ranks (N, 2), (M, 2) and standardised
    envelopes (N, steps), (M, steps).
    """
    apart = (traits[0][:, None] - traits[1][None]).square()  # (N, M, 2)
    rhythm = envelopes[0] @ envelopes[1].T / envelopes[0].shape[1]
    return apart @ apart.new_tensor(_TRAIT_COSTS) - rhythm
