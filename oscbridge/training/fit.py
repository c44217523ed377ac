"""The training loop: one VAE after the other, from windows to weights."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.training import collapse, together
from oscbridge.training.checkpoints import Checkpoints
from oscbridge.vae.elbo import Reduction, Terms, sample
from oscbridge.vae.presets import Config, Recipe, Trio, fresh_paper

EARLY_EPOCHS, EARLY_BATCHES = 5, 100
"""After so many epochs, and minibatches, a VAE is first looked at for collapse; then at the end."""
CHECKPOINT_EVERY = 5
"""Epochs between two checkpoints: a kill costs a few seconds of work."""

Batch = tuple[Tensor, ...]
Log = list[dict[str, float]]


class Watch(Protocol):
    """Who follows a training."""

    def epoch(self, name: str, done: int, figures: dict[str, float]) -> None:
        """The VAE of that name has had `done` epochs; the last one's mean `figures`."""

    def warn(self, text: str) -> None:
        """Something the person at the terminal should act upon."""


@dataclass(frozen=True)
class Settings:
    """What a training's result depends on besides its windows.

    `config`: what the nets have other than the preset's; `recipes`: of the nets that are trained
    otherwise than by `recipe`.
    """

    reduction: Reduction = "sum"
    seed: int = 1
    recipe: Recipe = field(default_factory=Recipe)
    config: Config = field(default_factory=dict)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)

    def recipe_of(self, name: str) -> Recipe:
        """How the net of that name is trained."""
        return self.recipes.get(name, self.recipe)

    def fresh(self) -> Trio:
        """The untrained trio."""
        return fresh_paper(self.reduction, self.seed, self.config)


@dataclass(frozen=True)
class Material:
    """Training windows and those the early report looks at: rolls (N, 32, 128), 0 or 1, and poses
    (M, 32, 33, 3) in metres, float32.
    """

    music: Tensor
    dance: Tensor
    unseen_music: Tensor
    unseen_dance: Tensor

    @classmethod
    def of(cls, *windows: NDArray[Any]) -> Material:
        """From arrays, in the order of the fields."""
        return cls(*(torch.from_numpy(w.astype(np.float32)) for w in windows))

    def fingerprint(self) -> str:
        """Hash of every window, in order."""
        return fingerprint(self.music, self.dance)


def fit(
    material: Material, settings: Settings, watch: Watch, unfinished: Path | None = None
) -> tuple[Trio, dict[str, Log]]:
    """The trained trio and each VAE's mean figures by epoch.

    With a folder for what is `unfinished`, the training found there is gone on with; what comes
    out is bit for bit what it would have been uninterrupted, on one machine and thread count.
    """
    trio = settings.fresh()
    shelf = _shelf(unfinished, material, settings, trio)
    logs = {name: fit_one(name, trio, material, settings, watch, shelf) for name, _ in trio.items()}
    return trio, logs


def fit_one(
    name: str,
    trio: Trio,
    material: Material,
    settings: Settings,
    watch: Watch,
    shelf: Checkpoints | None = None,
) -> Log:
    """Train one VAE of the trio in place; the bridge on draws of the other two as they are."""
    music, dance = material.unseen_music, material.unseen_dance
    if name == "midi_vae":
        return _fit(
            name, trio.midi_vae, _rows(material.music), settings, watch, shelf,
            lambda: collapse.music_panel(trio, music),
        )  # fmt: skip
    if name == "pose_vae":
        return _fit(
            name, trio.pose_vae, _rows(material.dance), settings, watch, shelf,
            lambda: collapse.dance_panel(trio, dance),
        )  # fmt: skip
    with torch.no_grad():
        known = trio.midi_vae.encode(material.music), trio.pose_vae.encode(material.dance)
    return _fit(
        name, trio.bridge_vae, _unpaired(*known), settings, watch, shelf,
        lambda: collapse.bridge_panel(trio, music, dance),
    )  # fmt: skip


Batches = Callable[[torch.Generator, int], Iterator[Batch]]
"""(generator, batch size) -> the minibatches of one epoch, in a new order each time."""


