"""A dance of the canonical figure as a BVH motion that Blender, MotionBuilder and others import.

Centimetres, y up, facing +z, the figure's left along +x: what MotionBuilder and Mixamo use (in
Blender, import with scale 0.01). The rest pose is a T-pose at the origin. `Hips` has six channels,
every other joint Z, X, Y rotations; offsets never change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from oscbridge.domain.dance import Dance
from oscbridge.domain.directions import Rotations
from oscbridge.domain.rig import JOINTS, TIPS, rotations
from oscbridge.io.bvh import POSITIONS, Joint, Motion

CENTIMETRES = 100.0
FLIP = np.array([1.0, -1.0, -1.0])
"""From the axes of `pose` (left, down, back) to those of the file (left, up, front)."""
ORDER = ("Zrotation", "Xrotation", "Yrotation")


def motion_of(dance: Dance, fps: float) -> Motion:
    """The dance, whose frames are 1/fps apart, as a BVH motion; its poses are the figure's."""
    return Motion(hierarchy(), values_of(rotations(dance.landmarks), dance.root), 1 / fps)


def values_of(
    turned: dict[str, Rotations],
    root: NDArray[np.floating[Any]],
    before: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """The channels (frames, channels) of `hierarchy`, from how each joint is turned (frames, 3, 3;
    `rig.rotations`) and mid-hip in the room (frames, 3). Angles go on from those of the frame
    `before` (channels,), if there is one.
    """
    local = _local(turned, len(root)) * np.outer(FLIP, FLIP)
    angles = Rotation.from_matrix(local.reshape(-1, 3, 3)).as_euler("ZXY")
    places = root.astype(float) * FLIP * CENTIMETRES
    last = None
    if before is not None:
        last = np.radians(before[len(POSITIONS) :]).reshape(-1, 3)
    degrees = unwound(angles.reshape(len(root), -1, 3), last)
    return np.concatenate([places, degrees.reshape(len(root), -1)], axis=1)


def hierarchy() -> tuple[Joint, ...]:
    """The figure's joints and end sites at rest, in centimetres."""
    joints: list[Joint] = []
    places: dict[str, int] = {}
    columns = 0
    for rig in JOINTS:
        channels = ORDER if rig.parent else (*POSITIONS, *ORDER)
        places[rig.name] = len(joints)
        parent = places.get(rig.parent, -1)
        joints.append(Joint(rig.name, parent, _offset(rig.offset), channels, columns))
        columns += len(channels)
        if rig.name in TIPS:
            joints.append(Joint("", places[rig.name], _offset(TIPS[rig.name])))
    return tuple(joints)


def _offset(offset: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (np.array(offset) * FLIP * CENTIMETRES).tolist()
    return x, y, z


def _local(turned: dict[str, Rotations], frames: int) -> Rotations:
    """How each of JOINTS is turned in its parent (frames, joints, 3, 3)."""
    still = np.broadcast_to(np.eye(3), (frames, 3, 3))
    room = {"": still}
    result = np.empty((frames, len(JOINTS), 3, 3))
    for i, joint in enumerate(JOINTS):
        above = room[joint.parent]
        room[joint.name] = turned.get(joint.name, above)
        turns = joint.name in turned
        result[:, i] = above.transpose(0, 2, 1) @ turned[joint.name] if turns else still
    return result


def unwound(
    angles: NDArray[np.float64], before: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Degrees for angles (frames, ..., 3) in radians, first, middle, last: of the many triples that
    name the same rotation each frame has the one nearest to the frame before; the first, to
    `before` (..., 3) in radians, zero unless given.
    """
    other = angles * [1, -1, 1] + np.pi
    result = np.empty_like(angles)
    if before is None:
        before = np.zeros(angles.shape[1:])
    for i, pair in enumerate(np.stack([angles, other], axis=1)):
        near = pair - 2 * np.pi * np.round((pair - before) / (2 * np.pi))
        nearest = np.argmin(np.abs(near - before).sum(axis=-1), axis=0)
        before = np.take_along_axis(near, nearest[None, ..., None], axis=0)[0]
        result[i] = before
    return np.degrees(result)
