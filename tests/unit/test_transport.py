"""Where the music is, and where it was."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscbridge.domain.course import Course
from oscbridge.domain.timeline import Meter
from oscbridge.domain.transport import Transport, step_of


def test_a_change_of_tempo_moves_nothing_that_was():
    t = Transport(time=10.0, bpm=120.0)
    assert t.beat_at(12.0) == 4.0 and t.time_of(4.0) == 12.0
    slower = t.at(12.0, bpm=60.0)
    assert slower.beat_at(12.0) == 4.0 and slower.beat_at(14.0) == 6.0


def test_standing_still_no_later_beat_is_reached():
    still = Transport(bpm=120.0).stopped(1.0)
    assert still.beat_at(5.0) == 2.0 and still.time_of(3.0) == math.inf
    assert still.started(5.0).beat_at(6.0) == 4.0


def test_bars_in_three_and_from_where_the_meter_changed():
    t = Transport(bpm=60.0, meter=Meter(0.0, 4, 4))
    assert t.bar_at(5.5) == 4.0 and t.next_bar(4.0) == 4.0 and t.next_bar(4.1) == 8.0
    waltz = t.in_meter(3, 4, time=5.0)
    assert waltz.meter.beat == 8.0
    assert [waltz.bar_at(b) for b in (8.0, 10.9, 11.0, 14.5)] == [8.0, 8.0, 11.0, 14.0]
    assert step_of(1.25) == 5 and step_of(1.2499999999) == 5 and step_of(-0.1) == -1


@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.floats(20.0, 400.0)), min_size=1, max_size=30))
def test_the_way_back_is_the_way_that_was_gone(changes):
    course, time = Course(Transport()), 0.0
    passed = []
    for wait, bpm in changes:
        passed += [(t, course.beat_at(t)) for t in np.linspace(time, time + wait, 5)[:-1]]
        time += wait
        assert not course.take(course.transport.at(time, bpm=bpm))
    times, beats = zip(*passed, strict=True)
    assert course.times_of(beats) == pytest.approx(times, abs=1e-6)
    assert [course.beat_at(t) for t in times] == pytest.approx(beats, abs=1e-6)


def test_small_corrections_are_none_jumps_are():
    course = Course(Transport(bpm=120.0))
    assert not course.take(course.transport.at(5.0, beat=10.02))
    assert not course.take(course.transport.at(5.5, beat=10.9)), "a little back"
    assert np.all(np.diff(course.times_of(np.arange(8, 12, 0.1))) > 0)
    assert course.take(course.transport.at(6.0, beat=0.0))
    assert course.times_of([1.0, -1.0]) == pytest.approx([6.5, 5.5])
