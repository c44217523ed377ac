"""Which joint of a BVH is which part of a human body, by the names that programs give to joints."""

from __future__ import annotations

import re
from collections.abc import Sequence

from oscbridge.io.bvh import Joint

Body = dict[str, int]
"""Landmark (and `head`, `left_toe`, `right_toe` where there is one) -> index of the joint there."""

SIDES = ("left", "right")
LIMBS = {"arm": ("shoulder", "elbow", "wrist"), "leg": ("hip", "knee", "ankle")}
"""Limb -> the landmarks at its joints."""

FAMILIES: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "arm": (
        ("arm", "forearm", ("hand", "wrist")),  # Mixamo, MotionBuilder, HumanIK, Rokoko
        ("upperarm", "forearm", ("hand",)),  # Rigify, Blender, 3ds Max biped, Xsens MVN
        ("upperarm", "lowerarm", ("hand",)),  # VRM, Unity, Unreal
        ("shldr", "forearm", ("hand",)),  # CMU as converted for Daz and Poser
        ("humerus", "radius", ("wrist", "hand")),  # CMU and others by way of ASF
        ("shoulder", "elbow", ("wrist", "hand")),  # Biovision, SMPL, Xsens
        ("uparm", "lowarm", ("hand",)),  # Motion Analysis
        ("arm", "elbow", ("wrist", "hand")),
    ),
    "leg": (
        ("upleg", "leg", ("foot", "ankle")),
        ("thigh", "shin", ("foot",)),
        ("thigh", "calf", ("foot",)),
        ("upperleg", "lowerleg", ("foot",)),
        ("femur", "tibia", ("foot", "ankle")),
        ("hip", "knee", ("ankle", "foot")),
        ("upleg", "lowleg", ("foot",)),
        ("leg", "knee", ("ankle", "foot")),
    ),
}
"""Limb -> what families of skeletons call its joints. A word can stand for another joint in another
family (`shoulder` is a collar bone to Mixamo), so a limb is matched as a whole."""

TOES = ("toebase", "toes", "toe", "ball", "foot", "toeend")
NOISE = {"def", "org", "j", "bip", "c", "bone", "jnt", "joint", "valvebiped", "character", "robot"}
"""Words that some programs put around a joint's name and that say nothing about it."""

_SIDE_OF = {"left": "left", "l": "left", "right": "right", "r": "right"}
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_PARTS = {
    part
    for families in FAMILIES.values()
    for upper, lower, ends in families
    for part in (upper, lower, *ends)
} | set(TOES)


def part_of(name: str) -> tuple[str, str]:
    """Side (`left`, `right` or none) and plain part that a joint's name tells of.

    `mixamorig:LeftForeArm`, `forearm.L`, `Bip01 L Forearm`, `lForeArm`: all left, forearm.
    """
    words = [word.lower() for word in _WORD.findall(name.rsplit(":", 1)[-1])]
    at = next((i for i, word in enumerate(words) if word in _SIDE_OF), None)
    if at is not None:
        rest = words[at + 1 :] or words[:at]
        return _SIDE_OF[words[at]], "".join(word for word in rest if word not in NOISE)
    plain = "".join(word for word in words if word not in NOISE)
    for prefix, side in _SIDE_OF.items():
        if plain.removeprefix(prefix) in _PARTS and plain.startswith(prefix):
            return side, plain.removeprefix(prefix)
    return "", plain


def body_by_names(joints: Sequence[Joint]) -> Body:
    """The parts whose joints are known by name; all of a limb or nothing of it."""
    found: dict[tuple[str, str], list[int]] = {}
    for i, joint in enumerate(joints):
        if joint.name:
            found.setdefault(part_of(joint.name), []).append(i)
    body: Body = {}
    for limb, places in LIMBS.items():
        for family in FAMILIES[limb]:
            chains = [_chain(joints, found, side, family) for side in SIDES]
            if all(chains):
                for side, chain in zip(SIDES, chains, strict=True):
                    body |= {f"{side}_{place}": i for place, i in zip(places, chain, strict=True)}
                break
    for side in SIDES:
        ankle = body.get(f"{side}_ankle")
        toes = [i for toe in TOES for i in found.get((side, toe), ()) if i != ankle]
        toes = [i for i in toes if ankle is not None and descends(joints, i, ankle)]
        body |= {f"{side}_toe": i for i in toes[:1]}
    if heads := found.get(("", "head")):
        body["head"] = heads[0]
    return body


def _chain(
    joints: Sequence[Joint],
    found: dict[tuple[str, str], list[int]],
    side: str,
    family: tuple[str, str, tuple[str, ...]],
) -> tuple[int, ...]:
    """Joints of one limb, each hanging below the one before; none if one is missing."""
    chain: list[int] = []
    for names in ((family[0],), (family[1],), family[2]):
        below = [
            i
            for name in names
            for i in found.get((side, name), ())
            if not chain or descends(joints, i, chain[-1])
        ]
        if not below:
            return ()
        chain.append(below[0])
    return tuple(chain)


def descends(joints: Sequence[Joint], i: int, above: int) -> bool:
    """Whether joint `i` hangs somewhere below joint `above`."""
    while i > above:
        i = joints[i].parent
    return i == above
