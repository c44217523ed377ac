"""Training the `studio` bridge: minibatches of pseudo-pairs, or of windows that only share a
self-label, from the frozen VAEs' posteriors to its weights.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain.descriptors import Descriptors, traits
from oscbridge.training import together
from oscbridge.training.checkpoints import Checkpoints
from oscbridge.training.pairing import costs, pseudo_pairs, self_labels
from oscbridge.vae.elbo import sample
from oscbridge.vae.studio.bridge_vae import Batch, BridgeVae, Config

CHECKPOINT_EVERY = 5
"""Epochs between two checkpoints."""
BLOCK = 4000
"""Windows of the smaller domain that are paired at once."""
_NAME = "bridge_vae"
_WARM_UP = 0.1
"""Share of the training in which the rate rises to its peak; from there it falls as a cosine."""


class Known(NamedTuple):
    """What is known about N windows without any net: the standardised `envelope` (N, steps) of
    their accents or motion beats, and `ranks` (N, 2) of their energy and contour.
    """

    envelope: Tensor
    ranks: Tensor

    @classmethod
    def of(cls, about: Descriptors, known: Descriptors) -> Known:
        """From their descriptors, ranked among the `known` (training) ones of their domain."""
        envelope = torch.from_numpy(about.envelope.astype(np.float32))
        return cls(envelope, torch.from_numpy(traits(about, known)).float())


@dataclass(frozen=True)
class Windows:
    """N windows of one domain: the posteriors `mean` and `log_variance` (N, 128) the frozen VAE has
    of them, and what is known `about` them.
    """

    mean: Tensor
    log_variance: Tensor
    about: Descriptors

    def __len__(self) -> int:
        return len(self.mean)

    def chosen(self, rows: NDArray[np.intp]) -> Windows:
        """Those windows, in that order."""
        return Windows(self.mean[rows], self.log_variance[rows], self.about.chosen(rows))


@dataclass(frozen=True)
class Recipe:
    """AdamW with one rise and fall of its rate; `rounds`: music mates of each window of dance."""

    epochs: int = 20
    batch: int = 192
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    rounds: int = 2
    seed: int = 1


@dataclass(frozen=True)
class Material:
    """Training windows of both domains with their self-labels (N,) and ranks (N, 2), and the
    pseudo-pairs (P, 2) among them.
    """

    music: Windows
    dance: Windows
    labels: tuple[Tensor, Tensor]
    traits: tuple[Tensor, Tensor]
    pairs: NDArray[np.intp]

    @classmethod
    def of(cls, music: Windows, dance: Windows, rounds: int) -> Material:
        """Labelled and paired."""
        found = _pairs(music.about, dance.about, rounds)
        labels = [torch.from_numpy(self_labels(w.about, w.about)) for w in (music, dance)]
        ranks = [torch.from_numpy(traits(w.about, w.about)).float() for w in (music, dance)]
        return cls(music, dance, (labels[0], labels[1]), (ranks[0], ranks[1]), found)

    def known(self, domain: int) -> Known:
        """About every window of music (0) or of dance (1)."""
        about = (self.music, self.dance)[domain].about
        return Known(torch.from_numpy(about.envelope.astype(np.float32)), self.traits[domain])

    def fingerprint(self) -> str:
        """Hash of the latents and the pairs."""
        digest = hashlib.sha256(self.pairs.tobytes())
        for windows in (self.music, self.dance):
            digest.update(windows.mean.numpy().tobytes())
        return digest.hexdigest()


def _pairs(music: Descriptors, dance: Descriptors, rounds: int) -> NDArray[np.intp]:
    """Pseudo-pairs within blocks drawn by chance: an assignment takes the cube of its size."""
    rng = np.random.default_rng(0)
    blocks = -(-min(len(music), len(dance)) // BLOCK)
    found = []
    orders = (np.array_split(rng.permutation(len(side)), blocks) for side in (music, dance))
    for m, d in zip(*orders, strict=True):
        cost = costs(music.chosen(m), dance.chosen(d), music, dance)
        rows = pseudo_pairs(cost, rounds)
        found.append(np.stack([m[rows[:, 0]], d[rows[:, 1]]], axis=1))
    return np.concatenate(found)


def fit(
    material: Material,
    config: Config = Config(),  # noqa: B008 - frozen
    recipe: Recipe = Recipe(),
    unfinished: Path | None = None,
    say: Callable[[float, dict[str, float]], None] = lambda done, figures: None,
    start: BridgeVae | None = None,
) -> tuple[BridgeVae, list[dict[str, float]]]:
    """The trained bridge, on from `start` if one is given, and its mean figures by epoch; `say`
    hears how far the training is.

    With a folder for what is `unfinished`, the training found there is gone on with, to the same
    weights as without a break.
    """
    vae = (start or _begun(material, config, recipe)).to(together.device())
    optimiser = torch.optim.AdamW(
        vae.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    shelf = _shelf(unfinished, material, config, recipe)
    done, log = shelf.restore(_NAME, vae, optimiser) if shelf else (0, [])
    vae.train()
    for epoch in range(done + 1, recipe.epochs + 1):
        log.append(_epoch(vae, optimiser, material, recipe, epoch))
        say(epoch / recipe.epochs, log[-1])
        if shelf and (epoch % CHECKPOINT_EVERY == 0 or epoch == recipe.epochs):
            shelf.save(_NAME, epoch, vae, optimiser, log)
    return vae.cpu().eval(), log


def _begun(material: Material, config: Config, recipe: Recipe) -> BridgeVae:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        vae = BridgeVae(config)
    vae.whiten(material.music.mean, material.dance.mean)
    return vae


def _epoch(
    vae: BridgeVae,
    optimiser: torch.optim.Optimizer,
    material: Material,
    recipe: Recipe,
    epoch: int,
) -> dict[str, float]:
    seed, place = together.seed_of(recipe.seed, _NAME, epoch), together.device()
    generator = torch.Generator().manual_seed(seed)
    seen: list[dict[str, float]] = []
    batches = list(_batches(material, vae.config, together.share(recipe.batch), generator))
    batches = batches[: max(1, len(batches) // together.world())]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout draws from torch's own
        for number, rows in enumerate(batches):
            progress = (epoch - 1 + number / len(batches)) / recipe.epochs
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * _rate(progress)
            batch = _batch(material, vae.config, rows, generator).to(place)
            terms = vae.loss(batch, generator)
            together.update(vae, optimiser, terms.loss, 5.0)
            seen.append(terms.figures)
    return {key: float(np.mean([figures[key] for figures in seen])) for key in seen[0]}


def _rate(progress: float) -> float:
    if progress < _WARM_UP:
        return 0.05 + 0.95 * progress / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP))) + 1e-3


Rows = tuple[Tensor, Tensor]
"""Of which windows of music and of dance a minibatch is made: (B,) each."""


def _batches(
    material: Material, config: Config, size: int, generator: torch.Generator
) -> Iterator[Rows]:
    """The minibatches of an epoch. Rows that stand together are a pseudo-pair where pairs are in
    use, share a label where only labels are, and have nothing in common otherwise.
    """
    pairs = torch.from_numpy(np.ascontiguousarray(material.pairs))
    pairs = pairs[torch.randperm(len(pairs), generator=generator)]
    music, dance = pairs.unbind(dim=1)
    if not paired(config):
        music = torch.randint(len(material.music), (len(pairs),), generator=generator)
        dance = _mates(material, config, music, generator)
    whole = len(pairs) // size * size or len(pairs)
    for first in range(0, whole, size):
        yield music[first : min(first + size, whole)], dance[first : min(first + size, whole)]


def _mates(material: Material, config: Config, music: Tensor, generator: torch.Generator) -> Tensor:
    mates = torch.randint(len(material.dance), music.shape, generator=generator)
    if config.label_weight:
        for label in range(config.labels):
            members = torch.nonzero(material.labels[1] == label)[:, 0]
            where = material.labels[0][music] == label
            if len(members):
                drawn = torch.randint(len(members), (int(where.sum()),), generator=generator)
                mates[where] = members[drawn]
    return mates


def paired(config: Config) -> bool:
    """Whether the loss of this configuration looks at pseudo-pairs."""
    return bool(config.contrast_weight or config.cross_weight)


def _batch(material: Material, config: Config, rows: Rows, generator: torch.Generator) -> Batch:
    sides = (material.music, material.dance)
    z = [sample(w.mean[r], w.log_variance[r], generator) for w, r in zip(sides, rows, strict=True)]
    envelopes = [
        torch.from_numpy(w.about.envelope[r.numpy()].astype(np.float32))
        for w, r in zip(sides, rows, strict=True)
    ]
    labels = [told[r] for told, r in zip(material.labels, rows, strict=True)]
    ranks = [told[r] for told, r in zip(material.traits, rows, strict=True)]
    return Batch(
        (z[0], z[1]), (labels[0], labels[1]), (ranks[0], ranks[1]),
        (envelopes[0], envelopes[1]), paired(config),
    )  # fmt: skip


def _shelf(
    folder: Path | None, material: Material, config: Config, recipe: Recipe
) -> Checkpoints | None:
    if folder is None:
        return None
    settings = {
        "config": asdict(config), "recipe": asdict(recipe), "windows": material.fingerprint()
    }  # fmt: skip
    return Checkpoints(folder, settings)
