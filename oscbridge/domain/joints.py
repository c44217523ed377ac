"""Landmarks from fewer joints than 33: what a skeleton of 15 or 17 joints leaves out is put where
it would be on the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.body_tree import (
    HEADS,
    LEVELS,
    PARENT,
    RELAXED,
    Points,
    axes,
    hung,
    sizes,
    with_joints,
)
from oscbridge.domain.figure import DOWN, TORSO
from oscbridge.domain.lifting import lifted
from oscbridge.domain.pose import COUNT, INDEX
from oscbridge.domain.skeleton import project

SYNTHETIC = 0.5
"""Confidence of a landmark that was not told but follows from its neighbours: just believed."""
COCO = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""The 17 keypoints of COCO and PoseNet, in their order."""
_COCO = np.array([INDEX[name] for name in COCO])
_HIPS, _SHOULDERS = LEVELS[0].reshape(2, 2).T
_ENDS = [*LEVELS[3], *HEADS]
Body = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Landmarks (33, 3) from mid-hip and their confidence (33,)"""


def landmarks_of_joints(
    joints: Mapping[str, Sequence[float]], confidence: Mapping[str, float] | None = None
) -> Body:
    """Joints by the names of landmarks: x to the subject's left, y down, z to the back, any unit.

    `head` stands for both ears. What is not among them is synthetic: hands go on with forearms,
    feet with the pelvis, the face with the head; an elbow or knee hangs at ease, with confidence 0.
    """
    points, trust = np.zeros((COUNT, 3)), np.zeros(COUNT)
    for name, place in joints.items():
        at = [INDEX["left_ear"], INDEX["right_ear"]] if name == "head" else [INDEX[name]]
        points[at] = place
        trust[at] = 1.0 if confidence is None else confidence[name]
    return completed(points, trust)


def landmarks_of_coco17(keypoints: NDArray[np.float64], score: NDArray[np.float64]) -> Body:
    """The 17 keypoints (17, 2 or 3) of COCO, y down, in any unit; those of score 0 are not there.

    Flat ones (17, 2) are given depth by `lifted`.
    """
    points, trust = np.zeros((COUNT, keypoints.shape[1])), np.zeros(COUNT)
    points[_COCO], trust[_COCO] = keypoints, score
    if points.shape[1] == 2:
        points = lifted(points, trust > 0)
    return completed(points, trust)


def completed(points: Points, confidence: NDArray[np.float64]) -> Body:
    """Landmarks (33, 3) with those of confidence 0 put where the figure has them."""
    known = confidence > 0
    legs, others = sizes(points, known)
    size = legs if legs > 0 else others if others > 0 else 1.0
    points = _centred(points, known, size)
    if known.all():
        return points.astype(np.float32), confidence.astype(np.float32)
    there = known.astype(np.float64)
    draft = np.zeros((COUNT, 3))
    draft[HEADS] = RELAXED[HEADS] @ axes(points, known, np.eye(3)).T
    shown = with_joints(project(hung(points / size, there, draft)[None])[0].astype(np.float64))
    points = hung(points, there, size * (shown[:COUNT] - shown[PARENT]))
    trust = np.where(known, confidence, 0.0)
    held = np.concatenate([known, [True, known[_SHOULDERS].all()]])
    for i in _ENDS:
        if not known[i] and held[PARENT[i]]:
            trust[i] = SYNTHETIC
    return points.astype(np.float32), trust.astype(np.float32)


def _centred(points: Points, known: NDArray[np.bool_], size: float) -> Points:
    """Landmarks from mid-hip, or from where it would be below the shoulders."""
    if known[_HIPS].all():
        return np.asarray(points - points[_HIPS].mean(axis=0))
    if known[_SHOULDERS].all():
        return np.asarray(points - points[_SHOULDERS].mean(axis=0) - size * TORSO * DOWN)
    return np.asarray(points - points[known].mean(axis=0)) if known.any() else points
