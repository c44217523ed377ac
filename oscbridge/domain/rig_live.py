"""Rotations of the figure's joints for poses that come one at a time (`rig.rotations` live).

The twist of a straight limb is held from the last pose in which that limb was bent, however long
ago that was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.directions import Rotations, cross, length, unit
from oscbridge.domain.posture import LIMBS
from oscbridge.domain.rig import HINGE_SEEN, rotations


class LiveRig:
    """Remembers of each limb the last pose that showed how it bends."""

    def __init__(self) -> None:
        self._bent: list[tuple[int, NDArray[np.float64]] | None] = [None] * len(LIMBS)
        self._count = 0

    def turned(self, landmarks: NDArray[Any]) -> dict[str, Rotations]:
        """How each joint that turns is turned in the room (3, 3), for the next pose of the figure
        (33, 3).
        """
        pose = np.asarray(landmarks, np.float64)
        start, middle, end = pose[LIMBS.T]
        bend = length(cross(unit(middle - start), unit(end - middle)))[:, 0]
        self._count += 1
        for limb in np.flatnonzero(bend >= HINGE_SEEN):
            self._bent[limb] = (self._count, pose)
        earlier: dict[int, NDArray[np.float64]] = {}
        if (bend < HINGE_SEEN).any():
            earlier = {at: shown for at, shown in filter(None, self._bent) if at < self._count}
        # In order of time the last of these that shows a limb's bend is that limb's own.
        poses = [earlier[at] for at in sorted(earlier)]
        found = rotations(np.stack([*poses, pose]))
        return {name: turn[-1] for name, turn in found.items()}
