"""The 72 kinetic and 32 geometric features that FID_k and FID_g of the dance literature compare.

Defined by `aist_plusplus/features` (Google, after Meta's fairmotion) on 24 SMPL joints, y up, 60
frames a second, the first frame's pelvis at the origin (as Bailando and later papers have it).
Written anew from those definitions. What is odd in them is kept, since published figures have it:
thresholds of the geometric features are those of one SMPL body and of 120 frames a second, and
`_along` looks at the third joint where its signature promises the fourth.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import INDEX, middle

FPS = 60.0
GEOMETRIC_FPS = 120.0
REACH = 2
"""Frames on either side that velocities and accelerations are averaged over."""
JOINTS = (
    "root", "lhip", "rhip", "belly", "lknee", "rknee", "spine", "lankle", "rankle", "chest",
    "ltoes", "rtoes", "neck", "linshoulder", "rinshoulder", "head", "lshoulder", "rshoulder",
    "lelbow", "relbow", "lwrist", "rwrist", "lhand", "rhand",
)  # fmt: skip
"""The 24 joints of SMPL, in its order."""
_AT = {name: i for i, name in enumerate(JOINTS)}
UPPER_ARM, SHOULDERS, HIPS = 0.2568381092, 0.3908483586, 0.1192470659
"""Metres on the SMPL rest body that the geometric thresholds are multiples of."""
Acceleration = Literal["compat", "fixed"]
"""`compat`: as the reference computes it, p - p'/dt where (p - p')/dt is meant, which makes "energy
expenditure" mostly a distance from the origin; needed to compare with the literature. `fixed`: an
acceleration."""
Joints = NDArray[np.float64]
"""(frames, 24, 3), metres, y up."""


def smpl_joints(world: NDArray[Any]) -> Joints:
    """The 24 joints of BlazePose landmarks (frames, 33, 3) in the room, y down.

    Spine and collars are interpolated, as BlazePose has none. Half a turn about x brings y up and
    keeps left left.
    """
    points = np.asarray(world, np.float64)
    pelvis, neck = middle(points, "hip"), middle(points, "shoulder")
    found = {"root": pelvis, "neck": neck, "head": middle(points, "ear")}
    for share, name in ((0.25, "belly"), (0.5, "spine"), (0.75, "chest")):
        found[name] = pelvis + share * (neck - pelvis)
    for side in ("left", "right"):
        of = {
            "hip": "hip", "knee": "knee", "ankle": "ankle", "toes": "foot_index",
            "shoulder": "shoulder", "elbow": "elbow", "wrist": "wrist",
        }  # fmt: skip
        for joint, landmark in of.items():
            found[side[0] + joint] = points[:, INDEX[f"{side}_{landmark}"]]
        hand = [INDEX[f"{side}_{n}"] for n in ("pinky", "index", "thumb")]
        found[side[0] + "hand"] = points[:, hand].mean(axis=1)
        found[side[0] + "inshoulder"] = (neck + found[side[0] + "shoulder"]) / 2
    return np.stack([found[name] for name in JOINTS], axis=1) * [1.0, -1.0, -1.0]


def from_origin(joints: Joints) -> Joints:
    """The joints moved so that the pelvis starts at the origin."""
    return joints - joints[:1, :1]


def kinetic(joints: Joints, acceleration: Acceleration = "compat") -> NDArray[np.float64]:
    """The 72 kinetic features of (frames, 24, 3) at 60 frames a second: for each joint its mean
    squared horizontal speed, mean squared vertical speed and mean acceleration.
    """
    dt = 1 / FPS
    velocity = _averaged(np.diff(joints, axis=0) / dt, 0, len(joints) - 1)
    horizontal = (velocity[..., (0, 2)] ** 2).sum(axis=-1).mean(axis=0)
    vertical = (velocity[..., 1] ** 2).mean(axis=0)
    before, here, after = joints[:-2], joints[1:-1], joints[2:]
    later = (after - here) / dt
    earlier = here - before / dt if acceleration == "compat" else (here - before) / dt
    # The reference's frame i averages the changes at i - 2 to i + 2; ours are counted from 1.
    change = _averaged((later - earlier) / dt, 0, len(joints) - 1)
    effort = np.linalg.norm(change, axis=-1).mean(axis=0)
    return np.stack([horizontal, vertical, effort], axis=1).ravel()


def _averaged(values: Joints, first: int, count: int) -> Joints:
    """Means (count, ...) over REACH frames on either side, as many as there are."""
    total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    centre = np.arange(first, first + count)
    low = np.clip(centre - REACH, 0, len(values))
    high = np.clip(centre + REACH + 1, 0, len(values))
    return np.asarray((total[high] - total[low]) / (high - low)[:, None, None])


def geometric(joints: Joints) -> NDArray[np.float64]:
    """The 32 geometric features of (frames, 24, 3): shares of the frames in which each holds."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([f.mean() for f in _relations(_Body(joints))])


