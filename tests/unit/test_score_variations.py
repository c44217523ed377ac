"""New lines and drums made of known ones."""

from __future__ import annotations

import numpy as np
import pytest

from oscbridge.domain.score import KEYED_MELODY, PitchRange
from oscbridge.training import score_variations as variations


def line(*notes: tuple[int, int, int]) -> tuple[variations.Steps, variations.Steps]:
    pitch, velocity = np.zeros((2, 32), np.uint8)
    for start, stop, note in notes:
        pitch[start:stop] = note
        velocity[start] = 90
    return pitch, velocity


def test_a_rhythm_takes_the_pitches_of_another_in_order_and_over_again() -> None:
    ours = line((0, 2, 60), (2, 4, 60), (8, 12, 65))
    theirs = line((5, 6, 72), (9, 30, 74))
    made = variations.repitched(*ours, *theirs)
    assert np.array_equal(made, line((0, 2, 72), (2, 4, 74), (8, 12, 72))[0])


def test_a_note_held_over_into_the_window_counts_and_silence_changes_nothing() -> None:
    pitch, velocity = line((0, 4, 60), (4, 8, 62))
    velocity[0] = 0
    made = variations.repitched(pitch, velocity, *line((0, 1, 70), (1, 2, 71)))
    assert made[:8].tolist() == [70] * 4 + [71] * 4
    assert np.array_equal(variations.repitched(pitch, velocity, *line()), pitch)


@pytest.mark.parametrize(
    ("degrees", "moved"), [(0, [60, 61, 71]), (1, [62, 63, 72]), (-1, [59, 60, 69]), (7, None)]
)
def test_a_line_moves_by_degrees_of_the_scale(degrees: int, moved: list[int] | None) -> None:
    pitch = line((0, 1, 60), (1, 2, 61), (2, 3, 71))[0]
    made = variations.by_degrees(pitch, degrees, KEYED_MELODY)
    assert made[:3].tolist() == (moved or [72, 73, 83])
    assert not made[3:].any()


def test_a_line_that_would_leave_the_range_stays() -> None:
    pitch = line((0, 1, 60), (1, 2, 71))[0]
    assert np.array_equal(variations.by_degrees(pitch, 1, PitchRange(60, 71)), pitch)


def test_lanes_are_mixed_in_the_chosen_windows_only() -> None:
    ours, others = np.full((64, 12), 1, np.uint8), np.full((64, 12), 2, np.uint8)
    made = variations.lanes_mixed(
        ours, others, np.array([False, True]), np.random.default_rng(0)
    ).reshape(2, 32, 12)
    assert (made[0] == 1).all()
    assert (made[1] == made[1, :1]).all() and set(made[1, 0]) == {1, 2}
