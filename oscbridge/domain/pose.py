"""One pose: the 33 BlazePose landmarks, who mirrors whom, and which bones join them.

Axes as MediaPipe's world landmarks: metres, origin mid-hip, +x the subject's left, y down, -z
the front.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LANDMARKS = (
    "nose",
    "left_eye_inner", "left_eye", "left_eye_outer",
    "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear",
    "mouth_left", "mouth_right",
    "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow",
    "left_wrist", "right_wrist",
    "left_pinky", "right_pinky",
    "left_index", "right_index",
    "left_thumb", "right_thumb",
    "left_hip", "right_hip",
    "left_knee", "right_knee",
    "left_ankle", "right_ankle",
    "left_heel", "right_heel",
    "left_foot_index", "right_foot_index",
)  # fmt: skip
"""Names of the landmarks, in BlazePose's order."""

COUNT = len(LANDMARKS)
INDEX = {name: i for i, name in enumerate(LANDMARKS)}


def _mirrored(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


MIRROR = np.array([INDEX[_mirrored(name)] for name in LANDMARKS])
"""Index of the landmark on the other side of the body."""

BONES = tuple(
    (INDEX[a], INDEX[b])
    for a, b in (
        ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
        ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"),
        ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
        ("left_hip", "left_knee"), ("left_knee", "left_ankle"),
        ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
        ("left_ankle", "left_foot_index"), ("right_ankle", "right_foot_index"),
        ("left_heel", "left_foot_index"), ("right_heel", "right_foot_index"),
        ("left_wrist", "left_index"), ("right_wrist", "right_index"),
        ("left_ear", "right_ear"), ("nose", "left_ear"), ("nose", "right_ear"),
    )
)  # fmt: skip
"""Pairs of landmarks a figure is drawn with."""

SOLES = np.array(
    [INDEX[f"{side}_{end}"] for side in ("left", "right") for end in ("heel", "foot_index")]
)
"""Landmarks that touch the floor: left heel, left toe, right heel, right toe."""


def mirror(landmarks: NDArray[Any]) -> NDArray[Any]:
    """The same poses (..., 33, 3) with left and right exchanged."""
    flipped = landmarks[..., MIRROR, :].copy()
    flipped[..., 0] *= -1
    return np.asarray(flipped)


def middle(landmarks: NDArray[Any], name: str) -> NDArray[Any]:
    """The point (..., 3) half-way between the left and right landmark of that name (`hip`)."""
    left, right = (landmarks[..., INDEX[f"{side}_{name}"], :] for side in ("left", "right"))
    return np.asarray((left + right) / 2)


def facing(landmarks: NDArray[Any]) -> NDArray[np.float64]:
    """Yaw (...,) in radians by which the hips are turned from facing the front."""
    across = landmarks[..., INDEX["left_hip"], :] - landmarks[..., INDEX["right_hip"], :]
    return np.asarray(np.arctan2(across[..., 2], across[..., 0]), np.float64)


def turn(points: NDArray[Any], yaw: float) -> NDArray[Any]:
    """Points (..., 3) turned about the vertical so that `facing` grows by `yaw` radians."""
    c, s = np.cos(yaw), np.sin(yaw)
    rotation = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], points.dtype)
    return np.asarray(points @ rotation)


def to_front(poses: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """A window of poses (steps, 33, 3) turned as a whole so that it faces the front on average,
    and the yaw in radians that `turn` takes to undo it. What the pose VAEs see.
    """
    angles = facing(poses)
    yaw = float(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()))
    return turn(poses, -yaw), yaw
