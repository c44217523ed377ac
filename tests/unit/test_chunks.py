"""Clips and dances in the chunks of the wire, and out of them again."""

import numpy as np
import pytest

from oscbridge.daemon import chunks
from oscbridge.domain.dance import Dance
from oscbridge.domain.timeline import Tempo, Timeline
from oscbridge.errors import JobError


def still(beat, timeline):
    frames = len(beat)
    landmarks = np.random.default_rng(1).normal(size=(frames, 33, 3)).astype(np.float32)
    root = np.zeros((frames, 3), np.float32)
    return Dance(landmarks, root, timeline.seconds(beat), np.asarray(beat, float))


def test_a_steady_dance_keeps_one_tempo():
    dance = still(np.arange(0, 400, 0.25), Timeline.steady(93.0))
    back, timeline = chunks.dance_of(chunks.frames_of(dance), "")
    assert [round(t.bpm, 3) for t in timeline.tempos] == [93.0]
    assert np.array_equal(back.landmarks, dance.landmarks)
    assert np.allclose(back.beat, dance.beat)


def test_a_dance_that_changes_tempo_is_followed():
    true = Timeline((Tempo(0.0, 120.0), Tempo(8.0, 90.0)))
    dance = still(np.arange(0, 16, 0.25), true)
    _, timeline = chunks.dance_of(chunks.frames_of(dance), "")
    assert np.abs(timeline.seconds(dance.beat) - dance.time).max() < 0.005


def test_frames_further_apart_than_a_beat_are_taken():
    dance = still(np.array([0, 1, 4, 9, 11.0]), Timeline((Tempo(0.0, 120.0), Tempo(4.0, 60.0))))
    _, timeline = chunks.dance_of(chunks.frames_of(dance), "")
    assert all(60 - 1e-3 <= t.bpm <= 120 + 1e-3 for t in timeline.tempos)


@pytest.mark.parametrize("beat", [[0.0], [0.0, 0.0], [1.0, 0.5]])
def test_frames_that_do_not_go_forward_are_refused(beat):
    frames = np.zeros((len(beat), 104), np.float32)
    frames[:, 1] = beat
    frames[:, 0] = np.arange(len(beat))
    with pytest.raises(JobError):
        chunks.dance_of(frames, "")


def test_a_note_beyond_the_clip_is_refused():
    notes = [np.array([[0, 36, 4.0, 1, 100]])]
    with pytest.raises(JobError, match="the clip ends at 4"):
        chunks.clip_of(notes, 4.0, Timeline(), "")
