"""Training and measuring the studio music VAE."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oscbridge.domain.music import Part
from oscbridge.domain.score import BASS, MELODY, Score, joined
from oscbridge.domain.score_channels import in_key, to_input
from oscbridge.domain.score_decode import decode
from oscbridge.domain.timeline import WINDOW
from oscbridge.training import metrics, together
from oscbridge.training.averaging import Averaged
from oscbridge.training.checkpoints import Checkpoints
from oscbridge.training.collapse import ACTIVE
from oscbridge.training.score_pools import Chances, Pools
from oscbridge.training.score_windows import ScoreWindows
from oscbridge.vae.elbo import divergence
from oscbridge.vae.studio.midi_vae import Config, MidiVae

SEGMENT = 100
"""Steps whose randomness has one seed of its own, so that training can stop between any two."""
CHECKPOINT_EVERY = 5
"""Segments between two checkpoints."""
NAME = "midi_vae"

Log = list[dict[str, float]]


@dataclass(frozen=True)
class Settings:
    """A training: AdamW at a one-cycle rate, the KL warmed up over `warm` of the steps. What stays
    is the moving average of the weights of that `decay`.
    """

    steps: int = 7000
    batch: int = 32
    rate: float = 1.5e-3
    rise: float = 0.1
    weight_decay: float = 1e-3
    clip: float = 1.0
    warm: float = 0.3
    decay: float = 0.999
    seed: int = 1
    config: Config = field(default_factory=Config)
    chances: Chances = field(default_factory=Chances)

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: up to `rate` and down to nothing along two half cosines."""
        top = self.rise * self.steps
        if step < top:
            return self.rate * (0.04 + 0.96 * (1 - math.cos(math.pi * step / top)) / 2)
        return self.rate * (1 + math.cos(math.pi * (step - top) / (self.steps - top))) / 2


def fresh(settings: Settings) -> MidiVae:
    """An untrained VAE, its weights drawn from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return MidiVae(settings.config)


def fit(
    vae: MidiVae,
    pools: Pools,
    settings: Settings,
    unfinished: Path | None = None,
    each: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
) -> Log:
    """Train the VAE in place; the mean figures of each 100 steps, which `each` hears of too,
    the VAE then being what it would be if training ended there.

    With a folder for what is `unfinished`, the training found there is gone on with.
    """
    vae.to(together.device())
    optimiser = torch.optim.AdamW(
        vae.parameters(), settings.rate, weight_decay=settings.weight_decay
    )
    both = Averaged(vae, settings.decay)
    shelf = Checkpoints(unfinished, _told(settings, pools)) if unfinished else None
    done, log = shelf.restore(NAME, both, optimiser) if shelf else (0, [])
    last = -(-settings.steps // SEGMENT)
    for segment in range(done, last):
        vae.train()
        log.append(_segment(vae, both, optimiser, pools, settings, segment))
        both.swap()
        each(min((segment + 1) * SEGMENT, settings.steps), log[-1])
        both.swap()
        if shelf and ((segment + 1) % CHECKPOINT_EVERY == 0 or segment + 1 == last):
            shelf.save(NAME, segment + 1, both, optimiser, log)
    both.swap()
    vae.cpu().eval()
    return log


def _segment(
    vae: MidiVae,
    both: Averaged,
    optimiser: torch.optim.Optimizer,
    pools: Pools,
    settings: Settings,
    segment: int,
) -> dict[str, float]:
    seed, place = together.seed_of(settings.seed, NAME, segment), together.device()
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    seen: list[dict[str, float]] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout draws from torch's own
        for step in range(segment * SEGMENT, min((segment + 1) * SEGMENT, settings.steps)):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate_at(step)
            warmth = min(1.0, step / (settings.warm * settings.steps))
            batch = pools.batch(together.share(settings.batch), settings.chances, rng)
            x, timing, timed = (tensor.to(place) for tensor in batch)
            with together.autocast():
                terms = vae.loss(x, timing, timed, generator, warmth)
            together.update(vae, optimiser, terms.loss, settings.clip)
            both.update()
            seen.append(terms.figures)
    return {name: float(np.mean([figures[name] for figures in seen])) for name in seen[0]}


def _told(settings: Settings, pools: Pools) -> dict[str, Any]:
    """What an unfinished training must have in common with one that goes on with it."""
    digest = hashlib.sha256()
    for score in vars(pools).values():
        for array in vars(score).values():
            digest.update(array.tobytes())
    return {**asdict(settings), "pools": digest.hexdigest()}


@torch.no_grad()
def encoded(vae: MidiVae, windows: ScoreWindows) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and log variance (N, 128) of the windows' posteriors."""
    x = torch.from_numpy(to_input(windows.in_c()).reshape(len(windows), WINDOW, -1))
    halves = [vae.encode(rows) for rows in x.split(512)]  # type: ignore[no-untyped-call]
    return torch.cat([h[0] for h in halves]), torch.cat([h[1] for h in halves])


