"""Accents, motion beats and the two rhythm paths, on music and motion whose rhythm is known."""

from __future__ import annotations

import time

import numpy as np
import pytest

from oscbridge.domain import rhythm, rhythm_paths
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.pianoroll import DRUM_MAP
from oscbridge.domain.pose import COUNT
from oscbridge.training.rhythm_metrics import accents_of, meeting, motion_beats_of

STEPS, PER = 32, 4


def swinging(period: float, steps: int = STEPS, phase: float = 0.0) -> np.ndarray:
    """Poses whose limbs swing to and fro and stand still every half `period` steps."""
    t = np.arange(steps * PER) / PER
    poses = np.zeros((len(t), COUNT, 3), np.float32)
    poses[:, rhythm.LIMBS, 0] = 0.3 * np.cos(2 * np.pi * (t - phase) / period)[:, None]
    return poses


def kicks(*steps: int, count: int = STEPS) -> np.ndarray:
    drums = np.zeros((count, len(DRUM_MAP)))
    drums[list(steps), 0] = 100
    return rhythm.accents(drums, np.zeros(count), np.zeros(count))


def test_an_accent_is_the_sum_of_what_starts_there_by_weight_and_loudness() -> None:
    drums = np.zeros((3, 12))
    bass, melody = np.zeros(3), np.zeros(3)
    drums[0, 0], drums[1, 4], bass[1] = 100, 100, 127
    drums[2, 0] = 1
    envelope = rhythm.accents(drums, bass, melody)
    assert envelope == pytest.approx([1.0, 0.2 + 0.5, 0.505])
    assert rhythm.music_energy(drums, bass, melody).tolist() == [1, 2, 1]


def test_a_clip_and_its_arrays_have_the_same_onsets() -> None:
    notes = (
        Note(0.0, Part.DRUMS, 35, 0.25, 90),
        Note(0.5, Part.BASS, 40, 1.0, 80),
        Note(1.02, Part.MELODY, 70, 1.0, 70),
        Note(9.0, Part.MELODY, 70, 1.0, 70),
    )
    drums, bass, melody = rhythm.onsets_of(Clip(notes, 2.0))
    assert drums.shape == (8, 12)
    assert drums[0, 0] == 90
    assert (bass.nonzero()[0].tolist(), melody.nonzero()[0].tolist()) == ([2], [4])


def test_accent_steps_are_the_strong_ones_and_none_where_nothing_stands_out() -> None:
    assert rhythm.accent_steps(kicks(0, 8, 16, 24)).tolist() == [0, 8, 16, 24]
    assert rhythm.accent_steps(np.ones(32)).tolist() == []


def test_motion_beats_are_where_the_limbs_turn() -> None:
    speed = rhythm.motion_speed(swinging(8.0, phase=2.0), PER)
    beats = rhythm.motion_beats(speed) / PER
    assert len(beats) == 8
    assert np.abs(beats - np.arange(2, 32, 4)).max() < 0.2  # half a frame, and the frame before
    envelope = rhythm.beat_envelope(speed, PER)
    assert rhythm.accent_steps(envelope).tolist() == list(range(2, 32, 4))


def test_speed_is_metres_a_step_and_windows_are_looked_at_one_by_one() -> None:
    still, moving = np.zeros((2, 128, COUNT, 3))
    moving[:, rhythm.LIMBS, 1] = 0.05 * np.arange(128)[:, None]
    speed = rhythm.motion_speed(np.stack([still, moving]), PER)
    assert np.allclose(speed[0], 0)
    assert np.allclose(speed[1], 0.2)
    assert rhythm.motion_energy(speed, PER).shape == (2, 32)


