"""The humanoid bones of Unity as the Virtual Motion Capture protocol names them, on our figure.

Unity's axes are left-handed: +x the subject's right, y up, +z the front, metres. Ours (`pose`) are
left, down, back: each points the other way. A point therefore changes its sign and a rotation
matrix stays as it is, so that its quaternion is Unity's as well.

Every bone is at rest without rotation: a T-pose, as VRM has it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from oscbridge.domain.figure import SIDES
from oscbridge.domain.rig import JOINTS


class Bone(NamedTuple):
    """A bone (UnityEngine.HumanBodyBones), what it hangs on, the rig's joint that says how it is
    turned in the room, and where it is in its parent at rest (Unity's axes, metres).
    """

    name: str
    parent: str
    turned: str
    offset: tuple[float, float, float]


def _bones() -> tuple[Bone, ...]:
    # Name, parent, rig's joint where it is, rig's joint that turns it. A model need not have an
    # UpperChest, so the Chest does all of its turning and it hangs in the same place.
    rows = [
        ("Hips", "", "Hips", "Hips"),
        ("Spine", "Hips", "Spine", "Spine1"),
        ("Chest", "Spine", "Spine2", "Spine2"),
        ("UpperChest", "Chest", "Spine2", "Spine2"),
        ("Neck", "UpperChest", "Neck", "Neck"),
        ("Head", "Neck", "Head", "Head"),
    ]
    for side in SIDES:
        L = side.name.capitalize()
        rows += [
            (f"{L}Shoulder", "UpperChest", f"{L}Shoulder", f"{L}Shoulder"),
            (f"{L}UpperArm", f"{L}Shoulder", f"{L}Arm", f"{L}Arm"),
            (f"{L}LowerArm", f"{L}UpperArm", f"{L}ForeArm", f"{L}ForeArm"),
            (f"{L}Hand", f"{L}LowerArm", f"{L}Hand", f"{L}Hand"),
            (f"{L}UpperLeg", "Hips", f"{L}UpLeg", f"{L}UpLeg"),
            (f"{L}LowerLeg", f"{L}UpperLeg", f"{L}Leg", f"{L}Leg"),
            (f"{L}Foot", f"{L}LowerLeg", f"{L}Foot", f"{L}Foot"),
            (f"{L}Toes", f"{L}Foot", f"{L}ToeBase", f"{L}Foot"),
        ]
    rest = _at_rest()
    place = {"": np.zeros(3)} | {name: rest[joint] for name, _, joint, _ in rows}
    return tuple(
        Bone(name, parent, turned, tuple((place[parent] - place[name]).tolist()))
        for name, parent, _, turned in rows
    )


def _at_rest() -> dict[str, np.ndarray]:
    """Places (3,) of the rig's joints at rest, in our axes."""
    places = {"": np.zeros(3)}
    for joint in JOINTS:
        places[joint.name] = places[joint.parent] + joint.offset
    return places


BONES = _bones()
"""The bones that are sent and understood, parents first."""
NAMES = tuple(bone.name for bone in BONES)
PARENTS = np.array([NAMES.index(bone.parent) if bone.parent else -1 for bone in BONES])
OFFSETS = np.array([bone.offset for bone in BONES])
"""(bones, 3), Unity's axes."""
