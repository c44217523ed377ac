"""A dance: poses in time, with the way the hips take through the room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.timeline import STEPS_PER_BEAT, Timeline


@dataclass(frozen=True)
class Dance:
    """Poses over time; the fields are those of a landmark file.

    `landmarks` (frames, 33, 3) float32, metres from mid-hip; `root` (frames, 3) float32, mid-hip
    in the room, metres, the floor at y = 0 and y down; `time` (frames,) float64, seconds; `beat`
    (frames,) float64, beats.
    """

    landmarks: NDArray[np.float32]
    root: NDArray[np.float32]
    time: NDArray[np.float64]
    beat: NDArray[np.float64]
    name: str = ""

    @property
    def frames(self) -> int:
        """Number of poses."""
        return len(self.landmarks)

    @property
    def steps(self) -> int:
        """Steps of the grid from beat 0 to its last frame."""
        return int(np.floor(self.beat[-1] * STEPS_PER_BEAT + 1e-6)) + 1

    @property
    def world(self) -> NDArray[np.float32]:
        """Landmarks (frames, 33, 3) in the room."""
        return self.landmarks + self.root[:, None]

    def at_beats(self, beats: NDArray[np.float64], timeline: Timeline) -> Dance:
        """The dance seen at other `beats` (frames,), interpolated without overshoot (PCHIP).

        Before its first and after its last frame the dance holds still.
        """
        where = np.clip(beats, self.beat[0], self.beat[-1])
        return Dance(
            _sample(self.beat, self.landmarks, where),
            _sample(self.beat, self.root, where),
            timeline.seconds(beats),
            np.asarray(beats, np.float64),
            self.name,
        )

    def at_fps(self, fps: float, timeline: Timeline) -> Dance:
        """The dance at a constant frame rate, from its first frame's time to its last's."""
        duration = self.time[-1] - self.time[0]
        time = self.time[0] + np.arange(int(np.floor(duration * fps + 1e-6)) + 1) / fps
        return self.at_beats(timeline.beats(time), timeline)

    def on_grid(self, timeline: Timeline) -> Dance:
        """The dance at every step of the grid, from beat 0 to its last frame."""
        return self.at_beats(np.arange(self.steps) / STEPS_PER_BEAT, timeline)


_SAME = 1e-9
"""Beats within which two moments are one."""


def _sample(
    at: NDArray[np.float64], values: NDArray[np.float32], where: NDArray[np.float64]
) -> NDArray[np.float32]:
    if len(at) == 1:
        return np.repeat(values, len(where), axis=0)
    row = np.minimum(np.searchsorted(at, where - _SAME), len(at) - 1)
    if np.abs(at[row] - where).max(initial=0.0) <= _SAME:
        return values[row]  # nothing lies between frames
    # Half a second to import: what only looks at dances need not wait for it.
    from scipy.interpolate import PchipInterpolator

    curve = PchipInterpolator(at, values.astype(np.float64), axis=0)
    return np.asarray(curve(where), np.float32)
