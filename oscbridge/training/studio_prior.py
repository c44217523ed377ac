"""Training the prior of music on the posteriors of windows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from oscbridge.domain import flow
from oscbridge.training.averaging import Averaged
from oscbridge.training.checkpoints import Checkpoints
from oscbridge.vae.studio.midi_prior import Config, MidiPrior

SEGMENT = 250
"""Steps whose randomness has one seed of its own, and after which the unseen are looked at."""
NAME = "midi_prior"


@dataclass(frozen=True)
class Settings:
    """A training: AdamW at a rate falling as half a cosine, weights averaged with `decay`.

    `recombine`: how likely a window's parts come from three windows. `noise`: how much of the
    posterior's deviation z is drawn with. `patience`: segments without a better error on the
    unseen windows after which training ends; what stays is the best. `latents` (a beat) are those
    of drums, bass and melody.
    """

    steps: int = 6000
    batch: int = 256
    rate: float = 1.5e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    warm: float = 0.05
    decay: float = 0.998
    recombine: float = 0.5
    noise: float = 0.5
    patience: int = 8
    latents: tuple[int, ...] = (4, 5, 7)
    seed: int = 1
    config: Config = field(default_factory=Config)

    def rate_at(self, step: int) -> float:
        """Learning rate of a step."""
        warmth = min(1.0, (step + 1) / max(1.0, self.warm * self.steps))
        return self.rate * warmth * (1 + math.cos(math.pi * step / self.steps)) / 2


@dataclass(frozen=True)
class Posteriors:
    """Mean and log variance (N, 128) of windows."""

    mean: Tensor
    log_variance: Tensor

    def draw(self, rows: Tensor, noise: float, generator: torch.Generator) -> Tensor:
        """z (len(rows), 128), `noise` times a deviation about the means."""
        deviation = (0.5 * self.log_variance[rows]).exp()
        drawn = torch.randn(deviation.shape, generator=generator)
        return self.mean[rows] + noise * deviation * drawn


def fit(
    known: Posteriors,
    unseen: Posteriors,
    settings: Settings,
    unfinished: Path | None = None,
    each: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
) -> MidiPrior:
    """The prior of the known windows: of the averages at the ends of segments that which errs least
    on the unseen windows. `each` hears of the step and of the errors on both.

    With a folder for what is `unfinished`, the training found there is gone on with.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        prior = MidiPrior(settings.config)
    prior.learn_spread(known.mean)
    best = Averaged(Averaged(prior, settings.decay), 0.0)  # its means are the best so far
    both = best.model
    optimiser = torch.optim.AdamW(
        prior.parameters(), settings.rate, weight_decay=settings.weight_decay
    )
    shelf = Checkpoints(unfinished, _told(settings, known, unseen)) if unfinished else None
    done, log = shelf.restore(NAME, best, optimiser) if shelf else (0, [])
    for segment in range(done, -(-settings.steps // SEGMENT)):
        if _spent(log, settings.patience):
            break
        figures = {"loss": _segment(both, prior, optimiser, known, settings, segment)}
        both.swap()
        figures["unseen"] = error(prior, unseen)
        if figures["unseen"] < min((f["unseen"] for f in log), default=math.inf):
            best.update()
        both.swap()
        log.append(figures)
        each((segment + 1) * SEGMENT, figures)
        if shelf:
            shelf.save(NAME, segment + 1, best, optimiser, log)
    best.swap()
    return prior.eval()
