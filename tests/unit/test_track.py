import math
import time as clock
from dataclasses import replace

import numpy as np
import pytest
from dancers import walker
from hypothesis import given, settings
from hypothesis import strategies as st
from visitors import NOW, POSE, SURE, frames, through

from oscbridge.domain import figure
from oscbridge.domain.floor import footing
from oscbridge.domain.live import PoseFrame
from oscbridge.domain.pose import BONES, INDEX, SOLES
from oscbridge.domain.skeleton import retarget
from oscbridge.domain.track import HIGHEST_FPS, KEPT, Track

ANKLES = [INDEX["left_ankle"], INDEX["right_ankle"]]


def grid(start, end, step=0.125):
    return NOW + np.arange(start, end, step)


def walked(times):
    """Where the walker really was."""
    landmarks, time = walker(12, 240)
    flat = landmarks.reshape(len(time), -1)
    return np.stack([np.interp(times - NOW, time, column) for column in flat.T], -1).reshape(
        len(times), 33, 3
    )


def test_a_body_of_another_size_comes_out_as_the_figure_in_time():
    for size in (0.6, 1.0, 100.0):
        track = Track()
        made, seen = frames(size=size)
        assert through(track, made, NOW + seen) == {}
        times = grid(1, 5)
        landmarks, root, there = track.poses(times)
        assert landmarks.shape == (32, 33, 3) and landmarks.dtype == np.float32
        assert root.shape == (32, 3) and root.dtype == np.float32
        assert there.all()
        assert np.abs(landmarks - walked(times)).max() < 0.06
        assert np.abs(landmarks - walked(times)).mean() < 0.006


def test_it_agrees_with_what_a_landmark_file_of_the_same_would_be():
    track = Track()
    made, seen = frames(size=0.8, fps=60)
    through(track, made, NOW + seen)
    file = retarget(np.stack([frame.landmarks for frame in made]))
    live = track.poses(NOW + seen[60:300])[0]
    assert np.abs(live - file[60:300]).mean() < 0.006
    lengths = [np.linalg.norm(live[:, a] - live[:, b], axis=1) for a, b in BONES[4:12]]
    assert np.ptp(lengths, axis=1).max() < 1e-4


@pytest.mark.parametrize("fps", [15, 25, 30, 60, 120])
def test_jitter_loss_and_disorder_do_not_become_motion(fps):
    rng = np.random.default_rng(fps)
    track = Track()
    made, seen = frames(seconds=8, fps=fps, zero=1e4)
    came = NOW + seen + 0.005 + rng.exponential(0.015, len(seen))
    there = rng.random(len(seen)) > 0.1
    dropped = through(track, [f for f, t in zip(made, there, strict=True) if t], came[there])
    assert set(dropped) <= {"older than the last frame"}
    times = grid(4, 7.5, 0.05)
    found = track.poses(times + 0.005)[0]
    assert np.abs(found - walked(times)).mean() < (0.02 if fps < 25 else 0.01)
    assert track.fps == pytest.approx(fps * len(track._ring) / len(seen), rel=0.15)


def test_a_still_body_is_still():
    track = Track()
    rng = np.random.default_rng(1)
    for i in range(240):
        pose = figure.rest() + rng.normal(0, 0.003, (33, 3)).astype(np.float32)
        assert track.take(PoseFrame(1, i, i / 30, pose, SURE), NOW + i / 30) is None
    landmarks, root, _ = track.poses(grid(3, 7))
    assert landmarks.std(axis=0).mean() < 0.002
    assert landmarks.std(axis=0).max() < 0.01, "the noise itself is 0.003"
    assert np.abs(np.diff(root, axis=0)).max() < 0.005


def test_before_the_first_and_after_the_last_frame_they_hold_still_unseen():
    track = Track()
    made, seen = frames(seconds=2)
    through(track, made, NOW + seen)
    landmarks, _, there = track.poses(grid(-1, 4, 0.05))
    assert not there[:20].any() and there[21:59].all() and not there[64:].any()
    assert there[60:62].all(), "a short gap counts as seen"
    assert np.ptp(landmarks[:20], axis=0).max() == 0
    assert np.ptp(landmarks[60:], axis=0).max() < 1e-6


