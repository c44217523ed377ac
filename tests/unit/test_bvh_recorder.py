"""Live poses into a .bvh that is whole at every moment, also when its program is killed."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from dancers import dance
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.domain.even_frames import EvenFrames
from oscbridge.errors import FileError
from oscbridge.io import bvh_recorder
from oscbridge.io.bvh import read_bvh
from oscbridge.io.bvh_figure import motion_of
from oscbridge.io.bvh_recorder import BvhRecorder
from oscbridge.io.dance_file import read_dance


def there(folder):
    return sorted(path.name for path in folder.iterdir())


def record(path, danced, fps=30.0):
    recorder = BvhRecorder(path, fps)
    for pose, root, time in zip(danced.landmarks, danced.root, danced.time, strict=True):
        recorder.add(pose, root, 500 + float(time))
    return recorder


def test_a_recording_is_the_file_that_the_whole_dance_makes(tmp_path):
    danced, _ = dance()
    path = tmp_path / "take.bvh"
    assert record(path, danced).close() == path
    whole = motion_of(danced, 30.0)
    written = read_bvh(path)
    assert [j.name for j in written.joints] == [j.name for j in whole.joints]
    assert written.frames == danced.frames
    assert np.abs(written.values - whole.values).max() < 1e-3, "degrees, centimetres"
    assert there(tmp_path) == ["take.bvh"]


def test_any_pace_and_gaps_become_one_frame_rate(tmp_path):
    danced, timeline = dance(6.0, 120.0)
    rng = np.random.default_rng(1)
    kept = np.sort(rng.choice(danced.frames, 400, replace=False))
    kept = np.concatenate([[0], kept[(kept < 300) | (kept > 420)]])
    recorder = BvhRecorder(tmp_path / "a.bvh", 30.0)
    for i in kept:
        recorder.add(danced.landmarks[i], danced.root[i], danced.time[i])
    recorder.close()
    back = read_dance(tmp_path / "a.bvh", tempo=120.0).dance
    assert back.frames == int(danced.time[kept[-1]] * 30) + 1
    even = danced.at_fps(30.0, timeline)
    near = np.linalg.norm(back.landmarks - even.landmarks[: back.frames], axis=-1).max(axis=1)
    stood = (np.arange(back.frames) / 30 > 2.4) & (np.arange(back.frames) / 30 < 3.6)
    assert np.median(near[~stood]) < 0.01 and near[~stood].max() < 0.05
    still = back.landmarks[stood][6:-6]
    assert np.abs(np.diff(still, axis=0)).max() < 1e-4


def test_nothing_is_overwritten(tmp_path):
    danced, _ = dance(0.5)
    path = tmp_path / "take.bvh"
    path.write_text("mine")
    (tmp_path / "take.recording.bvh").write_text("left by a kill")
    first, second = (record(path, danced) for _ in range(2))
    assert [second.close(), first.close()] == [
        tmp_path / "take-2.bvh", tmp_path / "take-3.bvh",
    ]  # fmt: skip
    assert path.read_text() == "mine"
    assert (tmp_path / "take.recording.bvh").read_text() == "left by a kill"
    assert len(there(tmp_path)) == 4


def test_without_a_pose_there_is_no_file(tmp_path):
    assert BvhRecorder(tmp_path / "a.bvh").close() is None
    assert there(tmp_path) == []


def test_what_is_no_pose_or_comes_late_is_left_out(tmp_path):
    danced, _ = dance(1.0)
    recorder = record(tmp_path / "a.bvh", danced)
    bad = danced.landmarks[0].copy()
    bad[3, 1] = np.nan
    for pose, time in ((bad, 600.0), (danced.landmarks[0], 500.0), (danced.landmarks[0], np.nan)):
        recorder.add(pose, danced.root[0], time)
    recorder.close()
    assert recorder.left_out == 3
    assert read_bvh(tmp_path / "a.bvh").frames == danced.frames


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FileError, match="nowhere"):
        BvhRecorder(tmp_path / "nowhere" / "a.bvh")


def test_a_disk_that_refuses_is_told_and_what_was_written_stays(tmp_path, monkeypatch):
    danced, _ = dance(2.0)
    recorder = BvhRecorder(tmp_path / "a.bvh")
    real, calls = os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(FileError, match="No space left"):
        for k in itertools.count():  # until the writer has come that far
            recorder.add(danced.landmarks[k % 60], danced.root[k % 60], k / 30)
            sleep(0.001)
    with pytest.raises(FileError, match="No space left"):
        recorder.close()
    assert read_bvh(tmp_path / "a.bvh").frames == 15


def test_a_full_file_is_told_and_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(bvh_recorder, "MOST_FRAMES", 40)
    danced, _ = dance(2.0)
    recorder = record(tmp_path / "a.bvh", danced)
    with pytest.raises(FileError, match="full after 30 frames"):
        recorder.close()
    assert read_bvh(tmp_path / "a.bvh").frames == 30


def test_an_hour_of_standing_still_is_soon_written(tmp_path):
    danced, _ = dance(0.1)
    recorder = BvhRecorder(tmp_path / "a.bvh", 10.0)
    for pose, time in zip(danced.landmarks, (0.0, 3600.0, 3600.1), strict=False):
        recorder.add(pose, danced.root[0], time)
    recorder.close()
    written = read_bvh(tmp_path / "a.bvh")
    assert written.frames == 36_002
    assert (written.values[:36_000] == written.values[0]).all()


DANCER = """
import sys, time
from pathlib import Path
import numpy as np
from oscbridge.domain import figure
from oscbridge.io.bvh_recorder import BvhRecorder
recorder = BvhRecorder(Path(sys.argv[1]), 60.0)
for frame in range(100_000):
    recorder.add(figure.rest(), np.array([frame / 1e3, -0.79, 0]), frame / 60)
    print(frame, flush=True)
    time.sleep(1 / 240)
"""


def test_killed_it_has_lost_at_most_the_last_second(tmp_path):
    command = [sys.executable, "-c", DANCER, str(tmp_path / "take.bvh")]
    package = str(Path(bvh_recorder.__file__).parents[2])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": package}
    ) as dancer:
        frames = 0
        for line in dancer.stdout:
            frames = int(line)
            if frames == 333:
                break
        dancer.send_signal(signal.SIGKILL)
        frames += len(dancer.stdout.readlines())
    assert there(tmp_path) == ["take.recording.bvh"]
    left = read_bvh(tmp_path / "take.recording.bvh")
    assert frames - 60 <= left.frames <= frames + 1
    assert left.values[:, 0] == pytest.approx(np.arange(left.frames) / 10, abs=1e-3)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(1e-4, 2.0), min_size=1, max_size=40),
    st.floats(1.0, 240.0),
    st.floats(-1e5, 1e5),
)
def test_frames_come_at_one_pace_whatever_the_poses_do(steps, fps, start):
    times = start + np.concatenate([[0], np.cumsum(steps)])
    even = EvenFrames(fps)
    made = [even.add(float(t), np.array([[float(t)]]), 10**6) for t in times]
    frames = np.concatenate(made)[:, 0, 0]
    assert len(frames) == int(np.floor((times[-1] - times[0]) * fps + 1e-6)) + 1
    wanted = start + np.arange(len(frames)) / fps
    long = np.diff(times)[np.clip(np.searchsorted(times, wanted) - 1, 0, len(steps) - 1)] > 0.5
    assert frames[~long] == pytest.approx(wanted[~long], abs=1e-5)
    assert np.isin(frames[long], times).all()
