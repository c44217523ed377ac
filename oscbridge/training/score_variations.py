"""New music made of known music: one line's rhythm with another's pitches, lines moved by degrees
of the scale, drummers' lanes mixed. All of windows in C, N of them end to end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.key import MAJOR
from oscbridge.domain.score import REST, PitchRange
from oscbridge.domain.timeline import WINDOW

Steps = NDArray[np.uint8]


def lanes_mixed(
    drums: Steps, others: Steps, rows: NDArray[np.bool_], rng: np.random.Generator
) -> Steps:
    """Drums (N x 32, 12), about half of whose lanes are the others' in the chosen `rows` (N,)."""
    lanes = rng.random((len(rows), 1, drums.shape[1])) < 0.5
    chosen = np.repeat(lanes & rows[:, None, None], WINDOW, axis=1)
    return np.where(chosen.reshape(drums.shape), others, drums)


def repitched(pitch: Steps, velocity: Steps, other: Steps, struck: Steps) -> Steps:
    """The notes of one window (32,) with the pitches of another window's notes, in their order and
    over again; as it is if the other has none.
    """
    starts = _starts(pitch, velocity)
    pool = other[_starts(other, struck)]
    if not len(pool) or not starts.any():
        return pitch
    note = np.maximum(np.cumsum(starts) - 1, 0)
    return np.where(pitch == REST, REST, pool[note % len(pool)]).astype(np.uint8)


def _starts(pitch: Steps, velocity: Steps) -> NDArray[np.bool_]:
    """Where notes start in a window; what is held over starts with it."""
    starts = np.asarray((velocity > 0) & (pitch != REST), np.bool_)
    starts[0] |= pitch[0] != REST
    return starts


def by_degrees(pitch: Steps, degrees: int, pitches: PitchRange) -> Steps:
    """A line in C so many degrees of the C major scale higher; as it is if it would leave the
    range. A note beside the scale stays as far above the degree below it.
    """
    moved = _DEGREES[degrees + _MOST, pitch]
    sounding = moved[pitch != REST]
    if len(sounding) and (sounding.min() < pitches.low or sounding.max() > pitches.high):
        return pitch
    return np.where(pitch == REST, REST, moved).astype(np.uint8)


_MOST = 7


def _degree_table() -> NDArray[np.intp]:
    """(degrees + 7, pitch) -> pitch."""
    table = np.zeros((2 * _MOST + 1, 128), np.intp)
    for pitch in range(128):
        octave, within = divmod(pitch, 12)
        degree = max(i for i, semitone in enumerate(MAJOR) if semitone <= within)
        above = within - MAJOR[degree]
        for degrees in range(-_MOST, _MOST + 1):
            octaves, rest = divmod(degree + degrees, 7)
            table[degrees + _MOST, pitch] = 12 * (octave + octaves) + MAJOR[rest] + above
    return table


_DEGREES = _degree_table()
