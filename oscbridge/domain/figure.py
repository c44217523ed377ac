"""The canonical figure: one body of constant bones in BlazePose's proportions.

Axes and order of landmarks as in `pose`; lengths in metres. All poses that oscbridge makes, trains
on and writes are poses of this figure; `skeleton` puts landmarks of other bodies onto it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import COUNT, INDEX, mirror

HIPS, SHOULDERS = 0.20, 0.31
TORSO, NECK = 0.47, 0.12
"""Mid-hip to mid-shoulder, and from there to the base of the skull."""
UPPER_ARM, FOREARM = 0.22, 0.22
THIGH, SHIN = 0.37, 0.36
LEG = THIGH + SHIN

UP = np.array([0.0, -1.0, 0.0])
DOWN = -UP
LEFT = np.array([1.0, 0.0, 0.0])
FRONT = np.array([0.0, 0.0, -1.0])
BACK = -FRONT

Template = dict[str, tuple[float, float, float]]

HEAD: Template = {
    "nose": (0.0, -0.055, -0.135),
    "left_eye_inner": (0.018, -0.092, -0.122), "right_eye_inner": (-0.018, -0.092, -0.122),
    "left_eye": (0.032, -0.092, -0.115), "right_eye": (-0.032, -0.092, -0.115),
    "left_eye_outer": (0.045, -0.092, -0.105), "right_eye_outer": (-0.045, -0.092, -0.105),
    "left_ear": (0.075, -0.07, -0.01), "right_ear": (-0.075, -0.07, -0.01),
    "mouth_left": (0.025, -0.02, -0.115), "mouth_right": (-0.025, -0.02, -0.115),
}  # fmt: skip
"""Landmarks of the head from the base of the skull, at rest."""
EARS = np.array([0.0, -0.07, -0.01])
HAND: Template = {
    "pinky": (0.080, 0.0, 0.028), "index": (0.092, 0.0, -0.028), "thumb": (0.050, 0.012, -0.045)
}  # fmt: skip
"""The left hand from the wrist, at rest: stretched out to the left, palm down."""
FOOT: Template = {"heel": (0.0, 0.06, 0.04), "foot_index": (0.0, 0.06, -0.12)}
"""A foot from the ankle, at rest: flat on the floor."""


class Side(NamedTuple):
    """One side of the body: its name, and its sign along x."""

    name: str
    sign: int

    def __call__(self, landmark: str) -> int:
        """Index of the landmark of that name on this side."""
        return INDEX[f"{self.name}_{landmark}"]

    def out(self, point: tuple[float, float, float]) -> NDArray[np.float64]:
        """A point of the left side seen on this side."""
        return np.array([self.sign * point[0], *point[1:]])


SIDES = (Side("left", 1), Side("right", -1))


def rest() -> NDArray[np.float32]:
    """The figure at rest (33, 3): upright, facing the front, arms stretched out to the sides."""
    points = np.zeros((COUNT, 3))
    neck = TORSO * UP
    for name, point in HEAD.items():
        points[INDEX[name]] = neck + NECK * UP + point
    left = SIDES[0]
    points[left("hip")] = LEFT * HIPS / 2
    points[left("knee")] = points[left("hip")] + THIGH * DOWN
    points[left("ankle")] = points[left("knee")] + SHIN * DOWN
    points[left("shoulder")] = neck + LEFT * SHOULDERS / 2
    points[left("elbow")] = points[left("shoulder")] + UPPER_ARM * LEFT
    points[left("wrist")] = points[left("elbow")] + FOREARM * LEFT
    for name, point in HAND.items():
        points[left(name)] = points[left("wrist")] + point
    for name, point in FOOT.items():
        points[left(name)] = points[left("ankle")] + point
    other = mirror(points)
    for i, name in enumerate(INDEX):
        if name.startswith("right_") and name.removeprefix("right_") in _LIMB_NAMES:
            points[i] = other[i]
    return points.astype(np.float32)


_LIMB_NAMES = {"hip", "knee", "ankle", "shoulder", "elbow", "wrist", *HAND, *FOOT}
