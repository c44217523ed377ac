"""Features, Frechet distance, feet and retrieval against closed forms and hand-made movement."""

from __future__ import annotations

import numpy as np
import pytest
from dancers import walker

from oscbridge.domain import figure
from oscbridge.domain.pose import INDEX
from oscbridge.training import dance_features as features
from oscbridge.training import frechet
from oscbridge.training import metrics_dance as metrics
from oscbridge.training.metrics_bridge import retrieval
from oscbridge.training.samples import Dances

AT = {name: i for i, name in enumerate(features.JOINTS)}


def standing(frames: int = 60) -> np.ndarray:
    """The figure at rest, its soles on the floor."""
    body = figure.rest().astype(float)
    body[:, 1] -= body[:, 1].max()
    return np.repeat(body[None], frames, axis=0)


def test_smpl_joints_stand_upright_with_left_on_the_left() -> None:
    joints = features.smpl_joints(standing(2))[0]
    assert joints.shape == (24, 3)
    height = joints[:, 1]
    spine = [height[AT[n]] for n in ("ltoes", "lknee", "root", "belly", "spine", "chest", "neck")]
    assert spine == sorted(spine)
    assert joints[AT["lshoulder"], 0] > 0 > joints[AT["rshoulder"], 0]
    assert joints[AT["ltoes"], 2] > joints[AT["lankle"], 2], "SMPL faces +z"
    assert height[AT["head"]] > height[AT["neck"]]


def test_kinetic_features_of_a_steady_flight() -> None:
    """A whole body at 2 m/s sideways and 1 m/s upwards: no acceleration."""
    frames = np.arange(50)[:, None, None] / features.FPS
    body = np.random.default_rng(1).normal(size=(1, 24, 3)) + frames * np.array([2.0, 1.0, 0.0])
    found = features.kinetic(body, "fixed").reshape(24, 3)
    assert found == pytest.approx(np.tile([4.0, 1.0, 0.0], (24, 1)), abs=1e-6)


def test_kinetic_effort_of_a_fall_and_the_bug_of_the_reference() -> None:
    time = np.arange(40)[:, None, None] / features.FPS
    fall = -0.5 * 9.81 * time**2 * np.array([0.0, 1.0, 0.0]) + np.zeros((1, 24, 1))
    assert features.kinetic(fall, "fixed")[2::3] == pytest.approx(9.81)
    # A body at rest a metre from the origin: (0 - (p - p / dt)) / dt = (1 / dt - 1) / dt metres.
    still = np.tile([1.0, 0.0, 0.0], (40, 24, 1))
    assert features.kinetic(still, "fixed")[2::3] == pytest.approx(0)
    assert features.kinetic(still, "compat")[2::3] == pytest.approx(59 * 60)


def test_kinetic_features_average_over_five_frames() -> None:
    """One joint jumps by a metre once: its velocity spreads over the frames two to each side."""
    joints = np.zeros((21, 24, 3))
    joints[10:, 0, 0] = 1.0
    # Five of twenty frames see 60 m/s over 5 frames: 12 m/s.
    assert features.kinetic(joints, "fixed")[0] == pytest.approx(5 * 12**2 / 20)


def test_geometric_features_say_when_something_holds() -> None:
    still = features.geometric(features.smpl_joints(standing()))
    assert still.shape == (32,)
    assert still[[12, 13, 21, 22, 31]].tolist() == [0] * 5, "nothing is fast"
    assert still[[16, 17]].tolist() == [0, 0], "no foot is raised"
    assert still[28] == 0, "the trunk is upright"
    arms = standing()
    half = len(arms) // 2
    bent = arms[half:].copy()
    for side in ("left", "right"):  # forearms folded back onto the shoulder
        bent[:, INDEX[f"{side}_wrist"]] = bent[:, INDEX[f"{side}_shoulder"]] + [0.05, -0.05, -0.05]
    arms[half:] = bent
    folded = features.geometric(features.smpl_joints(arms))
    assert folded[[6, 7]] == pytest.approx(30 / 59)


def test_frechet_distance_of_a_set_with_itself_is_zero() -> None:
    rng = np.random.default_rng(2)
    found = rng.normal(size=(300, 8)) @ rng.normal(size=(8, 8))
    assert frechet.distance(found, found) == pytest.approx(0, abs=1e-8)
    assert frechet.distance(found, found + 2) == pytest.approx(8 * 4)