def _fit(
    name: str,
    vae: Any,
    batches: Batches,
    settings: Settings,
    watch: Watch,
    shelf: Checkpoints | None,
    look: Callable[[], collapse.Panel],
) -> Log:
    recipe = settings.recipe_of(name)
    optimiser = torch.optim.Adam(vae.parameters(), lr=recipe.learning_rate)
    done, log = shelf.restore(name, vae, optimiser) if shelf else (0, [])
    if done:
        watch.epoch(name, done, log[-1])
    for epoch in range(done + 1, recipe.epochs + 1):
        generator = epoch_generator(settings.seed, name, epoch)
        vae.train()
        log.append(_epoch(vae, optimiser, batches(generator, recipe.batch), generator))
        vae.eval()
        watch.epoch(name, epoch, log[-1])
        early = max(EARLY_EPOCHS, math.ceil(EARLY_BATCHES / log[-1]["batches"]))
        if epoch in (early, recipe.epochs) and (panel := look()).collapsed:
            watch.warn(panel.warning(name, epoch, settings.reduction))
        if shelf and (epoch % CHECKPOINT_EVERY == 0 or epoch == recipe.epochs):
            shelf.save(name, epoch, vae, optimiser, log)
    vae.eval()
    return log


def _epoch(
    vae: Any,
    optimiser: torch.optim.Optimizer,
    batches: Iterator[Batch],
    generator: torch.Generator,
) -> dict[str, float]:
    seen: list[dict[str, float]] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator.initial_seed())  # dropout draws from torch's own
        for batch in batches:
            terms: Terms = vae.loss(*batch, generator)
            optimiser.zero_grad()
            terms.loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            seen.append(terms.figures)
    means = {key: float(np.mean([figures[key] for figures in seen])) for key in seen[0]}
    return means | {"batches": len(seen)}


def fingerprint(*tensors: Tensor) -> str:
    """Hash of every value, in order."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def epoch_generator(seed: int, name: str, epoch: int) -> torch.Generator:
    """Randomness of one epoch of one VAE: what a resumed training needs and nothing more."""
    return torch.Generator().manual_seed(together.common_seed(seed, name, epoch))


def _rows(windows: Tensor) -> Batches:
    """Minibatches of the windows, the last incomplete one dropped."""

    def batches(generator: torch.Generator, size: int) -> Iterator[Batch]:
        order = torch.randperm(len(windows), generator=generator)
        for rows in _whole(order, size):
            yield (windows[rows],)

    return batches


def _unpaired(music: tuple[Tensor, Tensor], dance: tuple[Tensor, Tensor]) -> Batches:
    """Minibatches of draws from the posteriors (mean, log variance) of each domain.

    An epoch goes through the domain with more windows once, and through the other as often as
    that takes.
    """

    def batches(generator: torch.Generator, size: int) -> Iterator[Batch]:
        longest = max(len(music[0]), len(dance[0]))
        orders = [
            torch.cat([torch.randperm(n, generator=generator) for _ in range(-(-longest // n))])
            for n in (len(music[0]), len(dance[0]))
        ]
        for rows in zip(*(_whole(o[:longest], size) for o in orders), strict=True):
            yield tuple(
                sample(mean[r], log_variance[r], generator)
                for (mean, log_variance), r in zip((music, dance), rows, strict=True)
            )

    return batches


def _whole(order: Tensor, size: int) -> tuple[Tensor, ...]:
    size = min(size, len(order))
    return order[: len(order) // size * size].view(-1, size).unbind()


def _shelf(
    folder: Path | None, material: Material, settings: Settings, trio: Trio
) -> Checkpoints | None:
    if folder is None:
        return None
    return Checkpoints(
        folder,
        {
            "preset": "paper",
            "config": trio.config(),
            "seed": settings.seed,
            "recipe": {name: asdict(settings.recipe_of(name)) for name, _ in trio.items()},
            "windows": material.fingerprint(),
        },
    )
