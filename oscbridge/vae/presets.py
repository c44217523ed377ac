"""The presets: an architecture with its training recipe, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch

from oscbridge.vae.elbo import Reduction
from oscbridge.vae.paper import bridge_vae, midi_vae, pose_vae


@dataclass(frozen=True)
class Trio:
    """The three VAEs of one model."""

    midi_vae: midi_vae.MidiVae
    pose_vae: pose_vae.PoseVae
    bridge_vae: bridge_vae.BridgeVae

    def config(self) -> dict[str, dict[str, Any]]:
        """Each VAE's Config as JSON-able values, by the VAE's name."""
        return {
            name: {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(vae.config).items()}
            for name, vae in self.items()
        }

    def items(self) -> tuple[tuple[str, Any], ...]:
        """The VAEs with their names, in the order they are trained."""
        return tuple((f.name, getattr(self, f.name)) for f in fields(self))


@dataclass(frozen=True)
class Recipe:
    """How a preset is trained: Adam at a constant rate, whole minibatches only."""

    epochs: int = 50
    batch: int = 64
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class Preset:
    """`build(config)` makes the untrained trio; `config` maps a VAE's name to what its Config
    should have other than the default.
    """

    name: str
    build: Callable[[dict[str, dict[str, Any]]], Trio]
    recipe: Recipe

    def fresh(self, reduction: Reduction, seed: int) -> Trio:
        """The trio with weights drawn from `seed`, its losses reduced as told."""
        told = {"reduction": reduction}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.build({f.name: told for f in fields(Trio)})


def _paper(config: dict[str, dict[str, Any]]) -> Trio:
    def given(name: str) -> dict[str, Any]:
        values = config.get(name, {})
        return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}

    return Trio(
        midi_vae.MidiVae(midi_vae.Config(**given("midi_vae"))),
        pose_vae.PoseVae(pose_vae.Config(**given("pose_vae"))),
        bridge_vae.BridgeVae(bridge_vae.Config(**given("bridge_vae"))),
    )


PRESETS = {preset.name: preset for preset in (Preset("paper", _paper, Recipe()),)}
"""Every preset, by name. A second one (`studio`) is a second entry."""
