"""How a body is held: directions of its trunk, its limbs and what is rigid at their ends, measured
from landmarks. What is not seen in one frame is held from those around (`directions.steady`).

All that is measured is linear in the landmarks, so one product of matrices measures it all. Arrays
are (k, frames, 3): what is measured first, time second.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.directions import (
    TINY,
    Rotations,
    Vectors,
    apply,
    frames,
    known,
    length,
    seen,
    steady,
    unit,
)
from oscbridge.domain.figure import (
    DOWN,
    EARS,
    FOOT,
    FRONT,
    HAND,
    HEAD,
    LEFT,
    SIDES,
    UP,
)
from oscbridge.domain.pose import COUNT, INDEX

_MIDDLE = {"hips": "hip", "neck": "shoulder", "ears": "ear"}
"""Points half-way between the left and the right landmark of a name."""
SPANS = ("hip", "shoulder", "ear")
ARMS = tuple((s("shoulder"), s("elbow"), s("wrist")) for s in SIDES)
LEGS = tuple((s("hip"), s("knee"), s("ankle")) for s in SIDES)
LIMBS = np.array([*ARMS, *LEGS])
"""Start, middle and end (4, 3) of left arm, right arm, left leg, right leg."""


def _weights(*terms: tuple[str, float]) -> NDArray[np.float64]:
    """What each landmark (33,) counts in a sum of landmarks and of middles."""
    row = np.zeros(COUNT)
    for name, factor in terms:
        pair = _MIDDLE.get(name)
        for landmark in (f"left_{pair}", f"right_{pair}") if pair else (name,):
            row[INDEX[landmark]] += factor / 2 if pair else factor
    return row


def _between(start: str, end: str) -> NDArray[np.float64]:
    return _weights((end, 1), (start, -1))


def _of(side: str, *names: str) -> NDArray[np.float64]:
    start, end = (f"{side}_{name}" for name in names)
    return _between(start, end)


_HAND = [
    _weights((f"{s.name}_index", 0.5), (f"{s.name}_pinky", 0.5), (f"{s.name}_wrist", -1))
    for s in SIDES
]
_MEASURED = np.stack(
    [
        *(_between(f"right_{name}", f"left_{name}") for name in SPANS),
        _between("hips", "neck"),
        _between("neck", "ears"),
        _between("ears", "nose"),
        *_HAND,
        *(_of(s.name, "pinky", "index") for s in SIDES),
        *(_of(s.name, "heel", "foot_index") for s in SIDES),
        *(_of(s.name, "heel", "ankle") for s in SIDES),
        *(_between("hips", name) for s in SIDES for name in (f"{s.name}_elbow", f"{s.name}_wrist")),
        *(_between("hips", name) for s in SIDES for name in (f"{s.name}_knee", f"{s.name}_ankle")),
        *(_of(s.name, "elbow", "wrist") for s in SIDES),
    ]
)


class Measured(NamedTuple):
    """What landmarks say: vectors (k, frames, 3) in metres, or (frames, 3) where there is one.

    `spans`: from right to left hip, shoulder, ear; `torso`: mid-hip to mid-shoulder; `neck`:
    mid-shoulder to mid-ear; `nose`: from mid-ear; `hands`, `feet`: wrist to knuckles, heel to toe,
    left and right; `knuckles`: pinky to index; `rises`: heel to ankle; `joints` (4, 2, frames, 3):
    middle and end of each of `LIMBS` from mid-hip; `forearms`: elbow to wrist.
    """

    spans: Vectors
    torso: Vectors
    neck: Vectors
    nose: Vectors
    hands: Vectors
    knuckles: Vectors
    feet: Vectors
    rises: Vectors
    joints: Vectors
    forearms: Vectors


def measured(landmarks: NDArray[Any]) -> Measured:
    """All of it from landmarks (frames, 33, 3)."""
    points = np.asarray(landmarks, np.float64).transpose(1, 0, 2).reshape(COUNT, -1)
    v = (_MEASURED @ points).reshape(len(_MEASURED), -1, 3)
    return Measured(
        v[:3], v[3], v[4], v[5], v[6:8], v[8:10], v[10:12], v[12:14],
        v[14:22].reshape(4, 2, -1, 3), v[22:],
    )  # fmt: skip


class Trunk(NamedTuple):
    """Directions (frames, 3) of hips, torso and shoulders, and the frames (frames, 3, 3) of pelvis
    and chest.
    """

    hips: Vectors
    torso: Vectors
    shoulders: Vectors
    pelvis: Rotations
    chest: Rotations


def trunk(body: Measured) -> Trunk:
    """How hips and shoulders are held."""
    hips = seen(body.spans[0], lambda: LEFT)
    torso = seen(body.torso, lambda: UP)
    shoulders = seen(body.spans[1], lambda: hips)
    pelvis, chest = frames(np.stack([hips, shoulders]), -torso, lambda: DOWN)
    return Trunk(hips, torso, shoulders, pelvis, chest)


ENDS = ("left_hand", "right_hand", "left_foot", "right_foot", "head")
"""What is rigid at the ends of limbs and spine, in the order of `ends`."""


def ends(body: Measured, held: Trunk) -> Rotations:
    """Frames (5, frames, 3, 3) of `ENDS`: hands by their knuckles, feet by heel, toe and ankle, the
    head by ears and nose.
    """
    along = np.concatenate([body.hands, body.feet, body.spans[2:]])
    hints = np.concatenate([body.knuckles, body.rises, body.nose[None]])
    size = length(along)
    if size.min(initial=1.0) > TINY:
        along = along / size
    else:
        hints[2:4] = np.where(known(along[2:4]), hints[2:4], 0)
        along = steady(along, known(along), _directions(body, held))
    return frames(along, hints, lambda: _hints(held))


def _directions(body: Measured, held: Trunk) -> Vectors:
    """What an end without length of its own points along: forearm, pelvis, shoulders."""
    signs = np.array([s.sign for s in SIDES])[:, None, None]
    hands = np.where(known(body.forearms), unit(body.forearms), held.shoulders * signs)
    front = np.broadcast_to(apply(held.pelvis, FRONT), hands.shape)
    return np.concatenate([hands, front, held.shoulders[None]])


def _hints(held: Trunk) -> Vectors:
    ahead, up = apply(held.chest, FRONT), apply(held.pelvis, UP)
    return np.stack([ahead, ahead, up, up, ahead])


def turned(body: Measured, held: Trunk) -> Rotations:
    """How each of `ENDS` is turned from rest (5, frames, 3, 3)."""
    return ends(body, held) @ _REST.transpose(0, 2, 1)[:, None]


def _rest() -> Rotations:
    """The frames of `ends` at rest (5, 3, 3)."""
    hands = [[s.out(HAND[n]) for n in ("index", "pinky")] for s in SIDES]
    along = [*(index + pinky for index, pinky in hands), FRONT, FRONT, LEFT]
    hints = [*(index - pinky for index, pinky in hands), UP, UP, np.array(HEAD["nose"]) - EARS]
    return frames(unit(np.stack(along))[:, None], np.stack(hints)[:, None], lambda: UP)[:, 0]


_REST = _rest()


class Rigid(NamedTuple):
    """Landmarks that are rigid with an end: `landmark`, number of its `end` (k,), and where it is
    from wrist, ankle or the base of the skull, seen in the end's frame: `place` (k, 3).
    """

    landmark: NDArray[np.intp]
    end: NDArray[np.intp]
    place: NDArray[np.float64]


def _rigid() -> Rigid:
    rows = [(s(name), i, s.out(p)) for i, s in enumerate(SIDES) for name, p in HAND.items()]
    rows += [(s(name), 2 + i, np.array(p)) for i, s in enumerate(SIDES) for name, p in FOOT.items()]
    rows += [(INDEX[name], 4, np.array(p)) for name, p in HEAD.items()]
    landmark, end, point = zip(*rows, strict=True)
    at = np.array(end)
    return Rigid(np.array(landmark), at, apply(_REST.transpose(0, 2, 1)[at], np.stack(point)))


RIGID = _rigid()
EARS_IN_HEAD = _REST[4].T @ EARS
"""Mid-ear from the base of the skull, seen in the head's frame."""
