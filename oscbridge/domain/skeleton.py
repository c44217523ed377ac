"""The canonical figure: one body of constant bones in BlazePose's proportions, and how landmarks of
any body are put onto it.

Axes and order of landmarks as in `pose`; lengths in metres. All poses that oscbridge makes, trains
on and writes are poses of this figure. Landmarks are taken as frames of one movement, in order: a
direction that cannot be seen in one frame (the elbow of a straight arm) is taken from those around.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.directions import (
    Rotations,
    Vectors,
    across,
    align,
    apply,
    frame,
    known,
    length,
    steady,
    unit,
)
from oscbridge.domain.pose import COUNT, INDEX, mirror

HIPS, SHOULDERS = 0.20, 0.31
TORSO, NECK = 0.47, 0.12
"""Mid-hip to mid-shoulder, and from there to the base of the skull."""
UPPER_ARM, FOREARM = 0.22, 0.22
THIGH, SHIN = 0.37, 0.36
LEG = THIGH + SHIN
STRAIGHT = 0.9995
"""Share of a limb's length it may be stretched to: a last 3.6 degrees keep its plane defined."""

UP = np.array([0.0, -1.0, 0.0])
DOWN = -UP
LEFT = np.array([1.0, 0.0, 0.0])
FRONT = np.array([0.0, 0.0, -1.0])
BACK = -FRONT
ELBOW = np.array([0.0, 0.3, 1.0])
"""Where an elbow points that was never seen bent: backwards and a little down."""

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


class Trunk(NamedTuple):
    """Directions of hips, torso and shoulders, and the frames of hips and chest."""

    hips: Vectors
    torso: Vectors
    shoulders: Vectors
    pelvis: Rotations
    chest: Rotations


def trunk(points: Vectors) -> Trunk:
    """How hips and shoulders of landmarks (frames, 33, 3) centred on mid-hip are held."""
    hips = _span(points, "hip")
    hips = steady(hips, known(hips), LEFT)
    shoulders, torso = _span(points, "shoulder"), _middle(points, "shoulder")
    torso = steady(torso, known(torso), UP)
    shoulders = steady(shoulders, known(shoulders), hips)
    return Trunk(hips, torso, shoulders, frame(hips, -torso, DOWN), frame(shoulders, -torso, DOWN))


def head_rotation(points: Vectors, body: Trunk) -> Rotations:
    """How the head is turned from rest, by the ears and the nose."""
    ears = _span(points, "ear")
    ears = steady(ears, known(ears), body.shoulders)
    nose = points[:, INDEX["nose"]] - _middle(points, "ear")
    return align(ears, nose, LEFT, np.array(HEAD["nose"]) - EARS, apply(body.chest, FRONT))


def hand_rotation(points: Vectors, side: Side, body: Trunk) -> Rotations:
    """How a hand is turned from rest, by its knuckles."""
    wrist, index, pinky = (points[:, side(n)] for n in ("wrist", "index", "pinky"))
    forearm = unit(wrist - points[:, side("elbow")])
    rest = [side.out(HAND[n]) for n in ("index", "pinky")]
    along = (index + pinky) / 2 - wrist
    return align(
        steady(along, known(along), np.where(known(forearm), forearm, body.shoulders * side.sign)),
        index - pinky,
        rest[0] + rest[1],
        rest[0] - rest[1],
        apply(body.chest, FRONT),
    )


def foot_rotation(points: Vectors, side: Side, body: Trunk) -> Rotations:
    """How a foot is turned from rest, by heel, toe and ankle."""
    ankle, heel, toe = (points[:, side(n)] for n in ("ankle", "heel", "foot_index"))
    front = apply(body.pelvis, FRONT)
    along = steady(toe - heel, known(toe - heel), front)
    rise = np.where(known(toe - heel), ankle - heel, 0)
    return align(along, rise, FRONT, UP, apply(body.pelvis, UP))


def project(landmarks: NDArray[Any]) -> NDArray[np.float32]:
    """Landmarks (frames, 33, 3) of whatever bone lengths as the nearest pose of the figure.

    Hips, shoulders, head, hands and feet become rigid; wrists and ankles stay where they are as
    far as the limbs reach, elbows and knees keep the side they point to. A pose of the figure
    comes back unchanged (1e-5). Input must be finite; nothing else about it is required.
    """
    points = _centred(landmarks)
    result = np.empty_like(points)
    body = trunk(points)
    neck = body.torso * TORSO
    for side in SIDES:
        sign = side.sign
        result[:, side("hip")] = body.hips * (sign * HIPS / 2)
        result[:, side("shoulder")] = neck + body.shoulders * (sign * SHOULDERS / 2)
        _limb(points, result, [side(n) for n in ("shoulder", "elbow", "wrist")],
              (UPPER_ARM, FOREARM), body.chest, ELBOW)  # fmt: skip
        _limb(points, result, [side(n) for n in ("hip", "knee", "ankle")],
              (THIGH, SHIN), body.pelvis, FRONT)  # fmt: skip
        hand, foot = hand_rotation(points, side, body), foot_rotation(points, side, body)
        for name, point in HAND.items():
            result[:, side(name)] = result[:, side("wrist")] + apply(hand, side.out(point))
        for name, point in FOOT.items():
            result[:, side(name)] = result[:, side("ankle")] + apply(foot, point)
    _head(points, result, body)
    return result.astype(np.float32)


