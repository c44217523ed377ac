"""A voice and a dancer, step by step, as their audience would notice them."""

import numpy as np
import pytest
from dancers import walker

from oscbridge.daemon.live.dancer import Dancer
from oscbridge.daemon.live.voice import LATE, Voice
from oscbridge.domain.body_tree import at_ease
from oscbridge.domain.course import Course
from oscbridge.domain.dance import Dance
from oscbridge.domain.graphs import PER_BEAT
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.parameters import Parameters
from oscbridge.domain.timeline import Meter
from oscbridge.domain.transport import Transport

EVERY = tuple(Note(step / 4, Part.DRUMS, 36 + step, 0.25, 100) for step in range(32))
"""One note a step; its pitch tells which step of the window it is."""


class Seen:
    """Somebody whose left wrist's x tells at which time they were looked at."""

    def looks(self, times):
        assert (np.diff(times) > 0).all()
        landmarks = np.zeros((len(times), 33, 3), np.float32)
        landmarks[:, 15, 0] = times
        return lambda: landmarks


def course(bpm=120.0, meter=(4, 4)):
    return Course(Transport(bpm=bpm, meter=Meter(0.0, *meter)))


def answered(voice, step, along, notes=EVERY, body=None):
    """The notes of a step of a voice whose bridge always answers `notes`."""
    question = voice.question(step, along, body or Seen(), now=0.0)
    if question:
        voice.answer(question, Clip(notes, 8.0))
    return voice.notes(step, along.transport, now=0.0)


def test_following_each_step_has_the_note_of_its_place_in_the_bar():
    voice, along = Voice("v"), course()
    played = [answered(voice, step, along) for step in range(64, 84)]
    assert [len(notes) for notes in played] == [1] * 20
    assert [notes[0].pitch - 36 for notes in played] == [*range(16, 32), *range(16, 20)]
    assert [notes[0].start for notes in played] == [step / 4 for step in range(64, 84)]


def test_following_sees_what_was_danced_up_to_a_step_ago():
    voice, along = Voice("v"), course()
    question = voice.question(70, along, Seen(), now=0.0)
    beats = question.poses()[:, 15, 0] * 2  # at 120 BPM
    newest = 70 / 4
    assert beats.max() == pytest.approx(newest - 1 / 16)
    place = int(np.argmax(beats)) // 4
    assert place + question.origin == 70, "what was danced one step ago answers this step"
    later = beats[(place + 1) * 4 :]
    assert later == pytest.approx(np.arange(len(later)) / 16 + newest - 8), "two bars ago"


def test_a_loop_answers_each_bar_with_the_bar_before_it():
    voice, along = Voice("v", mode="loop"), course()
    question = voice.question(64, along, Seen(), now=0.0)
    beats = question.poses()[:, 15, 0] * 2
    assert beats.min() == pytest.approx(8.0) and beats.max() == pytest.approx(16 - 1 / 16)
    voice.answer(question, Clip(EVERY, 8.0))
    assert [n.pitch - 36 for n in voice.notes(64, along.transport, 0.0)] == [16]
    assert voice.question(65, along, Seen(), now=0.0) is None, "one question a bar"
    assert voice.question(80, along, Seen(), now=0.0) is not None


def test_in_three_a_loop_starts_with_the_bar():
    voice, along = Voice("v", mode="loop"), course(meter=(3, 4))
    first = answered(voice, 48, along)
    assert [n.pitch - 36 for n in first] == [12]
    asked = [s for s in range(49, 85) if voice.question(s, along, Seen(), 0.0)]
    assert asked == [60, 72, 84]


def test_held_it_repeats_two_bars_whatever_is_danced():
    voice, along = Voice("v"), course()
    for step in range(64, 70):
        answered(voice, step, along)
    voice.parameters.set("hold", 1, now=0.0)
    played = []
    for step in range(70, 140):
        assert voice.question(step, along, Seen(), now=0.0) is None
        played += [n.pitch - 36 for n in voice.notes(step, along.transport, 0.0)]
    assert played == [(22 + k) % 32 for k in range(70)]


