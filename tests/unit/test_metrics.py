"""The figures a model is judged by, each against its definition worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from oscbridge.domain.pose import BONES, COUNT
from oscbridge.training import metrics

BASS_ROW = 12
MELODY_ROW = 60
KICK = 0


def rolls(*cells: tuple[int, int], windows: int = 1, steps: int = 32) -> np.ndarray:
    held = np.zeros((windows, steps, 128), np.bool_)
    for step, row in cells:
        held[0, step, row] = True
    return held


def test_a_held_note_starts_once_and_every_drum_cell_is_a_hit() -> None:
    held = rolls((0, MELODY_ROW), (1, MELODY_ROW), (3, MELODY_ROW), (4, KICK), (5, KICK))
    starts = metrics.onsets(held)
    assert set(zip(*np.nonzero(starts[0]), strict=True)) == {
        (0, MELODY_ROW), (3, MELODY_ROW), (4, KICK), (5, KICK),
    }  # fmt: skip
    assert held[0, 1, MELODY_ROW], "the roll itself must not be changed"


def test_f1_is_twice_the_hits_over_all_cells() -> None:
    true = rolls((0, KICK), (4, KICK), (8, KICK))
    made = rolls((0, KICK), (5, KICK))
    assert metrics.f1(true, made) == pytest.approx(2 * 1 / (3 + 2))
    assert metrics.f1(rolls(), rolls()) == 1.0
    assert metrics.f1(true, rolls()) == 0.0


def test_one_step_of_tolerance_matches_neighbours_of_the_same_row_once() -> None:
    true = rolls((4, KICK), (10, BASS_ROW))
    made = rolls((3, KICK), (5, KICK), (11, BASS_ROW), (10, MELODY_ROW))
    # One kick of two and the bass match; the melody has no mate.
    assert metrics.onset_f1(true, made, 1) == pytest.approx(2 * 2 / (2 + 4))
    assert metrics.onset_f1(true, made, 0) == 0.0


def test_tolerant_matching_finds_the_most_matches_there_can_be() -> None:
    # Taking the exact mate first would leave the made onset at 3 alone.
    true = rolls((2, KICK), (3, KICK))
    made = rolls((3, KICK), (4, KICK))
    assert metrics.onset_f1(true, made, 1) == 1.0


def test_densities_and_emptiness_count_windows_and_onsets() -> None:
    held = rolls((0, KICK), (1, KICK), (2, KICK), windows=4)
    assert metrics.density(held).tolist() == [3, 0, 0, 0]
    assert metrics.non_empty(held) == 0.25
    assert metrics.density_ratio(rolls((0, KICK), (1, KICK)), held) == 1.5


def test_pitch_class_kl_is_zero_for_equal_and_positive_for_other_classes() -> None:
    c, d = rolls((0, 60)), rolls((0, 62))
    assert metrics.pitch_class_kl(c, rolls((9, 72))) == pytest.approx(0.0)
    # 13 counts each, two of one class: (2 ln 2 - 1 ln 2) / 13.
    assert metrics.pitch_class_kl(c, d) == pytest.approx(np.log(2) / 13)
    assert metrics.pitch_class_kl(c, rolls((0, KICK))) > 0, "drums have no pitch class"


def test_mpjpe_is_the_mean_distance_in_millimetres() -> None:
    true = np.zeros((1, 2, COUNT, 3))
    made = true.copy()
    made[0, 0, :, 1] = 0.1
    assert metrics.mpjpe(true, made) == pytest.approx(50.0)


def test_motion_range_is_the_diagonal_of_the_box_and_speed_is_metres_a_step() -> None:
    poses = np.zeros((1, 3, COUNT, 3))
    poses[0, 1, 0] = (0.3, 0.4, 0.0)
    assert metrics.motion_range(poses) == pytest.approx([0.5 / COUNT])
    assert metrics.speed(poses) == pytest.approx([0.5 / COUNT])  # there and back, in two steps


def test_bone_cv_is_zero_for_a_moved_body_and_grows_with_stretching() -> None:
    rng = np.random.default_rng(3)
    body = rng.normal(size=(COUNT, 3))
    poses = body + rng.normal(size=(1, 4, 1, 3))
    assert metrics.bone_cv(poses) == pytest.approx(0.0, abs=1e-12)
    stretched = np.stack([body, 3 * body])[None]  # lengths l and 3 l: std l, mean 2 l
    assert metrics.bone_cv(stretched) == pytest.approx(0.5)
    assert len(BONES) > 0


def test_rank_correlation_sees_order_only_and_nothing_in_constants() -> None:
    assert metrics.rank_correlation(np.array([1, 2, 3]), np.array([1, 10, 1000])) == 1.0
    assert metrics.rank_correlation(np.array([1, 2, 3]), np.ones(3)) == 0.0
