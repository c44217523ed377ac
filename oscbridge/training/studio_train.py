"""Training the nets of `studio`, one after the other, from a corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oscbridge.domain import descriptors
from oscbridge.domain.graphs import FRAMES_PER_STEP
from oscbridge.domain.known import Known
from oscbridge.domain.score import onset_windows
from oscbridge.domain.timeline import WINDOW
from oscbridge.errors import ModelError
from oscbridge.io import model_files
from oscbridge.training import (
    export,
    studio_bridge,
    studio_dance_fit,
    studio_music,
    studio_prior,
)
from oscbridge.training.score_windows import ScoreWindows
from oscbridge.training.studio_bridge import Material, Windows
from oscbridge.training.studio_bridge_measure import Onsets, Side
from oscbridge.training.studio_corpus import StudioCorpus
from oscbridge.training.studio_dance import DanceWindows
from oscbridge.training.studio_dance_fit import Stock
from oscbridge.training.studio_known import known
from oscbridge.training.studio_translation import Translation
from oscbridge.vae.studio import bridge_vae, pose_vae
from oscbridge.vae.studio.midi_prior import MidiPrior
from oscbridge.vae.studio.midi_vae import MidiVae
from oscbridge.vae.studio.nets import Studio
from oscbridge.vae.studio.pose_vae import PoseVae

MORE_DANCE = 6000
"""Windows off the beat and at other tempos that the bridge learns from besides those on it."""
_AT_ONCE = 256


@dataclass(frozen=True)
class Recipe:
    """How each net is trained."""

    music: studio_music.Settings = field(default_factory=studio_music.Settings)
    prior: studio_prior.Settings = field(default_factory=studio_prior.Settings)
    dance: studio_dance_fit.Recipe = field(default_factory=studio_dance_fit.Recipe)
    bridge: studio_bridge.Recipe = field(default_factory=studio_bridge.Recipe)
    pose_vae: pose_vae.Config = field(default_factory=pose_vae.Config)
    bridge_vae: bridge_vae.Config = field(default_factory=bridge_vae.Config)

    def seeded(self, seed: int) -> Recipe:
        """The recipe with every net's randomness drawn from that seed."""
        return replace(
            self,
            music=replace(self.music, seed=seed),
            prior=replace(self.prior, seed=seed),
            dance=replace(self.dance, seed=seed),
            bridge=replace(self.bridge, seed=seed),
        )

    def lengthened(self, share: float) -> Recipe:
        """The recipe with that share of the steps of each net, at least one epoch of each."""

        def times(count: int) -> int:
            return max(1, round(share * count))

        return replace(
            self,
            music=replace(self.music, steps=times(self.music.steps)),
            prior=replace(self.prior, steps=times(self.prior.steps)),
            dance=replace(self.dance, epochs=times(self.dance.epochs)),
            bridge=replace(self.bridge, epochs=times(self.bridge.epochs)),
        )

    def told(self) -> dict[str, Any]:
        """As JSON-able values by net."""
        return dict(zip(NAMES, (asdict(each) for each in self._all()), strict=True))

    def _all(self) -> tuple[Any, ...]:
        return self.music, self.prior, self.dance, self.bridge


NAMES = ("midi_vae", "midi_prior", "pose_vae", "bridge_vae")
Watch = Callable[[str, float, dict[str, float]], None]
"""(net, how far its training is, 0 to 1, latest figures)."""


@dataclass(frozen=True)
class Trained:
    """The nets, what they know of their training windows, and each net's last figures."""

    nets: Studio
    known: Known
    last: dict[str, dict[str, float]]

    @classmethod
    def load(cls, folder: Path) -> Trained:
        """A version of `studio`, to measure or to train further. Raises ModelError."""
        nets = export.load(folder)
        if not isinstance(nets, Studio):
            raise ModelError(f"{folder}: not a version of studio")
        return cls(nets, Known.of(model_files.read_latents(folder)), {})


