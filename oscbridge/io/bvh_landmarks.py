"""Any humanoid BVH as poses of the canonical figure.

Shoulders, elbows, wrists, hips, knees and ankles are joints of the file. Face, ears, mouth, hands,
heels and toes are synthetic: rigid with the head, the hand and the foot as these turn. The unit of
the file does not matter, because the body is scaled by its legs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from oscbridge.domain.figure import FOOT, HAND, HEAD, LEG, SIDES
from oscbridge.domain.floor import floor_of
from oscbridge.domain.pose import COUNT, INDEX
from oscbridge.domain.skeleton import leg_scale, retarget
from oscbridge.io.bvh import Motion
from oscbridge.io.bvh_kinematics import Placement, at_rest, place
from oscbridge.io.bvh_names import LIMBS, Body, body_by_names
from oscbridge.io.bvh_structure import body_by_structure

CHUNK = 4096
"""Frames placed at once, so that a long take does not fill the memory."""
NEEDED = [f"{s.name}_{p}" for s in SIDES for limb in LIMBS.values() for p in limb] + ["head"]
OPENING = 12
"""Frames at the start within which an inserted T-pose, and the blur it left, is looked for."""

Vector = NDArray[np.float64]


class NoHumanoidError(ValueError):
    """The skeleton is no human body; the text says which parts could not be found."""


class Landmarked(NamedTuple):
    """`landmarks` (frames, 33, 3) of the figure, `root` (frames, 3) above the floor at y = 0, and
    how many frames at the start were dropped because they were no part of the movement.
    """

    landmarks: NDArray[np.float32]
    root: NDArray[np.float32]
    dropped: int


class Reference(NamedTuple):
    """A pose in which the body stands: its joints, and its left, up and front as columns."""

    placement: Placement
    axes: NDArray[np.float64]


def landmarks_of(motion: Motion) -> Landmarked:
    """The poses of the body in a motion; raises NoHumanoidError where there is none."""
    body = find_body(motion)
    reference = _reference(motion, body)
    raw = np.concatenate(
        [
            _points(place(motion, slice(i, i + CHUNK), body.values()), body, reference)
            for i in range(0, motion.frames, CHUNK)
        ]
    )
    raw = raw @ _upright(raw).T
    dropped = _opening(raw, _points(reference.placement, body, reference))
    raw = raw[dropped:]
    landmarks = retarget(raw)
    hips = (raw[:, INDEX["left_hip"]] + raw[:, INDEX["right_hip"]]) / 2
    root = (hips * leg_scale(raw)).astype(np.float32)
    root[:, 1] -= floor_of(landmarks + root[:, None])
    return Landmarked(landmarks, root, dropped)


def find_body(motion: Motion) -> Body:
    """Joints of the parts of the body, by name where names tell, by structure where they do not."""
    body = body_by_names(motion.joints)
    if not set(NEEDED) <= set(body):
        body = body_by_structure(motion.joints, at_rest(motion).positions[0]) | body
    missing = [name for name in NEEDED if name not in body]
    if missing:
        raise NoHumanoidError(
            f"no human body found among its {len(motion.joints)} joints: missing "
            + ", ".join(missing).replace("_", " ")
        )
    return body


def _reference(motion: Motion, body: Body) -> Reference:
    """The rest pose if the body stands in it, else the first frame."""
    rest = at_rest(motion)
    axes = _axes(rest, body)
    if axes is not None:
        return Reference(rest, axes)
    first = place(motion, slice(0, 1))
    axes = _axes(first, body)
    if axes is None:
        raise NoHumanoidError("the body stands neither at rest nor in its first frame")
    return Reference(first, axes)


def _axes(placement: Placement, body: Body) -> NDArray[np.float64] | None:
    """Left, up and front (columns) of the one body in `placement`; None if it does not stand."""

    def middle(part: str) -> Vector:
        left, right = (placement.positions[0, body[f"{s.name}_{part}"]] for s in SIDES)
        return np.asarray((left + right) / 2)

    left = placement.positions[0, body["left_hip"]] - placement.positions[0, body["right_hip"]]
    torso, legs = middle("shoulder") - middle("hip"), middle("hip") - middle("ankle")
    sizes = [float(np.linalg.norm(vector)) for vector in (left, torso, legs)]
    if min(sizes) < 1e-6 * max(sizes) or max(sizes) == 0:
        return None
    left = left / sizes[0]
    up = legs - (legs @ left) * left
    height = float(np.linalg.norm(up))
    if height < sizes[2] / 2 or torso @ up < 0.7 * sizes[1] * height:
        return None
    up = up / height
    return np.stack([left, up, np.cross(left, up)], axis=-1)


def _points(placement: Placement, body: Body, reference: Reference) -> Vector:
    """Landmarks (frames, 33, 3) in the file's axes and unit, the synthetic ones included."""
    points = np.zeros((len(placement.positions), COUNT, 3))
    for name, joint in body.items():
        if name in INDEX:
            points[:, INDEX[name]] = placement.positions[:, joint]
    size = 1 / leg_scale(points)
    # Columns: the axes of `pose` (left, down, back) in the file, as the body stands.
    stance = reference.axes * np.array([1.0, -1.0, -1.0]) * size

    def attach(joint: int, names: dict[str, int], template: Vector) -> None:
        turned = placement.rotations[joint] * _first(reference, joint).inv()
        offsets = template @ stance.T
        for i, offset in zip(names.values(), offsets, strict=True):
            points[:, i] = placement.positions[:, joint] + turned.apply(offset)

    attach(body["head"], {n: INDEX[n] for n in HEAD}, np.array(list(HEAD.values())))
    for side in SIDES:
        hand = _hand(side.sign, _local(reference, body, side.name, ("elbow", "wrist")))
        attach(body[f"{side.name}_wrist"], {n: side(n) for n in HAND}, hand)
        toe_out = _foot(_local(reference, body, side.name, ("ankle", "toe")))
        attach(body[f"{side.name}_ankle"], {n: side(n) for n in FOOT}, toe_out)
    return points


