"""From what the MIDI decoder says of each step and row to notes with velocities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.music import Clip
from oscbridge.domain.pianoroll import DRUM_ROWS, PianoRoll, to_clip
from oscbridge.domain.timeline import Timeline

NOTE_ON = 0.25
"""What a step must reach for a note to sound (paper, section 3.3)."""
SOFTEST, LOUDEST = 56, 120


def clip_of(activity: NDArray[np.float32], timeline: Timeline, name: str) -> Clip:
    """The clip that activity (steps, 128) in [0, 1] stands for; the surer, the louder."""
    held = activity >= NOTE_ON
    starts = held & ~np.vstack([np.zeros((1, held.shape[1]), np.bool_), held[:-1]])
    starts[:, DRUM_ROWS] = held[:, DRUM_ROWS]
    sure = np.clip((activity - NOTE_ON) / (1 - NOTE_ON), 0, 1)
    velocity = np.round(SOFTEST + sure * (LOUDEST - SOFTEST)) * starts
    return to_clip(PianoRoll(held, velocity.astype(np.uint8)), timeline, name)
