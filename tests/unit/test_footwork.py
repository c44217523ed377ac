"""Feet that hold the floor: walkers, noise, leaps and bodies that never stood."""

from __future__ import annotations

import numpy as np
import pytest
from dancers import walker

from oscbridge.domain import figure, skeleton
from oscbridge.domain.floor import stand
from oscbridge.domain.footwork import REACH, Walked, walk
from oscbridge.domain.pose import INDEX, SOLES

BONES = (("hip", "knee", figure.THIGH), ("knee", "ankle", figure.SHIN))
LEGS = [(side(a), side(b), length) for side in figure.SIDES for a, b, length in BONES]
FPS = 32.0


def walking(seconds: float = 4.0, noise: float = 0.0, seed: int = 0):
    """The walker at 32 frames a second, its soles' true contacts, and a foot that trembles."""
    points, time = walker(seconds, FPS)
    phase = np.stack([(time * 2 + lag) % 2 for lag in (0, 1)], axis=1)
    contact = np.repeat(phase < 1, 2, axis=1).astype(float)
    if noise:
        rng = np.random.default_rng(seed)
        slow = np.repeat(rng.normal(0, noise, (len(time) // 8 + 2, 33, 3)), 8, axis=0)
        kernel = np.ones(9) / 9
        slow = np.apply_along_axis(lambda v: np.convolve(v, kernel, "same"), 0, slow)
        points = skeleton.project(points + slow[: len(points)])
    return points, time, contact


def world(walked: Walked) -> np.ndarray:
    return walked.landmarks + walked.root[:, None]


def slide(points: np.ndarray, time: np.ndarray, contact: np.ndarray) -> float:
    """Mean speed over the floor (m/s) of toes that bear the body in this and the last frame."""
    toes = points[:, SOLES[1::2]][..., (0, 2)]
    speed = np.linalg.norm(np.diff(toes, axis=0), axis=-1) / np.diff(time)[:, None]
    down = contact[:, 1::2] > 0.5
    return float(speed[down[1:] & down[:-1]].mean())


def test_planted_feet_hold_the_floor_where_standing_lets_them_tremble() -> None:
    points, time, contact = walking(noise=0.03)
    walked = walk(points, np.zeros((len(time), 2)), contact, time)
    stood = points + stand(points, time)[:, None]
    assert slide(world(walked), time, contact) < 0.1 * slide(stood, time, contact)


def test_no_sole_is_under_the_floor_and_bearing_ones_are_on_it() -> None:
    points, time, contact = walking(noise=0.03)
    made = world(walk(points, np.zeros((len(time), 2)), contact, time))
    height = -made[:, SOLES, 1]
    assert height.min() > -1e-4
    lowest = height.reshape(len(time), 2, 2).min(axis=2)
    inner = contact[:, ::2] > 0.5
    inner[1:] &= inner[:-1]
    assert np.abs(lowest[inner]).max() < 0.01


def test_the_legs_keep_their_bones_and_the_rest_is_not_touched() -> None:
    points, time, contact = walking(noise=0.03)
    made = walk(points, np.zeros((len(time), 2)), contact, time).landmarks
    for a, b, length in LEGS:
        assert np.linalg.norm(made[:, a] - made[:, b], axis=-1) == pytest.approx(length, abs=1e-5)
    above = slice(0, INDEX["left_knee"])
    assert np.array_equal(made[:, above], points[:, above])
    again = skeleton.project(made)
    assert np.abs(again - made).max() < 1e-3, "still a pose of the figure"


def test_walking_on_the_spot_becomes_walking_forward() -> None:
    points, time, contact = walking(2)
    walked = walk(points, np.zeros((len(time), 2)), contact, time)
    assert walked.root[-1, 2] < -0.5  # the front is -z; .4 m a beat, 4 beats, slowly drawn back
    assert np.abs(walked.root[:, 0]).max() < 0.05


def test_in_the_air_the_hips_go_as_they_are_told() -> None:
    points = np.repeat(figure.rest()[None], 64, axis=0)
    time = np.arange(64) / FPS
    velocity = np.tile([0.5, -1.0], (64, 1))
    height = 0.79 + 0.3 * np.sin(np.pi * np.arange(64) / 63)
    walked = walk(points, velocity, np.zeros((64, 4)), time, height)
    assert walked.root[-1, 0] == pytest.approx(0.5 * time[-1], rel=0.15)
    assert walked.root[-1, 2] == pytest.approx(-1.0 * time[-1], rel=0.15)
    assert -walked.root[32, 1] == pytest.approx(0.79 + 0.3, abs=0.01)
    assert np.abs(walked.landmarks - points).max() < 1e-3
    grounded = walk(points, velocity, np.zeros((64, 4)), time)
    assert np.ptp(grounded.root[:, 1]) < 1e-6


def test_what_flickers_is_no_step() -> None:
    points = np.repeat(figure.rest()[None], 64, axis=0)
    time = np.arange(64) / FPS
    velocity = np.tile([1.0, 0.0], (64, 1))
    contact = np.zeros((64, 4))
    contact[::8] = 1.0  # one frame in eight: shorter than any foot stands
    walked = walk(points, velocity, contact, time)
    assert np.ptp(np.diff(walked.root[4:-4, 0])) < 0.01


def test_feet_are_led_in_and_out_without_a_pop() -> None:
    points, time, contact = walking(noise=0.02)
    before = points + stand(points, time)[:, None]
    made = world(walk(points, np.zeros((len(time), 2)), contact, time))

    def jolt(p: np.ndarray) -> float:
        return float(np.linalg.norm(np.diff(p[:, SOLES], n=2, axis=0), axis=-1).max() * FPS**2)

    assert jolt(made) < 1.5 * jolt(before)


def test_a_foot_that_was_told_to_stand_but_goes_far_is_not_held() -> None:
    points = np.repeat(figure.rest()[None].astype(float), 96, axis=0)
    time = np.arange(96) / FPS
    far = np.linspace(-0.3, 0.3, 96)
    for side, sign in zip(figure.SIDES, (1, -1), strict=True):
        for name in ("knee", "ankle", "heel", "foot_index"):
            points[:, side(name), 2] += sign * far * (0.5 if name == "knee" else 1)
    points = skeleton.project(points)
    made = walk(points, np.zeros((96, 2)), np.ones((96, 4)), time).landmarks
    moved = np.linalg.norm(made - points, axis=-1)
    assert moved.max() <= 1.5 * REACH


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_very_short_dances_walk_too(frames: int) -> None:
    points = np.repeat(figure.rest()[None], frames, axis=0)
    walked = walk(points, np.zeros((frames, 2)), np.ones((frames, 4)), np.arange(frames) / FPS)
    assert walked.root.shape == (frames, 3)
    assert walked.landmarks.shape == (frames, 33, 3)
    assert np.isfinite(walked.root).all()


def test_a_long_dance_stays_in_the_room() -> None:
    points, time, contact = walking(60)
    walked = walk(points, np.zeros((len(time), 2)), contact, time)
    assert np.linalg.norm(walked.root[:, (0, 2)], axis=1).max() < 9  # 48 m were walked
