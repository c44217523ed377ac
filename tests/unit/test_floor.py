import numpy as np
import pytest
from dancers import walker

from oscbridge.domain import figure
from oscbridge.domain.floor import floor_of, footing, stand
from oscbridge.domain.pose import INDEX, SOLES


def test_the_lowest_sole_is_on_the_floor():
    landmarks, time = walker()
    world = landmarks + stand(landmarks, time)[:, None]
    lowest = world[:, SOLES, 1].max(axis=1)
    assert lowest.max() <= 0.0101
    assert lowest.min() > -0.02


def test_walking_on_the_spot_becomes_walking_forward():
    landmarks, time = walker(seconds=6, bpm=120, stride=0.4)
    root = stand(landmarks, time)
    assert root[60, 2] < -0.3  # the front is -z
    assert np.abs(root[:, 0]).max() < 0.05


def test_planted_feet_hardly_skate():
    landmarks, time = walker(seconds=6, stride=0.2)
    still = footing(landmarks + stand(landmarks, time)[:, None], time)
    sliding = footing(landmarks - np.array([0, landmarks[:, SOLES, 1].max(), 0]), time)
    assert still.skating < 0.15
    assert sliding.skating > 0.5
    assert still.penetration <= 0.0101


def test_a_still_body_stands_still():
    landmarks = np.repeat(figure.rest()[None], 90, axis=0)
    root = stand(landmarks, np.arange(90) / 30)
    assert np.ptp(root, axis=0) == pytest.approx([0, 0, 0], abs=1e-6)
    assert root[0, 1] == pytest.approx(-(figure.LEG + 0.06), abs=1e-6)


def test_the_way_is_drawn_back_instead_of_leaving_the_room():
    landmarks, time = walker(seconds=60, fps=30)
    root = stand(landmarks, time)
    assert np.linalg.norm(root[:, (0, 2)], axis=1).max() < 9  # 24 m were walked


def test_the_hips_do_not_bounce_from_frame_to_frame():
    landmarks, time = walker()
    landmarks = landmarks + np.random.default_rng(0).normal(0, 0.002, landmarks.shape)
    height = stand(landmarks, time)[:, 1]
    assert np.abs(np.diff(height)).max() < 0.01


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_very_short_dances_stand_too(frames):
    landmarks = np.repeat(figure.rest()[None], frames, axis=0)
    root = stand(landmarks, np.arange(frames) / 30)
    assert root.shape == (frames, 3)
    assert np.isfinite(root).all()


def test_the_floor_of_a_captured_dance_is_found_in_spite_of_leaps():
    landmarks, _ = walker()
    world = landmarks + np.array([3.0, 0.7, 1.0])
    world[100:160, :, 1] -= 0.6
    soles = landmarks[:, SOLES, 1].max(axis=1)
    assert floor_of(world) == pytest.approx(0.7 + np.median(soles), abs=0.01)


def test_a_sunken_figure_is_measured_as_such():
    landmarks, time = walker(2)
    lowest = landmarks[:, SOLES, 1].max(axis=1)
    root = np.stack([0 * time, 0.05 - lowest, 0 * time], -1)
    assert footing(landmarks + root[:, None], time).penetration == pytest.approx(0.05, abs=1e-3)
    assert INDEX["left_heel"] in SOLES
