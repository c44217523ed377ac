"""Footwork: the way of a dance through the room, and feet that hold the floor while they bear.

What a model says of a dance (where its landmarks are, how fast the hips go, which soles bear the
body) never fits to the millimetre. Here the bearing feet win: the hips go as they allow, and what
is left over is taken up by the legs. In the room y = 0 is the floor and y points down.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from oscbridge.domain.figure import LEG, SHIN, SIDES, THIGH, Side
from oscbridge.domain.pose import SOLES
from oscbridge.domain.skeleton import STRAIGHT

ON, OFF = 0.55, 0.35
"""Probability from which on a sole bears the body, and below which it does no more."""
SHORTEST, GAP = 0.10, 0.07
"""Seconds: a foot does not bear for less, nor let go for less."""
BLEND = 0.12
"""Seconds in which a foot is led into its place and out of it."""
SOFTEN = 0.04
"""Seconds (standard deviation) over which the way of the hips is softened."""
RETURN = 10.0
"""Seconds in which about two thirds of the way from the origin are taken back."""
REACH = 0.15
"""Metres a foot may be led at most: a foot that goes farther meanwhile did not stand."""
SWIVEL = 0.6
"""Radians: a foot that turns farther while it bears does so on purpose."""
LOW = 0.10
"""Metres above the lowest sole up to which a sole can bear the body."""

Floats = NDArray[np.float64]


class Walked(NamedTuple):
    """`root` (frames, 3) of mid-hip in the room, and `landmarks` (frames, 33, 3) from mid-hip, with
    legs that hold the floor.
    """

    root: NDArray[np.float32]
    landmarks: NDArray[np.float32]


def walk(
    landmarks: NDArray[Any],
    velocity: NDArray[Any],
    contact: NDArray[Any],
    seconds: NDArray[Any],
    height: NDArray[Any] | None = None,
) -> Walked:
    """The way and the feet of a dance of the figure, landmarks (frames, 33, 3) from mid-hip, at
    `seconds` (frames,), rising.

    `velocity` (frames, 2): metres a second of mid-hip to the left and back, in the landmarks' axes;
    `contact` (frames, 4): probability of each of `pose.SOLES` to bear the body; `height` (frames,)
    of mid-hip above the floor where a jump should be seen. Bones keep their lengths.
    """
    points = np.array(landmarks, np.float64)
    if len(points) < 2:
        return Walked(_standing(points), points.astype(np.float32))
    pace = float(np.median(np.diff(seconds)))
    soles = points[:, SOLES]
    lowest = soles[..., 1].max(axis=1)
    bears = _bearing(np.asarray(contact, float), lowest[:, None] - soles[..., 1], pace)
    root = np.empty((len(points), 3))
    root[:, (0, 2)] = _ground(soles[..., (0, 2)], np.asarray(velocity, float), bears, seconds)
    root[:, 1] = -_hips(lowest, bears, height, pace)
    bearing_feet = bears[:, 0::2] | bears[:, 1::2]
    leads = np.stack(
        [_lead(soles[:, 2 * i : 2 * i + 2], root, bearing_feet[:, i], pace) for i in (0, 1)], axis=1
    )
    for side, lead in zip(SIDES, leads.transpose(1, 0, 2), strict=True):
        _swivel(points, side, lead[:, 3])
    root[:, 1] += _crouch(points, leads, pace)
    leads[..., 1] = np.minimum(leads[..., 1], _floor(soles, root))
    for side, lead in zip(SIDES, leads.transpose(1, 0, 2), strict=True):
        _place(points, side, lead[:, :3])
    return Walked(root.astype(np.float32), points.astype(np.float32))


def _standing(points: Floats) -> NDArray[np.float32]:
    root = np.zeros((len(points), 3), np.float32)
    root[:, 1] = -points[:, SOLES, 1].max(axis=1) if len(points) else 0
    return root


def _bearing(contact: Floats, above: Floats, pace: float) -> NDArray[np.bool_]:
    """Which soles (frames, 4) bear the body, without flicker."""
    likely = np.where(above < LOW, contact, 0.0)
    bears = np.zeros(likely.shape, bool)
    for sole in range(likely.shape[1]):
        start, held = likely[:, sole] >= ON, likely[:, sole] >= OFF
        edges = [run for run in _runs(held) if start[run].any()]
        for before, after in pairwise(edges):
            if (after.start - before.stop) * pace < GAP:
                bears[before.start : after.stop, sole] = True
        for run in edges:
            bears[run, sole] = True
        for run in list(_runs(bears[:, sole])):
            if (run.stop - run.start) * pace < SHORTEST:
                bears[run, sole] = False
    return bears


def _runs(flags: NDArray[np.bool_]) -> Iterator[slice]:
    """Stretches of frames that are all set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield slice(int(start), int(stop))


