"""A humanoid of Virtual Motion Capture as landmarks: its bones put one after the other.

Bones are where the sender says. A sender that says of none where it is (all zero) gets the
proportions of our figure. Face, hands and feet are synthetic: rigid with Head, Hand and Foot.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from oscbridge.domain.figure import FOOT, HAND, HEAD, SIDES
from oscbridge.domain.pose import COUNT, INDEX
from oscbridge.domain.skeleton import leg_scale
from oscbridge.io.vmc_bones import BONES, NAMES, OFFSETS, PARENTS

TOLD = 1e-4
"""Metres from which on a position is taken to say where something is."""
_STILL = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])


@dataclass
class Heard:
    """What a sender said last of each bone, by its number in BONES, and of the root: position and
    quaternion (7,), Unity's axes.
    """

    bones: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    ground: NDArray[np.float64] = field(default_factory=_STILL.copy)


def _joints() -> dict[int, int]:
    """Landmark -> the bone that begins there."""
    limbs = {
        "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand",
        "hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot",
    }  # fmt: skip
    return {
        side(landmark): NAMES.index(f"{side.name.capitalize()}{bone}")
        for side in SIDES
        for landmark, bone in limbs.items()
    }


def _rigid() -> dict[int, tuple[int, NDArray[np.float64]]]:
    """Landmark -> the bone it is rigid with, and where it is in it at rest (Unity's axes)."""
    head = NAMES.index("Head")
    found = {INDEX[name]: (head, -np.array(point)) for name, point in HEAD.items()}
    for side in SIDES:
        for bone, template in (("Hand", HAND), ("Foot", FOOT)):
            at = NAMES.index(f"{side.name.capitalize()}{bone}")
            found |= {side(name): (at, -side.out(point)) for name, point in template.items()}
    return found


_JOINTS = _joints()
_RIGID = _rigid()
_MOVED_BY = {i: int(PARENTS[bone]) for i, bone in _JOINTS.items()} | {
    i: bone for i, (bone, _) in _RIGID.items()
}
"""Landmark -> the bone whose rotation puts it where it is."""


def confidence(heard: Heard) -> NDArray[np.float32]:
    """(33,): 1 where the bone that moves a landmark was ever heard of, else 0."""
    # A model need not have shoulders or an upper chest.
    shoulders = {NAMES.index(f"{side.name.capitalize()}Shoulder") for side in SIDES}
    known = set(heard.bones) | (shoulders if NAMES.index("Spine") in heard.bones else set())
    return np.array([_MOVED_BY[i] in known for i in range(COUNT)], np.float32)


class Skeleton:
    """The bones of one frame in the room."""

    def __init__(self, heard: Heard) -> None:
        said = {i: value[:3] for i, value in heard.bones.items()}
        told = any(np.abs(place).max() > TOLD for i, place in said.items() if i)
        self._where = any(np.abs(p).max() > TOLD for p in (heard.ground[:3], said.get(0, _STILL)))
        self.ground = Rotation.from_quat(heard.ground[3:])
        turns = np.tile(_STILL[3:], (len(BONES), 1))
        for i, value in heard.bones.items():
            turns[i] = value[3:]
        local = Rotation.from_quat(turns).as_matrix()
        self.turned = np.empty((len(BONES), 3, 3))
        self.places = np.empty((len(BONES), 3))
        for i, parent in enumerate(PARENTS.tolist()):
            # Of a sender with places of its own, a bone it never named does not exist.
            place = said.get(i, np.zeros(3)) if told or not i else OFFSETS[i]
            above = self.turned[parent] if i else self.ground.as_matrix()
            self.turned[i] = above @ local[i]
            self.places[i] = (self.places[parent] if i else heard.ground[:3]) + above @ place

    def landmarks(self) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Landmarks (33, 3) from mid-hip and mid-hip in the room (3,), both in the axes of `pose`;
        no place in the room where the sender says none.
        """
        points = np.zeros((COUNT, 3))
        for landmark, bone in _JOINTS.items():
            points[landmark] = self.places[bone]
        size = 1 / leg_scale(points[None])
        for landmark, (bone, place) in _RIGID.items():
            points[landmark] = self.places[bone] + self.turned[bone] @ (place * size)
        middle = (points[INDEX["left_hip"]] + points[INDEX["right_hip"]]) / 2
        root = (-middle).astype(np.float32) if self._where else None
        return (middle - points).astype(np.float32), root
