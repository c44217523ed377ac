"""Virtual Motion Capture packets as poses: what VMC, VSeeFace, Waidayo, SlimeVR and others send.

Protocol: https://protocol.vmc.info/marionette-spec (2.7). A frame is over where OK or T comes, or
a bone that it has already: senders differ in what they send first. A bone that was lost on the way
stays as it was.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.live import PersonLost, PoseFrame
from oscbridge.errors import PoseError
from oscbridge.io.osc import Message
from oscbridge.io.vmc_bones import NAMES
from oscbridge.io.vmc_skeleton import Heard, Skeleton, confidence

FARTHEST = 1000.0
"""Metres beyond which nothing is."""
FINEST = 16384.0
"""Seconds of T from which on a float32 no longer tells two milliseconds apart."""
_BONE, _ROOT = "/VMC/Ext/Bone/Pos", "/VMC/Ext/Root/Pos"
_OK, _TIME = "/VMC/Ext/OK", "/VMC/Ext/T"
_INDEX = {name: i for i, name in enumerate(NAMES)}


class VmcReceiver:
    """Follows one sender; VMC knows no persons, so it is always person 0.

    `PORT`: what VMC calls a performer, which sends avatars their motion as oscbridge does, receives
    there. 39539 is left to the avatars' programs on the same machine.
    """

    NAME: ClassVar[str] = "vmc"
    PORT: ClassVar[int] = 39540

    def __init__(self) -> None:
        self._heard = Heard()
        self._fresh: set[int] = set()
        self._time = math.nan
        self._there = True

    def take(self, message: Message, now: float) -> list[PoseFrame | PersonLost]:
        """The frame that a message ended, if any; addresses that say nothing of bones are passed
        over, and so are arguments on top of those known. Raises PoseError where one is wrong.
        """
        if message.address == _BONE:
            return self._bone(message)
        if message.address == _ROOT:
            _, self._heard.ground = _placed(message)
        elif message.address == _TIME:
            (time,) = _numbers(message, 0, 1)
            self._time = time if abs(time) < FINEST else math.nan
            return self._frame()
        elif message.address == _OK:
            return self._state(message)
        return []

    def _bone(self, message: Message) -> list[PoseFrame | PersonLost]:
        name, transform = _placed(message)
        bone = _INDEX.get(name)
        if bone is None or not self._there:
            return []
        ended = self._frame() if bone in self._fresh else []
        self._fresh.add(bone)
        self._heard.bones[bone] = transform
        return ended

    def _state(self, message: Message) -> list[PoseFrame | PersonLost]:
        """OK: loaded, calibration state, calibration mode, tracking; all but the first optional."""
        loaded = _flag(message, 0)
        tracked = len(message.args) < 4 or _flag(message, 3)
        ended = self._frame()
        if loaded and tracked:
            self._there = True
        elif self._there:
            self._there, self._heard = False, Heard()
            ended.append(PersonLost(0))
        return ended

    def _frame(self) -> list[PoseFrame | PersonLost]:
        if not self._fresh:
            return []
        self._fresh.clear()
        landmarks, root = Skeleton(self._heard).landmarks()
        return [PoseFrame(0, -1, self._time, landmarks, confidence(self._heard), root)]


def _placed(message: Message) -> tuple[str, NDArray[np.float64]]:
    """Name, and position and quaternion (7,) of unit length, of a bone or the root."""
    name = message.args[0] if message.args else None
    if not isinstance(name, str):
        raise PoseError(f"{message.address}: its name is {name!r:.40}; expected a string")
    values = np.array(_numbers(message, 1, 7))
    if np.abs(values[:3]).max() > FARTHEST:
        raise PoseError(f"{message.address} {name:.40}: over {FARTHEST:g} m away; expected metres")
    size = float(np.linalg.norm(values[3:]))
    if not 0.5 < size < 2:
        raise PoseError(
            f"{message.address} {name:.40}: a quaternion of length {size:.3g}; expected 1"
        )
    values[3:] /= size
    return name, values


def _numbers(message: Message, first: int, count: int) -> list[float]:
    """`count` finite numbers from argument `first` on."""
    found = message.args[first : first + count]
    if len(found) < count:
        raise PoseError(
            f"{message.address} has {len(message.args)} arguments; expected {first + count}"
        )
    for i, value in enumerate(found, first + 1):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PoseError(f"{message.address}: argument {i} is {value!r:.40}; expected a float")
        if not math.isfinite(value):
            raise PoseError(f"{message.address}: argument {i} is {value}; expected a finite number")
    return [float(value) for value in found]


def _flag(message: Message, at: int) -> bool:
    value = message.args[at] if len(message.args) > at else None
    if not isinstance(value, bool | int | float):
        raise PoseError(f"{message.address}: argument {at + 1} is {value!r:.40}; expected 0 or 1")
    return bool(value)