def _ground(
    soles: Floats, velocity: Floats, bears: NDArray[np.bool_], seconds: NDArray[Any]
) -> Floats:
    """The way of the hips over the floor (frames, 2): as the bearing soles, on average, do not
    move; with none, as told. What drifts so is slowly drawn back to the origin.
    """
    pace = np.diff(seconds, prepend=seconds[0])
    moved = np.diff(soles, axis=0, prepend=soles[:1])
    both = (bears & np.concatenate([bears[:1], bears[:-1]])).astype(float)
    weight = both.sum(axis=1)
    told = velocity * pace[:, None]
    held = -(moved * both[..., None]).sum(axis=1) / np.maximum(weight, 1)[:, None]
    step = np.where(weight[:, None] > 0, held, told)
    step[0] = 0
    step = gaussian_filter1d(step, _frames(SOFTEN / 2, seconds), axis=0, mode="nearest")
    # A leaking sum, as a closed form: stable for blocks in which the leak stays moderate.
    return _leaky(step, np.exp(-pace / RETURN))


def _leaky(step: Floats, keep: Floats) -> Floats:
    way = np.empty_like(step)
    total = np.zeros(2)
    block = 1024
    for first in range(0, len(step), block):
        rows = slice(first, first + block)
        decay = np.cumprod(keep[rows])[:, None]
        way[rows] = decay * (total + np.cumsum(step[rows] / decay, axis=0))
        total = way[rows][-1]
    return np.asarray(way - way[0])


def _frames(duration: float, seconds: NDArray[Any]) -> float:
    return duration / max(float(np.median(np.diff(seconds))), 1e-3)


def _hips(
    lowest: Floats, bears: NDArray[np.bool_], height: NDArray[Any] | None, pace: float
) -> Floats:
    """How high the hips are (frames,): the lowest sole on the floor, but where none bears and they
    are told to be higher.
    """
    softness = SOFTEN / max(pace, 1e-3)
    standing = gaussian_filter1d(lowest, softness, mode="nearest")
    if height is None:
        return np.asarray(standing)
    free = (~bears.any(axis=1)).astype(float)
    free = gaussian_filter1d(free, softness, mode="nearest")
    return np.asarray(standing + free * np.maximum(np.asarray(height) - standing, 0))


def _lead(soles: Floats, root: Floats, bears: NDArray[np.bool_], pace: float) -> Floats:
    """How far a foot of these soles (frames, 2, 3) is to be moved and, about its toe, swivelled
    (frames, 4; metres and radians): while it bears, to where and as it stands on average, on the
    floor; smoothly into that and out of it.
    """
    world = soles + root[:, None]
    toe, lowest = world[:, 1], world[..., 1].max(axis=1)
    along = world[:, 1] - world[:, 0]
    yaw = np.unwrap(np.arctan2(along[:, 2], along[:, 0]))
    lead = np.zeros((len(soles), 4))
    placed = []
    for run in _runs(bears):
        for stand in _stood(toe[run][:, (0, 2)], run, pace):
            place = _median(toe[stand][:, (0, 2)])
            lead[stand, 0], lead[stand, 2] = (place - toe[stand][:, (0, 2)]).T
            lead[stand, 1] = -lowest[stand]
            if np.ptp(yaw[stand]) < SWIVEL:
                lead[stand, 3] = _median(yaw[stand]) - yaw[stand]
            placed.append(stand)
    _join(lead, placed, max(2, round(BLEND / max(pace, 1e-3))))
    return lead


