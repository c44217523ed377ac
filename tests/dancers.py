"""Bodies that move in known ways, for the tests of poses, floors, beats and files."""

import numpy as np

from oscbridge.domain import figure, skeleton
from oscbridge.domain.dance import Dance
from oscbridge.domain.pose import INDEX
from oscbridge.domain.timeline import Timeline

LEFT, RIGHT = figure.SIDES


def walker(seconds=12.0, fps=60.0, bpm=120.0, stride=0.4):
    """A body that walks on the spot, hips still: each foot is set down every second beat, slides
    back under the hips for one beat and swings forward through the air in the next.
    """
    time = np.arange(int(seconds * fps)) / fps
    points = np.repeat(figure.rest()[None].astype(float), len(time), axis=0)
    for side in figure.SIDES:
        phase = (time * bpm / 60 + (0 if side is LEFT else 1)) % 2
        planted = phase < 1
        z = np.where(planted, phase - 0.5, 0.5 * np.cos(np.pi * (phase - 1))) * stride
        lift = np.where(planted, 0, np.sin(np.pi * (phase - 1)) * 0.12)
        foot = np.stack([0 * z, -0.03 - lift, z], axis=-1)
        for name in ("ankle", "heel", "foot_index"):
            points[:, side(name)] += foot
        knee = (points[:, side("hip")] + points[:, side("ankle")]) / 2
        points[:, side("knee")] = knee - np.array([0, 0, 0.1])
        swing = np.sin(np.pi * (time * bpm / 60 + (0 if side is RIGHT else 1)))
        points[:, side("elbow")] = points[:, side("shoulder")] + [side.sign * 0.05, 0.21, 0.03]
        hand = points[:, side("elbow")] + np.stack([0 * z, 0.12 + 0 * z, -0.15 - 0.05 * swing], -1)
        shift = hand - points[:, side("wrist")]
        for name in ("wrist", *figure.HAND):
            points[:, side(name)] += shift
    return skeleton.project(points), time


def dance(seconds=4.0, fps=30.0, bpm=120.0):
    """The walker as a dance that turns and takes a way through the room."""
    landmarks, time = walker(seconds, fps, bpm)
    yaw = 0.8 * np.sin(time)
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.stack([np.stack([c, 0 * c, s], -1), np.stack([0 * c, 0 * c + 1, 0 * c], -1),
                     np.stack([-s, 0 * c, c], -1)], -2)  # fmt: skip
    landmarks = (landmarks @ turn.transpose(0, 2, 1)).astype(np.float32)
    lowest = landmarks[:, [INDEX["left_heel"], INDEX["right_heel"]], 1].max(axis=1)
    root = np.stack([0.3 * np.sin(time), -lowest, 0.2 * time], -1).astype(np.float32)
    timeline = Timeline.steady(bpm)
    return Dance(landmarks, root, time, timeline.beats(time)), timeline
