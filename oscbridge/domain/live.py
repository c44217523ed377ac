"""What comes in live: a pose of somebody now, somebody who left, a note played now.

Times are seconds of the host's steady clock (`time.perf_counter`) unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.music import Part


@dataclass(frozen=True, slots=True)
class PoseFrame:
    """One pose of one person as a sender tells it.

    `person`: the sender's number for them. `seq`: the sender's frame number, -1 where it has none.
    `time`: the sender's seconds, from any zero, NaN where it tells none. `landmarks` (33, 3)
    float32: metres from mid-hip, +x the subject's left, y down, -z the front. `confidence` (33,)
    float32: 0 (not seen at all) to 1. `root` (3,) float32: mid-hip in the room, metres, the floor
    at y = 0 and y down; None where it is not known.
    """

    person: int
    seq: int
    time: float
    landmarks: NDArray[np.float32]
    confidence: NDArray[np.float32]
    root: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class PersonLost:
    """The sender says that somebody left."""

    person: int


@dataclass(frozen=True, slots=True)
class Played:
    """A note begun (`velocity` 1-127) or ended (0) at `time`; `source` names the port or client."""

    part: Part
    pitch: int
    velocity: int
    time: float
    source: str = ""