def _median(values: Floats) -> Any:
    """As np.median along the first axis, ten times faster on the few frames of a step."""
    ordered = np.sort(values, axis=0)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _stood(way: Floats, run: slice, pace: float) -> Iterator[slice]:
    """The stretches of a run in which a toe's way (frames, 2) stays within reach of one place."""
    if np.ptp(way, axis=0).max(initial=0) <= REACH:
        yield run
        return
    start = 0
    for end in range(1, len(way) + 1):
        whole = end == len(way)
        if whole or np.ptp(way[start : end + 1], axis=0).max() > REACH:
            if (end - start) * pace >= SHORTEST:
                # Between two places there must be time to go from the one to the other.
                rest = 0 if whole else min(3, (end - start) // 4)
                yield slice(run.start + start, run.start + end - rest)
            start = end


def _join(lead: Floats, placed: list[slice], blend: int) -> None:
    """Fill the frames between the places: cubics that go on as fast as they are met."""
    frames = len(lead)
    before: slice | None = None
    for after in [*placed, None]:
        start = before.stop - 1 if before else -1
        stop = after.start if after else frames
        if stop - start <= 2 * blend and before and after:
            _cubic(lead, start, stop, _slope(lead, before, -1), _slope(lead, after, 0))
        else:
            if before:
                end = min(start + blend, frames - 1) if after is None else start + blend
                _cubic(lead, start, end, _slope(lead, before, -1), np.zeros(4))
            if after:
                _cubic(lead, max(stop - blend, 0), stop, np.zeros(4), _slope(lead, after, 0))
        before = after


def _slope(lead: Floats, place: slice, end: int) -> Floats:
    """Change a frame at the first (0) or last (-1) frame of a place."""
    rows = lead[place]
    if len(rows) < 3:
        return np.zeros(4)
    return np.asarray((rows[2] - rows[0]) / 2 if end == 0 else (rows[-1] - rows[-3]) / 2)


def _cubic(lead: Floats, start: int, stop: int, out: Floats, into: Floats) -> None:
    """Hermite's cubic between two frames; their own values stay."""
    span = stop - start
    if span < 2:
        return
    t = (np.arange(1, span) / span)[:, None]
    a, b = lead[start].copy(), lead[stop].copy()
    lead[start + 1 : stop] = (
        (2 * t**3 - 3 * t**2 + 1) * a
        + (t**3 - 2 * t**2 + t) * span * out
        + (-2 * t**3 + 3 * t**2) * b
        + (t**3 - t**2) * span * into
    )


def _crouch(points: Floats, leads: Floats, pace: float) -> Floats:
    """How much lower (frames,) the hips must be for both legs to reach where feet are led to."""
    need = np.zeros(len(points))
    for side, lead in zip(SIDES, leads.transpose(1, 0, 2), strict=True):
        leg = points[:, side("ankle")] + lead[:, :3] - points[:, side("hip")]
        flat = np.square(leg[:, (0, 2)]).sum(axis=1)
        drop = np.sqrt(np.maximum((LEG * STRAIGHT) ** 2 - flat, 0))
        need = np.maximum(need, np.minimum(leg[:, 1] - drop, REACH))
    if not (need > 0).any():
        return np.zeros(len(points))
    span = max(3, round(2 * SOFTEN / max(pace, 1e-3)) * 2 + 1)
    lowered = gaussian_filter1d(maximum_filter1d(need, span), span / 4, mode="nearest")
    for lead in leads.transpose(1, 0, 2):
        # What stood on the floor is to stand there still, though the hips came down.
        lead[:, 1] -= lowered
    return np.asarray(lowered)


def _floor(soles: Floats, root: Floats) -> Floats:
    """Lead (frames, 2 feet) up to which each foot stays above the floor."""
    height = soles[..., 1] + root[:, None, 1]
    return -np.maximum(height[:, 0::2], height[:, 1::2])


def _swivel(points: Floats, side: Side, yaw: Floats) -> None:
    """Turn one foot about its toe by `yaw` (frames,), as `pose.turn` does."""
    toe = points[:, side("foot_index")]
    c, s = np.cos(yaw), np.sin(yaw)
    for name in ("ankle", "heel"):
        x, y, z = (points[:, side(name)] - toe).T
        points[:, side(name)] = toe + np.stack([c * x - s * z, y, s * x + c * z], axis=-1)


def _place(points: Floats, side: Side, lead: Floats) -> None:
    """Move one foot by `lead` (frames, 3) and bend the leg to it; its sole keeps its turn."""
    hip, knee, ankle = (points[:, side(n)] for n in ("hip", "knee", "ankle"))
    leg = ankle + lead - hip
    span = np.sqrt(np.einsum("ij,ij->i", leg, leg))[:, None]
    axis = leg / np.maximum(span, 1e-9)
    far = np.clip(span, abs(THIGH - SHIN) + 0.04, LEG * STRAIGHT)
    along = (far**2 + THIGH**2 - SHIN**2) / (2 * far)
    off = np.sqrt(np.maximum(THIGH**2 - along**2, 0))
    bend = knee - hip
    bend = bend - np.einsum("ij,ij->i", bend, axis)[:, None] * axis
    bend = bend / np.maximum(np.sqrt(np.einsum("ij,ij->i", bend, bend))[:, None], 1e-9)
    moved = hip + axis * far - ankle
    points[:, side("knee")] = hip + axis * along + bend * off
    for name in ("ankle", "heel", "foot_index"):
        points[:, side(name)] += moved
