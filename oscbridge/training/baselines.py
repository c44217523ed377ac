"""What is measured beside a model: answers that took no learning, or only remembering."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from oscbridge.training.evaluate import (
    DANCE,
    MATES_SEED,
    MUSIC,
    Figures,
    Held,
    dance_figures,
    mse,
    music_figures,
    to_dance_figures,
    to_music_figures,
)
from oscbridge.vae.paper.bridge_vae import one_hot
from oscbridge.vae.presets import Trio

Table = dict[str, Figures]
"""Baseline -> figure -> value."""


def music(held: Held) -> Table:
    """For reconstructing music."""
    mean = held.known_music.mean(dim=0).expand_as(held.music)
    return {
        "nearest training window": music_figures(held.music, nearest(held.music, held.known_music)),
        "random training window": music_figures(held.music, drawn(held.music, held.known_music)),
        "mean roll": music_figures(held.music, mean),
        "silence": music_figures(held.music, torch.zeros_like(held.music)),
    }


def dance(held: Held) -> Table:
    """For reconstructing dance."""
    mean = held.known_dance.mean(dim=0).expand_as(held.dance)
    return {
        "nearest training window": dance_figures(held, nearest(held.dance, held.known_dance)),
        "random training window": dance_figures(held, drawn(held.dance, held.known_dance)),
        "mean pose": dance_figures(held, mean),
    }


@torch.no_grad()
def to_dance(trio: Trio, held: Held) -> Table:
    """For dancing to music: the training dance whose z' is nearest to the music's, and any."""
    found = held.known_dance[_nearest_across(trio, held, MUSIC)]
    return {
        "nearest z' in training": to_dance_figures(held, found),
        "random training window": to_dance_figures(held, drawn(held.music, held.known_dance)),
    }


@torch.no_grad()
def to_music(trio: Trio, held: Held) -> Table:
    """For making music of dance: the training music whose z' is nearest to the dance's, and any."""
    found = held.known_music[_nearest_across(trio, held, DANCE)]
    return {
        "nearest z' in training": to_music_figures(held, found),
        "random training window": to_music_figures(held, drawn(held.dance, held.known_music)),
    }


@torch.no_grad()
def table_1(trio: Trio, held: Held) -> Table:
    """Table 1's MSE of constant answers, and of the nearest training window: of the input's own
    domain for a reconstruction, of the other's by z' for a translation.
    """
    rolls, poses = held.music, held.units(held.dance)
    mean_roll, mean_pose = held.known_music.mean(dim=0), held.units(held.known_dance).mean(dim=0)
    roll = mse(nearest(rolls, held.known_music), rolls)
    pose = mse(held.units(nearest(held.dance, held.known_dance)), poses)
    danced = held.units(held.known_dance[_nearest_across(trio, held, MUSIC)])
    played = held.known_music[_nearest_across(trio, held, DANCE)]
    mates = poses[held.dance_mates], rolls[held.music_mates]
    music_rows, dance_rows = ("MIDI VAE", "bridge music-music"), ("pose VAE", "bridge dance-dance")
    return {
        "nearest neighbour": dict.fromkeys(music_rows, roll)
        | dict.fromkeys(dance_rows, pose)
        | {
            "bridge music-dance": mse(danced, mates[0]),
            "bridge dance-music": mse(played, mates[1]),
        },
        "mean": dict.fromkeys(music_rows, mse(mean_roll, rolls))
        | dict.fromkeys(dance_rows, mse(mean_pose, poses))
        | {
            "bridge music-dance": mse(mean_pose, mates[0]),
            "bridge dance-music": mse(mean_roll, mates[1]),
        },
        "silence": dict.fromkeys(music_rows, float(rolls.square().mean()))
        | {"bridge dance-music": float(mates[1].square().mean())},
    }


def nearest(windows: Tensor, known: Tensor) -> Tensor:
    """For each window the known one with the least squared error."""
    return known[_closest(windows.flatten(1), known.flatten(1))]


def drawn(windows: Tensor, known: Tensor) -> Tensor:
    """For each window a known one at random."""
    rng = np.random.default_rng(MATES_SEED)
    return known[torch.from_numpy(rng.integers(len(known), size=len(windows)))]


def _closest(points: Tensor, known: Tensor) -> Tensor:
    return torch.cdist(points, known).argmin(dim=1)


def _nearest_across(trio: Trio, held: Held, origin: int) -> Tensor:
    midi, pose, bridge = trio.midi_vae, trio.pose_vae, trio.bridge_vae
    asked, known = (
        (midi.encode(held.music)[0], pose.encode(held.known_dance)[0])
        if origin == MUSIC
        else (pose.encode(held.dance)[0], midi.encode(held.known_music)[0])
    )
    shared = [
        bridge.encode(z, one_hot(index, len(z)))[0]
        for z, index in ((asked, origin), (known, 1 - origin))
    ]
    return _closest(*shared)
