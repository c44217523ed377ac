"""MIDI without a port: names, what sounds, and what the messages of a keyboard mean."""

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscbridge.domain.music import Part
from oscbridge.domain.sounding import LATE, MOST, Sounding, Strike
from oscbridge.io.midi_in import Channels
from oscbridge.io.midi_ports import Listing, MidiError, look, open_port, pick

NAMES = ("Midi Through:Midi Through Port-0 14:0", "KORG nano:KORG nano 20:0", "nano", "KORG pad")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("through", 0), ("NANO", 2), ("korg", 1), ("KORG nano:KORG nano 28:0", 1), ("pad", 3)],
)
def test_a_port_is_picked_by_its_name_or_the_first_that_holds_it(wanted, found):
    assert pick(NAMES, wanted) == NAMES[found]


@pytest.mark.parametrize("wanted", ["roland", "", "  "])
def test_a_port_that_is_not_there_is_told_with_those_that_are(wanted):
    with pytest.raises(MidiError, match="KORG pad"):
        pick(NAMES, wanted)
    with pytest.raises(MidiError, match="there are: none"):
        pick((), wanted)


def fake(built=(2, 3), raises=()):
    class Maker:
        def __init__(self, api, *_):
            if api in raises:
                raise OSError(f"no {api}")

        def get_ports(self):
            return ["a port"]

        def delete(self):
            pass

    return SimpleNamespace(
        API_LINUX_ALSA=2, API_UNIX_JACK=3, API_MACOSX_CORE=1, API_WINDOWS_MM=4,
        get_compiled_api=lambda: built, MidiIn=Maker, MidiOut=Maker,
    )  # fmt: skip


def test_the_first_back_end_that_works_is_taken_and_none_is_told_with_each_cause(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("OSCBRIDGE_MIDI_API", raising=False)
    monkeypatch.setitem(sys.modules, "rtmidi", fake())
    assert look() == Listing("LINUX_ALSA", ("a port",), ("a port",))
    assert look("unix_jack").api == "UNIX_JACK"
    monkeypatch.setenv("OSCBRIDGE_MIDI_API", "UNIX_JACK")
    assert look().api == "UNIX_JACK"
    monkeypatch.delenv("OSCBRIDGE_MIDI_API")
    monkeypatch.setitem(sys.modules, "rtmidi", fake(raises=(2,)))
    assert look().api == "UNIX_JACK"
    monkeypatch.setitem(sys.modules, "rtmidi", fake(built=(3,), raises=(3,)))
    with pytest.raises(MidiError, match=r"ALSA: not in this build.*JACK: no 3"):
        look()
    with pytest.raises(MidiError, match="no MIDI back end 'OSS'"):
        look("OSS")


def test_windows_names_the_program_that_makes_ports():
    with pytest.raises(MidiError, match="loopMIDI"):
        open_port(Listing("WINDOWS_MM", (), ()), "out", out=True, virtual=True, own="")


def test_a_pitch_struck_again_ends_first_and_its_late_end_is_not_heard():
    sounding = Sounding()
    sounding.add(Strike(0, 60, 90), 1.0, 2.0)
    sounding.add(Strike(0, 60, 70), 1.5, 3.0)
    assert sounding.next == 1.0
    said = [(now, s.velocity) for now in (1.0, 1.5, 2.0, 3.0) for s in sounding.due(now)]
    assert said == [(1.0, 90), (1.5, 0), (1.5, 70), (3.0, 0)]


def test_clear_lets_what_sounds_end_and_end_ends_it_now():
    sounding = Sounding()
    for pitch in (60, 61):
        sounding.add(Strike(0, pitch, 90), pitch - 60.0, 70.0)
    assert [s.pitch for s in sounding.due(0.0)] == [60]
    sounding.clear()
    assert sounding.next == 70.0
    assert list(sounding.end()) == [Strike(0, 60, 0)]
    assert list(sounding.due(100.0)) == []


def test_notes_without_a_time_and_more_than_may_wait_are_refused():
    sounding = Sounding()
    for at, until in ((float("inf"), float("inf")), (0.0, float("inf")), (2.0, 2.0)):
        assert not sounding.add(Strike(0, 60, 90), at, until)
    assert all(sounding.add(Strike(0, 60, 90), n, n + 0.5) for n in range(MOST))
    assert not sounding.add(Strike(0, 60, 90), 0.0, 1.0)
    assert sounding.refused == 1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0, 4), st.floats(0.001, 4)), max_size=60),
    st.lists(st.floats(0, 10), max_size=40),
)
def test_whatever_is_played_each_strike_is_ended_once_and_none_twice(notes, looks):
    sounding, on = Sounding(), set()
    for pitch, at, length in notes:
        sounding.add(Strike(0, pitch, 90), at, at + length)
    for now in [*sorted(looks), 20.0]:
        for strike in sounding.due(now):
            assert (strike.pitch in on) == (not strike.velocity)
            (on.add if strike.velocity else on.remove)(strike.pitch)
    assert not on
    assert sounding.next == float("inf")


def test_a_note_that_could_not_be_struck_in_time_is_left_out():
    sounding = Sounding()
    sounding.add(Strike(0, 60, 90), 1.0, 2.0)
    assert list(sounding.due(1.0 + 2 * LATE)) == []
    assert list(sounding.due(2.0)) == []


def took(channels, *messages):
    return [(p.part, p.pitch, p.velocity) for m in messages for p in channels.take(m, 0.0)]


def test_channels_are_parts_and_a_program_may_make_one_the_bass():
    channels = Channels({}, "keys")
    assert took(channels, [0x99, 36, 90], [0x91, 40, 80], [0x90, 60, 70]) == [
        (Part.DRUMS, 36, 90), (Part.BASS, 40, 80), (Part.MELODY, 60, 70),
    ]  # fmt: skip
    assert took(channels, [0xC3, 33], [0x93, 40, 80], [0xC3, 1], [0x83, 40, 64]) == [
        (Part.BASS, 40, 80), (Part.BASS, 40, 0),
    ]  # fmt: skip
    assert took(channels, [0xC9, 33], [0x99, 38, 90]) == [(Part.DRUMS, 38, 90)]
    told = Channels({4: Part.DRUMS, 0: Part.BASS}, "keys")
    assert took(told, [0x94, 36, 9], [0xC0, 1], [0x90, 36, 9]) == [
        (Part.DRUMS, 36, 9), (Part.BASS, 36, 9),
    ]  # fmt: skip


def test_ends_of_nothing_are_not_told_and_all_notes_off_ends_what_is_held():
    channels = Channels({}, "keys")
    assert took(channels, [0x80, 60, 0], [0x90, 61, 0]) == []
    assert took(channels, [0x90, 60, 9], [0x91, 40, 9], [0xB0, 123, 0]) == [
        (Part.MELODY, 60, 9), (Part.BASS, 40, 9), (Part.MELODY, 60, 0),
    ]  # fmt: skip
    assert [p.pitch for p in channels.end(1.0)] == [40]


@given(st.lists(st.lists(st.integers(0, 127), max_size=3), max_size=50))
def test_any_bytes_are_borne(messages):
    channels = Channels({}, "keys")
    for n, rest in enumerate(messages):
        for played in channels.take([0x80 | n * 7 % 0x70, *rest], 0.0):
            assert 0 <= played.pitch < 128
            assert 0 <= played.velocity < 128
