"""Interim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from oscbridge.vae.studio.midi_prior import Config, MidiPrior


@dataclass(frozen=True)
class Settings:
    """Interim."""

    steps: int = 100
    seed: int = 1


def fit(
    mean: Tensor,
    log_variance: Tensor,
    settings: Settings,
    unfinished: Path | None = None,
    say: Callable[[float, dict[str, float]], None] = lambda done, figures: None,
    start: MidiPrior | None = None,
) -> MidiPrior:
    """Interim."""
    say(1.0, {"loss": 0.0})
    return MidiPrior(Config()).eval()
