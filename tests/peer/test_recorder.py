"""A program that records a session is killed; what it had taken in is in the session's files."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from oscbridge.io.landmark_file import read_landmarks
from oscbridge.io.midi_file import read_clip
from oscbridge.io.session_recovery import recover
from oscbridge.training import sessions

RECORDER = """
import sys, time
from pathlib import Path
import numpy as np
from oscbridge.domain.live import Played
from oscbridge.domain.music import Part
from oscbridge.domain.transport import Transport
from oscbridge.io.session_files import SessionWriter

writer = SessionWriter(Path(sys.argv[1]), "take1")
transport = Transport(time=time.perf_counter(), beat=3.9, bpm=240.0)
writer.transport(transport)
pose, root = np.zeros((33, 3), np.float32), np.array([0, -0.9, 0], np.float32)
begun = time.perf_counter()
for k in range(10_000):
    while (now := time.perf_counter()) < begun + k / 120:
        time.sleep(0.001)
    pose[:] = now - begun
    writer.pose(1, now, transport.beat_at(now), pose, root)
    if k % 12 < 2:
        writer.note(Played(Part.BASS, 40, 100 * (1 - k % 12), now), transport.beat_at(now))
    print(f"{k} {transport.beat_at(now):.6f}", flush=True)
"""
LOST = 1.0
"""Seconds that may be missing."""


@pytest.mark.parametrize("seconds", [0.05, 1.3, 3.05])
def test_a_kill_loses_at_most_the_last_second(tmp_path, seconds, record_property):
    command = [sys.executable, "-u", "-c", RECORDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recorder:
        first = recorder.stdout.readline()
        assert first.startswith("0 ")
        time.sleep(seconds)
        (waiting,) = recover(tmp_path)
        assert waiting.error == "is being recorded; stop that first"
        recorder.send_signal(signal.SIGKILL)
        told = [first, *recorder.stdout.read().splitlines()]
    last = float(told[-1].split()[1])
    (left,) = recover(tmp_path)
    assert left.error == ""
    kept = 4.0
    if left.files:
        song, dance = left.files
        poses = read_landmarks(dance)
        kept += poses.beat[-1]
        assert np.diff(poses.landmarks[:, 0, 0]).max() < 0.1, "none is missing before"
        assert len(poses.time) >= 120 * (seconds - LOST)
        assert len(read_clip(song).notes) >= 10 * (seconds - LOST) - 1
        assert len(sessions.find([tmp_path])) == 1
    lost = (last - kept) / 4  # beats at 240 BPM
    record_property("lost", lost)
    assert lost < LOST
    assert not list(tmp_path.glob("*.journal"))
