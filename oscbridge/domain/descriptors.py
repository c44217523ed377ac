"""What windows of music and of dance have in common: energy, its contour, rhythm, tempo."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.graphs import TRAITS
from oscbridge.domain.rhythm import (
    Floats,
    accents,
    beat_envelope,
    motion_energy,
    motion_speed,
    music_energy,
    standardised,
)


@dataclass(frozen=True)
class Descriptors:
    """What is matched of N windows: mean `energy` (N,), `contour` (N,), the first half's energy
    over the whole's, accent or motion-beat `envelope` (N, steps), standardised, `tempo` (N,) BPM.
    """

    energy: Floats
    contour: Floats
    envelope: Floats
    tempo: Floats

    def __len__(self) -> int:
        return len(self.energy)

    def chosen(self, rows: NDArray[Any]) -> Descriptors:
        """Those of the windows, by index or mask."""
        return Descriptors(*(getattr(self, f.name)[rows] for f in fields(self)))


def of_music(
    drums: NDArray[Any], bass: NDArray[Any], melody: NDArray[Any], tempo: NDArray[Any]
) -> Descriptors:
    """Of onset velocities (N, steps, 12), (N, steps) and (N, steps)."""
    return _described(
        music_energy(drums, bass, melody), accents(drums, bass, melody), np.asarray(tempo)
    )


def of_dance(frames: NDArray[Any], frames_per_step: int, tempo: NDArray[Any]) -> Descriptors:
    """Of poses (N, frames, 33, 3) in metres."""
    speed = motion_speed(frames, frames_per_step)
    envelope = beat_envelope(speed, frames_per_step)
    return _described(motion_energy(speed, frames_per_step), envelope, np.asarray(tempo))


def _described(energy: Floats, envelope: Floats, tempo: NDArray[Any]) -> Descriptors:
    mean = energy.mean(axis=1)
    first = energy[:, : energy.shape[1] // 2].mean(axis=1)
    contour = first / np.maximum(mean, 1e-9)
    return Descriptors(mean, contour, standardised(envelope), tempo.astype(np.float64))


def ranks(values: Floats, known: Floats) -> Floats:
    """Where each value lies among the known ones: 0 below all, 1 above all, .5 amid equals."""
    ordered = np.sort(known)
    low = np.searchsorted(ordered, values, side="left")
    high = np.searchsorted(ordered, values, side="right")
    return np.asarray((low + high) / (2 * max(1, len(known))))


def traits(windows: Descriptors, known: Descriptors) -> Floats:
    """Energy and contour of the windows as ranks (N, 2) among the `known` ones of their domain."""
    return np.stack([ranks(getattr(windows, n), getattr(known, n)) for n in TRAITS], axis=1)
