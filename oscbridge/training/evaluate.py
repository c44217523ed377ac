"""Measuring a trio on held-out windows, beside baselines that learn nothing or only remember.

There are no true pairs of music and dance. Rows that need a mate take a random one of the other
domain's test windows and say so: they tell whether outputs lie near the mean, nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain.latents import Spread, rescaled
from oscbridge.training import collapse, metrics
from oscbridge.training.corpus import Corpus
from oscbridge.training.spreads import crossed, spreads
from oscbridge.vae.paper.bridge_vae import one_hot, sliced_wasserstein
from oscbridge.vae.presets import Trio

MUSIC, DANCE = 0, 1
Figures = dict[str, float]
Sections = dict[str, Figures]
"""Section -> figure -> value: `table_1`, `music`, `dance`, `to_dance` and `to_music` as the bridge
answers and `_rescaled` as it is served, and the collapse panel of each VAE."""
MATES_SEED = 1


@dataclass(frozen=True)
class Held:
    """Test windows of both domains, the training windows baselines draw on, and random mates:
    for each test roll a test dance, and for each test dance a test roll.
    """

    music: Tensor
    dance: Tensor
    known_music: Tensor
    known_dance: Tensor
    dance_mates: NDArray[np.intp]
    music_mates: NDArray[np.intp]
    metres_per_unit: float

    @classmethod
    def of(cls, corpus: Corpus, metres_per_unit: float) -> Held:
        """The test side of a corpus."""
        music, dance, known_music, known_dance = (
            torch.from_numpy(w.astype(np.float32))
            for w in (corpus.music.test, corpus.dance.test, corpus.music.train, corpus.dance.train)
        )
        rng = np.random.default_rng(MATES_SEED)
        dance_mates = rng.integers(len(dance), size=len(music))
        music_mates = rng.integers(len(music), size=len(dance))
        return cls(
            music, dance, known_music, known_dance, dance_mates, music_mates, metres_per_unit
        )

    def units(self, poses: Tensor) -> Tensor:
        """Poses in the paper's [-1, 1]."""
        return poses / self.metres_per_unit


@torch.no_grad()
def measure(trio: Trio, held: Held) -> Sections:
    """Every figure of the trio, at the posterior means."""
    trio_music, trio_dance = trio.midi_vae, trio.pose_vae
    z = [trio_music.encode(held.music)[0], trio_dance.encode(held.dance)[0]]
    outputs = {
        "music": trio_music.play(z[MUSIC]),
        "dance": trio_dance.decode(z[DANCE]),
        "music_music": trio_music.play(crossed(trio, z[MUSIC], MUSIC, MUSIC)),
        "dance_dance": trio_dance.decode(crossed(trio, z[DANCE], DANCE, DANCE)),
        "music_dance": trio_dance.decode(to_dance := crossed(trio, z[MUSIC], MUSIC, DANCE)),
        "dance_music": trio_music.play(to_music := crossed(trio, z[DANCE], DANCE, MUSIC)),
    }
    table = _table_1(held, outputs)
    embedded = [
        mse(to_dance, z[DANCE][held.dance_mates]),
        mse(to_music, z[MUSIC][held.music_mates]),
    ]
    table["bridge embed-embed"] = float(np.mean(embedded))
    sections = {
        "table_1": table,
        "music": music_figures(held.music, outputs["music"]),
        "dance": dance_figures(held, outputs["dance"]),
        "to_dance": to_dance_figures(held, outputs["music_dance"]),
        "to_music": to_music_figures(held, outputs["dance_music"]),
    }
    known = spreads(trio, held.known_music, held.known_dance)
    danced = _rescaled(to_dance, known["music_to_dance"], known["dance"])
    played = _rescaled(to_music, known["dance_to_music"], known["music"])
    sections["to_dance_rescaled"] = to_dance_figures(held, trio_dance.decode(danced))
    sections["to_music_rescaled"] = to_music_figures(held, trio_music.play(played))
    panels = collapse.panels(trio, held.music, held.dance)
    sections |= {name: panel.figures() for name, panel in panels.items()}
    sections["bridge_vae"]["swd"] = bridge_distance(trio, z[MUSIC], z[DANCE])
    return sections


def _rescaled(z: Tensor, made: Spread, real: Spread) -> Tensor:
    return torch.from_numpy(rescaled(z.numpy(), made, real))


def bridge_distance(trio: Trio, music: Tensor, dance: Tensor) -> float:
    """Sliced Wasserstein distance (squared) between z' of both, as many of each, drawn anew."""
    shared = [
        trio.bridge_vae.encode(z, one_hot(index, len(z)))[0]
        for index, z in enumerate((music, dance))
    ]
    generator = torch.Generator().manual_seed(MATES_SEED)
    fewest = min(len(s) for s in shared)
    equal = [s[torch.randperm(len(s), generator=generator)[:fewest]] for s in shared]
    return float(sliced_wasserstein(*equal, projections=500, generator=generator))


