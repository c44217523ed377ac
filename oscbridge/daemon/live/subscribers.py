"""Who is sent which stream, and at what rate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.daemon.clients import Client
from oscbridge.errors import JobError

MOST = 256
"""Subscriptions of all clients together."""
_LATE = 0.5
"""Frames by which a pose may be late before its place in time is given up."""


@dataclass(frozen=True)
class Pose:
    """Somebody's pose now: landmarks (33, 3) and root (3,) in metres."""

    person: int
    landmarks: NDArray[np.float32]
    root: NDArray[np.float32]


@dataclass(frozen=True)
class Subscription:
    """Of a stream; `fps` and `person` (0: all) are for poses."""

    fps: float = 0.0
    person: int = 0


class Subscribers:
    """`poses(now)` gives everybody's pose and the position in beats."""

    def __init__(self, poses: Callable[[float], tuple[float, Iterable[Pose]]]) -> None:
        self._poses = poses
        self._of: dict[tuple[Client, str], Subscription] = {}
        self._senders: dict[float, asyncio.Task[None]] = {}
        self._seq: dict[int, int] = {}
        self._started = perf_counter()

    def __len__(self) -> int:
        return len(self._of)

    def set(self, client: Client, stream: str, subscription: Subscription) -> None:
        """Send a stream to a client from now on. Raises JobError."""
        if len(self._of) >= MOST and (client, stream) not in self._of:
            raise JobError("busy", f"{MOST} streams are sent already; end one first")
        self._of[client, stream] = subscription
        if stream == "pose" and subscription.fps not in self._senders:
            sender = asyncio.get_running_loop().create_task(self._send_poses(subscription.fps))
            self._senders[subscription.fps] = sender

    def end(self, client: Client, stream: str) -> None:
        """Send it no more."""
        self._of.pop((client, stream), None)

    def forget(self, client: Client) -> None:
        """The client is gone."""
        for key in [key for key in self._of if key[0] is client]:
            del self._of[key]

    def tell(self, stream: str, address: str, *args: Any, also: Client | None = None) -> None:
        """Send a message to all who have subscribed to that stream, and to one who need not."""
        to = {client for client, name in self._of if name == stream}
        for client in to | {also} if also else to:
            client.answer(address, *args)

    def wanted(self, stream: str) -> bool:
        """Whether anybody has subscribed to it."""
        return any(name == stream for _, name in self._of)

    async def _send_poses(self, fps: float) -> None:
        """Until nobody wants poses at this rate any more."""
        due = perf_counter()
        while to := self._at(fps):
            now = perf_counter()
            self._send(to, now)
            due += 1 / fps
            if perf_counter() - due > _LATE / fps:
                due = perf_counter()
            await asyncio.sleep(max(0.0, due - perf_counter()))
        del self._senders[fps]

    def _at(self, fps: float) -> list[tuple[Client, Subscription]]:
        return [
            (client, s) for (client, name), s in self._of.items() if name == "pose" and s.fps == fps
        ]

    def _send(self, to: list[tuple[Client, Subscription]], now: float) -> None:
        beat, poses = self._poses(now)
        for pose in poses:
            self._seq[pose.person] = seq = self._seq.get(pose.person, -1) + 1
            atoms = np.concatenate([pose.root, pose.landmarks.ravel()])
            for client, subscription in to:
                if subscription.person in (0, pose.person) and not client.congested:
                    client.answer(
                        "out/pose", pose.person, seq, now - self._started, float(beat), atoms
                    )

    async def close(self) -> None:
        """Send nothing any more."""
        self._of.clear()
        for sender in tuple(self._senders.values()):
            sender.cancel()
