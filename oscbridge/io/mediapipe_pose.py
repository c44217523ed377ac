"""The pose in a picture, by the model that MediaPipe brings along."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import COUNT
from oscbridge.io.camera import INSTALL, CameraError

COMPLEXITY = 1
"""The middle one of MediaPipe's three models, the one its packages hold."""


class Found(NamedTuple):
    """`landmarks` (33, 3) float32 as in `domain.pose`, and how well each is seen (33,), 0 to 1."""

    landmarks: NDArray[np.float32]
    confidence: NDArray[np.float32]


class PoseFinder:
    """Finds one person in pictures that follow each other. Use as a context manager.

    Raises CameraError where MediaPipe is not installed or holds no model.
    """

    def __init__(self) -> None:
        try:
            from mediapipe import solutions
        except ImportError as error:
            raise CameraError(f"finding poses needs MediaPipe ({error}): {INSTALL}") from error
        self._pose = solutions.pose.Pose(model_complexity=COMPLEXITY)

    def __enter__(self) -> PoseFinder:
        return self

    def __exit__(self, *error: object) -> None:
        self._pose.close()

    def find(self, pixels: NDArray[np.uint8]) -> Found | None:
        """The person in an RGB picture (height, width, 3); None where nobody is found."""
        told: Any = self._pose.process(pixels).pose_world_landmarks
        if told is None:
            return None
        flat = [(p.x, p.y, p.z, p.visibility) for p in told.landmark]
        values = np.array(flat, np.float32).reshape(COUNT, 4)
        return Found(values[:, :3].copy(), np.clip(values[:, 3], 0.0, 1.0))
