import numpy as np
import pytest

from oscbridge.domain import figure, pose


def test_every_landmark_has_one_on_the_other_side():
    assert (pose.MIRROR[pose.MIRROR] == np.arange(pose.COUNT)).all()
    assert pose.LANDMARKS[pose.MIRROR[pose.INDEX["left_wrist"]]] == "right_wrist"
    assert pose.LANDMARKS[pose.MIRROR[pose.INDEX["mouth_right"]]] == "mouth_left"
    assert pose.MIRROR[pose.INDEX["nose"]] == pose.INDEX["nose"]


def test_mirroring_twice_gives_the_pose_back():
    landmarks = np.random.default_rng(1).normal(size=(4, 33, 3))
    assert np.array_equal(pose.mirror(pose.mirror(landmarks)), landmarks)


def test_a_raised_left_arm_becomes_a_raised_right_arm():
    landmarks = figure.rest()
    landmarks[pose.INDEX["left_wrist"]] = [0.3, -1.0, 0.0]
    assert pose.mirror(landmarks)[pose.INDEX["right_wrist"]] == pytest.approx([-0.3, -1.0, 0.0])


def test_middle_is_half_way():
    landmarks = figure.rest()
    assert pose.middle(landmarks, "hip") == pytest.approx([0, 0, 0])
    assert pose.middle(landmarks, "shoulder") == pytest.approx([0, -figure.TORSO, 0])


def test_who_faces_the_front_has_yaw_zero():
    assert pose.facing(figure.rest()) == pytest.approx(0)


@pytest.mark.parametrize("yaw", [-3.0, -1.2, 0.4, 2.9])
def test_turning_grows_the_yaw_and_keeps_heights(yaw):
    turned = pose.turn(figure.rest(), yaw)
    assert pose.facing(turned) == pytest.approx(yaw, abs=1e-6)
    assert turned[:, 1] == pytest.approx(figure.rest()[:, 1])


def test_the_soles_are_the_lowest_points_of_a_standing_figure():
    landmarks = figure.rest()
    assert set(np.argsort(landmarks[:, 1])[-4:]) == set(pose.SOLES)