def test_retiming_brings_the_beats_of_a_dance_onto_the_accents() -> None:
    accents = kicks(0, 4, 8, 12, 16, 20, 24, 28)
    dance = swinging(8.0, phase=1.2)
    again = rhythm_paths.retimed(dance, accents, PER)
    before, after = (
        meeting(motion_beats_of(d[None], PER), accents_of(accents[None]), STEPS)
        for d in (dance, again)
    )
    assert before.f1 < 0.2
    assert after.f1 > 0.8


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_retiming_stays_within_its_reach_and_its_paces(strength: float) -> None:
    rng = np.random.default_rng(3)
    speed = rng.random(640) + 0.1
    where = rhythm_paths.retiming(speed, rng.random(160), PER, strength)
    pace = np.diff(where)
    assert where[0] == pytest.approx(0, abs=1e-6)
    assert where[-1] == pytest.approx(639, abs=1e-6)
    assert np.abs(where - np.arange(640)).max() <= rhythm_paths.REACH * PER * strength + 1e-6
    assert pace.min() >= 0.5 - 1e-3
    assert pace.max() <= 2.0 + 1e-3


def test_no_strength_no_accents_and_no_dance_change_nothing() -> None:
    dance = swinging(8.0)
    same = rhythm_paths.retimed(dance, kicks(3, 9), PER, strength=0.0)
    assert np.allclose(same, dance, atol=1e-6)
    silent = rhythm_paths.retiming(np.ones(128), np.zeros(32), PER)
    assert np.allclose(silent, np.arange(128))
    assert len(rhythm_paths.retiming(np.zeros(0), np.zeros(0), PER)) == 0


def test_a_song_of_200_bars_is_retimed_in_a_moment() -> None:
    rng = np.random.default_rng(0)
    speed, accents = rng.random(200 * 16 * PER), rng.random(200 * 16)
    start = time.perf_counter()
    where = rhythm_paths.retiming(speed, accents, PER)
    assert time.perf_counter() - start < 1.5  # 0.3 s is wanted; a busy machine gets some room
    assert np.all(np.diff(where) > 0)


def test_looking_up_between_frames_keeps_frames_and_straight_lines() -> None:
    values = np.arange(10, dtype=np.float32)[:, None] * [1.0, -2.0]
    assert np.allclose(rhythm_paths.at_frames(values, np.arange(10)), values)
    between = rhythm_paths.at_frames(values, np.array([2.5, 6.25]))
    assert np.allclose(between, [[2.5, -5], [6.25, -12.5]])


def test_motion_beats_push_the_lanes_that_make_accents() -> None:
    envelope = np.zeros(32)
    envelope[[4, 12]] = 1.0
    push = rhythm_paths.rhythm_logits(envelope)
    assert push.drums.shape == (32, 12)
    assert push.drums[4, 0] > 3 > 0 > push.drums[5, 0]
    assert push.drums[4, 4] == pytest.approx(0.2 * push.drums[4, 0])
    assert push.bass[4] == pytest.approx(0.5 * push.drums[4, 0])
    assert not rhythm_paths.rhythm_logits(envelope, strength=0.0).drums.any()


def test_density_is_that_of_the_same_rank() -> None:
    energy, counts = np.linspace(0, 1, 101), np.arange(0, 202, 2)
    assert rhythm_paths.matched_count(0.5, energy, counts, 10) == pytest.approx(100, abs=3)
    assert rhythm_paths.matched_count(2.0, energy, counts, 10) == 200
    assert rhythm_paths.matched_count(2.0, energy, counts, 10, strength=0.5) == 105


def test_meeting_counts_each_beat_once_and_knows_chance() -> None:
    accents = [np.array([0.0, 8.0, 16.0])]
    met = meeting([np.array([0.3, 0.5, 16.0])], accents, 32)
    assert met.f1 == pytest.approx(2 * 2 / 6)
    assert met.hit == pytest.approx(2 / 3)
    rng = np.random.default_rng(0)
    random = [np.sort(rng.uniform(0, 32, 6)) for _ in range(300)]
    other = [np.sort(rng.uniform(0, 32, 6)) for _ in range(300)]
    chance = meeting(random, other, 32)
    assert chance.f1 == pytest.approx(chance.null, abs=0.03)
