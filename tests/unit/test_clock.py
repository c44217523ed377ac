"""The daemon's clock with its four sources."""

import sys

import pytest

from oscbridge.daemon.live import clock as clocks
from oscbridge.daemon.live.clock import Clock
from oscbridge.domain.link_follow import ALONE, LinkFollower
from oscbridge.domain.transport import Transport
from oscbridge.errors import JobError
from oscbridge.io.link import Heard


class Show:
    """A clock by a time that is set, with what it told."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(clocks, "perf_counter", lambda: self.now)
        self.moves, self.troubles = [], []
        self.clock = Clock(Transport(time=100.0))
        self.clock.moved, self.clock.trouble = self.moves.append, self.troubles.append

    def ticks(self, count, bpm=120.0):
        for _ in range(count):
            self.clock.midi("clock", self.now, 0)
            self.now += 2.5 / bpm


@pytest.fixture
def show(monkeypatch):
    return Show(monkeypatch)


def test_midi_that_was_heard_all_along_is_taken_over_where_it_is(show):
    show.clock.midi("start", show.now, 0)
    show.ticks(96, 150.0)
    assert not show.moves
    show.clock.choose("midi")
    source, state, tempo, beat, *_ = show.clock.told()
    assert (source, state) == ("midi", "running")
    assert tempo == pytest.approx(150.0)
    assert beat == pytest.approx(4.0, abs=1e-3)


def test_midi_says_tempo_and_start_alone(show):
    show.clock.choose("midi")
    assert show.clock.state == "waiting for clock"
    assert not show.clock.transport.playing
    for ask in (lambda: show.clock.set_tempo(90.0), lambda: show.clock.play(True),
                lambda: show.clock.beat(3.0, None)):  # fmt: skip
        with pytest.raises(JobError, match=r"(MIDI|midi)"):
            ask()
    show.clock.set_meter(3, 4)
    show.clock.midi("start", show.now, 0)
    show.ticks(48)
    assert show.clock.transport.meter.numerator == 3
    assert show.clock.state == "running"


def test_a_clock_that_stops_is_named_and_well_again_when_it_comes_back(show):
    show.clock.choose("midi")
    show.clock.midi("start", show.now, 0)
    show.ticks(48)
    show.now += 1.0
    show.clock.look()
    assert show.clock.state == show.troubles[-1] == "clock lost"
    assert not show.clock.transport.playing
    show.ticks(48)
    show.clock.look()
    assert (show.clock.state, show.troubles[-1]) == ("running", "")
    show.clock.choose("internal")
    assert show.clock.told()[:2] == ("internal", "running")


def test_positions_lead_once_osc_is_chosen_and_jump_else(show):
    show.clock.beat(7.0, 90.0)
    assert show.clock.told()[2:4] == (90.0, 7.0)
    show.clock.choose("osc")
    assert show.clock.state == "waiting for beats"
    for beat in range(5):
        show.clock.beat(float(beat), None)
        show.now += 0.5
    source, state, tempo, beat, *_ = show.clock.told()
    assert (source, state, tempo) == ("osc", "running", pytest.approx(120.0))
    assert beat == pytest.approx(5.0)
    show.now += 10
    show.clock.look()
    assert show.clock.state == "clock lost"


def test_an_unknown_source_changes_nothing(show):
    with pytest.raises(JobError):
        show.clock.choose("gps")
    assert show.clock.source == "internal"
    assert not show.moves


class Session:
    """A Link session that says what it is told."""

    def __init__(self, bpm, bar):
        self.heard = Heard(0.0, 0.0, bpm, False, 0)
        self.asked, self.closed = [], False

    def read(self):
        return self.heard

    def play(self, on):
        self.asked.append(on)

    set_tempo = set_bar = play

    def close(self):
        self.closed = True


def test_link_leads_proposes_and_says_when_it_is_alone(show, monkeypatch):
    monkeypatch.setattr(clocks, "LinkSession", Session)
    show.clock.choose("link")
    session = show.clock._link[0]
    session.heard = Heard(show.now, 12.5, 133.0, False, 2)
    show.clock.look()
    assert show.clock.told()[:4] == ("link", "running", 133.0, 12.5)
    assert show.clock.peers == 2
    show.clock.set_tempo(90.0)
    show.clock.set_meter(3, 4)
    assert session.asked == [90.0, 3.0]
    session.heard = Heard(show.now, 12.5, 90.0, False, 0)
    show.clock.look()
    assert show.troubles[-1] == ALONE
    with pytest.raises(JobError, match="link"):
        show.clock.beat(0.0, None)
    show.clock.choose("internal")
    assert session.closed
    assert show.clock.transport.playing


def test_link_start_and_stop_are_taken_over_when_they_change():
    follower, now = LinkFollower(), Transport(playing=True)
    now = follower.take(now, 1.0, 3.0, 100.0, False, 1)
    assert now.playing
    assert follower.take(now, 2.0, now.beat_at(2.0), 100.0, False, 1) is None
    now = follower.take(now, 3.0, now.beat_at(3.0), 100.0, True, 1)
    assert now is None or now.playing
    now = follower.take(Transport(bpm=100.0), 4.0, 9.0, 100.0, False, 1)
    assert not now.playing


def test_without_aalink_the_extra_is_named(show, monkeypatch):
    monkeypatch.setitem(sys.modules, "aalink", None)
    with pytest.raises(JobError, match=r"\.\[link\]"):
        show.clock.choose("link")
    assert show.clock.source == "internal"
