"""The beat of a dance without music: tempo and first beat from how the feet move.

Steps come in figures that repeat every eight beats or oftener, so the speed of each foot repeats
itself with them. Autocorrelation shows the figure's length; it is looked for within one octave, so
that tempos come out from SLOWEST_BEAT to FASTEST_BEAT. The octave is the one in which salsa is
counted as dancers count it: eight counts in 2.55 to 2.95 s are 163 to 188 BPM, and one figure is
one window of 32 steps.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from oscbridge.domain.pose import INDEX
from oscbridge.domain.timeline import DEFAULT_TEMPO

SLOWEST_BEAT, FASTEST_BEAT = 95.0, 190.0
"""BPM between which tempos come out."""
FIGURES = (8, 4, 2)
"""Beats after which a dance may repeat itself; the longest of which it shows enough is taken."""
REPEATS = 2.5
"""How often the slowest figure must fit into the dance."""
CONFIDENT = 0.2
"""Autocorrelation from which on a long dance is believed to repeat itself."""
CHANCE = 1.5
"""Standard deviations that a dance must repeat itself better than aimless movement would."""
RATE = 100.0
"""Frames a second at which speed is looked at."""
STILL = 0.02
"""Mean speed of the feet (m/s) below which a body counts as still."""
FEET = [INDEX["left_foot_index"], INDEX["right_foot_index"]]


class TempoEstimate(NamedTuple):
    """`bpm`, the time of the first beat (seconds after the first frame, less than a beat), how far
    the movement repeats itself (`confidence`, 0 to 1), and whether the tempo comes from the
    `motion` or is the `nominal` one, taken because none could be seen.
    """

    bpm: float
    first_beat: float
    confidence: float
    source: Literal["motion", "nominal"]


def estimate_tempo(world: NDArray[Any], seconds: NDArray[Any]) -> TempoEstimate:
    """The tempo of a dance: landmarks (frames, 33, 3) in the room at `seconds` (frames,), rising.

    Of a dance that is still, short or does not repeat itself the tempo is the nominal 120 BPM, with
    its first beat at the first frame.
    """
    speed = foot_speed(world, seconds)
    figure = next((n for n in FIGURES if len(speed) >= REPEATS * _lags(n)[1]), None)
    if figure is None or speed.mean() < STILL:
        return TempoEstimate(DEFAULT_TEMPO, 0.0, 0.0, "nominal")
    lag, likeness = _repetition(speed, figure)
    # Aimless feet take some quarter of a second to become unlike themselves.
    chance = CHANCE / np.sqrt((len(speed) - lag) / RATE * 4)
    confidence = float(np.clip(likeness, 0, 1))
    if confidence < max(CONFIDENT, float(chance)):
        return TempoEstimate(DEFAULT_TEMPO, 0.0, confidence, "nominal")
    beat = lag / RATE / figure
    bpm = float(np.clip(60 / beat, SLOWEST_BEAT, FASTEST_BEAT))
    return TempoEstimate(bpm, _first_beat(speed.mean(axis=1), 60 / bpm), confidence, "motion")


def foot_speed(world: NDArray[Any], seconds: NDArray[Any]) -> NDArray[np.float64]:
    """Speed (n, 2) of the left and the right foot, m/s, RATE times a second from the first frame
    on, softened.
    """
    if len(world) < 2:
        return np.zeros((len(world), 2))
    feet = np.asarray(world[:, FEET], np.float64)
    pace = np.maximum(np.diff(seconds), 1e-6)
    speed = np.linalg.norm(np.diff(feet, axis=0), axis=-1) / pace[:, None]
    middle = (np.asarray(seconds[1:], float) + seconds[:-1]) / 2
    at = np.arange(seconds[0], seconds[-1], 1 / RATE)
    even = np.stack([np.interp(at, middle, foot) for foot in speed.T], axis=-1)
    return np.asarray(gaussian_filter1d(even, 0.05 * RATE, axis=0))


def _lags(figure: int) -> tuple[int, int]:
    """Shortest and longest time a figure of so many beats can take, in frames at RATE."""
    return int(figure * 60 / FASTEST_BEAT * RATE), int(np.ceil(figure * 60 / SLOWEST_BEAT * RATE))


def _repetition(speed: NDArray[np.float64], figure: int) -> tuple[float, float]:
    """After how many frames at RATE the feet do the same again, and how like it is (-1 to 1).

    Where several lengths are about equally good, as for mere walking, the one whose halves are
    also alike wins: beats come in twos.
    """
    swing = np.sqrt(speed)
    swing = swing - gaussian_filter1d(swing, 1.5 * RATE, axis=0)
    swing -= swing.mean(axis=0)
    shortest, longest = _lags(figure)
    likeness = np.array([_likeness(swing, lag) for lag in range(longest + 2)])
    lags = np.arange(shortest, longest + 1)
    lags = lags[(likeness[lags] >= likeness[lags - 1]) & (likeness[lags] > likeness[lags + 1])]
    if not len(lags):
        return float(shortest), 0.0
    halves = np.maximum(likeness[lags // 2], 0) * 0.15 + np.maximum(likeness[lags // 4], 0) * 0.1
    best = int(lags[np.argmax(likeness[lags] + halves)])
    return _summit(likeness, best), float(likeness[best])


def _likeness(swing: NDArray[np.float64], lag: int) -> float:
    early, late = swing[: len(swing) - lag].ravel(), swing[lag:].ravel()
    size = float(np.sqrt((early @ early) * (late @ late)))
    return float(early @ late) / size if size > 0 else 0.0


def _summit(curve: NDArray[np.float64], peak: int) -> float:
    """Where the parabola through a peak and its neighbours is highest."""
    before, top, after = curve[peak - 1 : peak + 2]
    bend = before - 2 * top + after
    return float(peak + (0.5 * (before - after) / bend if bend < 0 else 0.0))


def _first_beat(speed: NDArray[np.float64], beat: float) -> float:
    """Seconds to the first beat: steps land on the beat, so it is where the feet are slowest."""
    phase = np.exp(-2j * np.pi * np.arange(len(speed)) / (beat * RATE))
    fastest = -np.angle(np.sum((speed - speed.mean()) * phase)) / (2 * np.pi) * beat
    return float((fastest + beat / 2) % beat)
