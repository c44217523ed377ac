"""Musical time: tempo and meter over a song, and the step grid laid on it.

Positions are in beats (quarter notes) from the start; a step is a sixteenth, so a beat has 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEPS_PER_BEAT = 4
WINDOW = 32
"""Steps a VAE sees at once: two bars of 4/4 (paper, section 3)."""
DEFAULT_TEMPO = 120.0
SLOWEST, FASTEST = 10.0, 1000.0
"""Beats a minute beyond which a tempo is taken for an error."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """`bpm` quarter notes a minute from `beat` on."""

    beat: float
    bpm: float


@dataclass(frozen=True, slots=True)
class Meter:
    """`numerator`/`denominator` from `beat` on; `beat` starts a bar."""

    beat: float
    numerator: int
    denominator: int

    @property
    def bar(self) -> float:
        """Length of a bar in beats."""
        return self.numerator * 4 / self.denominator


@dataclass(frozen=True)
class Timeline:
    """The tempo map and the meters of a song, both sorted by beat and both starting at beat 0."""

    tempos: tuple[Tempo, ...] = (Tempo(0.0, DEFAULT_TEMPO),)
    meters: tuple[Meter, ...] = (Meter(0.0, 4, 4),)

    @classmethod
    def steady(cls, bpm: float, numerator: int = 4, denominator: int = 4) -> Timeline:
        """One tempo and one meter throughout."""
        return cls((Tempo(0.0, bpm),), (Meter(0.0, numerator, denominator),))

    @cached_property
    def _knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        beats = np.array([t.beat for t in self.tempos])
        pace = 60.0 / np.array([t.bpm for t in self.tempos])
        seconds = np.concatenate([[0.0], np.cumsum(np.diff(beats) * pace[:-1])])
        return beats, seconds, pace

    def seconds(self, beats: ArrayLike) -> NDArray[np.float64]:
        """Seconds from the start at each position in beats."""
        at, seconds, pace = self._knots
        position = np.asarray(beats, float)
        i = np.clip(np.searchsorted(at, position, side="right") - 1, 0, None)
        return np.asarray(seconds[i] + (position - at[i]) * pace[i])

    def beats(self, seconds: ArrayLike) -> NDArray[np.float64]:
        """Position in beats at each time in seconds: the inverse of `seconds`."""
        at, knots, pace = self._knots
        time = np.asarray(seconds, float)
        i = np.clip(np.searchsorted(knots, time, side="right") - 1, 0, None)
        return np.asarray(at[i] + (time - knots[i]) / pace[i])

    def meter_at(self, beat: float) -> Meter:
        """The meter in force at `beat`."""
        return [m for m in self.meters if m.beat <= beat + 1e-9][-1]

    def bar_starts(self, length: float) -> NDArray[np.float64]:
        """Beats at which the bars before `length` (beats) start."""
        ends = [m.beat for m in self.meters[1:]] + [length]
        runs = [
            np.arange(m.beat, min(end, length) - 1e-9, m.bar)
            for m, end in zip(self.meters, ends, strict=True)
        ]
        return np.concatenate(runs)

    def from_beat(self, beat: float) -> Timeline:
        """The same map seen from `beat`, which becomes its beat 0."""
        tempo = [t for t in self.tempos if t.beat <= beat][-1]
        meter = self.meter_at(beat)
        return Timeline(
            (
                Tempo(0.0, tempo.bpm),
                *(Tempo(t.beat - beat, t.bpm) for t in self.tempos if t.beat > beat),
            ),
            (
                Meter(0.0, meter.numerator, meter.denominator),
                *(
                    Meter(m.beat - beat, m.numerator, m.denominator)
                    for m in self.meters
                    if m.beat > beat + 1e-9
                ),
            ),
        )


def steps_in(length: float) -> int:
    """Steps needed to cover `length` beats."""
    return int(np.ceil(length * STEPS_PER_BEAT - 1e-6))


def window_starts(timeline: Timeline, steps: int) -> NDArray[np.intp]:
    """First steps of the windows that cover `steps` steps at a hop of one bar.

    Bars that are longer than half a window are cut so that neighbours still overlap by half.
    """
    bars = np.round(timeline.bar_starts(steps / STEPS_PER_BEAT) * STEPS_PER_BEAT).astype(np.intp)
    edges: Sequence[int] = [*bars.tolist(), steps]
    starts: list[int] = []
    for start, end in pairwise(edges):
        starts.extend(range(start, end, WINDOW // 2))
    last = next((i for i, s in enumerate(starts) if s + WINDOW >= steps), len(starts) - 1)
    return np.array(starts[: last + 1], np.intp)
