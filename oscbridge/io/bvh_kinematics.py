"""Where the joints of a BVH motion are: its channels turned into places and rotations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from oscbridge.io.bvh import POSITIONS, ROTATIONS, Joint, Motion

RotationList = list[Rotation]


class Placement(NamedTuple):
    """Of every joint its position (frames, joints, 3) in the file's unit, and its rotation in the
    file's axes: a list of Rotation of length frames.
    """

    positions: NDArray[np.float64]
    rotations: RotationList


def place(
    motion: Motion, frames: slice = slice(None), joints: Iterable[int] | None = None
) -> Placement:
    """Joints of some frames of a motion; all of them unless told otherwise.

    With `joints` only these and what they hang on are computed, the others stay at zero.
    """
    values = motion.values[frames]
    positions = np.zeros((len(values), len(motion.joints), 3))
    rotations: RotationList = [Rotation.identity(len(values))] * len(motion.joints)
    for i in _needed(motion, joints):
        joint = motion.joints[i]
        step = _offset(motion, joint, values)
        turn = _rotation(joint, values)
        if joint.parent >= 0:
            above = rotations[joint.parent]
            step = positions[:, joint.parent] + above.apply(step)
            turn = above if turn is None else above * turn
        positions[:, i] = step
        rotations[i] = rotations[i] if turn is None else turn
    return Placement(positions, rotations)


def _needed(motion: Motion, joints: Iterable[int] | None) -> list[int]:
    if joints is None:
        return list(range(len(motion.joints)))
    found: set[int] = set()
    for i in joints:
        while i >= 0 and i not in found:
            found.add(i)
            i = motion.joints[i].parent
    return sorted(found)


def at_rest(motion: Motion) -> Placement:
    """The one frame in which all channels are at rest: offsets alone, nothing turned."""
    positions = np.zeros((1, len(motion.joints), 3))
    for i, joint in enumerate(motion.joints):
        positions[0, i] = joint.offset
        if joint.parent >= 0:
            positions[0, i] += positions[0, joint.parent]
    return Placement(positions, [Rotation.identity(1)] * len(motion.joints))


def rotation_columns(joint: Joint) -> tuple[list[int], str]:
    """Columns of a joint's rotations, and their axes in order (`ZXY`)."""
    turns = [(i, name[0]) for i, name in enumerate(joint.channels) if name in ROTATIONS]
    return [joint.first + i for i, _ in turns], "".join(axis for _, axis in turns)


def _rotation(joint: Joint, values: NDArray[np.float64]) -> Rotation | None:
    columns, axes = rotation_columns(joint)
    if not axes:
        return None
    return Rotation.from_euler(axes, values[:, columns], degrees=True)


def _offset(motion: Motion, joint: Joint, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A joint's place in its parent. Position channels stand for the offset, as importers take
    them; where a file's positions are about zero though its offset is not, they add to it.
    """
    offset = np.broadcast_to(np.array(joint.offset), (len(values), 3)).copy()
    base = np.zeros(3)
    moved = [(i, POSITIONS.index(n)) for i, n in enumerate(joint.channels) if n in POSITIONS]
    if joint.parent >= 0 and len(moved) == 3:
        columns = [joint.first + i for i, _ in sorted(moved, key=lambda pair: pair[1])]
        usual = np.median(motion.values[:, columns], axis=0)
        if np.linalg.norm(usual) < np.linalg.norm(usual - joint.offset):
            base = np.array(joint.offset)
    for i, axis in moved:
        offset[:, axis] = base[axis] + values[:, joint.first + i]
    return offset
