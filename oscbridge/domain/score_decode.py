"""From the logits of the `studio` music decoder to a score, for any number of steps.

No threshold is asked for: a line sounds where a rest is less likely than not. A note's pitch is the
likeliest over all its steps together, so that one doubtful step does not break it in two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.music import Part
from oscbridge.domain.score import REST, Score
from oscbridge.domain.score_channels import (
    LOUDEST,
    OUT_BASS,
    OUT_DRUM_TIMING,
    OUT_DRUM_VELOCITY,
    OUT_DRUMS,
    OUT_MELODY,
    LineChannels,
)

_BIASES = np.linspace(0.0, 32.0, 129, dtype=np.float32)
"""Shifts of a line's activity among which that with the wanted number of onsets is looked for."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Knobs:
    """How a part is played.

    `density`: onsets for each that the model would play by itself. `temperature`: 0 for the
    likeliest, 1 to draw hits, onsets and pitches as likely as the model holds them. `human`: how
    much of the timing learnt from drummers is kept (drums only).
    """

    density: float = 1.0
    temperature: float = 0.0
    human: float = 0.0


PLAIN = Knobs()


def decode(
    logits: Floats,
    knobs: dict[Part, Knobs] | None = None,
    rng: np.random.Generator | None = None,
) -> Score:
    """The score (T steps) that logits (T, G) stand for, in the key the logits are in.

    Parts not named in `knobs` are played plainly. A temperature above 0 needs `rng`.
    """
    knobs = knobs or {}
    drums, timing = _drums(logits, knobs.get(Part.DRUMS, PLAIN), rng)
    bass = _line(logits, OUT_BASS, knobs.get(Part.BASS, PLAIN), rng)
    melody = _line(logits, OUT_MELODY, knobs.get(Part.MELODY, PLAIN), rng)
    return Score(drums, *bass, *melody, timing)


def onsets(logits: Floats) -> dict[Part, int]:
    """Onsets of each part in the likeliest score of logits (T, G), without the score."""
    found = {Part.DRUMS: int((logits[:, OUT_DRUMS] > 0).sum())}
    for part, line in ((Part.BASS, OUT_BASS), (Part.MELODY, OUT_MELODY)):
        rest_or_pitch = logits[:, line.pitch]
        activity = _log_sum(rest_or_pitch[:, 1:]) - rest_or_pitch[:, 0]
        _, starts = _segments(activity, logits[:, line.onset][:, 0], np.zeros(1))
        found[part] = int(starts.sum())
    return found


def _drums(
    logits: Floats, knobs: Knobs, rng: np.random.Generator | None
) -> tuple[NDArray[np.uint8], Floats]:
    hits = _heated(logits[:, OUT_DRUMS], knobs.temperature, rng)
    struck = hits > 0
    if knobs.density != 1.0:
        struck = _likeliest(hits, round(knobs.density * int(struck.sum())))
    timing = 0.5 * knobs.human * np.tanh(logits[:, OUT_DRUM_TIMING]) * struck
    return _velocity(logits[:, OUT_DRUM_VELOCITY], struck), timing.astype(np.float32)


def _likeliest(values: Floats, count: int) -> NDArray[np.bool_]:
    """Where the `count` largest values are."""
    chosen = np.zeros(values.size, np.bool_)
    if count > 0:
        chosen[np.argsort(values, axis=None, kind="stable")[::-1][:count]] = True
    return chosen.reshape(values.shape)


def _velocity(logits: Floats, where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    loud = np.clip(np.rint(LOUDEST / (1 + np.exp(-logits))), 1, LOUDEST)
    return np.asarray(loud * where, np.uint8)


def _heated(logits: Floats, temperature: float, rng: np.random.Generator | None) -> Floats:
    """With logistic noise: above 0 as often as the sigmoid says, at temperature 1."""
    if temperature == 0.0:
        return logits
    if rng is None:
        raise ValueError("a temperature above 0 needs a generator")
    return np.asarray(logits + temperature * rng.logistic(size=logits.shape), np.float32)


def _line(
    logits: Floats, line: LineChannels, knobs: Knobs, rng: np.random.Generator | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pitch and onset velocity (T,) of a line."""
    if knobs.density <= 0.0:
        return np.full(len(logits), REST, np.uint8), np.zeros(len(logits), np.uint8)
    rest_or_pitch = logits[:, line.pitch]
    each = rest_or_pitch[:, 1:] - _log_sum(rest_or_pitch[:, 1:])[:, None]  # log P(pitch | sounds)
    activity = _log_sum(rest_or_pitch[:, 1:]) - rest_or_pitch[:, 0]  # logit of P(sounds)
    onset = _heated(logits[:, line.onset][:, 0], knobs.temperature, rng)
    bias = _bias(activity, onset, knobs.density) if knobs.density > 1.0 else 0.0
    sounds, starts = (flags[0] for flags in _segments(activity, onset, np.array([bias])))
    if knobs.density < 1.0:
        sounds, starts = _thinned(sounds, starts, onset, knobs.density)
    segment = np.cumsum(starts) * sounds
    firsts = np.flatnonzero(np.diff(segment, prepend=-1))
    totals = np.add.reduceat(np.where(sounds[:, None], each, 0), firsts, axis=0)
    if knobs.temperature > 0.0 and rng is not None:
        totals = totals + knobs.temperature * rng.gumbel(size=totals.shape)
    run = np.cumsum(np.diff(segment, prepend=-1) != 0) - 1
    pitch = np.where(sounds, line.range.low + totals.argmax(axis=1)[run], REST)
    return pitch.astype(np.uint8), _velocity(logits[:, line.velocity], starts)


def _segments(
    activity: Floats, onset: Floats, biases: NDArray[np.floating]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a line sounds and where notes start (K, T), for each bias.

    A note starts where the line sounds and its onset says so, or after a rest. What sounds at the
    first step without an onset was held over.
    """
    sounds = activity > -biases[:, None]
    before = np.concatenate([np.ones_like(sounds[:, :1]), sounds[:, :-1]], axis=1)
    return sounds, sounds & ((onset > -biases[:, None]) | ~before)


def _thinned(
    sounds: NDArray[np.bool_], starts: NDArray[np.bool_], onset: Floats, density: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """With only the surest notes left, as many as the density says; the others become rests."""
    places = np.flatnonzero(starts)
    count = round(density * len(places))
    left = np.sort(places[np.argsort(-onset[places], kind="stable")[:count]])
    kept = np.zeros_like(starts)
    kept[left] = True
    number = np.cumsum(starts)  # 0: what was held over
    stays = np.concatenate([[True], kept[places]])
    return sounds & stays[number], kept


def _bias(activity: Floats, onset: Floats, density: float) -> float:
    """The least shift that brings the number of onsets nearest to `density` times the plain one."""
    counts = _segments(activity, onset, _BIASES)[1].sum(axis=1)
    plain = _segments(activity, onset, np.zeros(1, np.float32))[1].sum()
    off = np.abs(counts - density * plain) + 1e-3 * np.abs(_BIASES)
    return float(_BIASES[off.argmin()])


def _log_sum(logits: Floats) -> Floats:
    peak = logits.max(axis=1)
    return np.asarray(peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1)), np.float32)
