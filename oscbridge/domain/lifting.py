"""Depth for bodies that are known in the plane of a picture only, from how bones look shortened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.body_tree import (
    HEADS,
    LEVELS,
    PARENT,
    RELAXED,
    RELAXED_LENGTH,
    Points,
    sizes,
)
from oscbridge.domain.figure import SIDES
from oscbridge.domain.pose import COUNT

FLAT = 0.9
"""Share of its length a bone may look shortened to and still be taken to lie in the plane."""
_AHEAD = {"elbow": -1.0, "wrist": -1.0, "knee": -1.0, "ankle": 1.0}
"""Which way along z (the front is negative) a shortened bone is taken to lead to that joint."""


def lifted(flat: Points, known: NDArray[np.bool_]) -> Points:
    """Landmarks (33, 3) of flat ones (33, 2): x to the subject's left as the camera sees somebody
    who faces it, y down, in any unit.

    The trunk is taken to lie in the plane. A limb's bone that looks shorter than the figure's,
    on a body as large as its legs or its trunk and arms look, leads out of it: arms and thighs to
    the front, shins to the back. Face, hands and feet stand out as the figure's do. It is a guess:
    a picture does not tell the front from the back.
    """
    points = np.concatenate([flat, np.zeros((COUNT, 1))], axis=1)
    told = [size for size in sizes(points, known) if size > 0]
    if not told:
        return points
    shown = np.sqrt(np.einsum("ij,ij->i", flat - flat[_ABOVE], flat - flat[_ABOVE]))
    size = max(told)
    length = RELAXED_LENGTH * size
    share = np.clip(shown / np.maximum(length, 1e-9) / FLAT, 0.0, 1.0)
    depth = length * np.sqrt(1 - share**2)
    left, right = (side("shoulder") for side in SIDES)
    front = -1.0 if points[left, 0] < points[right, 0] else 1.0
    for name, sign in _AHEAD.items():
        for side in SIDES:
            joint = side(name)
            above = PARENT[joint]
            leads = front * sign * depth[joint] if known[joint] and known[above] else 0.0
            points[joint, 2] = points[above, 2] + leads
    ends = LEVELS[3]
    points[ends, 2] = points[PARENT[ends], 2] + front * size * RELAXED[ends, 2]
    points[HEADS, 2] = front * size * RELAXED[HEADS, 2]
    return points


_ABOVE = np.where(PARENT < COUNT, PARENT, np.arange(COUNT))
