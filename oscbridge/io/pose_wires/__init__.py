"""Other programs' ways of sending poses over OSC, one file a convention."""

from __future__ import annotations

from oscbridge.io.pose_wires.osceleton import Osceleton
from oscbridge.io.pose_wires.poseosc import PoseOsc
from oscbridge.io.pose_wires.wekinator import Wekinator
from oscbridge.io.pose_wires.wire import PoseWire
from oscbridge.io.vmc_in import VmcReceiver

_ALL: tuple[type[PoseWire], ...] = (Osceleton, PoseOsc, VmcReceiver, Wekinator)
WIRES: dict[str, type[PoseWire]] = {wire.NAME: wire for wire in _ALL}
"""Name -> convention; each sender needs an instance of its own."""
