"""What is measured on dances of four frames a step: how like the true ones they are, and how their
feet stand.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import INDEX, SOLES
from oscbridge.training import metrics

ANKLE, TOE, SLIDE = 0.08, 0.05, 0.3
"""A foot whose ankle and toe are lower than this (m) touches; when its toe then goes faster than
this over the floor (m/s, which is .01 m a frame at 30 fps), it skates."""
_ANKLES = [INDEX["left_ankle"], INDEX["right_ankle"]]
_TOES = [INDEX["left_foot_index"], INDEX["right_foot_index"]]


class Feet(NamedTuple):
    """`skating`: share of the frames of touching feet in which the toe slides; `touching`: share
    of all frames; `penetration`: depth of the lowest sole, 99th percentile (m); `floating`: height
    of the lowest sole, median (m).
    """

    skating: float
    touching: float
    penetration: float
    floating: float


def feet(world: NDArray[Any], seconds: NDArray[Any]) -> Feet:
    """Of windows of landmarks (N, frames, 33, 3) in the room, frames at `seconds` (N, frames)."""
    height = -np.asarray(world[..., 1], np.float64)
    down = (height[..., _ANKLES] <= ANKLE) & (height[..., _TOES] <= TOE)
    pace = np.diff(seconds, axis=1)[..., None]
    toes = np.asarray(world[..., _TOES, :], np.float64)[..., (0, 2)]
    fast = np.linalg.norm(np.diff(toes, axis=1), axis=-1) / pace > SLIDE
    touching = down[:, 1:] & down[:, :-1]
    lowest = height[..., SOLES].min(axis=-1)
    return Feet(
        float((fast & touching).sum() / max(1, touching.sum())),
        float(touching.mean()),
        float(np.percentile(np.maximum(-lowest, 0), 99)),
        float(np.median(lowest)),
    )


def likeness(true: NDArray[Any], made: NDArray[Any], mean_pose: NDArray[Any]) -> dict[str, float]:
    """Figures of windows (N, frames, 33, 3) beside the true ones; `mean_pose` (33, 3) is that of
    the training windows.
    """
    error = float(np.square(true - made).mean())
    return {
        "MSE / mean pose": error / float(np.square(true - mean_pose).mean()),
        "MPJPE (mm)": metrics.mpjpe(true, made),
        "range of motion": ratio(metrics.motion_range(made), metrics.motion_range(true)),
        "velocity": ratio(metrics.speed(made), metrics.speed(true)),
        "bone CV": metrics.bone_cv(made),
    }


def ratio(made: NDArray[Any], true: NDArray[Any]) -> float:
    """Mean of the one by the mean of the other."""
    return float(made.mean() / true.mean())
