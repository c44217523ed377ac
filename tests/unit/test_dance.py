import numpy as np
import pytest
from dancers import dance

from oscbridge.domain.dance import Dance
from oscbridge.domain.timeline import Tempo, Timeline


def test_world_is_the_pose_put_where_the_hips_are():
    walk, _ = dance()
    assert walk.world[7, 27] == pytest.approx(walk.landmarks[7, 27] + walk.root[7], abs=1e-6)


def test_seen_at_its_own_beats_a_dance_is_itself():
    walk, timeline = dance()
    again = walk.at_beats(walk.beat, timeline)
    assert np.abs(again.landmarks - walk.landmarks).max() < 1e-6
    assert again.time == pytest.approx(walk.time)


def test_before_and_after_its_frames_a_dance_holds_still():
    walk, timeline = dance()
    seen = walk.at_beats(np.array([-3.0, 0.0, walk.beat[-1], 99.0]), timeline)
    assert np.array_equal(seen.landmarks[0], seen.landmarks[1])
    assert np.array_equal(seen.root[2], seen.root[3])


def test_interpolation_does_not_overshoot():
    values = np.zeros((5, 33, 3), np.float32)
    values[2:] = 1
    jump = Dance(values, values[:, 0], np.arange(5.0), np.arange(5.0))
    seen = jump.at_beats(np.linspace(0, 4, 101), Timeline.steady(60)).landmarks
    assert seen.min() >= 0
    assert seen.max() <= 1


def test_a_constant_frame_rate_runs_evenly_through_a_tempo_change():
    walk, _ = dance(seconds=4)
    timeline = Timeline((Tempo(0, 120), Tempo(4, 60)))
    slower = Dance(walk.landmarks, walk.root, timeline.seconds(walk.beat), walk.beat)
    filmed = slower.at_fps(25, timeline)
    assert np.diff(filmed.time) == pytest.approx(1 / 25)
    assert filmed.time[-1] == pytest.approx(slower.time[-1], abs=1 / 25)
    assert filmed.beat == pytest.approx(timeline.beats(filmed.time))


def test_the_grid_has_four_steps_a_beat_from_beat_zero():
    walk, timeline = dance(seconds=4, bpm=120)
    steps = walk.on_grid(timeline)
    assert steps.frames == int(walk.beat[-1] * 4) + 1
    assert steps.beat[:5].tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_a_single_pose_is_a_dance_too():
    walk, timeline = dance()
    one = Dance(walk.landmarks[:1], walk.root[:1], walk.time[:1], walk.beat[:1])
    assert one.at_fps(30, timeline).frames == 1
    assert one.at_beats(np.arange(3.0), timeline).frames == 3