def test_frechet_distance_of_gaussians_has_its_closed_form() -> None:
    rng = np.random.default_rng(3)
    white = rng.normal(size=(4000, 3))
    white -= white.mean(axis=0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white, rowvar=False))).T
    # Standard deviations 1 against (2, 3, 1), means apart by (1, 0, 0): 1 + 1 + 4 + 0.
    other = white * [2.0, 3.0, 1.0] + [1.0, 0.0, 0.0]
    assert frechet.distance(white, other) == pytest.approx(6.0)
    real, made = frechet.scored(other, white)
    assert real.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert made.std(axis=0) == pytest.approx([1 / 2, 1 / 3, 1], rel=1e-3)


def test_few_windows_bias_the_distance_upwards_and_are_warned_of() -> None:
    rng = np.random.default_rng(4)
    few, many = (
        frechet.distance(rng.normal(size=(n, 72)), rng.normal(size=(n, 72))) for n in (80, 800)
    )
    assert few > 5 * many
    assert "80 windows" in frechet.warning(80)
    assert frechet.warning(500) == ""


def test_diversity_is_the_mean_distance_of_two() -> None:
    assert frechet.diversity(np.array([[0.0], [1.0], [3.0]])) == pytest.approx(2.0)


def test_planted_feet_are_plausible_and_so_is_stillness() -> None:
    world = standing()
    assert metrics.foot_contact(world) == 0
    pushed = world + np.sin(np.arange(60) / 5)[:, None, None] * np.array([0.2, 0.0, 0.0])
    assert metrics.foot_contact(pushed) > 1, "the whole body slides to and fro"
    feet = [INDEX[f"{s}_{e}"] for s in ("left", "right") for e in ("ankle", "foot_index", "heel")]
    pushed[:, feet] = world[:, feet]
    assert metrics.foot_contact(pushed) == 0, "the feet stay where they are"


def test_foot_contact_by_hand() -> None:
    world = standing(4)
    shift = np.array([0.0, 0.1, 0.3, 0.3])
    world = world + shift[:, None, None] * np.array([1.0, 0.0, 0.0])
    # Accelerations .1 and -.2 a frame squared, halved and whole once scaled; both feet move as the
    # hips do from frame to frame: .2 and 0.
    assert metrics.foot_contact(world) == pytest.approx((0.2 * 0.2 * 0.5 + 0) / 2 * 1e4)


def test_a_foot_skates_when_it_slides_on_the_floor() -> None:
    world = standing(31)
    assert metrics.skating(world, 30) == (0, 62)
    sliding = world + np.arange(31)[:, None, None] * np.array([0.02, 0.0, 0.0])
    assert metrics.skating(sliding, 30) == (60, 62)
    assert metrics.skating(sliding, 10) == (0, 62), "the same steps at a third of the pace"
    lifted = sliding - [0.0, 0.1, 0.0]
    assert metrics.skating(lifted, 30) == (0, 0), "in the air nothing skates"


def test_the_code_of_the_paper_misses_one_diagonal() -> None:
    for z, seen in ((0.02, 0), (-0.02, 60)):
        world = standing(31) + np.arange(31)[:, None, None] * np.array([0.02, 0.0, z])
        assert metrics.skating(world, 30)[0] == 60
        assert metrics.skating(world, 30, compat=True)[0] == seen


def test_a_window_is_served_at_sixty_frames_on_the_floor() -> None:
    points, _ = walker(seconds=4, fps=8)
    dances = Dances.of_steps(points[None, :32], tempo=120)
    assert dances.landmarks.shape == (1, 233, 33, 3)
    lowest = dances.world[0, :, [INDEX["left_heel"], INDEX["right_heel"]], 1].max(axis=0)
    assert np.abs(lowest).max() < 0.05
    assert 0 < dances.speed()[0] < 2


def test_a_perfect_bridge_finds_every_mate_and_a_random_one_none() -> None:
    rng = np.random.default_rng(5)
    music = rng.normal(size=(200, 8))
    perfect = retrieval(music, music, rng)
    assert perfect[:4] == (1.0, 1.0, 1.0, 1.0)
    assert perfect.p_value == pytest.approx(1 / 1000)
    blind = retrieval(music, rng.normal(size=(200, 8)), rng)
    assert 35 < blind.median_rank < 65, "of 100"
    assert blind.p_value > 0.01
    assert blind.ten == pytest.approx(0.1, abs=0.07)


def test_ranks_by_hand() -> None:
    queries = np.array([[0.0], [10.0], [20.0]])
    mates = np.array([[1.0], [0.5], [19.0]])  # the first is beaten by the second, and vice versa
    found = retrieval(queries, mates, np.random.default_rng(0), pool=3)
    assert found.first == pytest.approx(1 / 3)
    assert found.median_rank == 2
    constant = retrieval(queries, np.zeros((3, 1)), np.random.default_rng(0))
    assert constant.median_rank == 2, "where all candidates are one, the mate is in the middle"
    assert constant.p_value == 1.0
