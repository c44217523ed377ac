"""Poses of the figure as Virtual Motion Capture packets, for Unity, Unreal, VSeeFace, Warudo.

Protocol: https://protocol.vmc.info/marionette-spec (2.7). The root is on the floor under the hips
and does not turn; the hips' height is that of the bone Hips. No blend shapes are sent: the
figure has no face, and another program may be moving the avatar's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from oscbridge.domain.rig_live import LiveRig
from oscbridge.io.osc import build, bundle
from oscbridge.io.osc_udp import Address
from oscbridge.io.vmc_bones import BONES, OFFSETS, PARENTS

PORT = 39539
"""Where programs that show an avatar (marionettes) listen."""
BONES_A_BUNDLE = 11
"""Half of the bones: a bundle stays under 1,400 bytes beside root, OK and T."""
_LOADED, _CALIBRATED, _NORMAL = 1, 3, 0

Send = Callable[[bytes, Address], None]


class VmcSender:
    """Sends one dancer to one marionette, by `send` (as `UdpEndpoint.send`: one socket for all)."""

    def __init__(self, send: Send, host: str = "127.0.0.1", port: int = PORT) -> None:
        self._send = send
        self._to = (host, port)
        self._rig = LiveRig()
        self._start: float | None = None
        self._quaternions = np.tile([0.0, 0.0, 0.0, 1.0], (len(BONES), 1))

    def pose(self, landmarks: NDArray[Any], root: NDArray[Any], time: float) -> None:
        """Send a pose; arguments as of `packets`."""
        for packet in self.packets(landmarks, root, time):
            self._send(packet, self._to)

    def lost(self, time: float) -> None:
        """Say that nobody dances at present; the avatar stays as it is."""
        self._send(bundle(self._state(time, tracked=False)), self._to)

    def packets(self, landmarks: NDArray[Any], root: NDArray[Any], time: float) -> list[bytes]:
        """The bundles of a pose of the figure (33, 3) with its mid-hip in the room `root` (3,),
        both in metres and the axes of `pose`, at `time` in seconds of any steady clock: root, all
        bones, OK and T, in packets of at most 1,400 bytes.
        """
        x, y, z = (-np.asarray(root, np.float64)).tolist()
        places = OFFSETS.copy()
        places[0] = (0.0, y, 0.0)
        values = np.concatenate([places, self._local(landmarks)], axis=1).astype(">f4")
        bones = [head + row.tobytes() for head, row in zip(_BONE_HEADS, values, strict=True)]
        ground = _ROOT_HEAD + struct.pack(">7f", x, 0.0, z, 0.0, 0.0, 0.0, 1.0)
        return [
            bundle([ground, *bones[:BONES_A_BUNDLE]]),
            bundle([*bones[BONES_A_BUNDLE:], *self._state(time, tracked=True)]),
        ]

    def _local(self, landmarks: NDArray[Any]) -> NDArray[np.float64]:
        """Quaternions (bones, 4), x y z w, of the bones in their parents; each has the sign that is
        nearer to the pose before, for receivers that interpolate.
        """
        joints = self._rig.turned(np.asarray(landmarks)[None])
        turned = np.concatenate([joints[bone.turned] for bone in BONES])
        above = np.where((PARENTS < 0)[:, None, None], np.eye(3), turned[PARENTS])
        found = Rotation.from_matrix(above.transpose(0, 2, 1) @ turned).as_quat()
        found[np.einsum("bi,bi->b", found, self._quaternions) < 0] *= -1
        self._quaternions = found
        return found

    def _state(self, time: float, *, tracked: bool) -> list[bytes]:
        if self._start is None:
            self._start = time
        return [
            build("/VMC/Ext/OK", _LOADED, _CALIBRATED, _NORMAL, int(tracked)),
            build("/VMC/Ext/T", float(time - self._start)),
        ]


_FLOATS = 7
"""Position x y z and quaternion x y z w."""


def _head(address: str, name: str) -> bytes:
    """A message of a name and seven floats, without these."""
    return build(address, name, *[0.0] * _FLOATS)[: -4 * _FLOATS]


_ROOT_HEAD = _head("/VMC/Ext/Root/Pos", "root")
_BONE_HEADS = [_head("/VMC/Ext/Bone/Pos", bone.name) for bone in BONES]
