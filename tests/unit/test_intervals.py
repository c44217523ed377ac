"""Intervals cover what they should, and songs are what they are over."""

from __future__ import annotations

import numpy as np
import pytest

from oscbridge.training.intervals import Tally, of_statistic, over_groups, over_seeds


def test_a_tally_is_a_quotient_of_sums() -> None:
    tally = Tally(np.array([1.0, 2, 3]), np.array([2.0, 2, 8]), np.array(["a", "a", "b"]))
    assert over_groups(tally).value == pytest.approx(6 / 12)
    assert tally.sums().tolist() == [[3, 4], [3, 8]]
    mean = Tally.mean(np.array([1.0, np.nan, 3.0]), np.array([0, 0, 1]))
    assert over_groups(mean).value == 2.0, "nan are left out"


def test_equal_songs_have_no_doubt_and_one_song_has_no_interval() -> None:
    same = over_groups(Tally.mean(np.full(30, 0.4), np.repeat(np.arange(3), 10)))
    assert same == pytest.approx((0.4, 0.4, 0.4, 3))
    alone = over_groups(Tally.mean(np.arange(4.0), np.zeros(4)))
    assert np.isnan(alone.low)
    assert alone.groups == 1


def test_songs_are_resampled_and_not_windows() -> None:
    """Two songs of a hundred equal windows say no more than two windows."""
    values = np.repeat([0.0, 1.0], 100)
    found = over_groups(Tally.mean(values, np.repeat([0, 1], 100)))
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)
    as_if_apart = over_groups(Tally.mean(values, np.arange(200)))
    assert as_if_apart.high - as_if_apart.low < 0.2


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(6)
    covered = []
    for trial in range(120):
        songs = rng.normal(size=25)
        windows = np.repeat(songs, 4) + 0.1 * rng.normal(size=100)
        found = over_groups(Tally.mean(windows, np.repeat(np.arange(25), 4)), 300, seed=trial)
        covered.append(found.low <= 0 <= found.high)
    assert 0.85 <= np.mean(covered) <= 1.0


def test_seeds_widen_the_interval() -> None:
    groups = np.arange(20)
    base = np.random.default_rng(7).normal(size=20) * 0.01
    alike = [Tally.mean(base, groups)] * 5
    unlike = [Tally.mean(base + shift, groups) for shift in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    narrow, wide = over_seeds(alike), over_seeds(unlike)
    assert narrow.value == pytest.approx(wide.value)
    assert wide.high - wide.low > 10 * (narrow.high - narrow.low)


def test_any_statistic_can_be_resampled_by_song() -> None:
    values = np.array([1.0, 1, 5, 5])
    found = of_statistic(lambda index: float(values[index].max()), np.array([0, 0, 1, 1]))
    assert (found.value, found.low, found.high) == (5.0, 1.0, 5.0)
