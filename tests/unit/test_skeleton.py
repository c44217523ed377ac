import numpy as np
import pytest
from dancers import walker
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from oscbridge.domain import figure, skeleton
from oscbridge.domain.pose import INDEX, middle

BONES = {
    ("left_hip", "right_hip"): figure.HIPS,
    ("left_shoulder", "right_shoulder"): figure.SHOULDERS,
    **{
        (f"{side}_{a}", f"{side}_{b}"): size
        for side in ("left", "right")
        for a, b, size in (
            ("shoulder", "elbow", figure.UPPER_ARM),
            ("elbow", "wrist", figure.FOREARM),
            ("hip", "knee", figure.THIGH),
            ("knee", "ankle", figure.SHIN),
            ("ankle", "heel", np.linalg.norm(figure.FOOT["heel"])),
            ("ankle", "foot_index", np.linalg.norm(figure.FOOT["foot_index"])),
            ("heel", "foot_index", 0.16),
            ("wrist", "index", np.linalg.norm(figure.HAND["index"])),
            ("wrist", "thumb", np.linalg.norm(figure.HAND["thumb"])),
        )
    },
    ("left_ear", "right_ear"): 0.15,
}


def distance(landmarks, a, b):
    return np.linalg.norm(landmarks[:, INDEX[a]] - landmarks[:, INDEX[b]], axis=-1)


def assert_figure(landmarks):
    assert landmarks.dtype == np.float32
    assert np.isfinite(landmarks).all()
    for (a, b), size in BONES.items():
        assert distance(landmarks, a, b) == pytest.approx(size, abs=1e-5), (a, b)
    assert np.abs(middle(landmarks, "hip")).max() < 1e-6
    torso = np.linalg.norm(middle(landmarks, "shoulder"), axis=-1)
    assert torso == pytest.approx(figure.TORSO, abs=1e-5)


def noisy(frames=200, size=0.05, seed=0):
    landmarks, _ = walker(frames / 60)
    return landmarks + np.random.default_rng(seed).normal(0, size, landmarks.shape)


def test_whatever_comes_in_the_bones_that_come_out_are_the_figures():
    assert_figure(skeleton.project(noisy()))
    assert_figure(skeleton.retarget(noisy() * 2.3 + 5))


@pytest.mark.parametrize("size", [0.0, 0.02, 0.3])
def test_projecting_a_projected_pose_changes_nothing(size):
    once = skeleton.project(noisy(size=size))
    assert np.abs(skeleton.project(once) - once).max() < 1e-5
    assert np.abs(skeleton.retarget(once) - once).max() < 1e-5


@settings(max_examples=60, derandomize=True, deadline=None)
@given(arrays(np.float32, (3, 33, 3), elements=st.sampled_from([0, 1e-5, 0.1, -0.1, 1, -3, 1e4])))
def test_landmarks_on_one_spot_or_line_still_give_the_figure(landmarks):
    assert_figure(skeleton.project(landmarks))
    assert_figure(skeleton.retarget(landmarks))
    once = skeleton.project(landmarks)
    assert np.abs(skeleton.project(once) - once).max() < 1e-5


def test_wrists_and_ankles_stay_where_they_are_within_reach():
    landmarks, _ = walker(2)
    landmarks = landmarks.copy()
    landmarks[:, INDEX["left_elbow"]] += [0.03, 0.02, 0.05]
    projected = skeleton.project(landmarks)
    for name in ("left_wrist", "left_ankle", "right_ankle"):
        assert np.abs(projected[:, INDEX[name]] - landmarks[:, INDEX[name]]).max() < 1e-5


def test_elbow_keeps_its_side():
    landmarks, _ = walker(1)
    bent = landmarks.copy()
    shoulder, wrist = (bent[:, INDEX[f"left_{n}"]] for n in ("shoulder", "wrist"))
    bent[:, INDEX["left_elbow"]] = (shoulder + wrist) / 2 + [0.2, 0, 0]
    off = skeleton.project(bent)[:, INDEX["left_elbow"]] - (shoulder + wrist) / 2
    assert (off[:, 0] > 0.05).all()


def test_an_elbow_does_not_flip_while_the_arm_is_straight():
    """An arm stretches and bends again; while it is straight, noise alone says where its elbow is,
    and the bones, being longer than the landmarks', call for a bend.
    """
    rng = np.random.default_rng(3)
    frames = 120
    points = np.repeat(figure.rest()[None].astype(float), frames, axis=0)
    shoulder = points[:, INDEX["left_shoulder"]]
    bend = np.clip(np.abs(np.linspace(-1, 1, frames)) - 0.4, 0, 1) * 0.3
    wrist = shoulder + np.array([0.40, 0.0, 0.0])
    noise = rng.normal(0, 0.004, (frames, 3))
    points[:, INDEX["left_elbow"]] = (
        (shoulder + wrist) / 2 + np.stack([0 * bend, bend, 0 * bend], -1) + noise
    )
    hand = [INDEX[f"left_{n}"] for n in ("wrist", *figure.HAND)]
    points[:, hand] += (wrist - points[:, INDEX["left_wrist"]])[:, None]
    elbow = skeleton.project(points)[:, INDEX["left_elbow"]]
    assert (elbow[:, 1] > shoulder[:, 1]).all()
    assert np.linalg.norm(np.diff(elbow, axis=0), axis=-1).max() < 0.04


def test_a_body_of_other_proportions_keeps_its_directions():
    landmarks, _ = walker(1)
    longer = landmarks.copy()
    reach = longer[:, INDEX["right_wrist"]] - longer[:, INDEX["right_elbow"]]
    for name in ("wrist", *figure.HAND):
        longer[:, INDEX[f"right_{name}"]] += 0.5 * reach
    assert np.abs(skeleton.retarget(longer) - landmarks).max() < 1e-4


@pytest.mark.parametrize("unit", [0.01, 1 / 39.37, 100.0])
def test_the_unit_of_a_body_does_not_matter(unit):
    landmarks, _ = walker(1)
    assert skeleton.leg_scale(landmarks * unit) == pytest.approx(1 / unit, rel=1e-5)
    assert np.abs(skeleton.retarget(landmarks * unit) - landmarks).max() < 1e-4


def test_a_foot_that_stood_still_stands_still_on_the_figure():
    landmarks, time = walker(2)
    root = np.stack([0.1 * np.sin(time), 0 * time, 0.05 * time], -1)
    tall = (landmarks + np.array([0, 0, 0])) * 1.4
    ankle = INDEX["left_ankle"]
    moved = skeleton.retarget(tall)[:, ankle] + root
    assert np.abs(moved - (landmarks[:, ankle] + root)).max() < 1e-4


def test_at_rest_the_figure_stands_upright_with_arms_out():
    rest = figure.rest()
    assert rest[INDEX["nose"], 1] < rest[INDEX["left_shoulder"], 1] < rest[INDEX["left_hip"], 1]
    assert rest[INDEX["nose"], 2] < 0
    assert rest[INDEX["left_wrist"], 0] == pytest.approx(0.155 + 0.44)
    assert rest[INDEX["left_foot_index"], 2] < rest[INDEX["left_heel"], 2]


def test_no_frames_are_no_frames():
    assert skeleton.project(np.zeros((0, 33, 3))).shape == (0, 33, 3)
    assert skeleton.retarget(np.zeros((0, 33, 3))).shape == (0, 33, 3)
