"""A clip's notes as one track of a DAW holds them, cut into windows and compared."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.session_notes import SessionNote, difference, session_notes, windows
from oscbridge.io.ableton_slot import _notes

NOTES = st.builds(
    Note, st.integers(0, 400).map(lambda step: step / 3), st.sampled_from(Part),
    st.integers(0, 127), st.integers(1, 30).map(lambda step: step / 7), st.integers(1, 127),
)  # fmt: skip
NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans())
ATOMS = NUMBERS | st.text(max_size=3)
CLIPS = st.lists(NOTES, max_size=80).map(lambda notes: Clip(tuple(notes), 200.0))


@given(CLIPS)
def test_no_two_notes_of_a_pitch_sound_at_once(clip):
    ends = {}
    for note in session_notes(clip):
        assert note.start >= ends.get(note.pitch, 0.0) - 1e-4
        ends[note.pitch] = note.start + note.duration


def test_of_two_parts_that_start_together_on_a_pitch_the_louder_stays():
    both = (Note(0.0, Part.DRUMS, 40, 1.0, 90), Note(0.0, Part.BASS, 40, 2.0, 100))
    assert session_notes(Clip(both, 4.0)) == (SessionNote(0.0, 40, 2.0, 100),)


@given(CLIPS, st.integers(1, 20))
def test_windows_hold_each_note_once_and_leave_no_time_out(clip, most):
    notes = session_notes(clip)
    cut = windows(notes, most)
    assert tuple(note for window in cut for note in window.notes) == notes
    assert all(window.holds(note.start) for window in cut for note in window.notes)
    assert all(one.end == two.begin for one, two in pairwise(cut))
    assert all(window.notes for window in cut) or not notes


@given(CLIPS, st.data())
def test_the_difference_is_what_was_lost_and_what_was_put_in(clip, data):
    notes = session_notes(clip)
    kept = [note for note in notes if data.draw(st.booleans())]
    missing, extra = difference(notes, kept)
    assert sorted(missing) == sorted(set(notes) - set(kept)) and not extra
    assert difference(kept, notes) == ([], missing)


@given(CLIPS, st.floats(-5e-4, 5e-4))
def test_notes_moved_by_less_than_live_can_tell_are_the_same(clip, by):
    notes = session_notes(clip)
    assert difference(notes, [n._replace(start=n.start + by) for n in notes]) == ([], [])


def test_another_velocity_or_length_or_a_mute_is_another_note():
    note = SessionNote(1.0, 60, 1.0, 90)
    for other in (
        note._replace(velocity=91),
        note._replace(duration=1.5),
        note._replace(mute=True),
    ):
        assert difference([note], [other]) == ([note], [other])


@given(st.lists(ATOMS) | st.lists(NUMBERS, min_size=5, max_size=5))
def test_any_answer_is_read_or_taken_for_none(atoms):
    notes = _notes(tuple(atoms))
    assert notes is None or len(notes) * 5 == len(atoms)
