"""Which joint of a BVH is which part of a human body, by how the skeleton is built: two like legs
down from the pelvis, two like arms and a head from the chest. For skeletons whose names tell
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from oscbridge.io.bvh import Joint
from oscbridge.io.bvh_names import LIMBS, Body

ALIKE = 0.15
"""Share by which the bones of the two sides may differ in length."""


class Skeleton:
    """The tree of joints, with the length of every bone and the place of every joint at rest."""

    def __init__(self, joints: Sequence[Joint], places: NDArray[np.float64]) -> None:
        self.places = places
        self.children: list[list[int]] = [[] for _ in joints]
        for i, joint in enumerate(joints):
            if joint.parent >= 0:
                self.children[joint.parent].append(i)
        self.bone = np.array([float(np.linalg.norm(joint.offset)) for joint in joints])
        self.reach = self.bone.copy()
        for i in reversed(range(len(joints))):
            below = [self.reach[child] for child in self.children[i]]
            self.reach[i] += max(below, default=0.0)

    def chain(self, start: int) -> list[int]:
        """From a joint along the longest way down to a leaf."""
        way = [start]
        while self.children[way[-1]]:
            way.append(max(self.children[way[-1]], key=lambda i: float(self.reach[i])))
        return way

    def limb(self, start: int) -> tuple[int, int, int] | None:
        """The three joints of the two longest bones in a row below `start`."""
        way = self.chain(start)
        if len(way) < 3:
            return None
        pairs = [self.bone[way[i]] + self.bone[way[i + 1]] for i in range(1, len(way) - 1)]
        best = int(np.argmax(pairs))
        return way[best], way[best + 1], way[best + 2]

    def limbs(self, joint: int) -> list[tuple[int, int, int]]:
        """The two limbs most alike among those that leave a joint; none if no two are alike."""
        found = [limb for child in self.children[joint] if (limb := self.limb(child))]
        pairs = [(self._unlikeness(a, b), i) for i, (a, b) in enumerate(combinations(found, 2))]
        if not pairs or min(pairs)[0] > ALIKE:
            return []
        return list(list(combinations(found, 2))[min(pairs)[1]])

    def _unlikeness(self, a: tuple[int, ...], b: tuple[int, ...]) -> float:
        one, other = self.bone[list(a[1:])], self.bone[list(b[1:])]
        if min(one.min(), other.min()) <= 0:
            return float("inf")
        return float(np.max(np.abs(one - other) / np.maximum(one, other)))

    def below(self, joint: int) -> list[int]:
        """All joints that hang below one, parents first."""
        found = list(self.children[joint])
        for i in found:
            found.extend(self.children[i])
        return found


def body_by_structure(joints: Sequence[Joint], places: NDArray[np.float64]) -> Body:
    """The parts found by shape alone, `places` (joints, 3) being the joints at rest; else nothing.

    Sides are told by the toes, which point to the front, and by where the head is.
    """
    skeleton = Skeleton(joints, places)
    for pelvis, children in enumerate(skeleton.children):
        if len(children) < 3:
            continue
        legs = skeleton.limbs(pelvis)
        trunk = [i for i in children if not any(_on_way(skeleton, i, leg) for leg in legs)]
        for chest in (j for i in trunk for j in (i, *skeleton.below(i))):
            arms = skeleton.limbs(chest) if legs and len(skeleton.children[chest]) > 2 else []
            heads = [
                i
                for i in skeleton.children[chest]
                if not any(_on_way(skeleton, i, a) for a in arms)
            ]
            if arms and heads:
                head = max(heads, key=lambda i: float(skeleton.reach[i]))
                return _sided(skeleton, legs, arms, _skull(skeleton, head))
    return {}


def _on_way(skeleton: Skeleton, child: int, limb: tuple[int, ...]) -> bool:
    return limb[0] in skeleton.chain(child)


def _skull(skeleton: Skeleton, neck: int) -> int:
    """On the way from the neck up the joint where it branches (eyes, jaw), else the last that still
    has something above it.
    """
    way = skeleton.chain(neck)
    branching = [i for i in way if len(skeleton.children[i]) > 1]
    return branching[0] if branching else way[-2] if len(way) > 1 else way[0]


def _sided(
    skeleton: Skeleton,
    legs: list[tuple[int, int, int]],
    arms: list[tuple[int, int, int]],
    head: int,
) -> Body:
    places = skeleton.places
    ankles = [leg[2] for leg in legs]
    up = places[head] - places[ankles].mean(axis=0)
    toes = [max(skeleton.below(ankle), default=ankle) for ankle in ankles]
    front = (places[toes] - places[ankles]).sum(axis=0)
    left = np.cross(up, front)
    body: Body = {"head": head}
    for limbs, name in ((arms, "arm"), (legs, "leg")):
        ordered = sorted(limbs, key=lambda limb: -float(places[limb[0]] @ left))
        for side, limb in zip(("left", "right"), ordered, strict=True):
            body |= {f"{side}_{p}": i for p, i in zip(LIMBS[name], limb, strict=True)}
            if name == "leg" and skeleton.children[limb[2]]:
                body[f"{side}_toe"] = skeleton.children[limb[2]][0]
    return body