def test_a_gap_amid_frames_is_not_seen():
    track = Track()
    made, seen = frames(seconds=4)
    kept = (seen < 1.5) | (seen > 2.5)
    through(track, [f for f, k in zip(made, kept, strict=True) if k], NOW + seen[kept])
    _, _, there = track.poses(grid(1, 4, 0.1))
    assert there.tolist() == [not 1.45 < 1 + i / 10 < 2.55 for i in range(30)]


def test_nobody_stands_at_ease():
    landmarks, root, there = Track().poses(grid(0, 1))
    assert landmarks.shape == (8, 33, 3) and not there.any()
    assert (landmarks + root[:, None])[:, SOLES, 1].max() == pytest.approx(0, abs=0.02)
    assert Track().poses(np.zeros(0))[0].shape == (0, 33, 3)


def test_feet_stand_where_the_sender_tells_no_root_and_its_root_is_scaled_where_it_does():
    track = Track()
    made, seen = frames(seconds=6, size=2.0)
    through(track, made, NOW + seen)
    times = grid(1, 5, 1 / 30)
    landmarks, root, _ = track.poses(times)
    assert footing(landmarks + root[:, None], times).skating < 0.2
    told = Track()
    way = np.stack([seen, -1.6 + 0 * seen, 0 * seen], axis=-1).astype(np.float32)
    through(told, [replace(f, root=r) for f, r in zip(made, way, strict=True)], NOW + seen)
    root = told.poses(times)[1]
    assert root[:, 0] == pytest.approx((times - NOW) / 2, abs=0.03)
    assert root[:, 1] == pytest.approx(-0.8, abs=0.01)


def unseen(frame, *names):
    confidence = frame.confidence.copy()
    landmarks = frame.landmarks.copy()
    at = [INDEX[name] for name in names]
    confidence[at] = 0.05
    landmarks[at] = 3.0  # what a model guesses for what it does not see
    return replace(frame, landmarks=landmarks, confidence=confidence)


def test_an_unseen_wrist_is_held_then_hangs_and_comes_back_without_a_leap():
    track = Track()
    made, seen = frames(seconds=6)
    hidden = (seen > 2) & (seen < 4)
    arm = ("left_elbow", "left_wrist", "left_pinky", "left_index", "left_thumb")
    through(
        track,
        [unseen(f, *arm) if h else f for f, h in zip(made, hidden, strict=True)],
        NOW + seen,
    )
    landmarks = track.poses(grid(0.5, 5.5, 1 / 30))[0]
    wrist, shoulder = landmarks[:, INDEX["left_wrist"]], landmarks[:, INDEX["left_shoulder"]]
    speed = np.linalg.norm(np.diff(wrist, axis=0), axis=1) * 30
    usual = speed[:40].max()
    assert speed.max() < max(2.5 * usual, 3.0)
    assert np.linalg.norm(wrist[48] - wrist[44]) < 0.15, "held for a moment"
    hanging = wrist[100] - shoulder[100]
    assert hanging[1] > 0.4 and np.abs(hanging[[0, 2]]).max() < 0.08
    assert np.abs(landmarks[-10:] - walked(grid(0.5, 5.5, 1 / 30))[-10:]).mean() < 0.01


