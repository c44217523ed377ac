"""Clips that lie on the step grid, for the tests of scores."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.pianoroll import DRUM_MAP
from oscbridge.domain.score import BASS, MELODY, PitchRange, Score

STEPS = 32


@st.composite
def lines(draw: st.DrawFn, part: Part, pitches: PitchRange) -> list[Note]:
    """Notes of one line that never overlap."""
    starts = sorted(draw(st.sets(st.integers(0, STEPS - 1), max_size=12)))
    notes = []
    for start, limit in zip(starts, [*starts, STEPS][1:], strict=True):
        length = draw(st.integers(1, limit - start))
        pitch = draw(st.integers(pitches.low, pitches.high))
        velocity = draw(st.integers(1, 127))
        notes.append(Note(start / 4, part, pitch, length / 4, velocity))
    return notes


@st.composite
def clips(draw: st.DrawFn) -> Clip:
    hits = draw(
        st.dictionaries(
            st.tuples(st.integers(0, STEPS - 1), st.integers(0, len(DRUM_MAP) - 1)),
            st.integers(1, 127),
            max_size=30,
        )
    )
    drums = [
        Note(step / 4, Part.DRUMS, DRUM_MAP[lane].pitch, 0.25, velocity)
        for (step, lane), velocity in hits.items()
    ]
    bass, melody = draw(lines(Part.BASS, BASS)), draw(lines(Part.MELODY, MELODY))
    return Clip(tuple(sorted(drums + bass + melody)), STEPS / 4)


def same(a: Score, b: Score) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(Score))


def song_score(seed: int) -> Score:
    """Two bars in which all parts play, made up from a seed, in C major."""
    rng = np.random.default_rng(seed)
    score = Score.silent(STEPS)
    score.drums[::4, 0] = 100
    score.drums[4::8, 1] = rng.integers(60, 120)
    score.drums[rng.random(STEPS) < 0.4, 4] = 70
    degrees = np.array([0, 2, 4, 5, 7, 9, 11])
    for pitch, velocity, low, length in (
        (score.bass_pitch, score.bass_velocity, 36, 4),
        (score.melody_pitch, score.melody_velocity, 60, 2),
    ):
        starts = np.arange(0, STEPS, length)
        pitch[:] = np.repeat(low + rng.choice(degrees, len(starts)), length)
        velocity[starts] = rng.integers(60, 120, len(starts))
    return score
