"""Putting landmarks of any body onto the canonical `figure`.

Landmarks are taken as frames of one movement, in order: a direction that cannot be seen in one
frame (the elbow of a straight arm) is taken from those around.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.directions import (
    Vectors,
    across,
    apply,
    known,
    length,
    perpendicular,
    seen,
    steady,
    unit,
)
from oscbridge.domain.figure import (
    DOWN,
    FOREARM,
    FRONT,
    HAND,
    HEAD,
    HIPS,
    LEG,
    NECK,
    SHIN,
    SHOULDERS,
    SIDES,
    THIGH,
    TORSO,
    UPPER_ARM,
)
from oscbridge.domain.pose import COUNT, INDEX, middle
from oscbridge.domain.posture import (
    EARS_IN_HEAD,
    LIMBS,
    RIGID,
    Measured,
    Trunk,
    ends,
    measured,
    trunk,
)

STRAIGHT = 0.9995
"""Share of a limb's length it may be stretched to: a last 3.6 degrees keep its plane defined."""
ELBOW = np.array([0.0, 0.3, 1.0])
"""Where an elbow points that was never seen bent: backwards and a little down."""
_UPPER = np.array([UPPER_ARM, UPPER_ARM, THIGH, THIGH])[:, None, None]
_LOWER = np.array([FOREARM, FOREARM, SHIN, SHIN])[:, None, None]
_NEAREST, _FARTHEST = np.abs(_UPPER - _LOWER) + 0.04, (_UPPER + _LOWER) * STRAIGHT
_REST_POLE = np.stack([ELBOW, ELBOW, FRONT, FRONT])[:, None]
_HALF = np.array([s.sign / 2 for s in SIDES])[:, None, None]
TINY_LEG = 1e-6


def project(landmarks: NDArray[Any]) -> NDArray[np.float32]:
    """Landmarks (frames, 33, 3) of whatever bone lengths as the nearest pose of the figure.

    Hips, shoulders, head, hands and feet become rigid; wrists and ankles stay where they are as
    far as the limbs reach, elbows and knees keep the side they point to. A pose of the figure
    comes back unchanged (1e-5). Input must be finite; nothing else about it is required.
    """
    body = measured(landmarks)
    held = trunk(body)
    result = np.empty((COUNT, len(landmarks), 3))
    neck = held.torso * TORSO
    starts = np.concatenate(
        [neck + held.shoulders * (_HALF * SHOULDERS), held.hips * (_HALF * HIPS)]
    )
    middles, tips = _limbs(body, held, starts)
    for place, points in zip(LIMBS.T, (starts, middles, tips), strict=True):
        result[place] = points
    frames = ends(body, held)
    skull = body.neck - apply(frames[4], EARS_IN_HEAD)
    base = neck + NECK * seen(skull, lambda: held.torso)
    bases = np.concatenate([tips, base[None]])
    rigid = np.einsum("kfij,kj->kfi", frames[RIGID.end], RIGID.place)
    result[RIGID.landmark] = bases[RIGID.end] + rigid
    return result.transpose(1, 0, 2).astype(np.float32, order="C")


def _limbs(body: Measured, held: Trunk, starts: Vectors) -> tuple[Vectors, Vectors]:
    """Middles and ends (4, frames, 3) of the four limbs that begin at `starts`.

    How far the middle joint stands off the line from start to end says how much its side can be
    trusted: where the bones call for a clear bend and the landmarks show none, the side is held
    from frames that do show it, as seen from the body the limb hangs on.
    """
    reach = body.joints[:, 1] - starts
    axis = seen(reach, lambda: apply(_hung_on(held), DOWN))
    far = np.clip(length(reach), _NEAREST, _FARTHEST)
    along = (far**2 + (_UPPER**2 - _LOWER**2)) / (2 * far)
    off = np.sqrt(np.maximum(_UPPER**2 - along**2, 0))
    bend = across(body.joints[:, 0] - starts, axis)
    trust = np.clip(length(bend) / np.maximum(off, 1e-9) * 4 - 1, 0, 1)
    if trust.min(initial=1.0) < 1:
        on = _hung_on(held)
        shown = apply(on.swapaxes(-1, -2), bend)
        bend = apply(on, steady(shown, trust, unit(_REST_POLE)))
    pole = perpendicular(axis, bend, lambda: apply(_hung_on(held), _REST_POLE))
    return starts + axis * along + pole * off, starts + axis * far


def _hung_on(held: Trunk) -> NDArray[np.float64]:
    """Frames (4, frames, 3, 3) of what each limb hangs on."""
    return np.stack([held.chest, held.chest, held.pelvis, held.pelvis])


def retarget(landmarks: NDArray[Any], scale: float | None = None) -> NDArray[np.float32]:
    """Landmarks (frames, 33, 3) of any one body, in any unit, as poses of the figure.

    Trunk, arms, head, hands and feet keep their directions. Ankles keep their place under the
    hips, scaled by `scale` (`leg_scale` where it is not given), so that a foot that stood still
    goes on standing still when the root is scaled alike.
    """
    points = np.asarray(landmarks, np.float64)
    scale = leg_scale(points) if scale is None else scale
    points = (points - middle(points, "hip")[:, None]) * scale
    held = trunk(measured(points))
    moved = points.copy()
    neck = held.torso * TORSO
    head = [INDEX[name] for name in HEAD]
    moved[:, head] += (neck - middle(points, "shoulder"))[:, None]
    for side in SIDES:
        moved[:, side("shoulder")] = neck + held.shoulders * (side.sign * SHOULDERS / 2)
        joints = [side(n) for n in ("shoulder", "elbow", "wrist")]
        for start, end, bone in zip(joints, joints[1:], (UPPER_ARM, FOREARM), strict=False):
            direction = points[:, end] - points[:, start]
            hanging = apply(held.chest, DOWN)
            moved[:, end] = moved[:, start] + bone * steady(direction, known(direction), hanging)
        hand = [side(n) for n in HAND]
        moved[:, hand] += (moved[:, joints[2]] - points[:, joints[2]])[:, None]
    return project(moved)


def leg_scale(landmarks: NDArray[Any]) -> float:
    """The figure's leg over this body's: what its way through the room is multiplied by.

    A body without legs counts as being of the figure's size.
    """
    points = np.asarray(landmarks, np.float64)
    legs = [
        length(points[:, side(end)] - points[:, side(start)])
        for side in SIDES
        for start, end in (("hip", "knee"), ("knee", "ankle"))
    ]
    leg = float(np.median(np.sum(legs, axis=0))) / 2 if len(points) else 0.0
    return LEG / leg if leg > TINY_LEG else 1.0
