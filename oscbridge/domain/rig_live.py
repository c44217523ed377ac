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
        """How each joint that turns is turned in the room (frames, 3, 3), for the next poses of the
        figure (frames, 33, 3).
        """
        poses = np.asarray(landmarks, np.float64)
        start, middle, end = poses[:, LIMBS.T].transpose(1, 2, 0, 3)
        bent = length(cross(unit(middle - start), unit(end - middle)))[..., 0] >= HINGE_SEEN
        earlier: dict[int, NDArray[np.float64]] = {}
        if not bent.all():
            earlier = dict(filter(None, self._bent))
        # In order of time the last of these that shows a limb's bend is that limb's own.
        held = [earlier[at] for at in sorted(earlier)]
        found = rotations(np.concatenate([np.reshape(held, (-1, *poses.shape[1:])), poses]))
        for limb, frames in enumerate(bent):
            if frames.any():
                last = int(np.flatnonzero(frames)[-1])
                self._bent[limb] = (self._count + last, poses[last])
        self._count += len(poses)
        return {name: turn[len(held) :] for name, turn in found.items()}
