"""What lies where in the tensors of the `studio` music VAE: the channels a step goes in with, and
the logits it comes out as. Both speak of scores in C (`domain.key`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.score import KEYED_BASS, KEYED_MELODY, LANES, PitchRange, Score

LOUDEST = 127.0


@dataclass(frozen=True)
class LineChannels:
    """Channels of bass or melody. In: `pitch` one-hot while it sounds, `onset` one-hot where it
    starts, `velocity`. Out: `pitch` with a rest first, `onset` and `velocity` logits.
    """

    range: PitchRange
    pitch: slice
    onset: slice
    velocity: int


def _input_line(pitches: PitchRange, at: int) -> LineChannels:
    n = len(pitches)
    return LineChannels(pitches, slice(at, at + n), slice(at + n, at + 2 * n), at + 2 * n)


def _output_line(pitches: PitchRange, at: int) -> LineChannels:
    n = len(pitches) + 1
    return LineChannels(pitches, slice(at, at + n), slice(at + n, at + n + 1), at + n + 1)


IN_DRUMS, IN_DRUM_VELOCITY = slice(0, LANES), slice(LANES, 2 * LANES)
IN_BASS = _input_line(KEYED_BASS, 2 * LANES)
IN_MELODY = _input_line(KEYED_MELODY, IN_BASS.velocity + 1)
INPUTS = IN_MELODY.velocity + 1
"""F: channels a step goes in with."""
INPUT_SIZES = (
    IN_BASS.pitch.start,
    IN_MELODY.pitch.start - IN_BASS.pitch.start,
    INPUTS - IN_MELODY.pitch.start,
)
"""How many of them are each part's, in order of `Part`."""

OUT_DRUMS, OUT_DRUM_VELOCITY = slice(0, LANES), slice(LANES, 2 * LANES)
OUT_DRUM_TIMING = slice(2 * LANES, 3 * LANES)
OUT_BASS = _output_line(KEYED_BASS, 3 * LANES)
OUT_MELODY = _output_line(KEYED_MELODY, OUT_BASS.velocity + 1)
OUTPUTS = OUT_MELODY.velocity + 1
"""G: logits a step comes out as. A velocity is the sigmoid of its logit x 127; a timing is half the
tanh of its logit, in steps."""
OUTPUT_SIZES = (
    OUT_BASS.pitch.start,
    OUT_MELODY.pitch.start - OUT_BASS.pitch.start,
    OUTPUTS - OUT_MELODY.pitch.start,
)
_IMPOSSIBLE = -30.0


def to_input(score: Score) -> NDArray[np.float32]:
    """Channels (T, F) of a score in C, each in [0, 1]."""
    x = np.zeros((score.steps, INPUTS), np.float32)
    x[:, IN_DRUMS] = score.drums > 0
    x[:, IN_DRUM_VELOCITY] = score.drums / LOUDEST
    _write_line(x, IN_BASS, score.bass_pitch, score.bass_velocity)
    _write_line(x, IN_MELODY, score.melody_pitch, score.melody_velocity)
    return x


def _write_line(
    x: NDArray[np.float32],
    line: LineChannels,
    pitch: NDArray[np.uint8],
    velocity: NDArray[np.uint8],
) -> None:
    sounding = np.flatnonzero(pitch)
    row = pitch[sounding].astype(np.intp) - line.range.low
    x[sounding, line.pitch.start + row] = 1.0
    x[sounding, line.onset.start + row] = velocity[sounding] > 0
    x[:, line.velocity] = velocity / LOUDEST


def in_key(logits: NDArray[np.float32], shift: int) -> NDArray[np.float32]:
    """Logits (..., G) of music that was shifted to C by `shift` semitones, as those of the music in
    its own key: what they say of each pitch they now say of the pitch `shift` lower.
    """
    moved = logits.copy()
    for line in (OUT_BASS, OUT_MELODY):
        pitches = slice(line.pitch.start + 1, line.pitch.stop)  # behind the rest
        rolled = np.roll(logits[..., pitches], -shift, axis=-1)
        if shift > 0:
            rolled[..., -shift:] = _IMPOSSIBLE
        elif shift < 0:
            rolled[..., :-shift] = _IMPOSSIBLE
        moved[..., pitches] = rolled
    return moved
