"""Which landmark hangs on which, how a body at ease is built, and how large a body is.

Beside the landmarks there are two joints: mid-hip, on which hips and shoulders hang, and
mid-shoulder, on which the head does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.directions import cross
from oscbridge.domain.figure import (
    DOWN,
    FOOT,
    FOREARM,
    HAND,
    HEAD,
    LEG,
    SHOULDERS,
    SIDES,
    TORSO,
    UPPER_ARM,
    rest,
)
from oscbridge.domain.pose import COUNT, INDEX, mirror

Points = NDArray[np.float64]
"""(33, 3), or (35, 3) with the two joints at the end"""

MID_HIP, NECK = COUNT, COUNT + 1
LEVELS = tuple(
    np.array([side(name) for side in SIDES for name in names])
    for names in (("hip", "shoulder"), ("elbow", "knee"), ("wrist", "ankle"), (*HAND, *FOOT))
)
"""Landmarks of trunk and limbs, those on which others hang first. The head hangs on NECK."""
HEADS = np.array([INDEX[name] for name in HEAD])
MAIN = np.concatenate(LEVELS[:3])
"""Shoulders, elbows, wrists, hips, knees and ankles."""


def _parents() -> NDArray[np.intp]:
    parent = np.full(COUNT, MID_HIP)
    parent[HEADS] = NECK
    for side in SIDES:
        on = {"elbow": "shoulder", "wrist": "elbow", "knee": "hip", "ankle": "knee"}
        on |= dict.fromkeys(HAND, "wrist") | dict.fromkeys(FOOT, "ankle")
        for name, above in on.items():
            parent[side(name)] = side(above)
    return parent


PARENT = _parents()
"""What each landmark hangs on (33,)."""


def with_joints(points: Points) -> Points:
    """Landmarks (33, 3) from mid-hip with mid-hip and mid-shoulder after them (35, 3)."""
    neck = (points[LEVELS[0][1]] + points[LEVELS[0][3]]) / 2
    return np.concatenate([points, np.zeros((1, 3)), neck[None]])


def hung(points: Points, trust: NDArray[np.float64], wanted: Points) -> Points:
    """Landmarks (33, 3) as far as `trust` (33,) goes; the rest hangs as `wanted` (33, 3) from what
    it hangs on.
    """
    result = with_joints(points)
    for level in (*LEVELS, HEADS):
        if level is LEVELS[1]:
            result[NECK] = (result[LEVELS[0][1]] + result[LEVELS[0][3]]) / 2
        there = result[PARENT[level]] + wanted[level]
        result[level] = there + trust[level, None] * (result[level] - there)
    return result[:COUNT]


def at_ease() -> Points:
    """The figure upright with its arms hanging (33, 3)."""
    points = rest().astype(np.float64)
    left = SIDES[0]
    points[left("elbow")] = points[left("shoulder")] + UPPER_ARM * DOWN
    points[left("wrist")] = points[left("elbow")] + FOREARM * DOWN
    for name, (x, y, z) in HAND.items():
        points[left(name)] = points[left("wrist")] + (-y, x, z)
    other = mirror(points)
    for name in ("elbow", "wrist", *HAND):
        points[SIDES[1](name)] = other[SIDES[1](name)]
    return points


_EASE = with_joints(at_ease())
RELAXED: Points = _EASE[:COUNT] - _EASE[PARENT]
"""Where landmarks (33, 3) of the figure at ease are from what they hang on, in metres."""
RELAXED_LENGTH: Points = np.linalg.norm(RELAXED, axis=1)

_LIMBS = [(s(a), s(b)) for s in SIDES for a, b in (
    ("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))]  # fmt: skip
_START, _END = np.array(_LIMBS).T
_LEGS = [[0, 1], [4, 5]]


def sizes(points: Points, known: NDArray[np.bool_]) -> tuple[float, float]:
    """How many of the landmarks' units a metre of the figure is: by legs, and by trunk and arms;
    NaN where too little of them is `known` (33,).
    """
    bones = np.linalg.norm(points[_END] - points[_START], axis=1)
    there = known[_END] & known[_START]
    legs = [bones[leg].sum() / LEG for leg in _LEGS if there[leg].all()]
    others = [bones[i] / RELAXED_LENGTH[_END[i]] for i in (2, 3, 6, 7) if there[i]]
    left, upper_left, right, upper_right = LEVELS[0]
    if known[[upper_left, upper_right]].all():
        others.append(np.linalg.norm(points[upper_left] - points[upper_right]) / SHOULDERS)
        if known[[left, right]].all():
            torso = points[upper_left] + points[upper_right] - points[left] - points[right]
            others.append(np.linalg.norm(torso) / 2 / TORSO)
    return (
        float(np.mean(legs)) if legs else np.nan,
        float(np.median(others)) if others else np.nan,
    )


def axes(points: Points, known: NDArray[np.bool_], before: Points) -> Points:
    """The body's left, down and back (columns of (3, 3)) by what is `known` (33,) of its trunk;
    `before` where that does not tell.
    """
    left, upper_left, right, upper_right = LEVELS[0]
    hips, shoulders = known[left] and known[right], known[upper_left] and known[upper_right]
    span = hips * (points[left] - points[right])
    span = span + shoulders * (points[upper_left] - points[upper_right])
    down = -(points[upper_left] + points[upper_right]) if shoulders else before[:, 1]
    wide = float(np.sqrt(span @ span))
    if wide < 1e-6:
        return before
    span = span / wide
    down = down - (down @ span) * span
    tall = float(np.sqrt(down @ down))
    if tall < 1e-6:
        return before
    down = down / tall
    return np.stack([span, down, cross(span, down)], axis=-1)
