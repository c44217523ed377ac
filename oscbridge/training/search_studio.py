"""Trials of the `studio` preset's VAEs. Its prior of music is not searched: it is trained on the
music VAE's latents and no other net stands on it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.score import LANES
from oscbridge.domain.score_channels import to_input
from oscbridge.domain.timeline import WINDOW
from oscbridge.training import collapse, studio_bridge, studio_dance_fit, studio_music
from oscbridge.training.corpus import NothingToLearnError
from oscbridge.training.net_settings import Values, studio
from oscbridge.training.score_pools import Pools
from oscbridge.training.score_windows import ScoreWindows
from oscbridge.training.search_bench import (
    Bench,
    panel_figures,
    posterior_figures,
    silent,
    weights_of,
    with_weights,
)
from oscbridge.training.search_trials import Outcome, Weights
from oscbridge.training.split import Part
from oscbridge.training.studio_bridge import Known, Material
from oscbridge.training.studio_bridge_measure import Held, Side, retrieval, told
from oscbridge.training.studio_corpus import StudioCorpus
from oscbridge.training.studio_dance import DanceWindows
from oscbridge.training.studio_dance_fit import Stock
from oscbridge.training.studio_dance_measure import likeness
from oscbridge.training.studio_train import (
    Recipe,
    half_of,
    heard_windows,
    material_of,
    side_of,
)
from oscbridge.vae.paper.bridge_vae import one_hot, sliced_wasserstein
from oscbridge.vae.studio.bridge_vae import BridgeVae
from oscbridge.vae.studio.midi_vae import MidiVae
from oscbridge.vae.studio.pose_vae import PoseVae

_AT_ONCE = 64


@dataclass(frozen=True)
class _Common:
    """Which seed and share of the preset's training, and what was chosen of the VAEs before."""

    seed: int
    length: float
    chosen: Mapping[str, Values]

    def recipe(self, net: str, settings: Values) -> Recipe:
        """How the VAE of that name is trained with these settings."""
        told = studio({**self.chosen, net: settings})
        return told.seeded(self.seed).lengthened(self.length)


@dataclass(frozen=True)
class MusicBench:
    """Trials of the music VAE."""

    common: _Common
    pools: Pools
    validation: ScoreWindows

    def run(self, settings: Values) -> Outcome:
        """Train the VAE with these settings and measure it on the validation windows."""
        start = time.monotonic()
        recipe = self.common.recipe("midi_vae", settings).music
        vae = studio_music.fresh(recipe)
        studio_music.fit(vae, self.pools, recipe)
        figures = {"error": notes_error(vae, self.validation)}
        measured = studio_music.measure(vae, self.validation)
        names = ("macro F1", "drums F1", "bass F1", "melody F1", "KL nats", "active units")
        figures |= {name: measured[name] for name in names}
        return Outcome(figures, silent(figures), weights_of(vae), time.monotonic() - start)


@torch.no_grad()
def notes_error(vae: MidiVae, windows: ScoreWindows) -> float:
    """Negative log-likelihood of the notes, nats a window, of z drawn from the posteriors, on the
    same noise whenever it is asked.
    """
    vae.eval()
    generator = torch.Generator().manual_seed(0)
    x = torch.from_numpy(to_input(windows.in_c()).reshape(len(windows), WINDOW, -1))
    total = 0.0
    for rows in torch.split(x, _AT_ONCE):
        nothing = torch.zeros(len(rows), WINDOW, LANES), torch.zeros(len(rows))
        total += vae.loss(rows, *nothing, generator).figures["error"] * len(rows)
    return total / len(x)


@dataclass(frozen=True)
class DanceBench:
    """Trials of the pose VAE. `mean_pose` (33, 3): of the training windows."""

    common: _Common
    training: DanceWindows
    validation: DanceWindows
    mean_pose: NDArray[np.float32]

    def run(self, settings: Values) -> Outcome:
        """Train the VAE with these settings and measure it on the validation windows."""
        start = time.monotonic()
        recipe = self.common.recipe("pose_vae", settings)
        vae = studio_dance_fit.fit(
            Stock.of(self.training), recipe.dance, recipe.pose_vae, lambda epoch, figures, vae: None
        )
        figures, panel = self._measure(vae)
        return Outcome(
            figures | panel_figures(panel), panel.collapsed, weights_of(vae),
            time.monotonic() - start,
        )  # fmt: skip

    @torch.no_grad()
    def _measure(self, vae: PoseVae) -> tuple[dict[str, float], collapse.Panel]:
        poses = torch.from_numpy(self.validation.poses)
        halves = [vae.encode(rows) for rows in torch.split(poses, _AT_ONCE)]
        mean, log_variance = (torch.cat(half) for half in zip(*halves, strict=True))
        raw = torch.cat([vae.decode(rows)[0] for rows in torch.split(mean, _AT_ONCE)])
        made = np.stack([skeleton.project(window) for window in raw.numpy()])
        alike = likeness(self.validation.poses, made, self.mean_pose)
        figures = {
            "error": alike["MSE / mean pose"],
            "MPJPE, mm": alike["MPJPE (mm)"],
            "range of motion": alike["range of motion"],
            "velocity": alike["velocity"],
        }
        return figures, collapse.panel(mean, log_variance, raw, poses)