def test_who_comes_is_heard_softly_first_and_who_goes_no_more():
    voice, along = Voice("v"), course()
    assert answered(voice, 63, along, body=None) != []
    levels = [n.velocity for step in range(64, 90) for n in answered(voice, step, along)]
    assert levels[0] < 20 and levels[-1] == 100 and levels == sorted(levels)
    assert voice.question(90, along, None, now=0.0) is None
    assert voice.notes(90, along.transport, now=0.0) == []


def test_intensity_is_how_loud_it_is_and_parts_are_left_out():
    quiet = Voice("v", parameters=Parameters("voice", {"intensity": 0.5, "drums": 2.0}))
    for step in range(40):
        notes = answered(quiet, step, course())
    assert [n.velocity for n in notes] == [50]
    question = Voice("v", parts=frozenset({Part.BASS})).question(64, course(), Seen(), 0.0)
    sampling = question.sampling
    assert (sampling.drums, sampling.bass, sampling.melody) == (0.0, 1.0, 0.0)
    assert LATE == 1


def test_a_change_of_tempo_leaves_what_was_danced_on_its_grid():
    along = course(bpm=120.0)
    along.take(along.transport.at(16.0, bpm=60.0))  # beat 32
    voice = Voice("v")
    step = 4 * 34
    times = voice.question(step, along, Seen(), 0.0).poses()[:, 15, 0]
    grid = np.sort(times)
    before, after = grid[grid < 16 - 1e-6], grid[grid >= 16 - 1e-6]
    assert np.diff(before) == pytest.approx(1 / 32) and np.diff(after) == pytest.approx(1 / 16)


def beat(start, pitch=40):
    return Note(start, Part.DRUMS, pitch, 0.25, 100)


def dance(beats=8.0):
    at = np.arange(int(beats * PER_BEAT)) / PER_BEAT
    poses, _ = walker(beats / 2, 2 * PER_BEAT, 120.0)
    return Dance(poses, np.zeros((len(at), 3), np.float32), at / 2, at)


def test_a_dancer_asks_each_beat_but_not_for_what_it_expected():
    dancer, transport = Dancer("d", 101), Transport()
    asked = []
    for step in range(96):
        if question := dancer.question(step, transport, 0.0):
            asked.append(step)
            dancer.answer(question, dance(), step / 4)
        if step % 4 == 0:
            dancer.hear(beat(step / 4 + 0.001 * (step % 3)))
    assert asked[:8] == list(range(4, 36, 4)), "each beat while the first two bars are new"
    assert asked[8:] == [48, 64, 80], "then with each bar"


def test_a_dancer_dances_to_what_it_hears_and_stands_when_it_is_silent():
    dancer, transport = Dancer("d", 101), Transport()
    assert np.allclose(dancer.pose(0.0)[0], at_ease())
    dancer.hear(beat(0.0))
    question = dancer.question(4, transport, 0.0)
    assert [n.pitch for n in question.clip.notes] == [40]
    dancer.answer(question, dance(), 1.0)
    assert np.abs(dancer.pose(3.0)[0] - at_ease()).max() > 0.05
    for step in range(8, 60, 4):
        if question := dancer.question(step, transport, 0.0):
            dancer.answer(question, dance(), step / 4)
    assert np.allclose(dancer.pose(18.0)[0], at_ease(), atol=0.02)


def test_held_a_dancer_hears_nothing_new():
    dancer, transport = Dancer("d", 101), Transport()
    for step in range(32):
        if step % 4 == 0:
            dancer.hear(beat(step / 4))
    dancer.parameters.set("hold", 1, 0.0)
    dancer.question(32, transport, 0.0)
    dancer.hear(beat(8.5, 77))
    for step in range(36, 80, 4):
        if question := dancer.question(step, transport, 0.0):
            assert 77 not in {n.pitch for n in question.clip.notes}
            assert len(question.clip.notes) == 8, "the two bars it held, again and again"


def test_what_a_dancer_hears():
    all_played, one = Dancer("a", 101), Dancer("b", 102, "lead")
    assert all_played.hears("keys", played_in=True)
    assert not all_played.hears("lead", played_in=False)
    assert one.hears("lead", played_in=False) and not one.hears("keys", played_in=True)
