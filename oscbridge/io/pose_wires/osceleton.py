"""OSCeleton: the skeletons that OpenNI and NITE see through a Kinect (github.com/Sensebloom).

By default x = (1280 - X) / 2560, y = (960 - Y) / 1920 and z = Z / 1280, where X, Y up and Z away
from the camera are millimetres; `-xr` sends the millimetres themselves. A joint that is not seen
is not sent. All joints of one user at one time come in one bundle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from oscbridge.domain.joints import landmarks_of_joints
from oscbridge.domain.live import PersonLost
from oscbridge.errors import PoseError
from oscbridge.io.osc import Message
from oscbridge.io.pose_wires.wire import Heard, frame, numbers

JOINTS = {
    f"{letter}_{joint}": f"{side}_{landmark}"
    for letter, side in (("l", "left"), ("r", "right"))
    for joint, landmark in {
        "shoulder": "shoulder", "elbow": "elbow", "hand": "wrist",
        "hip": "hip", "knee": "knee", "ankle": "ankle", "foot": "foot_index",
    }.items()
} | {"head": "head"}  # fmt: skip
"""OSCeleton's joint -> landmark. NITE tracks no wrist: its hand stands for it. Where it sends no
ankle (it seldom does), its foot stands for that."""
UNUSED = {"neck", "torso", "waist"} | {
    f"{letter}_{joint}" for letter in "lr" for joint in ("collar", "wrist", "finger", "fingertip")
}
"""Joints that are sent but tell nothing more, or are none of NITE's."""
RAW = 20.0
"""A z beyond this is in millimetres: OSCeleton's own scale ends at 7.8."""
SET = 0.012
"""Seconds within which the joints of one set come."""
MISSED = 15
"""Sets without the joint that ended them so far, after which another does."""
MOST_USERS = 16
FACING = 30
"""Sets after which it is settled which way x runs."""


@dataclass(slots=True)
class _User:
    begun: float = 0.0
    closing: str = ""
    missed: int = 0
    latest: str = ""
    joints: dict[str, tuple[float, float, float]] = field(default_factory=dict)


class Osceleton:
    """`/joint name user x y z` (or `/joint/name/user x y z`, option -q), `/lost_user user`.

    NITE takes everybody to face the camera, mirrored or not, so x is turned to run from right to
    left shoulder. Hands, heels and the face are synthetic (`landmarks_of_joints`).
    """

    NAME: ClassVar[str] = "osceleton"
    PORT: ClassVar[int] = 7110

    def __init__(self) -> None:
        self._users: dict[int, _User] = {}
        self._facing = 0

    def take(self, message: Message, now: float) -> Heard:
        """The frames a message completed. Raises PoseError."""
        word, *rest = message.address.removeprefix("/").split("/")
        if word == "joint":
            return self._joint(*_named(rest, message), now)
        if word in ("new_user", "new_skel", "lost_user"):
            user = _user(message.args[0] if len(message.args) == 1 else None, f"/{word}")
            self._users.pop(user, None)
            return [PersonLost(user)] if word == "lost_user" else []
        if word in ("orient", "user"):
            return []
        raise PoseError(f"{message.address[:80]} is none of OSCeleton's; expected /joint")

    def _joint(
        self, name: str, number: int, place: tuple[float, float, float], now: float
    ) -> Heard:
        if number not in self._users and len(self._users) >= MOST_USERS:
            raise PoseError(f"/joint: user {number} on top of {MOST_USERS}; send /lost_user")
        user = self._users.setdefault(number, _User())
        heard: Heard = []
        if user.joints and (name in user.joints or now - user.begun > SET):
            user.missed += 1
            if not user.closing or user.missed > MISSED:
                user.closing, user.missed = user.latest, 0
            heard = self._whole(number, user)
        if not user.joints:
            user.begun = now
        user.joints[name], user.latest = place, name
        if name == user.closing:
            user.missed = 0
            heard += self._whole(number, user)
        return heard

    def _whole(self, number: int, user: _User) -> Heard:
        """The frame of a set that has ended; none where it has too little of a body."""
        told = {JOINTS[name]: place for name, place in user.joints.items() if name in JOINTS}
        user.joints = {}
        if not {"left_shoulder", "right_shoulder"} <= set(told):
            return []
        across = told["left_shoulder"][0] - told["right_shoulder"][0]
        if abs(self._facing) < FACING:
            self._facing += 1 if across > 0 else -1
        side = 1.0 if self._facing >= 0 else -1.0
        for name in ("left", "right"):
            if f"{name}_ankle" not in told and (foot := told.pop(f"{name}_foot_index", None)):
                told[f"{name}_ankle"] = foot
        body = landmarks_of_joints({name: (side * x, y, z) for name, (x, y, z) in told.items()})
        return [frame(number, body, user.begun)]


def _named(rest: list[str], message: Message) -> tuple[str, int, tuple[float, float, float]]:
    """Name, user and place in metres of a joint, y down and z away from the camera."""
    args = message.args
    if len(rest) == 2:  # Quartz Composer's form
        args = (
            rest[0],
            int(rest[1]) if rest[1].isdecimal() and len(rest[1]) < 10 else rest[1],
            *args,
        )
    if len(args) == 3 and isinstance(args[0], str):
        raise PoseError("/joint with a name and x, y only: start OSCeleton without -k")
    if len(args) != 5 or not isinstance(args[0], str):
        raise PoseError(f"/joint with {len(args)} arguments; expected name, user, x, y, z")
    name = args[0]
    if name not in JOINTS and name not in UNUSED:
        raise PoseError(f"/joint: {name[:40]!r} is no joint; expected head, l_hand, r_knee ...")
    x, y, z = numbers(args[2:], f"/joint {name}").tolist()
    user = _user(args[1], "/joint")
    if abs(z) > RAW:
        return name, user, (x / 1000, -y / 1000, z / 1000)
    return name, user, (-2.56 * x, 1.92 * y, 1.28 * z)


def _user(told: object, what: str) -> int:
    if type(told) is float and math.isfinite(told) and told == int(told):
        told = int(told)
    if type(told) is not int:
        raise PoseError(f"{what}: {str(told)[:40]!r} is no user's number; expected an integer")
    return told
