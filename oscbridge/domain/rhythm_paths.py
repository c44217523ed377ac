"""The two explicit ways rhythm takes past the latents, which do not keep timing: a dance is retimed
to the accents of its music, and music is told where a dance slows down and turns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, percentile_filter

from oscbridge.domain.pianoroll import DRUM_MAP
from oscbridge.domain.rhythm import (
    ACCENTED,
    BASS_WEIGHT,
    LANE_WEIGHTS,
    Floats,
    motion_speed,
    standardised,
)
from oscbridge.domain.score_channels import OUT_BASS, OUT_DRUMS
from oscbridge.domain.timeline import WINDOW

REACH = 1.5
"""Steps by which a moment of a dance may come earlier or later than it was danced."""
SLOPES = (0.5, 1.0, 1.5, 2.0)
"""Paces the dance may be played at: frames of it that pass in a frame of the music."""
NODE = 2
"""Frames between two decisions on the pace."""
EASE = 0.35
"""What playing at half or double pace costs against the gain of an accent met."""
ALPHA = 6.0
"""What a motion beat one standard deviation strong adds to the logit of a full accent. The `studio`
music VAE is sure of its hits, so this must be a few times more than what decides a doubtful one."""


def retiming(speed: NDArray[Any], accents: NDArray[Any], frames_per_step: int,
             strength: float = 1.0) -> Floats:  # fmt: skip
    """Where in a dance of `speed` (frames,) each frame is to be looked up (frames,), in frames, so
    that it slows down and turns on the `accents` (steps,) of the music.

    Rises from frame to frame by 1/2 to 2 frames, never more than REACH steps from where the frame
    was; the first and the last frame stay in place. The best of all such ways, by dynamic
    programming over the whole of it; so windows of a song need no joining. `strength` 0 changes
    nothing, 1 all; above a half or so most accents that can be met are.
    """
    frames = len(speed)
    still = np.arange(frames, dtype=np.float64)
    if strength <= 0 or frames < 4 * NODE or not len(accents):
        return still
    wanted = _wanted(np.asarray(accents, float), frames, frames_per_step)
    offset = _best_offsets(
        wanted, _rest(np.asarray(speed, float), frames_per_step), frames_per_step
    )
    nodes = np.minimum(np.arange(len(offset)) * NODE, frames - 1)
    smooth = gaussian_filter1d(np.interp(still, nodes, offset), NODE / 2, mode="nearest")
    smooth -= np.interp(still, (0, frames - 1), smooth[[0, -1]])
    return np.asarray(np.clip(still + strength * smooth, 0, frames - 1))


def _wanted(accents: Floats, frames: int, frames_per_step: int) -> Floats:
    """How much each frame should be a motion beat (frames,), about -0.3 to 1."""
    floor = percentile_filter(accents, 100 * ACCENTED, min(WINDOW, len(accents)), mode="nearest")
    peak = maximum_filter1d(accents, min(WINDOW, len(accents)), mode="nearest")
    strong = (accents >= floor - 1e-9) & (accents > 1e-9)
    weight = np.where(strong, 0.5 + 0.5 * accents / np.maximum(peak, 1e-9), 0.0)
    impulses = np.zeros(frames)
    at = np.flatnonzero(strong) * frames_per_step
    at = at[at < frames]
    impulses[at] = weight[at // frames_per_step]
    width = 0.3 * frames_per_step
    spread = gaussian_filter1d(impulses, width, mode="constant") * width * np.sqrt(2 * np.pi)
    return np.asarray(spread - gaussian_filter1d(spread, 2.0 * frames_per_step, mode="nearest"))


def _rest(speed: Floats, frames_per_step: int) -> Floats:
    """How much slower (log) a dance is at each frame (frames,) than around it, -1.5 to 1.5."""
    pace = np.log(speed + 0.05 * speed.mean() + 1e-9)
    around = gaussian_filter1d(pace, 4.0 * frames_per_step, mode="nearest")
    return np.asarray(np.clip(around - pace, -1.5, 1.5))


def _best_offsets(wanted: Floats, rest: Floats, frames_per_step: int) -> Floats:
    """Offsets (nodes,), in frames, of the way that gathers the most; 0 at both ends."""
    reach = round(REACH * frames_per_step)
    moves = np.rint((np.array(SLOPES) - 1) * NODE).astype(np.intp)
    cost = EASE * np.log2(np.array(SLOPES)) ** 2 / NODE
    slower = -np.log(np.array(SLOPES))  # playing at half pace halves the speed that is seen
    offsets = np.arange(-reach, reach + 1)
    nodes = (len(rest) - 1) // NODE + 1
    frame = np.arange(nodes) * NODE
    seen = np.clip(frame[:, None] + offsets, 0, len(rest) - 1)
    gain = wanted[frame][:, None] * rest[seen]  # (nodes, offsets)
    paid = wanted[frame][:, None] * slower - cost  # (nodes, slopes)
    came = np.arange(len(offsets))[:, None] - moves  # (offsets, slopes) index of the offset before
    beyond = np.where((came < 0) | (came >= len(offsets)), -np.inf, 0.0)
    came = np.clip(came, 0, len(offsets) - 1)
    total = np.where(offsets == 0, 0.0, -np.inf)
    chosen = np.empty((nodes, len(offsets)), np.int8)
    rows = np.arange(len(offsets))
    for node in range(1, nodes):
        ways = total[came] + beyond + paid[node]
        chosen[node] = best = ways.argmax(axis=1)
        total = ways[rows, best] + gain[node]
    at = reach
    result = np.zeros(nodes, np.intp)
    for node in range(nodes - 1, 0, -1):
        result[node] = offsets[at]
        at = came[at, chosen[node, at]]
    return result.astype(np.float64)


def at_frames(values: NDArray[Any], where: NDArray[Any]) -> NDArray[np.float32]:
    """Frames (frames, ...) looked up between frames at `where` (n,), smoothly (Catmull-Rom)."""
    last = len(values) - 1
    first = np.clip(np.floor(where).astype(np.intp), 0, max(last - 1, 0))
    t = (np.asarray(where) - first).astype(np.float32)
    weights = (
        t * (-0.5 + t * (1 - 0.5 * t)),
        1 + t * t * (-2.5 + 1.5 * t),
        t * (0.5 + t * (2 - 1.5 * t)),
        t * t * (-0.5 + 0.5 * t),
    )
    flat = np.asarray(values, np.float32).reshape(len(values), -1)
    found = np.zeros((len(where), flat.shape[1]), np.float32)
    for shift, weight in zip((-1, 0, 1, 2), weights, strict=True):
        found += weight[:, None] * flat[np.clip(first + shift, 0, last)]
    return found.reshape(len(where), *values.shape[1:])


def retimed(frames: NDArray[Any], accents: NDArray[Any], frames_per_step: int,
            strength: float = 1.0) -> NDArray[np.float32]:  # fmt: skip
    """A dance (frames, 33, 3) of one window or of a whole song, retimed to the accents (steps,).

    Bones are a little off between frames: project it anew. A root is to be looked up by the same
    `retiming` with `at_frames`.
    """
    where = retiming(motion_speed(frames, frames_per_step), accents, frames_per_step, strength)
    return at_frames(frames, where)


class RhythmLogits(NamedTuple):
    """What is added to the logits of hits (steps, 12) and of the bass' onsets (steps,)."""

    drums: Floats
    bass: Floats