class _Body:
    """Joints by name, now and a frame before, and the relations between them, each (frames - 1,)
    bool.
    """

    def __init__(self, joints: Joints) -> None:
        self.joints = joints
        self.lowest = joints[1:, :, 1].min(axis=1)

    def now(self, name: str) -> NDArray[np.float64]:
        return np.asarray(self.joints[1:, _AT[name]])

    def moved(self, name: str) -> NDArray[np.float64]:
        return np.asarray(np.diff(self.joints[:, _AT[name]], axis=0))

    def _pace(self, which: str, base: str, way: NDArray[Any]) -> NDArray[Any]:
        velocity = (self.moved(which) - self.moved(base)) * GEOMETRIC_FPS
        return np.asarray(_dot(velocity, way) / np.linalg.norm(way, axis=-1))

    def along(self, a: str, b: str, which: str, faster: float) -> NDArray[np.bool_]:
        """`which` moves, as seen from a, in the direction from a to b."""
        return np.asarray(self._pace(which, a, self.now(b) - self.now(a)) > faster)

    def out_of_plane(self, a: str, b: str, c: str, which: str, faster: float) -> NDArray[np.bool_]:
        """`which` moves, as seen from a, out of the plane through a, b and c."""
        way = np.cross(self.now(c) - self.now(a), self.now(b) - self.now(a))
        return np.asarray(self._pace(which, a, way) > faster)

    def beyond(self, a: str, b: str, c: str, which: str, far: float) -> NDArray[np.bool_]:
        """`which` lies beyond the plane through a, b and c."""
        way = np.cross(self.now(c) - self.now(a), self.now(b) - self.now(a))
        return self._past(way, self.now(a), which, far)

    def ahead(self, a: str, b: str, base: str, which: str, far: float) -> NDArray[np.bool_]:
        """`which` lies further from `base` than `far` in the direction from a to b."""
        return self._past(self.now(b) - self.now(a), self.now(base), which, far)

    def _past(
        self, way: NDArray[Any], base: NDArray[Any], which: str, far: float
    ) -> NDArray[np.bool_]:
        depth = _dot(way, self.now(which) - base) / np.linalg.norm(way, axis=-1)
        return np.asarray(depth > far)

    def above_lowest(self, which: str) -> NDArray[np.float64]:
        """Metres that `which` is above the lowest joint."""
        return np.asarray(self.now(which)[:, 1] - self.lowest)

    def fast(self, which: str, faster: float) -> NDArray[np.bool_]:
        return np.asarray(np.linalg.norm(self.moved(which), axis=-1) * GEOMETRIC_FPS > faster)

    def angle(self, a: str, b: str, c: str, d: str, low: float, high: float) -> NDArray[np.bool_]:
        """The angle between a to b and c to d is between `low` and `high` degrees."""
        return _between(self.now(b) - self.now(a), self.now(d) - self.now(c), low, high)

    def upright(self, low: float, high: float) -> NDArray[np.bool_]:
        """The angle between neck to root and the vertical is between `low` and `high`."""
        way = self.now("root") - self.now("neck")
        return _between(way, np.broadcast_to([0.0, 1.0, 0.0], way.shape), low, high)


def _dot(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.einsum("ij,ij->i", a, b))


def _between(a: NDArray[Any], b: NDArray[Any], low: float, high: float) -> NDArray[np.bool_]:
    size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    degrees = np.degrees(np.arccos(_dot(a, b) / size))
    return np.asarray((degrees > low) & (degrees < high))


def _relations(b: _Body) -> list[NDArray[np.bool_]]:
    arm = UPPER_ARM
    return [
        b.out_of_plane("neck", "rhip", "lhip", "rwrist", 1.8 * arm),
        b.out_of_plane("neck", "lhip", "rhip", "lwrist", 1.8 * arm),
        b.ahead("chest", "neck", "neck", "rwrist", 0.2 * arm),
        b.ahead("chest", "neck", "neck", "lwrist", 0.2 * arm),
        b.along("belly", "chest", "chest", 1.8 * arm),
        b.along("belly", "chest", "chest", 1.8 * arm),
        b.angle("relbow", "rshoulder", "relbow", "rwrist", 0, 110),
        b.angle("lelbow", "lshoulder", "lelbow", "lwrist", 0, 110),
        b.ahead("lshoulder", "rshoulder", "lwrist", "rwrist", 2.5 * SHOULDERS),
        b.along("lwrist", "rwrist", "rwrist", 1.4 * arm),
        b.along("rwrist", "root", "lwrist", 1.4 * arm),
        b.along("lwrist", "root", "rwrist", 1.4 * arm),
        b.fast("rwrist", 2.5 * arm),
        b.fast("lwrist", 2.5 * arm),
        b.beyond("root", "lhip", "ltoes", "rankle", 0.38 * arm),
        b.beyond("root", "rhip", "rtoes", "lankle", 0.38 * arm),
        np.asarray(b.above_lowest("rankle") > 1.2 * arm),
        np.asarray(b.above_lowest("lankle") > 1.2 * arm),
        b.ahead("lhip", "rhip", "lankle", "rankle", 2.1 * HIPS),
        b.angle("rknee", "rhip", "rknee", "rankle", 0, 110),
        b.angle("lknee", "lhip", "lknee", "lankle", 0, 110),
        b.fast("rankle", 2.5 * arm),
        b.fast("lankle", 2.5 * arm),
        b.angle("neck", "root", "rshoulder", "relbow", 25, 180),
        b.angle("neck", "root", "lshoulder", "lelbow", 25, 180),
        b.angle("neck", "root", "rhip", "rknee", 50, 180),
        b.angle("neck", "root", "lhip", "lknee", 50, 180),
        b.beyond("rankle", "neck", "lankle", "root", 0.5 * arm),
        b.upright(70, 110),
        np.asarray(b.above_lowest("rwrist") < 1.2 * arm),
        np.asarray(b.above_lowest("lwrist") < 1.2 * arm),
        b.fast("root", 2.3 * arm),
    ]
