"""Poses as Wekinator's inputs are sent: one message of floats, and nothing else said."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.joints import completed, landmarks_of_coco17
from oscbridge.domain.lifting import lifted
from oscbridge.domain.pose import COUNT
from oscbridge.errors import PoseError
from oscbridge.io.osc import Message
from oscbridge.io.pose_wires.wire import Heard, frame, numbers

KEYPOINTS = 17
LAYOUTS = {
    COUNT * 3: (COUNT, "x y z"),
    COUNT * 4: (COUNT, "x y z visibility"),
    COUNT * 2: (COUNT, "x y"),
    KEYPOINTS * 3: (KEYPOINTS, "x y score"),
    KEYPOINTS * 2: (KEYPOINTS, "x y"),
}
"""How many floats -> of how many points (BlazePose's 33 or PoseNet's 17), and what each tells."""


class Wekinator:
    """`/wek/inputs` with one body, told apart by how many floats come; see LAYOUTS.

    x to the subject's left (the right of a picture that is not mirrored), y down, z to the back, in
    any unit. Points at exactly 0, 0 are missing, but for BlazePose's in space. Flat ones get their
    depth by `lifting`. z of 33 points counts as x and y do.
    """

    NAME: ClassVar[str] = "wekinator"
    PORT: ClassVar[int] = 6448
    ADDRESS: ClassVar[str] = "/wek/inputs"

    def take(self, message: Message, now: float) -> Heard:
        """The pose in a message. Raises PoseError."""
        if message.address != self.ADDRESS:
            raise PoseError(f"{message.address[:80]} is not known here; send {self.ADDRESS}")
        if len(message.args) not in LAYOUTS:
            expected = ", ".join(
                f"{count} ({points} x {told})" for count, (points, told) in LAYOUTS.items()
            )
            raise PoseError(f"{self.ADDRESS} with {len(message.args)} numbers; expected {expected}")
        count, told = LAYOUTS[len(message.args)]
        values = numbers(message.args, self.ADDRESS).reshape(count, -1)
        score = _score(values, told)
        width = 3 if " z" in told else 2
        if count == KEYPOINTS:
            body = landmarks_of_coco17(values[:, :width], score)
        else:
            deep = values[:, :3] if width == 3 else lifted(values, score > 0)
            body = completed(deep, score)
        return [frame(1, body)]


def _score(values: NDArray[np.float64], told: str) -> NDArray[np.float64]:
    """Confidence of each point (n,)."""
    word = told.rpartition(" ")[2]
    if word in ("visibility", "score"):
        score = values[:, -1]
        if score.min() < 0 or score.max() > 1:
            wrong = int(np.argmax((score < 0) | (score > 1)))
            raise PoseError(
                f"{Wekinator.ADDRESS}: {word} of point {wrong + 1} is {score[wrong]:g}; "
                f"{len(score)} points of {told} have it from 0 to 1"
            )
        return score
    if word == "z":
        return np.ones(len(values))
    return np.asarray((values != 0).any(axis=1), np.float64)
