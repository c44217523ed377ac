"""What every convention of poses over OSC has in common, and checking what one says."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.live import PersonLost, PoseFrame
from oscbridge.errors import PoseError
from oscbridge.io.osc import Message

FARTHEST = 1e6
Heard = list[PoseFrame | PersonLost]


class PoseWire(Protocol):
    """One convention. `take` hands over what a message that came at `now` completed, which may be
    nothing yet. Raises PoseError.
    """

    NAME: ClassVar[str]
    PORT: ClassVar[int]

    def take(self, message: Message, now: float) -> Heard:
        """Frames and losses told by the message."""


def numbers(args: tuple[Any, ...], what: str) -> NDArray[np.float64]:
    """All arguments as finite numbers (n,); `what` names the message in errors."""
    for i, arg in enumerate(args):
        if type(arg) not in (int, float):
            raise PoseError(f"{what}: argument {i + 1} is {str(arg)[:40]!r}; expected a number")
        if not abs(arg) <= FARTHEST:
            raise PoseError(f"{what}: argument {i + 1} is {arg}; expected a finite number")
    return np.array(args, np.float64)


def frame(
    person: int, body: tuple[NDArray[np.float32], NDArray[np.float32]], time: float = math.nan
) -> PoseFrame:
    """A frame without a number of its own."""
    return PoseFrame(person, -1, time, *body)
