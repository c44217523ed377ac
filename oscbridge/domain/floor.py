"""The floor: which way a hip-centred dance takes through the room, and where a captured one stands.

In the room y = 0 is the floor and y points down, so what is above it has negative y.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from oscbridge.domain.pose import SOLES

CLEARANCE = 0.02
"""Metres a sole may be above the lowest one before it is unlikely to bear the body."""
PACE = 0.6
"""Metres a second: of soles equally low the one that moves slower under the hips bears it."""
SWITCH = 3.0
"""What it costs, in squared clearances, to take the weight from one sole point to another."""
SOFTEN = 0.04
"""Seconds (standard deviation) over which the way of the hips is softened."""
SINK = 0.01
"""Metres a sole may sink into the floor for the sake of that softness."""
RETURN = 10.0
"""Seconds in which about two thirds of the way from the origin are taken back."""
CONTACT, SLIDE = 0.03, 0.3
"""A sole lower than this (m) touches; touching and faster than this (m/s), it skates."""


class Footing(NamedTuple):
    """How well feet stand: `skating`, the share of touching soles that slide; `penetration`, how
    deep the lowest sole is under the floor in the 99th percentile of frames (m).
    """

    skating: float
    penetration: float


def stand(landmarks: NDArray[Any], seconds: NDArray[Any]) -> NDArray[np.float32]:
    """The root (frames, 3) of a dance known from mid-hip only: landmarks (frames, 33, 3) at
    `seconds` (frames,).

    Its lowest sole is on the floor at all times (a jump cannot be seen from the hips), and the
    sole that bears the body stays where it is. What drifts so is slowly drawn back to the origin.
    """
    soles = np.asarray(landmarks[:, SOLES], np.float64)
    frames = len(soles)
    root = np.zeros((frames, 3))
    if frames == 0:
        return root.astype(np.float32)
    pace = np.maximum(np.diff(seconds, prepend=seconds[0]), 0.0)
    pace[0] = pace[1] if frames > 1 else 0.0
    softness = SOFTEN / max(float(np.median(pace)), 1e-3)
    lowest = soles[..., 1].max(axis=1)
    root[:, 1] = -np.maximum(_softened(lowest, softness), lowest - SINK)
    moved = np.diff(soles[..., (0, 2)], axis=0, prepend=soles[:1][..., (0, 2)])
    planted = _planted(soles[..., 1], moved / np.maximum(pace, 1e-3)[:, None, None])
    step = _softened(-moved[np.arange(frames), planted], softness / 2)
    root[:, (0, 2)] = _way(step, np.exp(-pace / RETURN))
    return root.astype(np.float32)


def _way(step: NDArray[np.float64], keep: NDArray[np.float64]) -> list[list[float]]:
    """Where steps (frames, 2) lead from the origin when at each only `keep` (frames,) of the way
    so far is kept. The first frame is at the origin.
    """
    x = y = 0.0
    way = [[x, y]]
    # Frame follows from frame: on plain floats this is ten times as fast as on rows of an array.
    for (dx, dy), k in zip(step[1:].tolist(), keep[1:].tolist(), strict=True):
        x, y = x * k + dx, y * k + dy
        way.append([x, y])
    return way


def _softened(values: NDArray[np.float64], softness: float) -> NDArray[np.float64]:
    return np.asarray(gaussian_filter1d(values, softness, axis=0, mode="nearest"))


def _planted(height: NDArray[np.float64], speed: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which sole point (frames,) bears the body: the cheapest way through all frames.

    A point costs by how far it is above the lowest and how fast it moves, a change of point costs
    SWITCH. `height` (frames, soles) points down; `speed` (frames, soles, 2) in m/s.
    """
    above = (height.max(axis=1, keepdims=True) - height) / CLEARANCE
    pace = np.einsum("fsc,fsc->fs", speed, speed) / PACE**2
    first, *rest = (above**2 + pace).tolist()
    total: list[float] = first
    before: list[list[int]] = []
    for costs in rest:  # on plain floats, as in `_way`
        least = min(total)
        change, cheapest = least + SWITCH, total.index(least)
        before.append([cheapest if change < t else i for i, t in enumerate(total)])
        total = [min(t, change) + cost for t, cost in zip(total, costs, strict=True)]
    planted = [total.index(min(total))]
    for chosen in reversed(before):
        planted.append(chosen[planted[-1]])
    return np.array(planted[::-1], np.intp)


def floor_of(world: NDArray[Any]) -> float:
    """Height y of the floor under a captured dance, landmarks (frames, 33, 3) in the room.

    Nearly always some sole is on it, so it is where the lowest sole is most of the time; leaps and
    captured noise do not move it.
    """
    return float(np.percentile(world[:, SOLES, 1].max(axis=1), 75))


def footing(world: NDArray[Any], seconds: NDArray[Any]) -> Footing:
    """How well the feet of landmarks (frames, 33, 3) in the room stand on the floor at y = 0."""
    soles = np.asarray(world[:, SOLES], np.float64)
    lowest = soles[..., 1].max(axis=1)
    under = float(np.percentile(np.maximum(lowest, 0.0), 99)) if len(lowest) else 0.0
    pace = np.maximum(np.diff(seconds), 1e-6)[:, None]
    speed = np.linalg.norm(np.diff(soles[..., (0, 2)], axis=0), axis=-1) / pace
    touching = (soles[1:, :, 1] > -CONTACT) & (soles[:-1, :, 1] > -CONTACT)
    sliding = (speed > SLIDE) & touching
    return Footing(float(sliding.sum() / max(1, touching.sum())), under)
