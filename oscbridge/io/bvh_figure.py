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
    parents = {rig.name: rig.parent for rig in JOINTS}
    columns = [root.astype(float) * FLIP * CENTIMETRES]
    at = len(POSITIONS)
    for name, parent in parents.items():
        last = np.zeros(3) if before is None else np.radians(before[at : at + 3])
        columns.append(_angles(turned, parents, name, parent, last, len(root)))
        at += 3
    return np.concatenate(columns, axis=1)


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


def _angles(
    turned: dict[str, Rotations],
    parents: dict[str, str],
    name: str,
    parent: str,
    before: NDArray[np.float64],
    frames: int,
) -> NDArray[np.float64]:
    """Degrees (frames, 3) in ORDER by which a joint is turned in its parent."""
    if name not in turned:
        return np.zeros((frames, 3))
    local = turned[name]
    if parent:
        while parent not in turned:
            parent = parents[parent]
        local = turned[parent].transpose(0, 2, 1) @ local
    flipped = local * np.outer(FLIP, FLIP)
    return unwound(Rotation.from_matrix(flipped).as_euler("ZXY"), before)


def unwound(
    angles: NDArray[np.float64], before: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Degrees for angles (frames, 3) in radians, first, middle, last: of the many triples that
    name the same rotation each frame has the one nearest to the frame before; the first, to
    `before` (3,) in radians, zero unless given.
    """
    if not len(angles):
        return angles
    other = angles * [1, -1, 1] + np.pi
    result = np.empty_like(angles)
    before = np.zeros(3) if before is None else before
    for i, pair in enumerate(np.stack([angles, other], axis=1)):
        near = pair - 2 * np.pi * np.round((pair - before) / (2 * np.pi))
        before = near[int(np.argmin(np.abs(near - before).sum(axis=1)))]
        result[i] = before
    return np.degrees(result)