def _first(reference: Reference, joint: int) -> Rotation:
    return reference.placement.rotations[joint][0]


def _local(reference: Reference, body: Body, side: str, ends: tuple[str, str]) -> Vector | None:
    """Direction from one joint to another in the reference pose, in the axes of `pose`."""
    start, end = (body.get(f"{side}_{name}") for name in ends)
    if start is None or end is None:
        return None
    places = reference.placement.positions[0]
    direction = (places[end] - places[start]) @ (reference.axes * np.array([1.0, -1.0, -1.0]))
    size = float(np.linalg.norm(direction))
    return np.asarray(direction / size) if size > 0 else None


def _hand(sign: int, forearm: Vector | None) -> Vector:
    """The hand's points in the axes of `pose`, lying in line with the forearm of the reference."""
    template: Vector = np.array(list(HAND.values())) * np.array([sign, 1.0, 1.0])
    if forearm is None or abs(forearm[2]) > 0.9:
        return template
    back = np.array([0.0, 0.0, 1.0])
    turn = Rotation.align_vectors(
        np.stack([forearm, back]), np.stack([[sign, 0.0, 0.0], back]), weights=np.array([np.inf, 1])
    )[0]
    return np.asarray(turn.apply(template))


def _foot(toe: Vector | None) -> Vector:
    """The foot's points in the axes of `pose`: flat, turned out as the reference's toes are."""
    template = np.array(list(FOOT.values()))
    if toe is None or np.hypot(toe[0], toe[2]) < 0.3 or -toe[2] < 0.5 * np.hypot(toe[0], toe[2]):
        return template
    yaw = float(np.arctan2(-toe[0], -toe[2]))
    return np.asarray(Rotation.from_euler("Y", yaw).apply(template))


def _upright(raw: Vector) -> NDArray[np.float64]:
    """Rotation (3, 3) from the file's axes to those of `pose`, by where the head mostly is."""
    ankles = (raw[:, INDEX["left_ankle"]] + raw[:, INDEX["right_ankle"]]) / 2
    rise = np.median(raw[:, INDEX["nose"]] - ankles, axis=0)
    axis = int(np.argmax(np.abs(rise)))
    up = np.sign(rise[axis]) * np.eye(3)[axis]
    # The file's own front where there is a custom: +z in a y-up file, -y in a z-up one.
    front = np.eye(3)[2] if axis != 2 else -np.eye(3)[1]
    return np.stack([np.cross(up, front), -up, -front])


def _opening(raw: Vector, rest: Vector) -> int:
    """Frames at the start that come from an inserted rest pose, blurred into the take or not.

    Out of a pose that is about the rest pose the limbs rush until they are as fast as usual, or
    until the rush ebbs: the files of CMU were smoothed after the pose had been inserted, so that
    some four frames after it lead from it into the take.
    """
    if len(raw) < 4 * OPENING or _bend(raw[:1], rest) > np.radians(50):
        return 0
    joints = [s(p) for s in SIDES for p in ("elbow", "wrist", "knee", "ankle")]
    hips = (raw[:, INDEX["left_hip"]] + raw[:, INDEX["right_hip"]]) / 2
    limbs = raw[: 4 * OPENING, joints] - hips[: 4 * OPENING, None]
    speed = np.linalg.norm(np.diff(limbs, axis=0), axis=-1).mean(axis=1)
    usual = float(np.median(speed[OPENING:]))
    if speed[0] < 4 * usual or speed[0] < 0.01 * LEG / leg_scale(raw):
        return 0
    ebbed = (speed[:OPENING] <= speed[1 : OPENING + 1]) & (speed[:OPENING] < speed[1] / 4)
    return max(1, int(np.argmax(ebbed | (speed[:OPENING] <= 2 * usual))))


def _bend(raw: Vector, rest: Vector) -> float:
    """Largest angle between a limb's bone in a pose and at rest, both seen from the chest."""

    def bones(points: Vector) -> Vector:
        left, right = SIDES
        across = points[0, left("shoulder")] - points[0, right("shoulder")]
        up = points[0, left("shoulder")] - points[0, left("hip")]
        chest = _orthonormal(across, up)
        joints = [
            (s(a), s(b)) for s in SIDES for limb in LIMBS.values() for a, b in pairwise(limb)
        ]  # fmt: skip
        found = np.array([points[0, b] - points[0, a] for a, b in joints]) @ chest
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=-1, keepdims=True), 1e-12))

    cosines = np.clip(np.sum(bones(raw) * bones(rest), axis=-1), -1, 1)
    return float(np.max(np.arccos(cosines)))


def _orthonormal(primary: Vector, hint: Vector) -> NDArray[np.float64]:
    x = primary / max(float(np.linalg.norm(primary)), 1e-12)
    y = hint - (hint @ x) * x
    y = y / max(float(np.linalg.norm(y)), 1e-12)
    return np.stack([x, y, np.cross(x, y)], axis=-1)
