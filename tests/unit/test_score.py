"""Scores: clips that lie on the grid survive, keys are found and moved without loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import clips, same

from oscbridge.domain import key, score
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.score import KEYED_BASS, KEYED_MELODY, PitchRange, Score
from oscbridge.domain.timeline import Timeline


@given(clips())
def test_a_clip_on_the_grid_survives(clip: Clip) -> None:
    assert score.to_clip(score.from_clip(clip), clip.timeline) == clip


@given(clips(), st.integers(-6, 5))
def test_a_shift_of_key_loses_nothing_and_stays_in_the_models_range(clip: Clip, by: int) -> None:
    original = score.from_clip(clip)
    shifted = original.shifted(by)
    for pitch, pitches in (
        (shifted.bass_pitch, KEYED_BASS),
        (shifted.melody_pitch, KEYED_MELODY),
    ):
        sounding = pitch[pitch > 0]
        assert ((sounding >= pitches.low) & (sounding <= pitches.high)).all()
    assert same(shifted.shifted(-by), original)


def test_a_line_keeps_one_note_at_a_time_bass_the_lowest_melody_the_highest() -> None:
    chord = [
        Note(start, part, pitch, 2.0)
        for part, low in ((Part.BASS, 30), (Part.MELODY, 60))
        for start, pitch in ((0.0, low), (0.0, low + 7), (1.0, low + 3))
    ]
    made = score.to_clip(score.from_clip(Clip(tuple(sorted(chord)), 4.0)), Timeline())
    assert [(n.start, n.pitch, n.duration) for n in made.part(Part.BASS)] == [
        (0.0, 30, 1.0),
        (1.0, 33, 2.0),
    ]
    assert [(n.start, n.pitch, n.duration) for n in made.part(Part.MELODY)] == [
        (0.0, 67, 1.0),
        (1.0, 63, 2.0),
    ]


def test_pitches_out_of_range_move_by_octaves() -> None:
    pitches = PitchRange(16, 67)
    assert [pitches.folded(p) for p in (15, 3, 16, 67, 68, 127)] == [27, 27, 16, 67, 56, 67]


def test_drummers_timing_is_kept() -> None:
    clip = Clip((Note(1.05, Part.DRUMS, 38, 0.25, 90), Note(1.96, Part.DRUMS, 36, 0.25, 70)), 4.0)
    made = score.from_clip(clip)
    assert made.drum_timing[4, 1] == pytest.approx(0.2)
    assert made.drum_timing[8, 0] == pytest.approx(-0.16)
    assert [n.start for n in score.to_clip(made, Timeline()).notes] == pytest.approx([1.05, 1.96])


def scale(root: int, bass: int | None = None) -> Score:
    """A bar of a major scale, its bass on the tonic unless another is given."""
    tonic = root if bass is None else bass
    notes = [
        Note(i / 4, Part.MELODY, 60 + root + degree, 0.25) for i, degree in enumerate(key.MAJOR)
    ]
    return score.from_clip(Clip((*notes, Note(0.0, Part.BASS, 24 + tonic, 4.0)), 4.0))


@pytest.mark.parametrize("root", range(12))
def test_a_major_scale_is_its_own_key_and_comes_to_c(root: int) -> None:
    found = key.root(scale(root))
    assert found == root
    shift = key.shift_to_c(found)
    assert -6 <= shift <= 5 and (root + shift) % 12 == 0
    assert key.root(scale(root).shifted(shift)) == 0
    assert key.in_scale(scale(root)) == 1.0


def test_the_bass_settles_which_of_two_scales_it_is() -> None:
    """C D E G A lie in the scales of C, F and G alike."""
    notes = [Note(i / 4, Part.MELODY, p, 0.25) for i, p in enumerate((60, 62, 64, 67, 69))]
    for tonic, expected in ((0, 0), (7, 7), (9, 0), (4, 7)):  # 9 and 4: of A and E minor
        bass = Note(0.0, Part.BASS, 36 + tonic, 1.0)
        assert key.root(score.from_clip(Clip((*notes, bass), 4.0))) == expected


def test_a_song_keeps_its_key_through_a_strange_bar_and_follows_a_lasting_change() -> None:
    c, g, strange = key.fits(scale(0)), key.fits(scale(7)), key.fits(scale(6))
    strange = strange * 0.4
    assert key.smoothed([c, c, strange, c, c]).tolist() == [0] * 5
    far = key.fits(scale(6))
    assert key.smoothed([c, c, c, far, far, far]).tolist() == [0, 0, 0, 6, 6, 6]
    assert key.smoothed([g]).tolist() == [7]
    assert key.smoothed([]).tolist() == []