def rhythm_logits(envelope: NDArray[Any], strength: float = 1.0) -> RhythmLogits:
    """What a motion-beat envelope (..., steps) adds to the logits of drums and bass."""
    push = ALPHA * strength * standardised(np.asarray(envelope, float))
    return RhythmLogits(push[..., None] * LANE_WEIGHTS, push * BASS_WEIGHT)


def pushed(logits: NDArray[Any], push: RhythmLogits) -> NDArray[np.float32]:
    """Logits (..., steps, G) of music with the push on hits and on the bass' onsets.

    Only drums that a window would play anyway are pushed, and the kick: else all of them would
    fall on the strong beats at once, as nobody drums.
    """
    made = np.array(logits, np.float32)
    plays = (made[..., OUT_DRUMS].max(axis=-2, keepdims=True) > 0) | _KICK
    made[..., OUT_DRUMS] += push.drums * plays
    made[..., OUT_BASS.onset] += push.bass[..., None]
    made[..., OUT_BASS.pitch.start] -= push.bass  # a rest gives way where the bass is called for
    return made


_KICK = np.array([drum.name == "kick" for drum in DRUM_MAP])


def matched_count(energy: float, known_energy: NDArray[Any], known_counts: NDArray[Any],
                  natural: int, strength: float = 1.0) -> int:  # fmt: skip
    """How many onsets a window of motion `energy` calls for: as many as the window of like rank in
    `known_counts` (M,) has, its rank taken among `known_energy` (N,).

    `natural` is what would sound without it; `strength` goes from that to the full match.
    """
    rank = np.searchsorted(np.sort(known_energy), energy, side="right") / max(1, len(known_energy))
    matched = float(np.quantile(known_counts, min(1.0, float(rank))))
    return round((1 - strength) * natural + strength * matched)
