"""Figures of music by part, each against its definition worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from oscbridge.training import metrics_music as metrics
from oscbridge.training.samples import PartRoll, music_of_rolls


def cells(*at: tuple[int, int], windows: int = 1, rows: int = 12) -> np.ndarray:
    made = np.zeros((windows, 32, rows), np.bool_)
    for step, row in at:
        made[0, step, row] = True
    return made


def test_onsets_count_by_time_whatever_the_pitch() -> None:
    true, made = cells((0, 1), (4, 1), (8, 2)), cells((0, 5), (4, 1), (9, 2), (12, 0))
    found = metrics.onset_counts(true, made)
    assert (found.precision, found.recall) == (2 / 4, 2 / 3)
    assert found.f1 == pytest.approx(2 * 2 / 7)
    assert metrics.counts(true, made).f1 == pytest.approx(2 * 1 / 7), "by pitch only one agrees"


def test_silence_is_right_where_silence_is_wanted() -> None:
    none, one = cells(), cells((0, 0))
    assert metrics.counts(none, none).precision == metrics.counts(none, none).recall == 1.0
    assert metrics.counts(one, none).precision == metrics.counts(none, one).recall == 0.0


def test_a_bar_that_comes_again_repeats() -> None:
    assert metrics.bar_repetition(cells((0, 0), (4, 1), (16, 0), (20, 1))).f1 == 1.0
    assert metrics.bar_repetition(cells((0, 0), (4, 1), (16, 0), (21, 1))).f1 == 0.5


def test_pitch_classes_and_scale() -> None:
    # C, E and G of one window; four semitones in a row in another; nothing in the third.
    onsets = np.zeros((3, 32, 24), np.bool_)
    onsets[0, 0, [0, 4, 7]] = True
    onsets[1, 0, [0, 1, 2, 3]] = True
    classes = metrics.pitch_classes(onsets, lowest=24)
    assert classes[0].tolist() == [1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    share = metrics.in_scale(classes)
    assert share[0] == 1.0
    assert share[1] == 0.75, "no major scale holds four semitones in a row"
    assert np.isnan(share[2])


@given(st.integers(0, 11), st.integers(0, 11))
def test_a_major_scale_is_in_scale_in_every_key(key: int, octave: int) -> None:
    classes = np.zeros((1, 12))
    classes[0, (metrics.MAJOR + key) % 12] = 1 + octave
    assert metrics.in_scale(classes)[0] == 1.0
    assert metrics.class_kl(classes, classes) == pytest.approx(0)


def test_class_kl_by_hand() -> None:
    c, d = np.zeros((1, 12)), np.zeros((1, 12))
    c[0, 0] = d[0, 1] = 1
    # 13 counts, two of one class: (2 ln 2 - ln 2) / 13.
    assert metrics.class_kl(c, d) == pytest.approx(np.log(2) / 13)


def test_copies_are_nearest_and_repeats_are_not_distinct() -> None:
    known = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], np.bool_)
    made = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [1, 0, 1, 1], [0, 0, 0, 0]], np.bool_)
    assert metrics.nearest_distance(made, known) == pytest.approx([0, 1 / 3, 1 / 3, 1])
    assert metrics.distinct_share(made) == 0.75
    assert metrics.nearest_distance(made[3:], made)[0] == 0.0, "silence is a copy of silence"


@given(arrays.arrays(np.bool_, (3, 20)))
def test_every_window_is_a_copy_of_itself(flat: np.ndarray) -> None:
    assert metrics.nearest_distance(flat, flat) == pytest.approx(0, abs=1e-6)


def test_parts_of_a_unified_roll_know_their_pitches() -> None:
    held = np.zeros((1, 32, 128), np.bool_)
    held[0, 0:4, 60] = held[0, 8:10, 60] = True  # middle C
    held[0, 0:8, 12] = True  # lowest bass row, MIDI 24
    held[0, 0:2, 0] = True  # two kicks
    music = music_of_rolls(held)
    assert [int(p.onsets.sum()) for p in music.values()] == [2, 1, 2]
    for part in ("bass", "melody"):
        lowest = music[part].lowest
        assert lowest is not None
        assert metrics.pitch_classes(music[part].onsets, lowest)[0].argmax() == 0


def test_a_line_has_one_note_at_a_time() -> None:
    pitch = np.array([[-1, 60, 60, 60, 62]])
    onset = np.array([[False, True, False, True, True]])
    line = PartRoll.line(pitch, onset, lowest=36, rows=64)
    assert line.held[0].sum(axis=1).tolist() == [0, 1, 1, 1, 1]
    assert np.argwhere(line.onsets[0]).tolist() == [[1, 24], [3, 24], [4, 26]]
