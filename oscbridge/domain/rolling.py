"""A dance that goes on while it is danced: windows come in one after another, each taking over
from the run of the one before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.body_tree import at_ease
from oscbridge.domain.dance import Dance
from oscbridge.domain.dance_joining import FADE, best_angle, eased, turned_poses
from oscbridge.domain.graphs import FRAMES_PER_STEP, PER_BEAT
from oscbridge.domain.pose import SOLES
from oscbridge.domain.timeline import Timeline

FADED = FADE * FRAMES_PER_STEP
"""Frames in which a window takes over."""
STAGE = 1.0
"""Metres from the middle of the stage beyond which a dancer is drawn back."""
BACK = 64.0
"""Frames in which two thirds of what lies beyond are taken back."""
BEARS = 0.02
"""Metres above the lowest sole within which a sole bears the body."""
_KEPT = 64
"""Frames that are kept behind the newest window."""

Poses = NDArray[np.float32]


def standing() -> Dance:
    """Two bars at ease, facing the front, at PER_BEAT frames a beat."""
    beat = np.arange(2 * 4 * PER_BEAT) / PER_BEAT
    pose = at_ease().astype(np.float32)
    root = np.array([0, -pose[SOLES, 1].max(), 0], np.float32)
    count = len(beat)
    return Dance(np.tile(pose, (count, 1, 1)), np.tile(root, (count, 1)), beat, beat)


class Rolling:
    """Poses by frame; frame 0 is beat 0 of the transport, a beat has PER_BEAT frames."""

    def __init__(self) -> None:
        still = standing()
        self._first = 0
        self._poses, self._root = still.landmarks[:1], still.root[:1]

    def take(self, dance: Dance, first: int, now: int) -> None:
        """Go over to a dance whose beat 0 is frame `first`, from frame `now` on, which lies in it.

        It is turned about the vertical and moved over the floor to where the dancer is.
        """
        whole = dance.at_beats(np.arange(round(dance.beat[-1] * PER_BEAT) + 1) / PER_BEAT, _STEADY)
        poses, root = whole.landmarks[now - first :], whole.root[now - first :]
        old_poses, old_root = self._frames(now, FADED)
        angle = best_angle(poses[:FADED], old_poses[: len(poses)])
        poses, root = turned_poses(poses, angle), turned_poses(root[None], angle)[0]
        root[:, (0, 2)] += old_root[0, (0, 2)] - root[0, (0, 2)]
        length = min(FADED, len(poses))
        weight = eased(length)
        poses[:length] = old_poses[:length] + weight[:, None, None] * (
            poses[:length] - old_poses[:length]
        )
        root[:length] = old_root[:length] + weight[:, None] * (root[:length] - old_root[:length])
        poses[:length] = skeleton.project(poses[:length])
        _hold_the_floor(poses[:length], root)
        _drawn_back(root)
        behind = max(0, now - self._first)
        kept = slice(max(0, behind - _KEPT), behind)
        self._first = now - len(self._poses[kept])
        self._poses = np.concatenate([self._poses[kept], poses])
        self._root = np.concatenate([self._root[kept], root])

    def at(self, frame: float) -> tuple[Poses, NDArray[np.float32]]:
        """Landmarks (33, 3) and root (3,) at a moment between two frames."""
        low = int(np.floor(frame))
        share = np.float32(frame - low)
        poses, root = self._frames(low, 2)
        return poses[0] + share * (poses[1] - poses[0]), root[0] + share * (root[1] - root[0])

    def restart(self, frame: int, left: float) -> None:
        """The position went from frame `left` to `frame`: stand still until the next window."""
        poses, root = self.at(left)
        self._first, self._poses, self._root = frame, poses[None], root[None]

    def _frames(self, first: int, count: int) -> tuple[Poses, NDArray[np.float32]]:
        """Frames from `first` on; before and past the run it stands still."""
        rows = np.clip(np.arange(first, first + count) - self._first, 0, len(self._poses) - 1)
        return self._poses[rows], self._root[rows]


_STEADY = Timeline()


def _hold_the_floor(faded: Poses, root: NDArray[np.float32]) -> None:
    """While one window gives way to the next, let the hips go as the soles that touch the floor
    allow: what lies between two steps is no step. The rest of the way (frames, 3) follows.
    """
    soles = faded[:, SOLES]
    above = soles[..., 1].max(axis=1, keepdims=True) - soles[..., 1]
    bears = (above[1:] < BEARS) & (above[:-1] < BEARS)
    moved = -(np.diff(soles[..., (0, 2)], axis=0) * bears[..., None]).sum(axis=1)
    step = moved / np.maximum(bears.sum(axis=1), 1)[:, None]
    told = np.diff(root[: len(faded), (0, 2)], axis=0)
    way = np.cumsum(np.where(bears.any(axis=1)[:, None], step, told), axis=0)
    end = root[0, (0, 2)] + way[-1:]
    root[len(faded) :, (0, 2)] += end - root[len(faded) - 1, (0, 2)]
    root[1 : len(faded), (0, 2)] = root[0, (0, 2)] + way


def _drawn_back(root: NDArray[np.float32]) -> None:
    """Lead the way (frames, 3) back onto the stage, the more slowly the nearer it is."""
    gone = np.float32(1 - np.exp(-np.arange(len(root)) / BACK))
    flat = root[:, (0, 2)]
    far = np.linalg.norm(flat, axis=1)
    beyond = np.maximum(0, far - STAGE) / np.maximum(far, 1e-9)
    root[:, (0, 2)] = flat * (1 - beyond * gone)[:, None]
