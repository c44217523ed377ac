"""`oscbridge record` beside a real daemon that is sent poses and notes."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from takes import TUNE, Stage, dancer, in_seconds

from oscbridge.domain import figure
from oscbridge.domain.pose import INDEX
from oscbridge.errors import JobError
from oscbridge.io.osc_client import Client
from oscbridge.training import sessions

SECONDS = 5.0


@pytest.fixture
def daemon(start):
    return start("--model", "paper")


def command(*args):
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "oscbridge", "record", *map(str, args)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def pose_at(seconds):
    """A figure that kicks its left foot to the front once a second."""
    pose = figure.rest().astype(float)
    for name in ("left_ankle", "left_heel", "left_foot_index"):
        pose[INDEX[name]] += [0.0, -0.1, -0.3 * np.sin(np.pi * seconds) ** 2]
    return pose


def perform(client, seconds, people=1):
    """Kick, thirty frames a second, and play a drum every half beat; how many hits."""
    begun = time.perf_counter()
    hits = 0
    for i in range(int(seconds * 30)):
        at = i / 30
        time.sleep(max(0.0, begun + at - time.perf_counter()))
        for person in range(1, people + 1):
            client.send("pose/frame", person, i, at, *np.ravel(pose_at(at)).tolist())
        if at >= hits * 0.25:
            hits += 1
            client.send("note", 0, 36 + 2 * (hits % 2), 100, 0.25)
    return hits


def recording(daemon, *args):
    child = command(*args, "--port", daemon.port)
    said = child.stdout.readline()
    found = re.match(r"recording (\S+) into (.+) from the next bar on; Ctrl-C ends", said)
    assert found, said + child.stdout.read()
    return child, found[1], found[2]


@pytest.mark.parametrize("ended", ["signal", "seconds"])
def test_what_is_performed_becomes_a_session(daemon, ended):
    options = ("--seconds", SECONDS + 1) if ended == "seconds" else ()
    child, name, _ = recording(daemon, "walk", *options)
    assert name == "walk"
    with Client("127.0.0.1", daemon.port) as client:
        hits = perform(client, SECONDS)
    if ended == "signal":
        child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=20)
    assert child.returncode == 0, said
    assert re.search(r"\n +0:0[2-6]  \d+ notes  \d+ poses  recording", said)
    files = [daemon.library / "sessions" / f"walk{ending}" for ending in (".mid", ".npz")]
    assert said.splitlines()[-2:] == [str(file) for file in files]
    ((song, dance),) = sessions.find([daemon.library / "sessions"])
    session = sessions.read(song, dance)
    # All but what came before the first bar line, two seconds away at most.
    assert hits - 9 <= len(session.clip.notes) <= hits
    gaps = np.diff([note.start for note in session.clip.notes])
    assert np.median(gaps) == pytest.approx(0.5, abs=0.1)
    assert gaps.max() < 1.0
    assert {note.velocity for note in session.clip.notes} == {100}
    rate = (session.dance.frames - 1) / (session.dance.time[-1] - session.dance.time[0])
    assert rate == pytest.approx(30, abs=1)
    feet = session.dance.world[:, 29:33, 1]
    assert feet.max() < 0.1
    assert np.ptp(session.dance.landmarks[:, 27, 2]) > 0.15, "the foot kicks"


def test_it_ends_by_itself_after_so_many_bars(daemon):
    child, _, folder = recording(daemon, "walk", "--bars", 1)
    with Client("127.0.0.1", daemon.port) as client:
        perform(client, SECONDS)
        said, _ = child.communicate(timeout=20)
        assert child.returncode == 0, said
        assert re.search(r"\n +0:02  \d+ notes  \d+ poses  over", said)
        client.request("record/start", "walk", 1)
        time.sleep(SECONDS)
        assert client.request("record/stop") == (0, 0)
    session = sessions.read(*sessions.find([Path(folder)])[0])
    assert session.clip.length == 4.0
    assert {round(float(beat)) for beat in session.dance.beat} == {0, 1, 2, 3, 4}


def test_two_people_are_two_dances_to_one_song(daemon):
    child, _, folder = recording(daemon, "walk")
    with Client("127.0.0.1", daemon.port) as client:
        perform(client, SECONDS, people=2)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert sorted(path.name for path in Path(folder).iterdir()) == [
        "walk-p1.npz", "walk-p2.npz", "walk.mid"
    ]  # fmt: skip
    assert len(sessions.find([Path(folder)])) == 2


def test_a_killed_daemon_leaves_what_can_be_recovered(daemon):
    child, _, folder = recording(daemon, "walk")
    with Client("127.0.0.1", daemon.port) as client:
        hits = perform(client, SECONDS)
    daemon.process.kill()
    said, _ = child.communicate(timeout=20)
    assert child.returncode == 1
    assert f"oscbridge record --recover {folder}" in said
    again = command("--recover", folder)
    told, _ = again.communicate(timeout=20)
    assert told == f"{Path(folder) / 'walk.journal'}: walk.mid, walk.npz\n"
    ((song, dance),) = sessions.find([daemon.library])
    session = sessions.read(song, dance)
    assert hits - 9 - 4 <= len(session.clip.notes) <= hits


def test_a_daemon_that_ends_writes_the_take(daemon):
    child, _, folder = recording(daemon, "walk")
    with Client("127.0.0.1", daemon.port) as client:
        perform(client, 4.0)
    assert daemon.stop() == 0
    said, _ = child.communicate(timeout=20)
    assert child.returncode == 1
    assert f"what it recorded is in {folder}" in said
    assert len(sessions.find([daemon.library])) == 1


def test_the_next_recording_makes_files_of_those_that_were_cut_off(daemon):
    folder = daemon.library / "sessions"
    stage = Stage(folder, "left")
    stage.perform(in_seconds(TUNE), [dancer()])
    stage.writer._journal.close()
    under_way = Stage(folder, "other")
    (folder / "alien.journal").write_text("another program's")
    child, _, _ = recording(daemon, "walk")
    until = time.monotonic() + 20
    while (folder / "left.journal").exists() and time.monotonic() < until:
        time.sleep(0.05)
    names = {path.name for path in folder.iterdir()}
    assert names == {"left.mid", "left.npz", "other.journal", "alien.journal", "walk.journal"}
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    under_way.writer.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
def test_a_full_disk_ends_the_take_and_not_the_daemon(daemon):
    import resource

    child, _, folder = recording(daemon, "walk")
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
    with Client("127.0.0.1", daemon.port) as client:
        perform(client, 6.0)
        said, _ = child.communicate(timeout=20)
        assert child.returncode == 1
        assert re.search(r"the recording has ended: .*walk\.journal: cannot be written", said)
        with pytest.raises(JobError, match="nothing is being recorded"):
            client.request("record/stop")
        limits = resource.RLIM_INFINITY, resource.RLIM_INFINITY
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, limits)
        name, _ = client.request("record/start", "walk")
        assert name == "walk-2"
        client.request("record/stop")
    command("--recover", folder).wait(timeout=20)
    song, dance = (daemon.library / "sessions" / f"walk{ending}" for ending in (".mid", ".npz"))
    assert sessions.read(song, dance).dance.frames > 40


def test_what_cannot_be_recorded_is_said(daemon, tmp_path):
    child, _, _ = recording(daemon, "one")
    for name, said in (("two", "a recording is under way"), ("a/b", "is no name of a session")):
        other = command(name, "--port", daemon.port)
        text, _ = other.communicate(timeout=20)
        assert other.returncode == 1
        assert said in text
    child.send_signal(signal.SIGTERM)
    text, _ = child.communicate(timeout=20)
    assert child.returncode == 0
    assert "nothing was played or danced" in text
    daemon.stop()
    text, _ = (late := command("three", "--port", daemon.port)).communicate(timeout=20)
    assert late.returncode == 1
    assert "start one: oscbridge serve" in text
    text, _ = command("--recover", tmp_path).communicate(timeout=20)
    assert "nothing to recover" in text
