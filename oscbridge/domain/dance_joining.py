"""One long dance of windows that overlap: each is turned to go on as the run before it, and takes
over where the two are most alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import turn

FADE = 6
"""Steps in which one window gives way to the next: at 4 the joints jolt, at 8 the dance calms."""
_EVERY = 2
"""Frames between two places for a seam that are looked at."""
_PACE_WEIGHT = 16.0
"""What a metre a frame by which two windows differ in velocity counts against a metre, squared: it
takes some frames to make up for."""

Floats = NDArray[np.float32]


class JoinedDance(NamedTuple):
    """Frames of one dance: `poses` (T, 33, 3), whose bones are a little short half-way
    between two windows (`skeleton.project`), `way` (T, 3) and `contact` (T, 4) as
    the windows have them; `seams`: first frame and frame past the last (N - 1, 2) of each fade.
    """

    poses: Floats
    way: Floats
    contact: Floats
    seams: NDArray[np.intp]


def join_dance(
    poses: NDArray[Any],
    way: NDArray[Any],
    contact: NDArray[Any],
    starts: NDArray[Any],
    frames_per_step: int = 4,
    fade: int = FADE,
) -> JoinedDance:
    """Windows as one dance: `poses` (N, frames, 33, 3) in metres from mid-hip, `way` (N, frames, 3)
    of mid-hip to the left and back, and its height, and `contact` (N, frames, 4). They begin at
    `starts` (N,), in steps: each after the one before it and no later than that ends.

    A window is turned about the vertical, its way with it, to lie on the run before it as well as
    can be over the fade; the fade of `fade` steps lies where in their overlap poses and velocities
    then differ least. Raises ValueError if there is no window, or a gap between two.
    """
    at = np.asarray(starts, np.intp) * frames_per_step
    size = poses.shape[1]
    hops = np.diff(at)
    if not len(at) or (hops <= 0).any() or (hops > size).any():
        raise ValueError("windows to be joined must follow one another without a gap")
    at = at - at[0]
    joined = [
        np.zeros((int(at[-1]) + size, *a.shape[2:]), np.float32) for a in (poses, way, contact)
    ]
    for run, windows in zip(joined, (poses, way, contact), strict=True):
        run[:size] = windows[0]
    seams = []
    for number in range(1, len(at)):
        first, end = int(at[number]), int(at[number - 1]) + size
        length = min(fade * frames_per_step, end - first)
        place, angle = _seam(joined[0][first:end], np.asarray(poses[number]), length)
        window = (turned_poses(poses[number], angle), turned_way(way[number], angle),
                  contact[number])  # fmt: skip
        weight = eased(length)
        for run, new in zip(joined, window, strict=True):
            part = slice(first + place, first + place + length)
            share = weight.reshape(-1, *[1] * (run.ndim - 1))
            run[part] += share * (new[place : place + length] - run[part])
            run[part.stop : first + size] = new[place + length :]
        seams.append((first + place, first + place + length))
    return JoinedDance(joined[0], joined[1], joined[2], np.array(seams, np.intp).reshape(-1, 2))


def turned_poses(poses: NDArray[Any], angle: float) -> Floats:
    """Poses (frames, 33, 3) turned about the vertical."""
    return np.asarray(turn(poses, angle), np.float32)


def turned_way(way: NDArray[Any], angle: float) -> Floats:
    """The way (frames, 3) of mid-hip of a dance that is turned so; its height stays."""
    c, s = np.cos(angle), np.sin(angle)
    left, back = way[..., 0], way[..., 1]
    return np.stack([c * left - s * back, s * left + c * back, way[..., 2]], -1).astype(np.float32)


def _seam(run: NDArray[Any], window: NDArray[Any], length: int) -> tuple[int, float]:
    """Where in the overlap, the whole of `run`, a fade of so many frames is best begun, and by
    which angle the window is turned then.
    """
    best = (np.inf, 0, 0.0)
    for place in range(0, len(run) - length + 1, _EVERY):
        if not length:
            break
        part = slice(place, place + length)
        angle = best_angle(window[part], run[part])
        apart = turn(window[part], angle) - run[part]
        cost = float(np.square(apart).mean())
        if length > 1:
            cost += _PACE_WEIGHT * float(np.square(np.diff(apart, axis=0)).mean())
        best = min(best, (cost, place, angle))
    return best[1], best[2]


def best_angle(points: NDArray[Any], goal: NDArray[Any]) -> float:
    """By how much the points (..., 3) are to be turned to lie nearest to the goal's."""
    x, z, to_x, to_z = points[..., 0], points[..., 2], goal[..., 0], goal[..., 2]
    return float(np.arctan2((x * to_z - z * to_x).sum(), (x * to_x + z * to_z).sum()))


def eased(length: int) -> Floats:
    """Shares (length,) that rise from 0 to 1, starting and ending without a jolt."""
    t = (np.arange(length) + 1) / (length + 1)
    return np.asarray(t**3 * (10 - 15 * t + 6 * t * t), np.float32)
