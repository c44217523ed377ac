"""Poses that go out to what is no client: VMC receivers and .bvh files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from oscbridge.daemon.live.stage import Stage
from oscbridge.daemon.live.subscribers import Pose
from oscbridge.errors import FileError
from oscbridge.io.bvh_recorder import BvhRecorder
from oscbridge.io.osc_udp import UdpEndpoint
from oscbridge.io.vmc_out import VmcSender

Who = Callable[[float], Pose | None]
"""Somebody's pose at a moment, None while they are not here."""


class PoseOut(Protocol):
    """Where poses go."""

    name: str

    def pose(self, landmarks: NDArray[np.float32], root: NDArray[np.float32], time: float) -> None:
        """A pose (33, 3) and (3,) at `time`. Raises FileError."""

    def lost(self, time: float) -> None:
        """Nobody is there."""

    async def close(self) -> None:
        """The end."""


class VmcOut:
    """A VMC receiver."""

    def __init__(self, sender: VmcSender, endpoint: UdpEndpoint, name: str) -> None:
        self._sender, self._endpoint, self.name = sender, endpoint, name
        self.pose, self.lost = sender.pose, sender.lost

    @classmethod
    async def open(cls, host: str, port: int) -> VmcOut:
        """With a socket of its own. Raises OSError."""
        endpoint = await UdpEndpoint.open("0.0.0.0", 0, lambda packet, source: None)  # noqa: S104
        return cls(VmcSender(endpoint.send, host, port), endpoint, f"vmc {host}:{port}")

    async def close(self) -> None:
        """Send no more."""
        self._endpoint.close()


class BvhOut:
    """A .bvh file for each time somebody is there."""

    def __init__(self, folder: Path, who: str, fps: float) -> None:
        self._folder, self._who, self._fps = folder, who, fps
        self._recorder: BvhRecorder | None = None
        self.name = f"bvh {folder}"

    def pose(self, landmarks: NDArray[np.float32], root: NDArray[np.float32], time: float) -> None:
        """Write it. Raises FileError."""
        if self._recorder is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._recorder = BvhRecorder(self._folder / f"{self._who}.bvh", self._fps)
        self._recorder.add(landmarks, root, time)

    def lost(self, time: float) -> None:
        """The file is whole."""
        if self._recorder:
            recorder, self._recorder = self._recorder, None
            asyncio.get_running_loop().run_in_executor(None, _closed, recorder)

    async def close(self) -> None:
        """Likewise, and wait for it."""
        if self._recorder:
            await asyncio.to_thread(_closed, self._recorder)


def _closed(recorder: BvhRecorder) -> None:
    with suppress(FileError):
        recorder.close()


async def send(stage: Stage, out: PoseOut, who: Who, fps: float) -> None:
    """For ever: somebody's pose, so many times a second."""
    due, there = perf_counter(), False
    while True:
        now = perf_counter()
        pose = who(now)
        try:
            if pose is not None:
                out.pose(pose.landmarks, pose.root, now)
            elif there:
                out.lost(now)
            stage.troubles.set(out.name, "")
        except (FileError, OSError) as error:
            stage.troubles.set(out.name, str(error))
        there = pose is not None
        due = max(due + 1 / fps, now)
        await asyncio.sleep(due - perf_counter())
