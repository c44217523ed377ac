"""People who are seen live, and networks that their frames come through."""

import numpy as np
from dancers import walker

from oscbridge.domain import figure
from oscbridge.domain.live import PoseFrame

NOW = 500.0
SURE = np.ones(33, np.float32)
POSE = PoseFrame(1, 0, 0.0, figure.rest(), SURE)


def frames(seconds=6.0, fps=30.0, person=1, size=1.0, zero=0.0, noise=0.0, seed=0):
    """The walker as frames of a sender whose clock starts at `zero`, and when they were seen."""
    landmarks, time = walker(seconds, fps)
    rng = np.random.default_rng(seed)
    landmarks = landmarks * size + rng.normal(0, noise, landmarks.shape)
    made = [
        PoseFrame(person, i, zero + float(t), pose.astype(np.float32), SURE)
        for i, (t, pose) in enumerate(zip(time, landmarks, strict=True))
    ]
    return made, time


def through(track, made, came):
    """Hands frames over in the order in which they come; what was refused, by reason."""
    for i in np.argsort(came, kind="stable"):
        track.take(made[i], float(came[i]))
    return dict(track.dropped)