def test_somebody_at_a_desk_has_legs_under_them():
    track = Track()
    made, seen = frames(seconds=3, size=1.3)
    legs = [f"{s.name}_{n}" for s in figure.SIDES for n in ("knee", "ankle", *figure.FOOT)]
    through(track, [unseen(f, *legs) for f in made], NOW + seen)
    landmarks, root, there = track.poses(grid(1, 2.5))
    assert there.all()
    assert np.linalg.norm(landmarks[:, ANKLES], axis=-1) == pytest.approx(0.74, abs=0.03)
    assert root[:, 1] == pytest.approx(-(figure.LEG + 0.06), abs=0.03)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"landmarks": figure.rest()[:32]}, "not 33 landmarks"),
        ({"landmarks": np.full((33, 3), np.nan, np.float32)}, "out of range or no number"),
        ({"landmarks": np.full((33, 3), 1e9, np.float32)}, "out of range or no number"),
        ({"confidence": SURE * 2}, "out of range"),
        ({"confidence": SURE * np.nan}, "out of range"),
        ({"root": np.array([0, np.inf, 0], np.float32)}, "out of range"),
        ({"confidence": SURE * 0.1}, "joints are seen"),
    ],
)
def test_what_is_no_body_is_refused_counted_and_changes_nothing(changes, said):
    track = Track()
    assert track.take(POSE, NOW) is None
    assert said in track.take(replace(POSE, seq=1, time=0.1, **changes), NOW + 0.1)
    assert sum(track.dropped.values()) == 1
    assert track.seen_at == NOW
    assert track.take(replace(POSE, seq=2, time=0.2), NOW + 0.2) is None
    assert np.isfinite(track.poses(grid(0, 0.2, 0.05))[0]).all()


@pytest.mark.parametrize("told", [True, False])
def test_a_frame_again_an_older_one_and_a_sender_that_starts_again(told):
    track = Track()

    def take(seq, at, now):
        return track.take(replace(POSE, seq=seq, time=at if told else math.nan), NOW + now)

    assert [take(i, i / 30, i / 30) for i in range(30)] == [None] * 30
    assert take(29, 29 / 30, 0.97) == "the same frame again"
    assert take(27, 27 / 30, 0.98) == "older than the last frame"
    assert take(0, 0.0, 3.0) is None
    assert take(1, 1 / 30, 3.033) is None
    assert len(track._ring) == 32


def test_numbers_that_wrap_or_are_missing_are_taken():
    track = Track()
    for i, seq in enumerate([2**31 - 2, 2**31 - 1, 0, 1, -1, -1]):
        assert track.take(replace(POSE, seq=seq, time=math.nan), NOW + i / 30) is None


def test_twenty_seconds_are_held_and_memory_is_bounded():
    track = Track()
    for i in range(int(3 * KEPT * 100)):
        track.take(replace(POSE, seq=i, time=i / 100), NOW + i / 100)
    end = 3 * KEPT
    assert track.poses(grid(end - KEPT, end, 0.5))[2].all()
    assert len(track._ring) <= KEPT * HIGHEST_FPS
    refused = {track.take(replace(POSE, time=end + i / 1000), NOW + end + i / 1000)
               for i in range(1000)}  # fmt: skip
    assert refused == {None, f"more than {HIGHEST_FPS} frames a second"}
    assert track.fps <= HIGHEST_FPS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-5, 50),
            st.floats(width=32, allow_nan=True) | st.floats(0, 10),
            st.floats(width=32, allow_nan=True) | st.floats(-2, 2),
            st.floats(-0.5, 1.5),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_whatever_comes_the_poses_are_finite(told):
    track, rng = Track(), np.random.default_rng(0)
    for i, (seq, at, value, confidence, rooted) in enumerate(told):
        pose = figure.rest() + rng.normal(0, 0.1, (33, 3)).astype(np.float32)
        pose[i % 33] = value
        sure = SURE.copy()
        sure[i % 33] = confidence
        root = np.full(3, value, np.float32) if rooted else None
        track.take(PoseFrame(1, seq, at, pose, sure, root), NOW + i / 30)
    landmarks, root, there = track.poses(grid(-0.5, 2))
    assert np.isfinite(landmarks).all() and np.isfinite(root).all()
    assert there.dtype == np.bool_
    assert np.linalg.norm(landmarks, axis=-1).max() < 2


def test_a_frame_costs_less_than_half_a_millisecond():
    track = Track()
    made, seen = frames(seconds=20, fps=60)
    begun = clock.process_time()
    through(track, [unseen(f, "left_wrist") for f in made], NOW + seen)
    assert (clock.process_time() - begun) / len(made) < 0.0005