def _table_1(held: Held, outputs: dict[str, Tensor]) -> Figures:
    dance, music = held.units(held.dance), held.music
    return {
        "MIDI VAE": mse(outputs["music"], music),
        "pose VAE": mse(held.units(outputs["dance"]), dance),
        "bridge music-music": mse(outputs["music_music"], music),
        "bridge dance-dance": mse(held.units(outputs["dance_dance"]), dance),
        "bridge music-dance": mse(held.units(outputs["music_dance"]), dance[held.dance_mates]),
        "bridge dance-music": mse(outputs["dance_music"], music[held.music_mates]),
    }


def mse(made: Tensor, true: Tensor) -> float:
    """Mean squared error over all values."""
    return float((made - true).square().mean())


def music_figures(true: Tensor, made: Tensor) -> Figures:
    """Reconstructed rolls (N, 32, 128) beside the true ones, note-on at .25."""
    held, sounding = _held(true), _held(made)
    starts, made_starts = metrics.onsets(held), metrics.onsets(sounding)
    figures = {"MSE": mse(made, true)}
    for part, rows in metrics.PART_ROWS.items():
        a, b = starts[..., rows], made_starts[..., rows]
        figures[f"{part} onset F1"] = metrics.onset_f1(a, b, 0)
        figures[f"{part} onset F1, +-1 step"] = metrics.onset_f1(a, b, 1)
        figures[f"{part} sustain F1"] = metrics.f1(held[..., rows], sounding[..., rows])
        figures[f"{part} density ratio"] = metrics.density_ratio(a, b)
    figures["non-empty"] = metrics.non_empty(sounding)
    figures["pitch-class KL"] = metrics.pitch_class_kl(starts, made_starts)
    return figures


def dance_figures(held: Held, made: Tensor) -> Figures:
    """Reconstructed poses (N, 32, 33, 3) beside the true ones."""
    true, poses = held.dance.numpy(), made.numpy()
    return {
        "MSE": mse(held.units(made), held.units(held.dance)),
        "MPJPE, mm": metrics.mpjpe(true, poses),
        "range of motion ratio": _ratio(metrics.motion_range, poses, true),
        "velocity ratio": _ratio(metrics.speed, poses, true),
        "bone CV": metrics.bone_cv(poses),
    }


def to_dance_figures(held: Held, made: Tensor) -> Figures:
    """Dances made from the test music, beside the test dances as a population: no mates needed."""
    true, poses = held.dance.numpy(), made.numpy()
    drive = metrics.density(metrics.onsets(_held(held.music)))
    return {
        "range of motion ratio": _ratio(metrics.motion_range, poses, true),
        "velocity ratio": _ratio(metrics.speed, poses, true),
        "variety ratio": _ratio(_spread, poses, true),
        "bone CV": metrics.bone_cv(poses),
        "energy correlation": metrics.rank_correlation(drive, metrics.speed(poses)),
    }


def to_music_figures(held: Held, made: Tensor) -> Figures:
    """Music made from the test dances, beside the test music as a population: no mates needed."""
    rolls, true = _held(made), _held(held.music)
    starts, true_starts = metrics.onsets(rolls), metrics.onsets(true)
    drive = metrics.speed(held.dance.numpy())
    figures = {"non-empty": metrics.non_empty(rolls)}
    for part, rows in metrics.PART_ROWS.items():
        per_window = [metrics.density(s[..., rows]).mean() for s in (starts, true_starts)]
        figures[f"{part} density ratio"] = float(per_window[0] / max(per_window[1], 1e-9))
    figures["variety ratio"] = _ratio(_spread, rolls.astype(np.float32), true.astype(np.float32))
    figures["pitch-class KL"] = metrics.pitch_class_kl(true_starts, starts)
    figures["energy correlation"] = metrics.rank_correlation(drive, metrics.density(starts))
    return figures


def _held(rolls: Tensor) -> metrics.Rolls:
    return np.asarray(rolls.numpy() >= metrics.NOTE_ON)


def _ratio(figure: Callable[[Any], NDArray[Any]], made: Any, true: Any) -> float:
    return float(figure(made).mean() / figure(true).mean())


def _spread(windows: NDArray[Any]) -> NDArray[Any]:
    """Standard deviation over the windows, root-mean-square over their values."""
    return np.asarray(np.sqrt(windows.reshape(len(windows), -1).var(axis=0).mean()))
