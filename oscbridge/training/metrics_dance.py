"""What is measured on feet: physical plausibility (PFC) and skating. Plain numpy.

Landmarks (frames, 33, 3) are in the room, metres, y down, the floor at y = 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import INDEX, middle

FPS = 30.0
"""Frames a second both are defined at."""
ANKLE, TOE = 0.08, 0.05
"""Metres above the floor up to which an ankle and its toe mean contact (FineDance, Lodge)."""
SLIDE = 0.01
"""Metres a frame at 30 frames a second from which a foot in contact slides."""
_FEET = [[INDEX[f"{side}_{end}"] for end in ("ankle", "foot_index")] for side in ("left", "right")]


def foot_contact(world: NDArray[Any]) -> float:
    """PFC (EDGE): how far both feet slide while the hips accelerate; lower is more plausible.

    `world` at 30 frames a second. A body that stands still has 0, so read it beside the range of
    motion. Downward acceleration is free, as gravity gives it.
    """
    hips = middle(np.asarray(world, np.float64), "hip")
    push = np.diff(hips, n=2, axis=0) * FPS**2
    push[:, 1] = np.minimum(push[:, 1], 0)
    size = np.linalg.norm(push, axis=-1)
    if not len(size) or size.max() <= 0:
        return 0.0
    step = np.diff(world[1:][..., (0, 2)], axis=0)
    left, right = (np.linalg.norm(step[:, ends], axis=-1).min(axis=1) for ends in _FEET)
    return float((left * right * size / size.max()).mean() * 1e4)


def skating(world: NDArray[Any], fps: float, *, compat: bool = False) -> tuple[int, int]:
    """Frames in which a foot slides, and those in which one is in contact, both feet summed.

    A foot slides when its ankle or toe moves sideways by more than SLIDE. With `compat` by the mean
    of its movement along x and z with their signs, as FineDance's code has it (movement along one
    diagonal never counts there); z is SMPL's, which points the other way.
    """
    world = np.asarray(world, np.float64)
    step = np.diff(world[..., (0, 2)], axis=0, append=world[-1:][..., (0, 2)]) * (fps / FPS)
    sliding = touching = 0
    for ends in _FEET:
        height = -world[:, ends, 1]
        contact = (height[:, 0] <= ANKLE) & (height[:, 1] <= TOE)
        moved = step[:, ends]
        size = np.abs(moved @ [0.5, -0.5]) if compat else np.linalg.norm(moved, axis=-1)
        sliding += int(((size > SLIDE).any(axis=1) & contact).sum())
        touching += int(contact.sum())
    return sliding, touching
