"""Rhythm of music and of motion on one grid: accents, motion beats, energy.

Arrays may have any number of leading axes (windows) before the one that is time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from oscbridge.domain.music import Clip, Part
from oscbridge.domain.pianoroll import DRUM_MAP, row_of
from oscbridge.domain.pose import INDEX
from oscbridge.domain.timeline import STEPS_PER_BEAT, steps_in

Floats = NDArray[np.float64]

_LANE_WEIGHT = {
    "kick": 1.0, "snare": 1.0, "side stick": 0.3, "clap": 1.0, "closed hi-hat": 0.2,
    "open hi-hat": 0.5, "low tom": 0.5, "mid tom": 0.5, "high tom": 0.5, "crash": 0.7,
    "ride": 0.2, "percussion": 0.2,
}  # fmt: skip
LANE_WEIGHTS = np.array([_LANE_WEIGHT[drum.name] for drum in DRUM_MAP])
"""How much a hit of each drum lane (12,) is felt as an accent."""
BASS_WEIGHT, MELODY_WEIGHT = 0.5, 0.2
"""The same of a note of the bass and of the melody that starts."""
LOUD = 100.0
"""MIDI velocity of a full accent; the softest note makes half of one."""
ACCENTED = 0.75
"""Quantile of the steps of a window from which on a step counts as an accent."""

LIMBS = [INDEX[f"{side}_{joint}"] for joint in ("elbow", "wrist", "knee", "ankle")
         for side in ("left", "right")]  # fmt: skip
"""Landmarks whose mean speed is the speed of a motion."""
SMOOTHING = 0.375
"""Steps (standard deviation) over which that speed is smoothed."""
PROMINENCE, FAINT = 0.10, 0.05
"""Share of the range of speed that a slowdown must have to be a motion beat, and to be part of the
envelope at all."""
BEAT_WIDTH = 0.75
"""Steps (standard deviation) a motion beat is wide in the envelope."""


def accents(drums: NDArray[Any], bass: NDArray[Any], melody: NDArray[Any]) -> Floats:
    """Accent envelope (..., steps) of onset velocities: drums (..., steps, 12), bass and melody
    (..., steps), 0 where nothing starts.
    """
    return np.asarray(
        _strength(drums) @ LANE_WEIGHTS
        + BASS_WEIGHT * _strength(bass)
        + MELODY_WEIGHT * _strength(melody)
    )


def _strength(velocity: NDArray[Any]) -> Floats:
    v = np.asarray(velocity, np.float64)
    return np.where(v > 0, 0.5 + 0.5 * np.minimum(v / LOUD, 1.0), 0.0)


def music_energy(drums: NDArray[Any], bass: NDArray[Any], melody: NDArray[Any]) -> Floats:
    """Notes that start in each step (..., steps), from the same arrays."""
    hits = np.count_nonzero(drums, axis=-1)
    return np.asarray(hits + (np.asarray(bass) > 0) + (np.asarray(melody) > 0), np.float64)


def onsets_of(clip: Clip) -> tuple[Floats, Floats, Floats]:
    """Onset velocities of a clip on the step grid, as `accents` takes them."""
    steps = max(1, steps_in(clip.length))
    drums = np.zeros((steps, len(DRUM_MAP)))
    lines = {part: np.zeros(steps) for part in (Part.BASS, Part.MELODY)}
    for note in clip.notes:
        step = round(note.start * STEPS_PER_BEAT)
        if not 0 <= step < steps:
            continue
        if note.part is Part.DRUMS:
            lane = row_of(note.part, note.pitch)
            drums[step, lane] = max(drums[step, lane], note.velocity)
        else:
            lines[note.part][step] = max(lines[note.part][step], note.velocity)
    return drums, lines[Part.BASS], lines[Part.MELODY]


def accent_steps(envelope: NDArray[Any]) -> NDArray[np.intp]:
    """The steps of one window's accent envelope (steps,) that count as accents."""
    if not len(envelope):
        return np.zeros(0, np.intp)
    strong = envelope >= np.quantile(envelope, ACCENTED) - 1e-9
    return np.flatnonzero(strong & (envelope > envelope.min() + 1e-9))


def motion_speed(frames: NDArray[Any], frames_per_step: int) -> Floats:
    """Smoothed mean speed (..., frames) of the limbs of poses (..., frames, 33, 3), metres a step.

    Seen from mid-hip: how the body goes through the room is not in it.
    """
    if frames.shape[-3] < 2:
        return np.zeros(frames.shape[:-2])
    limbs = np.asarray(frames[..., LIMBS, :], np.float64)
    step = np.linalg.norm(np.diff(limbs, axis=-3), axis=-1).mean(axis=-1) * frames_per_step
    speed = np.concatenate([step[..., :1], step], axis=-1)
    return np.asarray(gaussian_filter1d(speed, SMOOTHING * frames_per_step, mode="nearest"))


def motion_beats(speed: NDArray[Any]) -> NDArray[np.intp]:
    """Frames of one window or dance, speed (frames,), at which it slows down and turns."""
    return np.asarray(find_peaks(-speed, prominence=PROMINENCE * _range(speed))[0])


def beat_envelope(speed: NDArray[Any], frames_per_step: int) -> Floats:
    """Motion-beat envelope (..., steps) of speed (..., frames): each slowdown by how deep it is."""
    flat = np.asarray(speed, np.float64).reshape(-1, speed.shape[-1])
    at = np.arange(flat.shape[1] // frames_per_step) * float(frames_per_step)
    width = BEAT_WIDTH * frames_per_step
    envelope = np.zeros((len(flat), len(at)))
    for row, each in zip(envelope, flat, strict=True):
        peaks, about = find_peaks(-each, prominence=FAINT * _range(each))
        bumps = np.exp(-0.5 * ((at[:, None] - peaks) / width) ** 2)
        row[:] = bumps @ about["prominences"]
    return envelope.reshape(*speed.shape[:-1], len(at))


def _range(speed: NDArray[Any]) -> float:
    """How far speed goes up and down, a single leap left out."""
    slow, fast = np.percentile(speed, (2, 98))
    return float(fast - slow) + 1e-9


def motion_energy(speed: NDArray[Any], frames_per_step: int) -> Floats:
    """Mean speed of each step (..., steps) of speed (..., frames)."""
    steps = speed.shape[-1] // frames_per_step
    cut = speed[..., : steps * frames_per_step]
    return np.asarray(cut.reshape(*speed.shape[:-1], steps, frames_per_step).mean(axis=-1))


def standardised(envelope: NDArray[Any]) -> Floats:
    """The envelope (..., steps) with mean 0 and spread 1; 0 where it does not vary."""
    centred = envelope - envelope.mean(axis=-1, keepdims=True)
    spread = envelope.std(axis=-1, keepdims=True)
    return np.asarray(np.where(spread > 1e-9, centred / np.maximum(spread, 1e-9), 0.0))
