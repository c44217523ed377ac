"""The `studio` way back from z, to measure it: to poses of constant bones and to onsets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain import skeleton
from oscbridge.domain.music import Part
from oscbridge.domain.rhythm_paths import RhythmLogits, pushed
from oscbridge.domain.score import Score
from oscbridge.domain.score_decode import Knobs, decode
from oscbridge.engine.studio_music import densities
from oscbridge.training.studio_bridge_measure import Onsets
from oscbridge.vae.studio.midi_vae import MidiVae
from oscbridge.vae.studio.pose_vae import PoseVae

_AT_ONCE = 64


class StudioDecoders:
    """Frozen music and pose VAEs as `studio_bridge_measure.Decoders`."""

    def __init__(self, midi_vae: MidiVae, pose_vae: PoseVae) -> None:
        self.frames_per_step = pose_vae.config.frames_per_step
        self._midi_vae = midi_vae.eval()
        self._pose_vae = pose_vae.eval()

    @torch.no_grad()
    def dance(self, z: Tensor) -> NDArray[np.float32]:
        """Poses (N, frames, 33, 3) of constant bones."""
        raw = [self._pose_vae.decode(part)[0].numpy() for part in torch.split(z, _AT_ONCE)]
        return np.stack([skeleton.project(window) for window in np.concatenate(raw)])

    @torch.no_grad()
    def music(
        self, z: Tensor, push: RhythmLogits | None = None, counts: NDArray[Any] | None = None
    ) -> Onsets:
        """What sounds, with `push` on the logits and so many onsets a part (N, 3)."""
        logits = self._midi_vae.decode(z).numpy()
        if push is not None:
            logits = pushed(logits, push)
        scores = [decode(window) for window in logits]
        if counts is not None:
            knobs = [_knobs(score, count) for score, count in zip(scores, counts, strict=True)]
            scores = [decode(window, k) for window, k in zip(logits, knobs, strict=True)]
        return _onsets(scores)


def _knobs(score: Score, counts: NDArray[Any]) -> dict[Part, Knobs]:
    """The densities that bring a score to so many onsets of each part."""
    return {
        part: Knobs(density=density) for part, density in densities(score.onsets(), counts).items()
    }


def _onsets(scores: list[Score]) -> Onsets:
    return Onsets(
        np.stack([s.drums for s in scores]),
        np.stack([s.bass_velocity for s in scores]),
        np.stack([s.melody_velocity for s in scores]),
    )
