"""The presets: an architecture with its training recipe, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import torch

from oscbridge.vae.elbo import Reduction
from oscbridge.vae.nets import Nets, told
from oscbridge.vae.paper import bridge_vae, midi_vae, pose_vae
from oscbridge.vae.studio import nets as studio

Config = dict[str, dict[str, Any]]
"""The name of a net to what its Config should have other than the default."""


@dataclass(frozen=True)
class Trio(Nets):
    """The three VAEs of `paper`."""

    midi_vae: midi_vae.MidiVae
    pose_vae: pose_vae.PoseVae
    bridge_vae: bridge_vae.BridgeVae


@dataclass(frozen=True)
class Recipe:
    """How `paper` is trained: Adam at a constant rate, whole minibatches only."""

    epochs: int = 50
    batch: int = 64
    learning_rate: float = 1e-3


def paper(config: Config) -> Trio:
    """The untrained VAEs of `paper`."""
    return Trio(
        midi_vae.MidiVae(midi_vae.Config(**told(config, "midi_vae"))),
        pose_vae.PoseVae(pose_vae.Config(**told(config, "pose_vae"))),
        bridge_vae.BridgeVae(bridge_vae.Config(**told(config, "bridge_vae"))),
    )


def fresh_paper(reduction: Reduction, seed: int, config: Config | None = None) -> Trio:
    """The trio with weights drawn from `seed`, its losses reduced as told."""
    given = config or {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return paper(
            {f.name: given.get(f.name, {}) | {"reduction": reduction} for f in fields(Trio)}
        )


PRESETS: dict[str, Callable[[Config], Nets]] = {"paper": paper, "studio": studio.build}
"""Every preset's untrained nets from a config, by name."""
