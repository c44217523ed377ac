"""The dance side of the `studio` bridge: dances to latents, latents to dances that stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from oscbridge.domain import descriptors, skeleton
from oscbridge.domain.dance import Dance
from oscbridge.domain.dance_joining import join_dance
from oscbridge.domain.descriptors import Descriptors
from oscbridge.domain.footwork import walk
from oscbridge.domain.graphs import FRAMES, FRAMES_PER_STEP, PER_BEAT
from oscbridge.domain.pose import to_front
from oscbridge.domain.rhythm import Floats, motion_speed
from oscbridge.domain.rhythm_paths import at_frames, retiming
from oscbridge.domain.timeline import Timeline, window_starts
from oscbridge.engine.bridge import BATCH, Latents
from oscbridge.engine.graphs import Graphs

GAINS = (0.5, 2.0)
"""How far a latent may be moved to or from the middle for the sake of its energy."""
TRIALS = 2
_NO_TEMPO = np.zeros(1)


@dataclass(frozen=True)
class Seen:
    """N windows of a dance of `steps` steps: the posteriors (N, 128), where they start (N,), and
    what is known `about` them.
    """

    mean: Latents
    log_variance: Latents
    starts: NDArray[np.intp]
    about: Descriptors
    steps: int


class Moves(NamedTuple):
    """What the pose VAE says: `poses` (..., frames, 33, 3), `way` (..., frames, 3) and `contact`
    (..., frames, 4), as `PoseVae.decode` has them.
    """

    poses: NDArray[np.float32]
    way: NDArray[np.float32]
    contact: NDArray[np.float32]

    def to_length(self, frames: int) -> Moves:
        """Cut to so many frames; missing ones stand still as the last."""
        rows = np.minimum(np.arange(frames), len(self.poses) - 1)
        way = self.way[rows]
        way[len(self.poses) :, :2] = 0
        return Moves(self.poses[rows], way, self.contact[rows])


class Dancing:
    """The pose VAE at work. `middle` (128,): the mean of real latents."""

    def __init__(self, graphs: Graphs, middle: NDArray[np.float32]) -> None:
        self._graphs = graphs
        self._middle = middle
        self._still = self.moves(middle[None]).poses

    def seen(
        self, dance: Dance, timeline: Timeline, starts: NDArray[np.intp] | None = None
    ) -> Seen:
        """A dance in windows at a hop of one bar, or at the `starts` given."""
        steps = dance.steps
        if starts is None:
            starts = window_starts(timeline, steps)
        last = int(starts[-1]) * FRAMES_PER_STEP + FRAMES
        frames = dance.at_beats(np.arange(last) / PER_BEAT, timeline).landmarks
        cuts = [frames[s : s + FRAMES] for s in (starts * FRAMES_PER_STEP).tolist()]
        return self.seen_windows(np.stack(cuts), starts, steps)

    def seen_windows(
        self, windows: NDArray[np.float32], starts: NDArray[np.intp], steps: int
    ) -> Seen:
        """Windows of poses (N, 128, 33, 3) of a dance of so many steps that start at `starts`."""
        poses = np.stack([to_front(window)[0] for window in windows]).astype(np.float32)
        halves = [
            self._graphs.run("pose_encoder", poses[i : i + BATCH])
            for i in range(0, len(poses), BATCH)
        ]
        mean, log_variance = (np.concatenate(half) for half in zip(*halves, strict=True))
        known = descriptors.of_dance(poses, FRAMES_PER_STEP, _NO_TEMPO)
        return Seen(mean, log_variance, starts, known, steps)

    def moves(self, z: Latents) -> Moves:
        """What each window (N, 128) is decoded to."""
        poses, way, contact = self._graphs.run("pose_decoder", z)
        return Moves(poses, way, contact)

    def energetic(self, z: Latents, wanted: Floats) -> Latents:
        """Latents (N, 128) moved to or from the middle of all until what they decode to moves as
        fast (N,), metres a step, as `wanted`, as far as GAINS go.
        """
        # The decoder is nearly linear: poses moved likewise tell how fast they would be.
        apart = self.moves(z).poses - self._still
        gain = np.ones(len(z))
        for _ in range(TRIALS):
            moved = self._still + gain[:, None, None, None].astype(np.float32) * apart
            energy = motion_speed(moved, FRAMES_PER_STEP).mean(axis=1)
            gain = np.clip(gain * wanted / np.maximum(energy, 1e-9), *GAINS)
        return np.asarray(self._middle + gain[:, None].astype(np.float32) * (z - self._middle))

    def energy(self, z: Latents) -> Floats:
        """How fast the limbs of what latents (N, 128) decode to move (N,), metres a step."""
        speed = motion_speed(self.moves(z).poses, FRAMES_PER_STEP)
        return np.asarray(speed.mean(axis=1))

    def dance(
        self, moves: Moves, starts: NDArray[np.intp], steps: int, timeline: Timeline, name: str,
        accents: Floats | None = None,
    ) -> Dance:  # fmt: skip
        """Windows that begin at `starts` as one dance of so many steps, four poses a step, on
        constant bones, its feet holding the floor; with `accents` (steps,) retimed to them.
        """
        joined = join_dance(*moves, starts)
        run = Moves(*joined[:3]).to_length(steps * FRAMES_PER_STEP)
        if accents is not None:
            run = _retimed(run, accents)
        beat = np.arange(len(run.poses)) / PER_BEAT
        time = timeline.seconds(beat)
        pace = np.gradient(time) * PER_BEAT  # seconds a beat
        bears = expit(run.contact)
        walked = walk(
            skeleton.project(run.poses), run.way[:, :2] / pace[:, None], bears, time, run.way[:, 2]
        )
        return Dance(walked.landmarks, walked.root, time, beat, name)


def _retimed(run: Moves, accents: Floats) -> Moves:
    where = retiming(motion_speed(run.poses, FRAMES_PER_STEP), accents, FRAMES_PER_STEP)
    way = at_frames(run.way, where)
    way[:, :2] *= np.gradient(where)[:, None].astype(np.float32)
    return Moves(at_frames(run.poses, where), way, at_frames(run.contact, where))
