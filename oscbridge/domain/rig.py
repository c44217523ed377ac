"""The figure as a rig: named joints with constant offsets, and the rotations that pose them.

Axes as in `pose` (left, down, back); at rest it is `figure.rest`. Joints are named as Mixamo and
MotionBuilder name theirs, so that the retargeters of others know them. What is no joint (face,
heels, knuckles) is rigid with head, foot and hand.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import figure
from oscbridge.domain.directions import (
    Rotations,
    Vectors,
    align,
    apply,
    cross,
    frames,
    steady,
    unit,
)
from oscbridge.domain.figure import BACK, DOWN, EARS, LEFT, SIDES, UP, Side
from oscbridge.domain.pose import middle
from oscbridge.domain.posture import ENDS, Trunk, measured, trunk, turned

HINGE_UNSEEN, HINGE_SEEN = np.sin(np.radians(5.0)), np.sin(np.radians(15.0))
"""Bend of a limb (its sine) below which its hinge is not believed, and from which on it is."""
VERTEBRA = figure.TORSO / 3


class RigJoint(NamedTuple):
    """A joint, what it hangs on, and where at rest; `landmark` is the one that it is, if any."""

    name: str
    parent: str
    offset: tuple[float, float, float]
    landmark: str = ""


def _spine() -> list[RigJoint]:
    up = (0.0, -VERTEBRA, 0.0)
    return [
        RigJoint("Hips", "", (0.0, 0.0, 0.0)),
        # Where the hips tilt apart from the torso, they do so about their own middle.
        RigJoint("Spine", "Hips", (0.0, 0.0, 0.0)),
        RigJoint("Spine1", "Spine", up),
        RigJoint("Spine2", "Spine1", up),
        RigJoint("Neck", "Spine2", up),
        RigJoint("Head", "Neck", (0.0, -figure.NECK, 0.0)),
    ]


def _arm_joints(side: Side) -> list[RigJoint]:
    L, sign = side.name.capitalize(), side.sign
    knuckles = [
        RigJoint(f"{L}Hand{name.capitalize()}1", f"{L}Hand", (sign * p[0], p[1], p[2]),
                 f"{side.name}_{name}")
        for name, p in figure.HAND.items()
    ]  # fmt: skip
    return [
        RigJoint(f"{L}Shoulder", "Spine2", (0.0, -VERTEBRA, 0.0)),
        RigJoint(f"{L}Arm", f"{L}Shoulder", (sign * figure.SHOULDERS / 2, 0.0, 0.0),
                 f"{side.name}_shoulder"),
        RigJoint(f"{L}ForeArm", f"{L}Arm", (sign * figure.UPPER_ARM, 0.0, 0.0),
                 f"{side.name}_elbow"),
        RigJoint(f"{L}Hand", f"{L}ForeArm", (sign * figure.FOREARM, 0.0, 0.0),
                 f"{side.name}_wrist"),
        *knuckles,
    ]  # fmt: skip


def _leg_joints(side: Side) -> list[RigJoint]:
    L, sign = side.name.capitalize(), side.sign
    return [
        RigJoint(f"{L}UpLeg", "Hips", (sign * figure.HIPS / 2, 0.0, 0.0), f"{side.name}_hip"),
        RigJoint(f"{L}Leg", f"{L}UpLeg", (0.0, figure.THIGH, 0.0), f"{side.name}_knee"),
        RigJoint(f"{L}Foot", f"{L}Leg", (0.0, figure.SHIN, 0.0), f"{side.name}_ankle"),
        RigJoint(f"{L}ToeBase", f"{L}Foot", figure.FOOT["foot_index"],
                 f"{side.name}_foot_index"),
    ]  # fmt: skip


JOINTS = (
    *_spine(),
    *(j for joints in (_arm_joints, _leg_joints) for s in SIDES for j in joints(s)),
)
"""All joints, parents first, each branch to its end."""

TIPS = {
    "Head": (0.0, -0.18, 0.0),
    "LeftToeBase": (0.0, 0.0, -0.03),
    "RightToeBase": (0.0, 0.0, -0.03),
    **{
        f"{side.name.capitalize()}Hand{name.capitalize()}1": (side.sign * 0.06, 0.0, 0.0)
        for side in SIDES
        for name in figure.HAND
    },
}
"""Where the bones of joints end that no other joint hangs on."""


def rotations(landmarks: NDArray[Any]) -> dict[str, Rotations]:
    """How each joint that turns is turned in the room (frames, 3, 3), for poses of the figure
    (frames, 33, 3); a joint not named turns with its parent.

    Exact for the joints' places. The twist of a straight limb, which landmarks do not show, is
    held from frames in which it is bent.
    """
    points = np.asarray(landmarks, np.float64)
    body = measured(points)
    held = trunk(body)
    end = dict(zip(ENDS, turned(body, held), strict=True))
    upright = frames(-held.torso, held.hips, lambda: LEFT)
    across = frames(-held.torso, held.shoulders, lambda: LEFT)
    result = {
        "Hips": held.pelvis,
        "Spine": _from_spine(upright),
        "Spine1": _from_spine(frames(-held.torso, upright[..., 1] + across[..., 1], lambda: LEFT)),
        "Spine2": _from_spine(across),
        "Head": end["head"],
    }
    skull = middle(points, "ear") - apply(end["head"], EARS)
    neck = unit(skull - middle(points, "shoulder"))
    between = held.shoulders + end["head"][..., 0]
    result["Neck"] = align(neck, between, UP, LEFT, lambda: held.shoulders)
    for side in SIDES:
        name = side.name.capitalize()
        result[f"{name}Shoulder"] = held.chest
        result[f"{name}Hand"] = end[f"{side.name}_hand"]
        result[f"{name}Foot"] = end[f"{side.name}_foot"]
        result |= _arm(points, side, held, name) | _leg(points, side, held, name)
    return result


def _from_spine(spine: Rotations) -> Rotations:
    """Rotation from rest of a frame whose columns are down, left and what is across both."""
    rest = frames(DOWN[None], LEFT[None], lambda: BACK)
    return np.asarray(spine @ rest[0].T)


def _arm(points: Vectors, side: Side, held: Trunk, name: str) -> dict[str, Rotations]:
    out = LEFT * side.sign
    upper, lower = _bones(points, side, ("shoulder", "elbow", "wrist"))
    rest = _carried(DOWN, out, apply(held.chest.transpose(0, 2, 1), upper))
    hinge = _hinge(cross(upper, lower) * side.sign, held.chest, rest)
    return {
        f"{name}Arm": align(upper, hinge, out, DOWN, lambda: apply(held.chest, DOWN)),
        f"{name}ForeArm": align(lower, hinge, out, DOWN, lambda: apply(held.chest, DOWN)),
    }


def _carried(vector: NDArray[np.float64], start: NDArray[np.float64], ends: Vectors) -> Vectors:
    """Where the shortest turns from `start` (3,) to `ends` (frames, 3) carry a `vector` (3,) at
    right angles to it: how a shoulder turns an arm that shows no bend.
    """
    share = (ends @ vector) / np.maximum(1 + ends @ start, 0.05)
    return np.asarray(vector - share[:, None] * (start + ends))


def _leg(points: Vectors, side: Side, held: Trunk, name: str) -> dict[str, Rotations]:
    upper, lower = _bones(points, side, ("hip", "knee", "ankle"))
    hinge = _hinge(cross(upper, lower), held.pelvis, LEFT)
    return {
        f"{name}UpLeg": align(upper, hinge, DOWN, LEFT, lambda: held.hips),
        f"{name}Leg": align(lower, hinge, DOWN, LEFT, lambda: held.hips),
    }


def _bones(points: Vectors, side: Side, joints: tuple[str, str, str]) -> tuple[Vectors, Vectors]:
    start, between, end = (points[:, side(name)] for name in joints)
    return unit(between - start), unit(end - between)


def _hinge(bend: Vectors, body: Rotations, rest: NDArray[np.float64]) -> Vectors:
    """Axis about which a limb bends, held as seen from the body where it is too straight to tell.

    `bend` (frames, 3) is the cross product of its bones; `rest` (frames, 3) or (3,) the axis where
    none was ever seen.
    """
    sine = np.linalg.norm(bend, axis=-1, keepdims=True)
    trust = np.clip((sine - HINGE_UNSEEN) / (HINGE_SEEN - HINGE_UNSEEN), 0, 1)
    seen = apply(body.transpose(0, 2, 1), bend)
    return apply(body, steady(seen, trust, rest))
