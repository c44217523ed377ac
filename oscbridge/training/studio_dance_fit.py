"""Training the studio's pose VAE on windows of dance, from its closed-form start on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from oscbridge.domain.pose import INDEX
from oscbridge.training import together
from oscbridge.training.checkpoints import Checkpoints
from oscbridge.training.fit import epoch_generator, fingerprint
from oscbridge.training.studio_dance import DanceWindows
from oscbridge.training.studio_dance_start import start
from oscbridge.vae.studio.pose_vae import Config, PoseVae, parted, turned, unturned

UPPER = slice(0, INDEX["left_hip"])
"""Landmarks above the hips."""
LINEAR = {"analysis": 4e-3, "synthesis": 4e-2}
"""Share of the learning rate for the layers of the start: their weights are many and small."""
NAME = "pose_vae"


@dataclass(frozen=True)
class Recipe:
    """How the pose VAE is trained: AdamW with warm-up and cosine, `updates` an epoch.

    `recombined`: share of windows whose upper body comes from another window; `start_windows`: how
    many the closed form is found from.
    """

    epochs: int = 16
    updates: int = 100
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    recombined: float = 0.4
    start_windows: int = 6000
    seed: int = 1


Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Stock:
    """Training windows as tensors: poses, way and contact (N, ...), mirrors included."""

    poses: Tensor
    way: Tensor
    contact: Tensor

    @classmethod
    def of(cls, windows: DanceWindows) -> Stock:
        """From windows that are not mirrored yet."""
        both = DanceWindows.joined([windows, windows.mirrored()])
        arrays = (both.poses, both.way, both.contact.astype(np.float32))
        return cls(*(torch.from_numpy(a) for a in arrays))

    def drawn(self, count: int, recombined: float, generator: torch.Generator) -> Batch:
        """`count` windows, some with another's upper body."""
        rows, others = torch.randint(len(self.poses), (2, count), generator=generator)
        swap = torch.rand(count, generator=generator) < recombined
        poses = self.poses[rows]
        if swap.any():
            poses[swap] = recombine(poses[swap], self.poses[others[swap]])
        return poses, self.way[rows], self.contact[rows]


def recombine(legs: Tensor, bodies: Tensor) -> Tensor:
    """Windows (B, frames, 33, 3) with the legs and the turning of the one and the upper body of
    the other.
    """
    front, turning = parted(unturned(legs, 1.0), 1.0)
    front = front.clone()
    front[:, :, UPPER] = parted(unturned(bodies, 1.0), 1.0)[0][:, :, UPPER]
    return turned(front, turning)


Watch = Callable[[int, dict[str, float], PoseVae], None]


def begun(stock: Stock, recipe: Recipe, config: Config) -> PoseVae:
    """The VAE at its closed-form start."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        vae = PoseVae(config)
    count = min(recipe.start_windows, len(stock.poses))
    random = epoch_generator(recipe.seed, NAME, 0)
    start(vae, stock.drawn(count, recipe.recombined, random)[0], recipe.seed)
    return vae


def fit(
    stock: Stock,
    recipe: Recipe,
    config: Config,
    watch: Watch,
    unfinished: Path | None = None,
    start: PoseVae | None = None,
) -> PoseVae:
    """The trained VAE, on from `start` or from the closed form; `watch` hears of every epoch. With
    a folder for what is `unfinished`, the training found there is gone on with, to the same end.
    """
    vae = (start or begun(stock, recipe, config)).to(together.device())
    optimiser = torch.optim.AdamW(
        [{"params": [p], "share": _share(n)} for n, p in vae.named_parameters()],
        weight_decay=recipe.weight_decay,
    )
    told = {
        "recipe": asdict(recipe),
        "config": asdict(config),
        "windows": fingerprint(stock.poses, stock.way, stock.contact),
    }
    shelf = Checkpoints(unfinished, told) if unfinished else None
    done, log = shelf.restore(NAME, vae, optimiser) if shelf else (0, [])
    for epoch in range(done + 1, recipe.epochs + 1):
        log.append(_epoch(vae, optimiser, stock, recipe, epoch))
        watch(epoch, log[-1], vae)
        if shelf:
            shelf.save(NAME, epoch, vae, optimiser, log)
    return vae.cpu().eval()


def _epoch(
    vae: PoseVae, optimiser: torch.optim.AdamW, stock: Stock, recipe: Recipe, epoch: int
) -> dict[str, float]:
    vae.train()
    random = torch.Generator().manual_seed(together.seed_of(recipe.seed, NAME, epoch))
    seen: list[dict[str, float]] = []
    with torch.random.fork_rng(devices=[]):
        # Dropout draws from torch's own.
        torch.manual_seed(recipe.seed * 100_003 + epoch + 1_000_003 * together.rank())
        for update in range(recipe.updates):
            done = (epoch - 1 + update / recipe.updates) / recipe.epochs
            rate = recipe.learning_rate * schedule(done)
            for group in optimiser.param_groups:
                group["lr"] = rate * group["share"]
            drawn = stock.drawn(together.share(recipe.batch), recipe.recombined, random)
            poses, way, contact = (tensor.to(together.device()) for tensor in drawn)
            # No mixed precision: an acceleration is a small difference of large numbers.
            terms = vae.loss(poses, way, contact, random)
            together.update(vae, optimiser, terms.loss, 100.0)
            seen.append(terms.figures)
    return {key: float(np.mean([figures[key] for figures in seen])) for key in seen[0]}


def schedule(done: float) -> float:
    """Share of the learning rate at a share of the training: a short rise, then a cosine down."""
    return min(1.0, done / 0.05) * (0.02 + 0.98 * (1 + math.cos(math.pi * done)) / 2)


def _share(name: str) -> float:
    layer = name.split(".")[0]
    return LINEAR.get(layer, 1.0)