def fit(
    corpus: StudioCorpus,
    recipe: Recipe,
    watch: Watch,
    unfinished: Path | None = None,
) -> Trained:
    """Train all nets.

    With a folder for what is `unfinished`, the training found there is gone on with.
    """
    last: dict[str, dict[str, float]] = {}

    def heard(name: str) -> Callable[[float, dict[str, float]], None]:
        def hear(done: float, figures: dict[str, float]) -> None:
            last[name] = figures
            watch(name, done, figures)

        return hear

    shelf = {name: unfinished / name if unfinished else None for name in NAMES}
    midi_vae = studio_music.fresh(recipe.music)
    say = heard("midi_vae")
    studio_music.fit(
        midi_vae, corpus.pools, recipe.music, shelf["midi_vae"],
        lambda step, figures: say(step / recipe.music.steps, figures),
    )  # fmt: skip
    music = heard_windows(midi_vae, corpus.music["train"])
    prior = fit_prior(midi_vae, corpus, recipe.prior, heard("midi_prior"), shelf["midi_prior"])
    poses = fit_dance(corpus, recipe, heard("pose_vae"), shelf["pose_vae"])
    material = material_of(poses, music, corpus, recipe)
    bridge, _ = studio_bridge.fit(
        material, recipe.bridge_vae, recipe.bridge, shelf["bridge_vae"], heard("bridge_vae")
    )
    nets = Studio(midi_vae, prior, poses, bridge)
    bars, _ = studio_music.encoded(midi_vae, corpus.music["train"].on_bars())
    counts = onsets_of(corpus.music["train"]).counts()
    facts = known(
        Translation.of(bridge, material), material, counts, bars, prior, recipe.music.seed
    )
    return Trained(nets, facts, last)


def fit_prior(
    midi_vae: MidiVae,
    corpus: StudioCorpus,
    settings: studio_prior.Settings,
    say: Callable[[float, dict[str, float]], None],
    unfinished: Path | None,
) -> MidiPrior:
    """The prior of a corpus' music; where nothing is held out, it is looked at by what it knows."""
    known, unseen = (
        studio_prior.Posteriors(*studio_music.encoded(midi_vae, windows.on_bars()))
        for windows in (corpus.music["train"], corpus.music["validation"] or corpus.music["train"])
    )
    return studio_prior.fit(
        known, unseen, settings, unfinished,
        lambda step, figures: say(step / settings.steps, figures),
    )  # fmt: skip


def fit_dance(
    corpus: StudioCorpus,
    recipe: Recipe,
    say: Callable[[float, dict[str, float]], None],
    unfinished: Path | None,
) -> PoseVae:
    """The pose VAE of a corpus."""
    return studio_dance_fit.fit(
        Stock.of(half_of(corpus)), recipe.dance, recipe.pose_vae,
        lambda epoch, figures, vae: say(epoch / recipe.dance.epochs, figures), unfinished,
    )  # fmt: skip


def half_of(corpus: StudioCorpus) -> DanceWindows:
    """Every other window the pose VAE is taught with: neighbours are a sixteenth apart."""
    extra = corpus.dance.extra
    return extra.chosen(np.arange(0, len(extra), 2))


def material_of(poses: PoseVae, music: Windows, corpus: StudioCorpus, recipe: Recipe) -> Material:
    """What the bridge learns from: posteriors of the frozen VAEs, pseudo-paired."""
    dance = corpus.dance
    on_beat = DanceWindows.joined([dance.train, dance.train.mirrored()])
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(dance.extra))[:MORE_DANCE])
    off_beat = dance.extra.chosen(rows)
    seen = seen_windows(poses, DanceWindows.joined([on_beat, off_beat]))
    return Material.of(music, seen, recipe.bridge.rounds)


@torch.no_grad()
def heard_windows(vae: MidiVae, windows: ScoreWindows) -> Windows:
    """Posteriors of windows of music, and what is known about them."""
    mean, log_variance = studio_music.encoded(vae, windows)
    about = descriptors.of_music(*onset_windows(windows.score, WINDOW), windows.tempo)
    return Windows(mean, log_variance, about)


def side_of(midi_vae: MidiVae, poses: PoseVae, music: ScoreWindows, dance: DanceWindows) -> Side:
    """Windows of music and of dance as the nets and the measures see them."""
    return Side(
        heard_windows(midi_vae, music), seen_windows(poses, dance), onsets_of(music), dance.poses
    )


def onsets_of(windows: ScoreWindows) -> Onsets:
    """What starts in each window."""
    return Onsets(*onset_windows(windows.score, WINDOW))


@torch.no_grad()
def seen_windows(vae: PoseVae, windows: DanceWindows) -> Windows:
    """Posteriors of windows of dance, and what is known about them."""
    halves = [
        vae.encode(torch.from_numpy(windows.poses[i : i + _AT_ONCE]))
        for i in range(0, len(windows), _AT_ONCE)
    ]
    about = descriptors.of_dance(windows.poses, FRAMES_PER_STEP, windows.tempo)
    mean, log_variance = (torch.cat(half) for half in zip(*halves, strict=True))
    return Windows(mean, log_variance, about)
