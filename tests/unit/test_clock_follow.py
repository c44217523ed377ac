"""Clocks of others are followed: jitter, lost ticks, other tempos, silence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.domain.clock_follow import LOST, BeatFollower, MidiFollower
from oscbridge.domain.clock_out import CLOCK, CONTINUE, POSITION, START, STOP, ClockOut
from oscbridge.domain.transport import Transport

KINDS = {CLOCK: "clock", START: "start", CONTINUE: "continue", STOP: "stop", POSITION: "songpos"}


class Follow:
    """A follower with the transport it moves."""

    def __init__(self, bpm=120.0):
        self.follower = MidiFollower()
        self.now = Transport(bpm=bpm, playing=False)

    def take(self, kind, time, position=0):
        self.now = self.follower.take(self.now, kind, time, position) or self.now

    def check(self, time):
        self.now = self.follower.check(self.now, time) or self.now


def ticks(bpm, count, jitter=0.0, seed=0, start=0.0):
    late = np.random.default_rng(seed).uniform(0, jitter, count) if jitter else 0
    return start + np.arange(count) * 2.5 / bpm + late


@settings(max_examples=60, deadline=None)
@given(bpm=st.floats(40, 220), seed=st.integers(0, 10_000), start=st.floats(0, 1e6))
def test_jitter_of_three_milliseconds_is_averaged_out(bpm, seed, start):
    follow = Follow()
    follow.take("start", start)
    for n, time in enumerate(ticks(bpm, 192, 0.003, seed, start)):
        follow.take("clock", time)
        true = start + n * 2.5 / bpm
        if n >= 48:
            # The lateness is 1.5 ms in the mean: nobody who only hears ticks can tell that.
            assert abs(follow.now.time_of(n / 24) - true - 0.0015) < 0.002
        if n >= 96:
            assert abs(follow.now.bpm - bpm) < 0.003 * bpm
    assert follow.follower.state == "running"


@settings(max_examples=60, deadline=None)
@given(
    lost=st.sets(st.integers(30, 180), max_size=40), seed=st.integers(0, 10_000),
    bpm=st.floats(60, 180),
)  # fmt: skip
def test_ticks_that_get_lost_do_not_move_the_grid(lost, seed, bpm):
    follow = Follow()
    follow.take("start", 0.0)
    lost = {n for n in lost if not {n - 1, n - 2, n - 3} & lost}
    for n, time in enumerate(ticks(bpm, 240, 0.002, seed)):
        if n not in lost:
            follow.take("clock", time)
    assert follow.now.beat_at(240 * 2.5 / bpm) == pytest.approx(10.0, abs=0.01)


def test_ticks_that_come_in_a_heap_after_a_pause_count_once():
    follow = Follow()
    follow.take("start", 0.0)
    times = ticks(120.0, 240)
    times[100:104] = times[103]
    for time in times:
        follow.take("clock", time)
    assert follow.now.beat_at(5.0) == pytest.approx(10.0, abs=0.005)


@pytest.mark.parametrize("after", [30.0, 60.0, 90.0, 110.0, 126.0, 180.0, 240.0])
def test_another_tempo_keeps_the_grid(after):
    follow = Follow()
    follow.take("start", 0.0)
    times = np.concatenate([first := ticks(120.0, 97), ticks(after, 193)[1:] + first[-1]])
    late = np.random.default_rng(0).uniform(0, 0.001, len(times))
    for time in times + late:
        follow.take("clock", time)
    assert follow.now.bpm == pytest.approx(after, abs=0.3)
    assert follow.now.time_of(12.0) == pytest.approx(times[288], abs=0.002)


def test_the_next_tick_after_start_is_the_beginning_and_the_tempo_is_known_from_those_before():
    follow = Follow(bpm=90.0)
    for time in ticks(140.0, 48):
        follow.take("clock", time)
    assert not follow.now.playing
    assert follow.follower.state == "stopped"
    began = 48 * 2.5 / 140
    follow.take("start", began - 0.01)
    follow.take("clock", began)
    assert follow.now.playing
    assert follow.now.bpm == pytest.approx(140.0)
    assert follow.now.beat_at(began) == pytest.approx(0.0, abs=1e-6)


def test_stop_and_continue_go_on_where_it_stood_and_a_position_moves_it():
    follow = Follow()
    follow.take("start", 0.0)
    for time in ticks(120.0, 48):
        follow.take("clock", time)
    follow.take("stop", 1.0)
    assert not follow.now.playing
    assert follow.now.beat == pytest.approx(2.0)
    follow.take("continue", 5.0)
    for time in ticks(120.0, 25, start=5.01):
        follow.take("clock", time)
    assert follow.now.beat_at(5.51) == pytest.approx(3.0, abs=0.01)
    follow.take("stop", 6.0)
    follow.take("songpos", 6.0, 33)
    assert follow.now.beat == 8.25
    follow.take("continue", 6.0)
    for time in ticks(120.0, 25, start=6.01):
        follow.take("clock", time)
    assert follow.now.beat_at(6.51) == pytest.approx(9.25, abs=0.01)


def test_a_clock_that_ends_is_lost_and_one_that_comes_again_is_counted_on():
    follow = Follow()
    follow.take("start", 0.0)
    for time in ticks(120.0, 48):
        follow.take("clock", time)
    follow.check(1.2)
    assert follow.now.playing
    follow.check(1.0 + LOST + 0.1)
    assert follow.follower.state == "clock lost"
    stood = follow.now.beat
    assert not follow.now.playing
    for time in ticks(100.0, 49, start=10.0):
        follow.take("clock", time)
    assert follow.follower.state == "running"
    assert follow.now.beat_at(10.0 + 1.2) == pytest.approx(2.0 + 2.0, abs=0.01)
    assert stood == pytest.approx(2.0 + 2 * LOST + 0.16, abs=0.05)


@settings(max_examples=40, deadline=None)
@given(
    bpm=st.floats(40, 240), beat=st.sampled_from([0.0, 0.25, 4.0, 37.1, 4096.5]),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_what_is_told_as_midi_clock_is_followed_to_the_same_transport(bpm, beat, seed):
    told = Transport(time=1.0, beat=beat, bpm=bpm)
    clock, follow = ClockOut(), Follow()
    late = np.random.default_rng(seed)
    sent = [(1.0, message) for message in clock.follow(told, 1.0)]
    while clock.next < 1.0 + 240 / bpm:
        time = clock.next
        sent += [(time, message) for message in clock.due(time)]
    for time, message in sent:
        position = message[1] | message[2] << 7 if len(message) == 3 else 0
        follow.take(KINDS[message[0]], time + late.uniform(0, 0.001), position)
    end = 1.0 + 240 / bpm
    off = follow.now.beat_at(end) - told.beat_at(end)
    assert (off + 2048) % 4096 - 2048 == pytest.approx(0.0, abs=0.01)
    assert follow.now.bpm == pytest.approx(bpm, rel=0.004)


@pytest.mark.parametrize("bpm", [None, 100.0])
def test_positions_are_followed_and_silence_is_noticed(bpm):
    follower, now = BeatFollower(), Transport(bpm=100.0)
    late = np.random.default_rng(1).uniform(0, 0.003, 20)
    for n in range(20):
        now = follower.take(now, n * 0.6 + late[n], float(n), bpm)
    assert now.bpm == pytest.approx(100.0, abs=0.3)
    assert now.beat_at(12.0) == pytest.approx(20.0, abs=0.006)
    assert follower.check(now, 12.5) is None
    now = follower.check(now, 20.0)
    assert not now.playing
    assert follower.state == "clock lost"
    now = follower.take(now, 21.0, 3.0, bpm)
    assert now.playing
    assert now.beat_at(21.0) == pytest.approx(3.0)


def test_a_position_elsewhere_is_a_jump():
    follower, now = BeatFollower(), Transport(bpm=120.0)
    for n in range(8):
        now = follower.take(now, n * 0.5, float(n), None)
    now = follower.take(now, 4.0, 32.0, None)
    assert now.beat_at(4.0) == pytest.approx(32.0)
    now = follower.take(now, 4.5, 33.0, None)
    assert now.bpm == pytest.approx(120.0)
    now = follower.take(now, 5.0, 0.0, None)
    assert now.beat_at(5.0) == pytest.approx(0.0)
    assert now.bpm == pytest.approx(120.0)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(KINDS.values())), st.floats(0, 0.7), st.integers(0, 16383)
        ),
        max_size=300,
    )
)
def test_any_messages_make_a_sane_transport(messages):
    follow, time = Follow(), 0.0
    for kind, wait, position in messages:
        time += wait
        follow.check(time)
        follow.take(kind, time, position)
        assert 10 <= follow.now.bpm <= 1000
        assert np.isfinite([follow.now.time, follow.now.beat]).all()
