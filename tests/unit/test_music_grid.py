"""Notes, the unified roll and the step grid."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.domain.music import Clip, Note, Part, without_overlaps
from oscbridge.domain.parts import Played, Voice, split
from oscbridge.domain.pianoroll import BASS_LOW, DRUM_MAP, to_clip, to_roll
from oscbridge.domain.timeline import WINDOW, Meter, Tempo, Timeline, window_starts

PITCHES = {
    Part.DRUMS: st.sampled_from([drum.pitch for drum in DRUM_MAP]),
    Part.BASS: st.integers(BASS_LOW, BASS_LOW + 23),
    Part.MELODY: st.integers(36, 127),
}
timelines = st.lists(st.tuples(st.floats(0.5, 20), st.floats(30, 300)), max_size=5).map(
    lambda gaps: Timeline(
        (
            Tempo(0.0, 120.0),
            *(
                Tempo(float(b), t)
                for b, (_, t) in zip(np.cumsum([g for g, _ in gaps]), gaps, strict=True)
            ),
        )
    )
)


@st.composite
def grid_notes(draw: st.DrawFn) -> tuple[Note, ...]:
    notes = []
    for _ in range(draw(st.integers(0, 30))):
        part = draw(st.sampled_from(Part))
        length = 1 if part is Part.DRUMS else draw(st.integers(1, 8))
        start = draw(st.integers(0, 24))
        velocity = draw(st.integers(1, 127))
        notes.append(Note(start / 4, part, draw(PITCHES[part]), length / 4, velocity))
    return without_overlaps(notes)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(grid_notes())
def test_notes_on_the_grid_survive_the_roll(notes: tuple[Note, ...]) -> None:
    clip = Clip(notes, 8.0)
    assert to_clip(to_roll(clip), clip.timeline).notes == notes


def test_overlaps_of_one_pitch_are_cut() -> None:
    first, second = Note(0.0, Part.BASS, 40, 4.0), Note(1.0, Part.BASS, 40, 1.0)
    other = Note(0.0, Part.BASS, 41, 4.0)
    kept = without_overlaps([second, first, other])
    assert kept == (Note(0.0, Part.BASS, 40, 1.0), other, second)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(timelines, st.lists(st.floats(0, 200), min_size=1, max_size=20))
def test_beats_and_seconds_are_inverse(timeline: Timeline, beats: list[float]) -> None:
    assert np.allclose(timeline.beats(timeline.seconds(beats)), beats, atol=1e-6)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(1, 600), st.sampled_from([(4, 4), (3, 4), (7, 8), (5, 4), (12, 8), (1, 16)]))
def test_windows_cover_every_step_and_overlap(steps: int, meter: tuple[int, int]) -> None:
    timeline = Timeline((Tempo(0.0, 120.0),), (Meter(0.0, *meter),))
    starts = window_starts(timeline, steps)
    assert starts[0] == 0
    assert starts[-1] + WINDOW >= steps
    assert all(np.diff(starts) <= WINDOW // 2)


def test_bars_follow_meter_changes() -> None:
    timeline = Timeline((Tempo(0.0, 120.0),), (Meter(0.0, 3, 4), Meter(6.0, 4, 4)))
    assert timeline.bar_starts(14.0).tolist() == [0.0, 3.0, 6.0, 10.0]
    assert timeline.from_beat(3.0).bar_starts(11.0).tolist() == [0.0, 3.0, 7.0]


def played(number: int, channel: int, program: int, *pitches: int) -> list[Played]:
    voice = Voice("", number, channel, program)
    return [Played(float(i), 1.0, pitch, 90, voice) for i, pitch in enumerate(pitches)]


def test_without_a_bass_program_the_lowest_line_is_the_bass() -> None:
    notes = split(played(0, 0, 0, 72, 74, 76) + played(1, 1, 0, 36, 38, 40))
    assert [n.pitch for n in notes if n.part is Part.BASS] == [36, 38, 40]
    assert [n.pitch for n in notes if n.part is Part.MELODY] == [72, 74, 76]


def test_the_lead_is_the_busier_line_and_effects_never_lead() -> None:
    notes = split(
        played(0, 0, 0, 72, 74, 76, 77)
        + played(1, 1, 0, 60, 62)
        + played(2, 2, 120, *range(80, 88))
    )
    assert [n.pitch for n in notes] == [72, 74, 76, 77]
