"""Samples of the `paper` preset: its rolls and poses, made and served as the engine does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain.latents import rescaled
from oscbridge.domain.timeline import DEFAULT_TEMPO
from oscbridge.training import collapse
from oscbridge.training.corpus import Corpus, Domain, Reading
from oscbridge.training.evaluate import DANCE, MATES_SEED, MUSIC, Held
from oscbridge.training.metrics import NOTE_ON
from oscbridge.training.samples import Dances, Music, Samples, music_of_rolls
from oscbridge.training.spreads import crossed, spreads
from oscbridge.vae.paper.bridge_vae import one_hot
from oscbridge.vae.presets import Trio

GENERATED = 500
KNOWN_DANCES = 600
"""Training windows that populations of dances are compared with."""


@torch.no_grad()
def samples(trio: Trio, corpus: Corpus, readings: Sequence[Reading], title: str) -> Samples:
    """The test side of a corpus, and what the trio makes of it and from its prior."""
    held = Held.of(corpus, trio.pose_vae.config.metres_per_unit)
    generator = torch.Generator().manual_seed(MATES_SEED)
    rng = np.random.default_rng(MATES_SEED)
    z = [trio.midi_vae.encode(held.music)[0], trio.pose_vae.encode(held.dance)[0]]
    known = spreads(trio, held.known_music, held.known_dance)
    danced = crossed(trio, z[MUSIC], MUSIC, DANCE).numpy()
    played = crossed(trio, z[DANCE], DANCE, MUSIC).numpy()
    prior = torch.randn(2, GENERATED, z[MUSIC].shape[1], generator=generator)
    music, dance = trio.midi_vae.play, trio.pose_vae.decode
    served_dance = rescaled(danced, known["music_to_dance"], known["dance"])
    served_music = rescaled(played, known["dance_to_music"], known["music"])
    few = rng.permutation(len(held.known_dance))[:KNOWN_DANCES]
    shared = {
        name: trio.bridge_vae.encode(z[i], one_hot(i, len(z[i])))[0].numpy()
        for i, name in enumerate(("music", "dance"))
    }
    panels = collapse.panels(trio, held.music, held.dance)
    return Samples(
        title,
        {
            "real": _music(held.music),
            "reconstructed": _music(music(z[MUSIC])),
            "generated": _music(music(prior[MUSIC])),
            "translated": _music(music(torch.from_numpy(served_music))),
            "random": _music(_drawn(held.known_music, len(held.music), rng)),
            "known": _music(held.known_music),
        },
        {
            "real": _dances(held.dance),
            "reconstructed": _dances(dance(z[DANCE])),
            "generated": _dances(dance(prior[DANCE])),
            "translated": _dances(dance(torch.from_numpy(served_dance))),
            "random": _dances(_drawn(held.known_dance, len(held.dance), rng)),
            "known": _dances(held.known_dance[few]),
        },
        owners(corpus.music, readings),
        owners(corpus.dance, readings),
        shared,
        {name: panel.figures() for name, panel in panels.items()},
        notes=(
            f"Windows know neither tempo nor room: all are measured at {DEFAULT_TEMPO:g} BPM, with "
            "the way of the hips that serving gives them, real dances too.",
            "Poses lie a step apart and are interpolated, so minima of speed lie near steps; nulls "
            "are shifted by whole steps to allow for that.",
            "There are no pairs of music and dance, so nothing is retrieved.",
        ),
    )


def owners(domain: Domain, readings: Sequence[Reading]) -> NDArray[Any]:
    """For each test window the group of the recording it is first found in."""
    held_out = set(domain.keys["test"])
    found: dict[bytes, str] = {}
    for reading in readings:
        if reading.key in held_out:
            for window in reading.windows:
                found.setdefault(window.tobytes(), reading.recording.group)
    return np.array([found[window.tobytes()] for window in domain.test])


def _drawn(windows: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    return windows[torch.from_numpy(rng.integers(len(windows), size=count))]


def _music(rolls: Tensor) -> Music:
    return music_of_rolls(np.asarray(rolls.numpy() >= NOTE_ON))


def _dances(poses: Tensor) -> Dances:
    return Dances.of_steps(poses.numpy(), DEFAULT_TEMPO)
