"""Beat figures against Bailando's definition and hand-made beats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscbridge.training import metrics_beat as beat

FPS = 60


def beats(*frames: int) -> np.ndarray:
    return np.array(frames, np.intp)


def bobbing(seconds: float, bpm: float) -> np.ndarray:
    """One joint that goes up and down and turns on every beat."""
    time = np.arange(int(seconds * FPS)) / FPS
    y = np.cos(np.pi * time * bpm / 60)
    return np.stack([0 * y, y, 0 * y], axis=-1)[:, None]


def test_motion_beats_are_where_a_movement_turns() -> None:
    bpm = 118.0  # at 120 a minimum falls between two frames, and neither is strictly least
    found = beat.motion_beats(bobbing(5, bpm))
    assert len(found) == 9
    on = (found + 0.5) * bpm / 60 / FPS
    assert np.abs(on - np.arange(1, 10)).max() < 0.05
    assert len(beat.motion_beats(np.zeros((100, 24, 3)))) == 0, "stillness has no beat"
    assert len(beat.motion_beats(np.zeros((2, 24, 3)))) == 0


def test_beat_align_is_one_on_the_beat_and_falls_as_defined() -> None:
    music = np.arange(0, 240, 30)
    assert beat.beat_align(music, music) == 1.0
    # Three frames off is one standard deviation: exp(-9 / 18).
    assert beat.beat_align(music, music + 3) == pytest.approx(np.exp(-0.5))
    assert beat.beat_align(beats(0, 30), beats(0)) == pytest.approx((1 + np.exp(-50)) / 2)
    assert beat.beat_align(music, beats()) == 0.0


@pytest.mark.parametrize(("fps", "expected"), [(60, 0.247), (30, 0.478)])
def test_beats_of_any_phase_score_as_chance_does(fps: int, expected: float) -> None:
    """120 BPM against 120 BPM, half a second apart, at every phase: chance is no zero."""
    apart = fps // 2
    music = np.arange(0, 10 * fps, apart)
    score = np.mean([beat.beat_align(music, music + phase) for phase in range(apart)])
    assert score == pytest.approx(expected, abs=0.01)
    null = beat.beat_align_null(music, music, 10 * fps)
    assert null == pytest.approx(expected, abs=0.02)


def test_above_chance_is_zero_at_chance_and_one_at_the_top() -> None:
    assert beat.above_chance(0.25, 0.25) == 0
    assert beat.above_chance(1.0, 0.25) == 1
    assert beat.above_chance(0.1, 0.25) < 0


def test_shifts_stay_on_the_grid_where_they_are_told_to() -> None:
    assert beat.shifts(30, 7.5).tolist() == [8, 15, 22]
    assert beat.shifts(4).tolist() == [1, 2, 3]
    assert beat.shifted(beats(0, 25), 30, 10).tolist() == [5, 10]


def test_hits_are_matched_once_each() -> None:
    hits = beat.match(beats(0, 30, 60), beats(1, 2, 33, 90), 4.2)
    assert hits == (2, 3, 4)
    assert (hits.precision, hits.recall) == (0.5, 2 / 3)
    assert hits.f1 == pytest.approx(4 / 7)
    assert beat.match(beats(0, 4), beats(4, 8), 4).hits == 2, "as many as there can be"
    assert beat.match(beats(), beats(), 4).f1 == 1.0


@given(
    st.sets(st.integers(0, 60), max_size=7), st.sets(st.integers(0, 60), max_size=7),
    st.integers(0, 6),
)  # fmt: skip
def test_matching_is_the_largest_there_is(a: set[int], b: set[int], tolerance: int) -> None:
    from scipy.optimize import linear_sum_assignment

    first, second = beats(*sorted(a)), beats(*sorted(b))
    near = np.abs(first[:, None] - second[None]) <= tolerance
    rows, columns = linear_sum_assignment(-near.astype(float))
    assert beat.match(first, second, tolerance).hits == near[rows, columns].sum()


def test_the_null_of_a_match_is_below_the_match_itself() -> None:
    music = np.arange(0, 240, 30)
    null = beat.match_null(music, music, 4.2, 240)
    # Of 239 shifts, 39 bring the beats 0 to 4 frames late onto all 8, 32 as much early onto 7.
    assert null.f1 == pytest.approx((39 * 8 + 32 * 7) / (239 * 8))


def test_bins_of_a_second_saturate() -> None:
    every_second = np.arange(10) + 0.2
    assert beat.binned(every_second, every_second + 0.7) == (1.0, 1.0, 1.0)
    assert beat.binned(np.array([0.0, 1, 2, 3]), np.array([0.9, 9.0])) == (0.5, 0.25, 0.5)


def test_accents_are_the_strongest_quarter() -> None:
    drums = np.zeros((1, 32, 12), np.bool_)
    drums[0, ::4, 0] = True  # kicks
    drums[0, ::2, 4] = True  # hats
    none = np.zeros((1, 32, 24), np.bool_)
    envelope = beat.accent_envelope({"drums": drums, "bass": none, "melody": none})
    assert envelope[0, :3].tolist() == [1.2, 0, 0.2]
    assert beat.accents(envelope[0], 7.5).tolist() == [0, 30, 60, 90, 120, 150, 180, 210]
    assert len(beat.accents(np.zeros(32), 7.5)) == 0
