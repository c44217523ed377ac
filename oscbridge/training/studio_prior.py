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
from torch import Tensor, nn

from oscbridge.training import together
from oscbridge.training.averaging import Averaged
from oscbridge.training.checkpoints import Checkpoints
from oscbridge.vae.studio.midi_prior import Config, MidiPrior

SEGMENT = 250
"""Steps whose randomness has one seed of its own, and after which the unseen are looked at."""
NAME = "midi_prior"

Log = list[dict[str, float]]


@dataclass(frozen=True)
class Settings:
    """A training: AdamW at a rate falling as half a cosine, weights averaged with `decay`.

    `recombine`: how likely a window's parts come from three windows. `noise`: how much of the
    posterior's deviation z is drawn with. `patience`: segments without a better error on the
    unseen windows after which training ends; what stays is the best. `latents` (a beat) are those
    of drums, bass and melody.
    """

    steps: int = 3000
    batch: int = 128
    rate: float = 1.5e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    warm: float = 0.05
    decay: float = 0.998
    recombine: float = 0.5
    noise: float = 0.1
    patience: int = 6
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


class _State(nn.Module):
    """What a checkpoint holds: the prior, its average, and of the averages the best so far."""

    def __init__(self, prior: MidiPrior, decay: float) -> None:
        super().__init__()
        self.both = Averaged(prior, decay)
        self.best = nn.Module()
        for name, mean in self.both.means.named_buffers():
            self.best.register_buffer(name, mean.clone())

    @torch.no_grad()
    def keep(self) -> None:
        """The average is the best."""
        for best, mean in zip(self.best.buffers(), self.both.means.buffers(), strict=True):
            best.copy_(mean)


def fit(
    known: Posteriors,
    unseen: Posteriors,
    settings: Settings,
    unfinished: Path | None = None,
    each: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
    start: MidiPrior | None = None,
) -> MidiPrior:
    """The prior of the known windows, on from `start` if one is given: of the averages at the ends
    of segments that which errs least on the unseen windows. `each` hears of the step and of the
    errors on both.

    With a folder for what is `unfinished`, the training found there is gone on with.
    """
    prior = start or _begun(known, settings)
    prior.to(together.device())
    state = _State(prior, settings.decay)
    optimiser = torch.optim.AdamW(
        prior.parameters(), settings.rate, weight_decay=settings.weight_decay
    )
    shelf = Checkpoints(unfinished, _told(settings, known, unseen)) if unfinished else None
    done, log = shelf.restore(NAME, state, optimiser) if shelf else (0, [])
    for segment in range(done, -(-settings.steps // SEGMENT)):
        if _spent(log, settings.patience):
            break
        figures = {"loss": _segment(prior, state.both, optimiser, known, settings, segment)}
        state.both.swap()
        figures["unseen"] = error(prior, unseen)
        state.both.swap()
        if figures["unseen"] < min((f["unseen"] for f in log), default=math.inf):
            state.keep()
        log.append(figures)
        each(min((segment + 1) * SEGMENT, settings.steps), figures)
        if shelf:
            shelf.save(NAME, segment + 1, state, optimiser, log)
    with torch.no_grad():
        for parameter, best in zip(prior.parameters(), state.best.buffers(), strict=True):
            parameter.copy_(best)
    return prior.cpu().eval()


def _begun(known: Posteriors, settings: Settings) -> MidiPrior:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        prior = MidiPrior(settings.config)
    prior.learn_spread(known.mean)
    return prior


def _spent(log: Log, patience: int) -> bool:
    """Whether the last `patience` figures are no better than one before them."""
    unseen = [figures["unseen"] for figures in log]
    return len(unseen) > patience and min(unseen[-patience:]) >= min(unseen[:-patience])


def _segment(
    prior: MidiPrior,
    both: Averaged,
    optimiser: torch.optim.Optimizer,
    known: Posteriors,
    settings: Settings,
    segment: int,
) -> float:
    seed, place = together.seed_of(settings.seed, NAME, segment), together.device()
    generator, seen = torch.Generator().manual_seed(seed), []
    prior.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout draws from torch's own
        for step in range(segment * SEGMENT, min((segment + 1) * SEGMENT, settings.steps)):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate_at(step)
            rows = torch.randint(
                len(known.mean), (together.share(settings.batch),), generator=generator
            )
            z = known.draw(rows, settings.noise, generator)
            mixed = torch.rand(len(z), generator=generator) < settings.recombine
            z = torch.where(mixed[:, None], recombined(z, len(z), settings.latents, generator), z)
            with together.autocast():
                terms = prior.loss(z.to(place), generator)
            together.update(prior, optimiser, terms.loss, settings.clip)
            both.update()
            seen.append(terms.figures["loss"])
    return float(np.mean(seen))


def _told(settings: Settings, *windows: Posteriors) -> dict[str, Any]:
    """What an unfinished training must have in common with one that goes on with it."""
    digest = hashlib.sha256()
    for posteriors in windows:
        digest.update(posteriors.mean.numpy().tobytes())
        digest.update(posteriors.log_variance.numpy().tobytes())
    told = {**asdict(settings), "posteriors": digest.hexdigest()}
    return {**told, "latents": list(settings.latents)}


@torch.no_grad()
def error(prior: MidiPrior, unseen: Posteriors) -> float:
    """Mean loss on windows' means, on the same noise and times whenever it is asked."""
    prior.eval()
    generator, z = torch.Generator().manual_seed(0), unseen.mean.to(together.device())
    found = float(np.mean([prior.loss(z, generator).figures["loss"] for _ in range(4)]))
    return together.agreed(found)


def recombined(
    z: Tensor, count: int, latents: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    """z (count, 128) of which each part, of so many `latents` a beat, is that of any of z (N, 128)
    by chance.
    """
    beats = z.reshape(len(z), -1, sum(latents))
    parts = [
        part[torch.randint(len(z), (count,), generator=generator)]
        for part in torch.split(beats, list(latents), dim=-1)
    ]
    return torch.cat(parts, dim=-1).flatten(1)