def retarget(landmarks: NDArray[Any]) -> NDArray[np.float32]:
    """Landmarks (frames, 33, 3) of any one body, in any unit, as poses of the figure.

    Trunk, arms, head, hands and feet keep their directions. Ankles keep their place under the
    hips, scaled by `leg_scale`, so that a foot that stood still goes on standing still when the
    root is scaled alike.
    """
    points = _centred(landmarks) * leg_scale(landmarks)
    body = trunk(points)
    moved = points.copy()
    neck = body.torso * TORSO
    head = [INDEX[name] for name in HEAD]
    moved[:, head] += (neck - _middle(points, "shoulder"))[:, None]
    for side in SIDES:
        moved[:, side("shoulder")] = neck + body.shoulders * (side.sign * SHOULDERS / 2)
        joints = [side(n) for n in ("shoulder", "elbow", "wrist")]
        for start, end, bone in zip(joints, joints[1:], (UPPER_ARM, FOREARM), strict=False):
            direction = points[:, end] - points[:, start]
            hanging = apply(body.chest, DOWN)
            moved[:, end] = moved[:, start] + bone * steady(direction, known(direction), hanging)
        hand = [side(n) for n in HAND]
        moved[:, hand] += (moved[:, joints[2]] - points[:, joints[2]])[:, None]
    return project(moved)


def leg_scale(landmarks: NDArray[Any]) -> float:
    """The figure's leg over this body's: what its way through the room is multiplied by.

    A body without legs counts as being of the figure's size.
    """
    points = np.asarray(landmarks, np.float64)
    legs = [
        length(points[:, side(end)] - points[:, side(start)])
        for side in SIDES
        for start, end in (("hip", "knee"), ("knee", "ankle"))
    ]
    measured = float(np.median(np.sum(legs, axis=0))) / 2 if len(points) else 0.0
    return LEG / measured if measured > TINY_LEG else 1.0


TINY_LEG = 1e-6


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


def _centred(landmarks: NDArray[Any]) -> Vectors:
    points = np.asarray(landmarks, np.float64)
    return points - _middle(points, "hip")[:, None]


def _span(points: Vectors, name: str) -> Vectors:
    left, right = SIDES
    return np.asarray(points[:, left(name)] - points[:, right(name)])


def _middle(points: Vectors, name: str) -> Vectors:
    left, right = SIDES
    return np.asarray((points[:, left(name)] + points[:, right(name)]) / 2)


def _head(points: Vectors, result: Vectors, body: Trunk) -> None:
    rotation = head_rotation(points, body)
    skull = _middle(points, "ear") - apply(rotation, EARS)
    neck = skull - _middle(points, "shoulder")
    base = body.torso * TORSO + NECK * steady(neck, known(neck), body.torso)
    for name, point in HEAD.items():
        result[:, INDEX[name]] = base + apply(rotation, point)


def _limb(
    points: Vectors,
    result: Vectors,
    joints: list[int],
    bones: tuple[float, float],
    body: Rotations,
    rest_pole: NDArray[np.float64],
) -> None:
    """Writes the middle and the end of a limb of two bones; its start is in `result` already.

    How far the middle joint stands off the line from start to end says how much its side can be
    trusted: where the bones call for a clear bend and the landmarks show none, the side is held
    from frames that do show it, as seen from the body the limb hangs on.
    """
    start, (middle, end), (upper, lower) = result[:, joints[0]], joints[1:], bones
    reach = points[:, end] - start
    axis = steady(reach, known(reach), apply(body, DOWN))
    far = np.clip(length(reach), abs(upper - lower) + 0.04, (upper + lower) * STRAIGHT)
    along = (far**2 + upper**2 - lower**2) / (2 * far)
    off = np.sqrt(np.maximum(upper**2 - along**2, 0))
    bend = across(points[:, middle] - start, axis)
    trust = np.clip(length(bend) / np.maximum(off, 1e-9) * 4 - 1, 0, 1)
    if (trust < 1).any():
        seen = apply(body.transpose(0, 2, 1), bend)
        bend = apply(body, steady(seen, trust, unit(rest_pole)))
    pole = frame(axis, bend, apply(body, rest_pole))[..., 1]
    result[:, middle] = start + axis * along + pole * off
    result[:, end] = start + axis * far
