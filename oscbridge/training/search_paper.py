"""Trials of the `paper` preset's VAEs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from oscbridge.training import collapse, metrics
from oscbridge.training.corpus import Corpus, NothingToLearnError
from oscbridge.training.evaluate import bridge_distance, mse, music_figures
from oscbridge.training.fit import Material, Settings, fingerprint, fit_one
from oscbridge.training.net_settings import Values, paper
from oscbridge.training.search_bench import Unwatched, panel_figures, weights_of, with_weights
from oscbridge.training.search_trials import Outcome, Weights
from oscbridge.training.spreads import crossed
from oscbridge.vae.paper.bridge_vae import one_hot
from oscbridge.vae.presets import Trio

_MUSIC, _DANCE = 0, 1


@dataclass(frozen=True)
class PaperBench:
    """Trials of one of the VAEs; `material.unseen_*` are the validation windows."""

    net: str
    material: Material
    base: Settings
    chosen: Mapping[str, Values]
    frozen: Mapping[str, Weights]

    def run(self, settings: Values) -> Outcome:
        """Train the VAE with these settings and measure it on the validation windows."""
        start = time.monotonic()
        told = paper({**self.chosen, self.net: settings}, self.base)
        trio = told.fresh()
        nets = dict(trio.items())
        for name, weights in self.frozen.items():
            with_weights(nets[name], weights)
        fit_one(self.net, trio, self.material, told, Unwatched())
        figures, panel = _MEASURES[self.net](trio, self.material)
        return Outcome(
            figures | panel_figures(panel), panel.collapsed, weights_of(nets[self.net]),
            time.monotonic() - start,
        )  # fmt: skip


@dataclass(frozen=True)
class PaperBenches:
    """The benches over one corpus."""

    material: Material
    base: Settings
    fingerprint: str
    preset: str = "paper"

    @classmethod
    def of(cls, corpus: Corpus, seed: int, length: float) -> PaperBenches:
        """Trained for that share of the preset's epochs. Raises NothingToLearnError where nothing
        is held out to select on.
        """
        for domain, what in ((corpus.music, "songs"), (corpus.dance, "dances")):
            if not len(domain.validation):
                raise NothingToLearnError(
                    f"none of the {what} is kept aside to choose by; give more of them"
                )
        material = corpus.material()
        recipe = Settings().recipe
        epochs = max(1, round(length * recipe.epochs))
        windows = (
            material.music, material.dance, material.unseen_music, material.unseen_dance
        )  # fmt: skip
        return cls(
            material,
            Settings(seed=seed, recipe=replace(recipe, epochs=epochs)),
            fingerprint(*windows),
        )

    def bench(
        self, net: str, chosen: Mapping[str, Values], frozen: Mapping[str, Weights]
    ) -> PaperBench:
        """Of one VAE, after those chosen before it."""
        return PaperBench(net, self.material, self.base, dict(chosen), dict(frozen))


Measured = tuple[dict[str, float], collapse.Panel]


@torch.no_grad()
def _music(trio: Trio, material: Material) -> Measured:
    rolls = material.unseen_music
    figures = music_figures(rolls, trio.midi_vae.play(trio.midi_vae.encode(rolls)[0]))
    parts = {f"{part} F1": figures[f"{part} onset F1"] for part in metrics.PART_ROWS}
    macro = float(np.mean(list(parts.values())))
    told = {"error": figures["MSE"], "macro F1": macro, **parts}
    return told, collapse.music_panel(trio, rolls)


@torch.no_grad()
def _dance(trio: Trio, material: Material) -> Measured:
    poses = material.unseen_dance
    made = trio.pose_vae.decode(trio.pose_vae.encode(poses)[0])
    scale = trio.pose_vae.config.metres_per_unit
    true, ours = poses.numpy(), made.numpy()
    moved = metrics.motion_range(ours).mean() / metrics.motion_range(true).mean()
    told = {
        "error": mse(made / scale, poses / scale),
        "MPJPE, mm": metrics.mpjpe(true, ours),
        "range of motion": float(moved),
    }
    return told, collapse.dance_panel(trio, poses)


@torch.no_grad()
def _bridge(trio: Trio, material: Material) -> Measured:
    rolls, poses = material.unseen_music, material.unseen_dance
    z = (trio.midi_vae.encode(rolls)[0], trio.pose_vae.encode(poses)[0])
    again = [crossed(trio, one, domain, domain) for domain, one in enumerate(z)]
    scale = trio.pose_vae.config.metres_per_unit
    swd = bridge_distance(trio, *z)
    told = {
        "error": float(np.mean([mse(a, one) for a, one in zip(again, z, strict=True)])),
        "music-music MSE": mse(trio.midi_vae.play(again[_MUSIC]), rolls),
        "dance-dance MSE": mse(trio.pose_vae.decode(again[_DANCE]) / scale, poses / scale),
        "swd": swd,
        "swd / spread": swd / max(_spread(trio, z), 1e-12),
    }
    return told, collapse.bridge_panel(trio, rolls, poses)


def _spread(trio: Trio, z: tuple[torch.Tensor, torch.Tensor]) -> float:
    """Variance of z' of both domains together, averaged over its dimensions: what a distance
    between them is to be held against, for all z' in one point are at none.
    """
    shared = [trio.bridge_vae.encode(one, one_hot(d, len(one)))[0] for d, one in enumerate(z)]
    return float(torch.cat(shared).var(dim=0, unbiased=False).mean())


_MEASURES = {"midi_vae": _music, "pose_vae": _dance, "bridge_vae": _bridge}