@dataclass(frozen=True)
class BridgeBench:
    """Trials of the bridge, on posteriors of the frozen VAEs; `held`: validation pseudo-pairs."""

    common: _Common
    material: Material
    held: Held

    def run(self, settings: Values) -> Outcome:
        """Train the VAE with these settings and measure it on the validation windows."""
        start = time.monotonic()
        recipe = self.common.recipe("bridge_vae", settings)
        vae, _ = studio_bridge.fit(self.material, recipe.bridge_vae, recipe.bridge)
        figures = self._measure(vae)
        return Outcome(figures, silent(figures), weights_of(vae), time.monotonic() - start)

    @torch.no_grad()
    def _measure(self, vae: BridgeVae) -> dict[str, float]:
        pairs, known = self.held.pairs, self.held.known
        errors, shared, posteriors = [], [], []
        for domain, (windows, ranked) in enumerate(
            ((pairs.music, known.music), (pairs.dance, known.dance))
        ):
            hot = one_hot(domain, len(windows))
            about = Known.of(windows.about, ranked.about)
            mean, log_variance = vae.encode(windows.mean, hot, *about)
            off = (vae.decode(mean, hot) - windows.mean) / vae.scale[domain]
            errors.append(float(off.square().mean()))
            shared.append(mean)
            posteriors.append(posterior_figures(mean, log_variance))
        generator = torch.Generator().manual_seed(0)
        swd = sliced_wasserstein(*shared, projections=500, generator=generator)
        ranks = retrieval(told(vae, *shared).numpy())
        return {
            "error": float(np.mean(errors)),
            "median rank": ranks["median rank"],
            "R@10": ranks["R@10"],
            "swd": float(swd),
            "KL nats": float(np.mean([p["KL nats"] for p in posteriors])),
            "active units": min(p["active units"] for p in posteriors),
        }


@dataclass(frozen=True)
class StudioBenches:
    """The benches over one corpus."""

    corpus: StudioCorpus
    seed: int
    length: float
    fingerprint: str
    preset: str = "studio"

    @classmethod
    def of(cls, corpus: StudioCorpus, seed: int, length: float) -> StudioBenches:
        """Trained for that share of the preset's training. Raises NothingToLearnError where nothing
        is held out to select on.
        """
        for held, what in (
            (corpus.music["validation"], "songs"), (corpus.dance.validation, "dances")
        ):  # fmt: skip
            if not len(held):
                raise NothingToLearnError(
                    f"none of the {what} is kept aside to choose by; give more of them"
                )
        return cls(corpus, seed, length, fingerprint(corpus))

    def bench(self, net: str, chosen: Mapping[str, Values], frozen: Mapping[str, Weights]) -> Bench:
        """Of one VAE, after those chosen before it."""
        common = _Common(self.seed, self.length, dict(chosen))
        if net == "midi_vae":
            return MusicBench(common, self.corpus.pools, self.corpus.music["validation"].on_bars())
        dance = self.corpus.dance
        if net == "pose_vae":
            mean_pose = dance.train.poses.mean(axis=(0, 1))
            return DanceBench(common, half_of(self.corpus), dance.validation, mean_pose)
        recipe = studio(chosen)
        midi_vae, pose_vae = MidiVae(recipe.music.config), PoseVae(recipe.pose_vae)
        with_weights(midi_vae, frozen["midi_vae"])
        with_weights(pose_vae, frozen["pose_vae"])
        music = heard_windows(midi_vae, self.corpus.music["train"])
        material = material_of(pose_vae, music, self.corpus, recipe)
        held = Held.of(*(self._side(midi_vae, pose_vae, part) for part in ("validation", "train")))
        return BridgeBench(common, material, held)

    def _side(self, midi_vae: MidiVae, pose_vae: PoseVae, part: Part) -> Side:
        music, dance = self.corpus.music[part].on_bars(), self.corpus.dance.parts()[part]
        # No frame is looked at, only who finds whom; what travels to the trials stays small.
        none = np.zeros((len(dance), 0), np.float32)
        return replace(side_of(midi_vae, pose_vae, music, dance), frames=none)


def fingerprint(corpus: StudioCorpus) -> str:
    """Hash of every window of music and dance that is trained on or chosen by."""
    digest = hashlib.sha256()
    scores = [*vars(corpus.pools).values(), corpus.music["validation"].score]
    arrays = [array for score in scores for array in vars(score).values()]
    arrays += [corpus.dance.extra.poses, corpus.dance.train.poses, corpus.dance.validation.poses]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
