"""The beats of a take while the transport does what transports do."""

from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.domain.course import JUMP
from oscbridge.domain.take import SAME_TEMPO, Take
from oscbridge.domain.timeline import FASTEST, SLOWEST, Meter, Tempo
from oscbridge.domain.transport import Transport

START = Transport(time=100.0, beat=2.5, bpm=120.0)


def take(*changes, bars=0):
    """A take that follows transports, each told at its time, or (time, transport)."""
    made = Take(bars)
    for change in changes:
        now, transport = change if isinstance(change, tuple) else (change.time, change)
        made.follow(transport, now)
    return made


def test_it_begins_with_the_next_bar():
    assert take(START).at(4.0) == 0.0
    assert take(START).at_time(100.0) == -1.5
    assert take(START.at(100.0, beat=8.0)).at(8.0) == 0.0, "at once where a bar starts"
    late = Take()
    late.follow(START, 101.0)
    assert late.at(8.0) == 0.0, "the bar after it was told"
    waltz = START.in_meter(3, 4, 99.0)
    assert take(waltz).at(4.0) == 0.0
    assert take(waltz).timeline.meters == (Meter(0.0, 3, 4),)


def test_without_a_transport_nothing_has_a_place():
    assert Take().at(5.0) < 0
    assert Take().at_time(5.0) < 0


def test_while_the_transport_stands_it_waits():
    standing = START.stopped(100.0)
    made = take(standing)
    assert made.at_time(1000.0) == -1.5
    made.follow(standing.started(1000.0), 1000.0)
    assert made.at_time(1001.0) == 0.5


def test_a_tempo_that_changes_is_in_its_map_from_that_beat_on():
    faster = START.at(103.0, bpm=150.0)
    made = take(START, START.at(100.2, bpm=90.0), START.at(100.4, bpm=120.0), faster)
    assert made.timeline.tempos == (Tempo(0.0, 120.0), Tempo(4.5, 150.0))
    made.follow(faster.at(103.0, bpm=60.0), 103.0)
    assert made.timeline.tempos == (Tempo(0.0, 120.0), Tempo(4.5, 60.0)), "the last said counts"


def test_a_tempo_that_wavers_is_one_and_none_is_beyond_what_is_one():
    wavering = [START.at(101.0 + k / 10, bpm=120.0 + 0.08 * (-1) ** k) for k in range(50)]
    assert take(START, *wavering).timeline.tempos == (Tempo(0.0, 120.0),)
    creeping = [START.at(101.0 + k / 10, bpm=120.0 + k / 100) for k in range(50)]
    assert len(take(START, *creeping).timeline.tempos) == 5, "but it may not creep away"
    wild = take(START.at(100.0, bpm=0.5), START.at(500.0, bpm=5000.0))
    assert [tempo.bpm for tempo in wild.timeline.tempos] == [SLOWEST, FASTEST]


def test_a_meter_comes_with_the_bar_it_begins_with():
    waltz = 102.0, START.in_meter(3, 4, 102.0)
    assert take(START, waltz).timeline.meters == (Meter(0.0, 4, 4), Meter(4.0, 3, 4))
    back = 102.2, START.in_meter(4, 4, 102.2)
    assert take(START, waltz, back).timeline.meters == (Meter(0.0, 4, 4),), "thought better of"
    again = take(START, waltz, waltz[1].at(104.0, bpm=100.0))
    assert again.timeline.meters == (Meter(0.0, 4, 4), Meter(4.0, 3, 4))


def test_a_jump_goes_on_with_its_bars_where_the_transport_has_them():
    home = START.at(103.0, beat=0.0)  # at beat 8.5: half a beat into the second bar of the take
    made = take(START, home)
    assert made.at(0.0) == 4.5
    assert made.timeline.meters == (Meter(0.0, 4, 4), Meter(4.5, 4, 4))
    aligned = take(START, START.at(103.0, beat=100.5))
    assert aligned.at(100.5) == 4.5
    assert aligned.timeline.meters == (Meter(0.0, 4, 4),)


def test_a_jump_before_it_begins_is_waited_out():
    home = START.at(100.5, beat=0.2)
    made = take(START, home)
    assert made.at(4.0) == 0.0
    assert made.at_time(100.5) == -3.8


def test_what_has_begun_does_not_begin_again():
    back = START.at(100.75, beat=3.75)
    made = take(START, back, back.at(100.75, beat=1.0))
    assert made.at_time(100.75) == -0.25
    made.follow(back.at(100.75, beat=0.0), 100.75)
    assert made.timeline.meters == (Meter(0.0, 4, 4), Meter(3.75, 4, 4))


def test_a_correction_of_the_clock_leaves_the_bars_where_they_are():
    nudged = START.at(103.0, beat=8.47, bpm=119.0)
    made = take(START, nudged)
    assert made.at(8.47) == 4.470000000000001
    assert made.timeline.meters == (Meter(0.0, 4, 4),)
    assert len(made.timeline.tempos) == 2
    across = take(START, START.at(100.76, beat=4.001))
    assert across.at(4.001) < 0.01, "a bar line is not missed by a nudge across it"


def test_it_ends_after_so_many_bars_whatever_they_are():
    assert take(START, bars=2).end == 8.0
    assert take(START, (102.0, START.in_meter(3, 4, 102.0)), bars=3).end == 10.0
    assert take(START, START.at(103.0, beat=0.0), bars=2).end == 4.5, "a bar that is cut short"
    assert take(START).end == float("inf")


CHANGES = st.one_of(
    st.tuples(st.just("tempo"), st.floats(10, 1000)),
    st.tuples(st.just("beat"), st.floats(-50, 500)),
    st.tuples(st.just("nudge"), st.floats(-0.4, 0.4)),
    st.tuples(st.just("meter"), st.sampled_from([(4, 4), (3, 4), (7, 8), (1, 64), (64, 1)])),
    st.tuples(st.just("play"), st.booleans()),
)


@settings(max_examples=300, deadline=None)
@given(changes=st.lists(st.tuples(st.floats(0, 5), CHANGES), max_size=12), bars=st.integers(0, 5))
def test_whatever_the_transport_does_a_take_goes_on_and_has_a_map(changes, bars):
    now, transport, made = 100.0, START, Take(bars)
    made.follow(transport, now)
    begun = False
    for wait, (what, value) in changes:
        now += wait
        left = made.at_time(now)
        begun = begun or left >= 0
        if what == "tempo":
            transport = transport.at(now, bpm=value)
        elif what == "beat":
            transport = transport.at(now, beat=value)
        elif what == "nudge":
            transport = transport.at(now, beat=transport.beat_at(now) + value)
        elif what == "meter":
            transport = transport.in_meter(*value, now)
        else:
            transport = transport.started(now) if value else transport.stopped(now)
        made.follow(transport, now)
        if begun:
            assert abs(made.at_time(now) - left) <= JUMP + 1e-6
        for changed in (made.timeline.tempos, made.timeline.meters):
            beats = [each.beat for each in changed]
            assert beats[0] == 0.0 and beats == sorted(set(beats))
        assert abs(made.timeline.tempos[-1].bpm - transport.bpm) <= SAME_TEMPO
        assert (made.end > 0) if bars else made.end == float("inf")
        meter = made.timeline.meters[-1]
        line = transport.next_bar(max(transport.beat_at(now), transport.meter.beat)) + 1e-9
        off = (made.at(line) - meter.beat) % meter.bar
        if made.at(line) > 0 and what in ("beat", "meter"):
            assert min(off, meter.bar - off) < 2e-3, "bars lie as the transport's"