@torch.no_grad()
def decoded(vae: MidiVae, latent: torch.Tensor, shift: NDArray[np.integer]) -> Score:
    """The windows of z (N, 128), end to end, each moved back from C by its shift (N,)."""
    logits = vae.decode(latent).numpy()
    return joined([decode(in_key(one, int(s))) for one, s in zip(logits, shift, strict=True)])


def onset_cells(score: Score) -> dict[Part, NDArray[np.bool_]]:
    """Where notes start, of windows end to end: (N, 32, rows) of each part, in the score's keys."""
    rows = {
        Part.DRUMS: score.drums > 0,
        Part.BASS: _starts(score.bass_pitch, score.bass_velocity, BASS.high),
        Part.MELODY: _starts(score.melody_pitch, score.melody_velocity, MELODY.high),
    }
    return {part: r.reshape(-1, WINDOW, r.shape[1]) for part, r in rows.items()}


def _starts(pitch: NDArray[np.uint8], velocity: NDArray[np.uint8], high: int) -> NDArray[np.bool_]:
    starts = (pitch[:, None] == np.arange(high + 13)) & (velocity > 0)[:, None]
    return np.asarray(starts)


def measure(vae: MidiVae, windows: ScoreWindows) -> dict[str, float]:
    """How well windows come back from their posterior means, in their own keys.

    Onset F1 of each part exact and within a step, `macro` their mean, density ratios, the share of
    windows in which all parts play, mean error of velocities, KL in nats and active units.
    """
    vae.eval()
    mean, log_variance = encoded(vae, windows)
    made = decoded(vae, mean, windows.shift)
    true_cells, made_cells = onset_cells(windows.score), onset_cells(made)
    figures: dict[str, float] = {}
    for part in Part:
        true, ours, name = true_cells[part], made_cells[part], part.name.lower()
        figures[f"{name} F1"] = metrics.onset_f1(true, ours, 0)
        figures[f"{name} F1 +-1"] = metrics.onset_f1(true, ours, 1)
        figures[f"{name} density"] = metrics.density_ratio(true, ours)
    figures["macro F1"] = float(np.mean([figures[f"{p.name.lower()} F1"] for p in Part]))
    plays = [made_cells[part].any(axis=(1, 2)) for part in Part]
    figures["all parts"] = float(np.logical_and.reduce(plays).mean())
    figures["drum velocity MAE"] = _velocity_error(windows.score.drums, made.drums)
    figures["KL nats"] = float(divergence(mean, log_variance).mean())
    figures["active units"] = float((mean.var(dim=0, unbiased=False) > ACTIVE).sum())
    return figures


def _velocity_error(true: NDArray[np.uint8], made: NDArray[np.uint8]) -> float:
    """Mean absolute error of MIDI velocities, of the hits that are in both."""
    both = (true > 0) & (made > 0)
    return float(np.abs(true[both].astype(float) - made[both]).mean()) if both.any() else 0.0
