"""Training the music prior on encoded windows, and measuring what music it draws."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain import key
from oscbridge.domain.score import Score
from oscbridge.domain.timeline import WINDOW
from oscbridge.training.score_windows import notes_of, picked
from oscbridge.training.studio_music import onset_cells
from oscbridge.vae.studio.music_prior import Config, MusicPrior


@dataclass(frozen=True)
class Settings:
    """A training: AdamW at a one-cosine rate; every `look` steps the validation windows are looked
    at, and the weights that foresaw them best are kept. `blur`: how likely a code the net hears is
    replaced by any other, so that it does not learn songs by heart.
    """

    steps: int = 3000
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 0.05
    blur: float = 0.05
    look: int = 250
    seed: int = 1
    config: Config = field(default_factory=Config)


@dataclass(frozen=True)
class Encoded:
    """Posterior means (N, 128) of windows, the log variances, and the beat of the bar (N,) each
    starts at.
    """

    mean: Tensor
    log_variance: Tensor
    phase: Tensor


def fit(
    known: Encoded,
    unseen: Encoded,
    settings: Settings,
    each: Callable[[int, float, float], None] = lambda step, known, unseen: None,
) -> MusicPrior:
    """The prior of the known windows that foresees the unseen ones best; `each` hears of the step
    and of the nats a window of both.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        prior = MusicPrior(settings.config)
        prior.learn_codes(known.mean, generator)
        unseen_codes = prior.codes(unseen.mean)
        optimiser = torch.optim.AdamW(
            prior.parameters(), settings.rate, weight_decay=settings.weight_decay
        )
        best, kept, seen = math.inf, copy.deepcopy(prior.state_dict()), 0.0
        for step in range(1, settings.steps + 1):
            seen += _step(prior, optimiser, known, settings, step, generator) / settings.look
            if step % settings.look == 0:
                nats = _nats(prior, unseen_codes, unseen.phase)
                each(step, seen, nats)
                seen = 0.0
                if nats < best:
                    best, kept = nats, copy.deepcopy(prior.state_dict())
    prior.load_state_dict(kept)
    return prior.eval()


def _step(
    prior: MusicPrior,
    optimiser: torch.optim.Optimizer,
    known: Encoded,
    settings: Settings,
    step: int,
    generator: torch.Generator,
) -> float:
    warm = min(1.0, step / (0.05 * settings.steps))
    for group in optimiser.param_groups:
        group["lr"] = settings.rate * warm * (1 + math.cos(math.pi * step / settings.steps)) / 2
    rows = torch.randint(len(known.mean), (settings.batch,), generator=generator)
    mean, spread = known.mean[rows], torch.exp(0.5 * known.log_variance[rows])
    jittered = mean + 0.5 * spread * torch.randn(mean.shape, generator=generator)
    codes = prior.codes(jittered)
    any_code = torch.randint(settings.config.choices, codes.shape, generator=generator)
    blurred = torch.rand(codes.shape, generator=generator) < settings.blur
    prior.train()
    terms = prior.loss(codes, known.phase[rows], torch.where(blurred, any_code, codes))
    optimiser.zero_grad()
    terms.loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
    optimiser.step()
    return terms.figures["loss"]


@torch.no_grad()
def _nats(prior: MusicPrior, codes: Tensor, phase: Tensor) -> float:
    prior.eval()
    return prior.loss(codes, phase).figures["loss"]


def recombined(mean: Tensor, config: Config, count: int, generator: torch.Generator) -> Tensor:
    """z (count, 128) whose drums, bass and melody are those of three windows: the baseline."""
    beats = mean.reshape(-1, config.beats, sum(config.latents))
    parts = [
        part[torch.randint(len(mean), (count,), generator=generator)]
        for part in torch.split(beats, list(config.latents), dim=-1)
    ]
    return torch.cat(parts, dim=-1).flatten(1)


def repetition(score: Score) -> NDArray[np.float64]:
    """F1 (N,) of the second bar's drum hits against the first's, of windows of 4/4 end to end."""
    hits = (score.drums > 0).reshape(-1, 2, WINDOW // 2 * score.drums.shape[1])
    both = (hits[:, 0] & hits[:, 1]).sum(axis=1)
    return np.asarray(2 * both / np.maximum(1, hits.sum(axis=(1, 2))))


def likeness(score: Score, known: Score) -> NDArray[np.float64]:
    """Onset F1 (N,) of each window, in C, with the known one it is most like; 1 for a copy."""
    ours, theirs = _bits(score), _bits(known)
    either = ours.sum(axis=1)[:, None] + theirs.sum(axis=1)
    return np.asarray((2 * (ours @ theirs.T) / np.maximum(1, either)).max(axis=1), np.float64)


def _bits(score: Score) -> NDArray[np.float32]:
    cells = onset_cells(score).values()
    return np.concatenate([c.reshape(len(c), -1) for c in cells], axis=1).astype(np.float32)


def figures(score: Score, known: Score) -> dict[str, float]:
    """What drawn windows (end to end, in C) are like beside the known ones."""
    count = score.steps // WINDOW
    windows = [picked(score, np.array([i])) for i in range(count)]
    full = [min(window.onsets().values()) > 0 for window in windows]
    near = likeness(score, known)
    return {
        "bar 1-2 drum F1": float(repetition(score).mean()),
        "in scale": float(np.mean([key.in_scale(w) for w in windows])),
        "distinct": len({notes_of(w) for w in windows}) / max(1, count),
        "all parts": float(np.mean(full)),
        "nearest known F1": float(near.mean()),
        "copies": float((near > 0.999).mean()),
        "onsets": float(np.mean([sum(w.onsets().values()) for w in windows])),
    }
