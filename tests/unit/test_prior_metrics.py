"""Figures of drawn windows, on windows made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scores import song_score

from oscbridge.domain.music import Part
from oscbridge.domain.score import Score, joined
from oscbridge.training import prior_metrics


def test_repetition_is_the_f1_of_the_bars() -> None:
    same, half, none = (Score.silent(32) for _ in range(3))
    for score, steps in ((same, (0, 4, 16, 20)), (half, (0, 4, 16, 21)), (none, (0, 4))):
        score.drums[list(steps), 0] = 100
    got = prior_metrics.repetition(joined([same, half, none, Score.silent(32)]))
    np.testing.assert_array_equal(got, [1.0, 0.5, 0.0, np.nan])


def test_scale_and_c_are_told_apart() -> None:
    line = Score.silent(32)
    line.melody_pitch[[0, 4, 8, 12]] = 60, 64, 67, 71
    line.melody_velocity[[0, 4, 8, 12]] = 90
    three = joined([line, line.shifted(1), Score.silent(32)])
    np.testing.assert_array_equal(prior_metrics.in_scale(three), [1, 1, 1])
    np.testing.assert_array_equal(prior_metrics.in_c(three), [1, 0.5, np.nan])  # 65 and 72


def test_repeats_count_once_whatever_their_velocities() -> None:
    one, other = song_score(0), song_score(1)
    quiet = replace(one, drums=(one.drums // 2).astype(np.uint8))
    np.testing.assert_array_equal(
        prior_metrics.first_of_kind(joined([one, other, quiet, one])), [1, 1, 0, 0]
    )


def test_onsets_and_windows_in_which_all_play() -> None:
    full = song_score(0)
    still = replace(full, bass_pitch=full.bass_pitch * 0, bass_velocity=full.bass_velocity * 0)
    both = joined([full, still])
    np.testing.assert_array_equal(prior_metrics.all_parts(both), [1, 0])
    np.testing.assert_array_equal(prior_metrics.onsets(both, Part.BASS), [8, 0])
    assert prior_metrics.onsets(both, Part.MELODY).tolist() == [16, 16]


def test_the_nearest_is_nothing_away_for_a_copy_and_all_for_a_stranger() -> None:
    known = Score.silent(64)
    known.drums[0:4, 0] = 100
    known.bass_pitch[32:36] = 40
    ours = Score.silent(96)
    ours.drums[0:4, 0] = 60  # the first, of another velocity
    ours.drums[32:34, 0] = 100  # half of the first
    ours.drums[64:68, 1] = 100  # none of it
    np.testing.assert_array_equal(prior_metrics.nearest(ours, known), [0, 0.5, 1])


def test_figures_have_a_value_a_window() -> None:
    score = joined([song_score(seed) for seed in range(3)])
    got = prior_metrics.figures(score, score)
    assert {len(values) for values in got.values()} == {3}
    assert got["nearest known"].sum() == 0 and got["all parts"].sum() == 3


def test_an_interval_holds_the_mean_and_leaves_nan_out() -> None:
    values = np.append(np.arange(100.0), np.nan)
    value, low, high = prior_metrics.interval(values, np.random.default_rng(0))
    assert value == pytest.approx(49.5)
    assert 42 < low < 47 < 52 < high < 57
