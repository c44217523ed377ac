"""From logits to scores: sure logits come back as they were, knobs do what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import clips, same

from oscbridge.domain import score_channels as channels
from oscbridge.domain.music import Part
from oscbridge.domain.score import Score, from_clip
from oscbridge.domain.score_channels import OUT_BASS, OUT_DRUMS, OUT_MELODY, OUTPUTS, in_key
from oscbridge.domain.score_decode import Knobs, decode, onsets


def sure(score: Score, nats: float = 9.0) -> np.ndarray:
    """Logits that leave no doubt about the score, whose velocities they only come near to."""
    logits = np.full((score.steps, OUTPUTS), -nats, np.float32)
    logits[:, OUT_DRUMS][score.drums > 0] = nats
    logits[:, channels.OUT_DRUM_VELOCITY] = logit(score.drums)
    for line, pitch, velocity in (
        (OUT_BASS, score.bass_pitch, score.bass_velocity),
        (OUT_MELODY, score.melody_pitch, score.melody_velocity),
    ):
        row = np.where(pitch > 0, pitch.astype(int) - line.range.low + 1, 0)
        logits[np.arange(score.steps), line.pitch.start + row] = nats
        logits[:, line.onset][:, 0] = np.where(velocity > 0, nats, -nats)
        logits[:, line.velocity] = logit(velocity)
    return logits


def logit(velocity: np.ndarray) -> np.ndarray:
    p = np.clip(velocity / channels.LOUDEST, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


@given(clips())
def test_sure_logits_come_back_as_the_score(clip) -> None:
    score = from_clip(clip)
    assert same(decode(sure(score)), score)


@given(clips())
def test_a_key_is_undone_on_the_logits_as_on_the_notes(clip) -> None:
    score = from_clip(clip)
    for shift in (-6, -1, 0, 5):
        assert same(decode(in_key(sure(score.shifted(shift)), shift)), score)


@given(clips())
def test_channels_hold_the_score(clip) -> None:
    score = from_clip(clip)
    x = channels.to_input(score)
    assert x.shape == (32, channels.INPUTS) and sum(channels.INPUT_SIZES) == channels.INPUTS
    assert sum(channels.OUTPUT_SIZES) == OUTPUTS
    assert np.array_equal(np.rint(x[:, channels.IN_DRUM_VELOCITY] * 127), score.drums)
    for line, pitch, velocity in (
        (channels.IN_BASS, score.bass_pitch, score.bass_velocity),
        (channels.IN_MELODY, score.melody_pitch, score.melody_velocity),
    ):
        assert np.array_equal(x[:, line.pitch].any(axis=1), pitch > 0)
        assert np.array_equal(x[:, line.onset].any(axis=1), velocity > 0)
        found = x[:, line.pitch].argmax(axis=1) + line.range.low
        assert np.array_equal(found[pitch > 0], pitch[pitch > 0])


def held_note(doubt: int) -> np.ndarray:
    """Logits of one melody note over 8 steps, at one of which another is likelier."""
    logits = np.full((8, OUTPUTS), -9.0, np.float32)
    logits[:, OUT_MELODY.pitch.start + 20] = 4.0
    logits[doubt, OUT_MELODY.pitch.start + 25] = 5.0
    logits[0, OUT_MELODY.onset] = 9.0
    return logits


def test_a_doubtful_step_does_not_break_a_note() -> None:
    for doubt in range(8):
        made = decode(held_note(doubt))
        assert set(made.melody_pitch) == {OUT_MELODY.range.low + 19}
        assert made.onsets()[Part.MELODY] == 1


def random_logits(steps: int = 64) -> np.ndarray:
    rng = np.random.default_rng(3)
    return (3 * rng.standard_normal((steps, OUTPUTS))).astype(np.float32)


@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("density", [0.5, 0.8, 1.0, 1.3])
def test_density_sets_the_count_of_its_part_alone(part: Part, density: float) -> None:
    logits = random_logits()
    logits[:, OUT_DRUMS] -= 2
    for line in (OUT_BASS, OUT_MELODY):
        logits[:, line.pitch.start] += 8  # rests about as likely as not
        logits[:, line.onset] -= 2
    plain, made = decode(logits).onsets(), decode(logits, {part: Knobs(density)}).onsets()
    assert made[part] == pytest.approx(density * plain[part], abs=2)
    assert all(made[p] == plain[p] for p in Part if p is not part)


def test_temperature_draws_hits_as_likely_as_they_are_held() -> None:
    logits = np.full((1000, OUTPUTS), -30.0, np.float32)
    logits[:, OUT_DRUMS] = np.log(0.2 / 0.8)
    hot = {Part.DRUMS: Knobs(temperature=1.0)}
    made = decode(logits, hot, np.random.default_rng(1))
    assert (made.drums > 0).mean() == pytest.approx(0.2, abs=0.02)
    assert same(made, decode(logits, hot, np.random.default_rng(1)))
    assert not decode(logits).drums.any()
    with pytest.raises(ValueError, match="generator"):
        decode(logits, hot)


def test_timing_is_heard_as_far_as_asked() -> None:
    logits = np.full((4, OUTPUTS), -9.0, np.float32)
    logits[2, OUT_DRUMS.start] = 9.0
    logits[:, channels.OUT_DRUM_TIMING] = 0.3
    assert not decode(logits).drum_timing.any()
    made = decode(logits, {Part.DRUMS: Knobs(human=1.0)}).drum_timing
    assert made[2, 0] == pytest.approx(0.5 * np.tanh(0.3))
    assert np.count_nonzero(made) == 1


@given(st.integers(0, 2**31))
def test_onsets_are_counted_as_the_score_would_have_them(seed) -> None:
    logits = np.random.default_rng(seed).normal(-1, 2, (32, OUTPUTS)).astype(np.float32)
    assert onsets(logits) == decode(logits).onsets()
