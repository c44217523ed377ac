"""What was recorded is what training reads, note for note and pose for pose."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from takes import BEGUN, TRANSPORT, TUNE, Stage, dancer, in_seconds

from oscbridge.api import JOBS
from oscbridge.cli.data import data
from oscbridge.domain.live import Played
from oscbridge.domain.music import Note, Part
from oscbridge.domain.timeline import Meter, Tempo, Timeline
from oscbridge.errors import FileError
from oscbridge.io import session_files, session_recovery
from oscbridge.io.landmark_file import read_landmarks
from oscbridge.io.midi_file import MOST_BARS, read_clip
from oscbridge.io.session_files import SessionWriter
from oscbridge.io.session_journal import NOTE, POSE, ROWS, packed
from oscbridge.io.session_recovery import journals, recover, recover_apart
from oscbridge.training import sessions, sources

TICK = 1 / 480


def same_notes(clip, notes, within=TICK / 2 + 1e-9):
    got = sorted((n.part, n.pitch, n.start, n.duration, n.velocity) for n in clip.notes)
    want = sorted((n.part, n.pitch, n.start, n.duration, n.velocity) for n in notes)
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert one[:2] == other[:2] and one[4] == other[4]
        assert abs(one[2] - other[2]) <= within
        assert abs(one[3] - other[3]) <= 2 * within


def names(files):
    return [path.name for path in files]


def test_what_was_played_and_danced_is_what_training_reads(tmp_path):
    stage = Stage(tmp_path)
    person, time, landmarks, root = dancer()
    stage.perform(in_seconds(TUNE), [(person, time, landmarks, root)])
    stage.now = BEGUN + 16.0
    assert stage.writer.state() == (len(TUNE), len(time), 16.0, "recording")
    files = stage.writer.close()
    assert names(files) == ["take1.mid", "take1.npz"]
    ((song, dance),) = sessions.find([tmp_path])
    session = sessions.read(song, dance)
    same_notes(session.clip, TUNE)
    assert session.clip.length == 32.0
    assert session.clip.timeline == Timeline.steady(120.0)
    told = read_landmarks(dance)
    assert np.array_equal(told.landmarks.astype(np.float32), landmarks)
    assert np.array_equal(told.root.astype(np.float32), root)
    assert told.beat == pytest.approx(time * 2, abs=1e-9)
    assert told.time == pytest.approx(time, abs=1e-9)
    assert session.dance.beat == pytest.approx(time * 2, abs=1e-9)
    assert np.abs(session.dance.landmarks - landmarks).max() < 1e-5
    paired = sessions.windows([session])
    assert len(paired) and np.array_equal(paired.music.beat, paired.dance.beat)
    assert not list(tmp_path.glob("*.journal"))


def test_a_tempo_and_a_meter_that_change_amid_the_take_are_in_both_files(tmp_path):
    stage = Stage(tmp_path)
    faster = TRANSPORT.at(BEGUN + 4.0, bpm=150.0)
    waltz = faster.in_meter(3, 4, BEGUN + 4.0)
    person, time, landmarks, root = dancer(seconds=12.0)
    first = in_seconds(TUNE[:24])
    then = [replace(n, start=4.0 + n.start) for n in in_seconds(TUNE[:24], pace=0.4)]
    stage.perform([*first, *then], [(person, time, landmarks, root)], [faster, waltz])
    stage.now = BEGUN + 12.0
    song, dance = stage.writer.close()
    clip = read_clip(song)
    assert clip.timeline.tempos == (Tempo(0.0, 120.0), Tempo(8.0, 150.0))
    assert clip.timeline.meters == (Meter(0.0, 4, 4), Meter(12.0, 3, 4))
    same_notes(clip, [*TUNE[:24], *(replace(n, start=8.0 + n.start) for n in TUNE[:24])])
    assert clip.length == pytest.approx(28.0, abs=TICK)
    told = read_landmarks(dance)
    assert told.beat == pytest.approx(np.where(time < 4, time * 2, 8 + (time - 4) * 2.5), abs=1e-9)
    assert told.time == pytest.approx(clip.timeline.seconds(told.beat), abs=1e-4)


def test_several_people_dance_to_one_song_and_stay_together_in_training(tmp_path):
    stage = Stage(tmp_path)
    tune = [replace(n, start=n.start + beat) for beat in (0, 32, 64) for n in TUNE]
    gone, back = dancer(2, 15.0), dancer(2, 14.0, start=29.0)
    stage.perform(in_seconds(tune), [dancer(1, 44.0), gone, back, dancer(7, 30.0, start=16.0)])
    stage.now = BEGUN + 48.0
    files = stage.writer.close()
    assert names(files) == [
        "take1-p1.npz", "take1-p2-2.npz", "take1-p2.npz", "take1-p7.npz", "take1.mid"
    ]  # fmt: skip
    pairs = sessions.find([tmp_path])
    assert {song.name for song, _ in pairs} == {"take1.mid"}
    assert [dance.name for _, dance in pairs] == names(files)[:4]
    assert len({r.group for r in sources.find([tmp_path])}) == 1, "never split"
    second = sessions.read(*pairs[1]).dance
    assert second.beat[0] == pytest.approx(58.0) and second.frames == len(back[1])
    paired = sessions.windows([sessions.read(*pair) for pair in pairs])
    held, learnt = (set(paired.music.beat[paired.held_out == flag]) for flag in (True, False))
    assert held and learnt
    assert min(abs(h - one) for h in held for one in learnt) >= 8, "whoever danced"


def test_a_store_is_built_of_several_people(tmp_path):
    stage = Stage(tmp_path / "own")
    stage.perform(in_seconds(TUNE), [dancer(1), dancer(2)])
    stage.now = BEGUN + 16.0
    stage.writer.close()
    done = CliRunner().invoke(data, ["build", str(tmp_path / "own"), "-o", str(tmp_path / "s")])
    assert done.exit_code == 0, done.output


def test_notes_that_hang_end_with_the_take_and_notes_from_before_it_are_not_in_it(tmp_path):
    stage = Stage(tmp_path)
    stage.note(Part.MELODY, 60, 90)  # a beat before the bar
    stage.now = BEGUN + 1.0
    stage.note(Part.MELODY, 60, 0)
    stage.note(Part.BASS, 40, 80)
    stage.now = BEGUN + 2.0
    stage.note(Part.BASS, 40, 81)  # struck again
    stage.now = BEGUN + 3.25
    (song,) = stage.writer.close()
    clip = read_clip(song)
    same_notes(clip, [Note(2, Part.BASS, 40, 2, 80), Note(4, Part.BASS, 40, 2.5, 81)])
    assert clip.length == 6.5


def test_notes_that_end_by_themselves_have_their_durations(tmp_path):
    stage = Stage(tmp_path)
    for second, duration in ((0.5, 0.75), (1.0, 3.0), (1.5, 0.5), (2.0, 9.0)):
        stage.now = BEGUN + second
        played = Played(Part.MELODY, 60, 70, stage.now)
        stage.writer.note(played, stage.transport.beat_at(stage.now), duration)
    stage.now = BEGUN + 4.0
    (song,) = stage.writer.close()
    lengths = [(n.start, n.duration) for n in read_clip(song).notes]
    assert lengths == [(1.0, 0.75), (2.0, 1.0), (3.0, 0.5), (4.0, 4.0)], "cut by the next, the end"


def test_it_ends_by_itself_after_so_many_bars(tmp_path):
    stage = Stage(tmp_path, bars=2)
    assert stage.writer.state() == (0, 0, 0.0, "waiting")
    stage.perform(in_seconds(TUNE), [dancer()])
    stage.now = BEGUN + 16.0
    assert stage.writer.over
    assert stage.writer.state()[2:] == (4.0, "over")
    song, dance = stage.writer.close()
    clip = read_clip(song)
    assert clip.length == 8.0
    same_notes(clip, [n for n in TUNE if n.start < 8])
    assert read_landmarks(dance).beat[-1] < 8.0


def test_the_transport_stands_and_jumps_and_the_take_goes_on(tmp_path):
    stage = Stage(tmp_path)
    person, time, landmarks, root = dancer(seconds=10.0)
    stopped = TRANSPORT.stopped(BEGUN + 4.0)
    started = stopped.started(BEGUN + 8.0)
    home = started.at(BEGUN + 9.0, beat=0.0)
    stage.perform((), [(person, time, landmarks, root)], [stopped, started, home])
    stage.now = BEGUN + 10.0
    (first, second) = stage.writer.close()
    assert [first.name, second.name] == ["take1-p1-2.npz", "take1-p1.npz"]
    before, after = read_landmarks(second), read_landmarks(first)
    assert before.beat[-1] < 8.0 and after.beat[0] == 8.0, "it stood still for four seconds"
    assert after.beat == pytest.approx(8.0 + (time[time >= 8] - 8.0) * 2, abs=1e-9)


def test_a_take_in_which_nothing_came_leaves_nothing(tmp_path):
    stage = Stage(tmp_path)
    stage.now = BEGUN + 5.0
    assert stage.writer.close() == []
    assert list(tmp_path.iterdir()) == []
    never = SessionWriter(tmp_path, "never")
    never.pose(1, 0.0, 0.0, np.zeros((33, 3), np.float32), None)
    assert never.close() == [], "no transport was told"


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "TAKE1.mid").write_text("a song of mine")
    (tmp_path / "take1-2-p3.npz").write_text("a dance of mine")
    one, other = Stage(tmp_path), Stage(tmp_path)
    assert (one.writer.name, other.writer.name) == ("take1-3", "take1-4")
    for stage in (one, other):
        stage.perform(in_seconds(TUNE[:6]))
    (tmp_path / "take1-3.mid").write_text("put there meanwhile")
    assert names(one.writer.close()) == ["take1-3-2.mid"]
    assert names(other.writer.close()) == ["take1-4.mid"]
    assert (tmp_path / "take1-3.mid").read_text() == "put there meanwhile"


def test_poses_that_no_file_may_hold_are_left_out_and_a_root_that_is_not_known_is_found(tmp_path):
    stage = Stage(tmp_path)
    person, time, landmarks, root = dancer(seconds=2.0)
    landmarks[5, 3, 1], landmarks[9] = np.nan, np.inf
    stage.perform((), [(person, time, landmarks, [None] * len(root))])
    stage.pose(person, landmarks[-1], None)  # twice at one moment
    (dance,) = stage.writer.close()
    told = read_landmarks(dance)
    assert len(told.time) == len(time) - 2
    assert np.abs(told.root[:, 1] + 0.9).max() < 0.3, "on the floor"


def test_so_many_bars_may_be_asked_for_as_a_song_may_have():
    (bars,) = (arg for job in JOBS for arg in job.args if job.address == "record/start"
               and arg.name == "bars")  # fmt: skip
    assert bars.high == MOST_BARS


def test_a_process_that_cannot_be_begun_leaves_the_journal(tmp_path, monkeypatch):
    stage = Stage(tmp_path)
    stage.perform(in_seconds(TUNE))
    with monkeypatch.context() as context:
        context.setattr(sys, "executable", str(tmp_path / "none"))
        with pytest.raises(FileError, match=r"no files could be made of it.*--recover"):
            stage.writer.close()
    assert names(recover(tmp_path)[0].files) == ["take1.mid"]


def test_a_take_is_no_longer_than_what_training_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(session_files, "MOST_FRAMES", 40)
    stage = Stage(tmp_path)
    stage.perform((), [dancer(seconds=2.0)])
    assert "40 poses of one person, as long as a take may be" in stage.writer.error
    assert stage.writer.over and stage.writer.state()[3] == "over"
    (dance,) = stage.writer.close()
    assert len(read_landmarks(dance).time) == 40
    monkeypatch.setattr(session_files, "MOST_BARS", 3)
    long = Stage(tmp_path)
    long.now = BEGUN + 5.0
    assert long.writer.error == ""
    long.now = BEGUN + 6.0
    assert long.writer.over and "3 bars, as long as a take may be" in long.writer.error
    assert long.writer.close() == []


def cut_off(folder, name="take1"):
    """A journal as a kill leaves it."""
    stage = Stage(folder, name)
    stage.perform(in_seconds(TUNE), [dancer()])
    journal = stage.writer._journal
    journal.close()
    return journal.path


def test_training_names_a_recording_that_was_cut_off_and_lets_one_under_way_be(tmp_path):
    journal = cut_off(tmp_path)
    with pytest.raises(FileError, match=r"take1\.journal: a recording that was cut off.*--recover"):
        sessions.find([tmp_path])
    assert journal.exists()
    ((path, files, error),) = recover(tmp_path)
    assert (path, error) == (journal, "")
    assert names(files) == ["take1.mid", "take1.npz"]
    same_notes(read_clip(files[0]), TUNE)
    under_way = Stage(tmp_path, "take2")
    assert len(sessions.find([tmp_path])) == 1
    assert [left.error for left in recover(tmp_path)] == ["is being recorded; stop that first"]
    under_way.perform(in_seconds(TUNE))
    assert names(under_way.writer.close()) == ["take2.mid"]


def test_a_journal_that_fails_keeps_no_other_from_its_files(tmp_path):
    cut_off(tmp_path, "take2")
    odd = np.array([(8.0, 10.0, 0.0, 77, 60, 90)], ROWS[NOTE])
    (tmp_path / "odd.journal").write_bytes(packed(NOTE, odd.tobytes()))
    (tmp_path / "take1.journal").write_text("no journal")
    for recovered in (recover, lambda folder: recover_apart(journals(folder))):
        found = {each.journal.name: (names(each.files), each.error) for each in recovered(tmp_path)}
        assert found.pop("take1.journal") == ([], "is no journal of this version of oscbridge")
        files, error = found.pop("odd.journal")
        assert not files and "77 is not a valid Part" in error
        cut_off(tmp_path, "take2")
        assert found.popitem()[1][0][0].startswith("take2")


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="sessions cannot be kept here"):
        SessionWriter(tmp_path / "file" / "in", "take")


def test_while_the_transport_stands_only_the_ends_of_notes_count(tmp_path):
    stage = Stage(tmp_path)
    stage.now = BEGUN + 1.0
    stage.note(Part.BASS, 40, 80)
    stage.now = BEGUN + 2.0
    stage.follow(TRANSPORT.stopped(stage.now))
    stage.note(Part.BASS, 40, 0)
    stage.note(Part.MELODY, 60, 80)
    stage.pose(1, np.zeros((33, 3), np.float32), None)
    assert stage.writer.state() == (1, 0, 2.0, "recording")
    stage.now = BEGUN + 9.0
    (song,) = stage.writer.close()
    same_notes(read_clip(song), [Note(2, Part.BASS, 40, 2, 80)])


def test_a_recovery_that_fails_leaves_the_journal_and_no_half_of_its_files(tmp_path, monkeypatch):
    journal = cut_off(tmp_path)

    def full(clip, path):
        raise FileError(path, "cannot be written: No space left on device")

    monkeypatch.setattr(session_recovery, "write_clip", full)
    (left,) = recover(tmp_path)
    assert left.error == "cannot be written: No space left on device"
    assert names(tmp_path.iterdir()) == [journal.name]
    monkeypatch.setattr(session_recovery, "write_clip", lambda clip, path: 1 // 0)
    assert "cannot be made files of: integer division" in recover(tmp_path)[0].error
    assert names(tmp_path.iterdir()) == [journal.name]
    monkeypatch.undo()
    assert names(recover(tmp_path)[0].files) == ["take1.mid", "take1.npz"], "once there is room"
    assert names(sorted(tmp_path.iterdir())) == ["take1.mid", "take1.npz"]


TURNS = st.one_of(
    st.tuples(st.just("tempo"), st.floats(1, 2000)),
    st.tuples(st.just("jump"), st.floats(-100, 1000)),
    st.tuples(st.just("nudge"), st.floats(-0.4, 0.4)),
    st.tuples(st.just("play"), st.booleans()),
    st.tuples(
        st.just("meter"), st.tuples(st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 16, 64]))
    ),
)
HAPPENS = st.tuples(
    st.floats(0, 4),
    TURNS
    | st.tuples(st.just("note"), st.tuples(st.integers(0, 127), st.sampled_from([0, 1, 90, 127])))
    | st.tuples(st.just("pose"), st.integers(1, 2)),
)


def turned(transport, at, what, value):
    if what == "tempo":
        return transport.at(at, bpm=value)
    if what == "jump":
        return transport.at(at, beat=value)
    if what == "nudge":
        return transport.at(at, beat=transport.beat_at(at) + value)
    if what == "play":
        return transport.started(at) if value else transport.stopped(at)
    return transport.in_meter(*value, at)


@settings(deadline=None)
@given(st.lists(HAPPENS, max_size=30), st.integers(0, 3))
def test_whatever_happens_in_a_take_can_be_read(tmp_path_factory, happens, bars):
    folder = tmp_path_factory.mktemp("take")
    stage = Stage(folder, bars=bars)
    pose = np.zeros((33, 3), np.float32)
    for later, (what, value) in happens:
        stage.now += later
        if what == "note":
            stage.note(Part.MELODY, *value)
        elif what == "pose":
            stage.pose(value, pose, None)
        else:
            stage.follow(turned(stage.transport, stage.now, what, value))
    stage.now += 1.0
    notes, frames, seconds, _ = stage.writer.state()
    assert seconds >= 0
    journal = stage.writer._journal
    journal.close()
    (left,) = recover(folder)
    assert left.error == ""
    dances = [read_landmarks(file) for file in left.files if file.suffix == ".npz"]
    assert sum(len(dance.beat) for dance in dances) <= frames
    assert all(dance.beat[0] >= 0 and (np.diff(dance.beat) > 0).all() for dance in dances)
    for song in (file for file in left.files if file.suffix == ".mid"):
        clip = read_clip(song)
        assert len(clip.notes) <= notes
        assert all(0 <= note.start < clip.length for note in clip.notes)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(sorted(ROWS)), st.binary(min_size=460, max_size=460))))
def test_whatever_rows_a_journal_holds_it_is_made_files_of_or_refused(tmp_path, records):
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    content = b"".join(packed(kind, rows[: ROWS[kind].itemsize]) for kind, rows in records)
    (folder / "any.journal").write_bytes(content)
    (left,) = recover(folder)
    assert left.error or not (folder / "any.journal").exists()
    for file in left.files:
        file.unlink()


FILL = """
import resource, sys, time
from pathlib import Path
import numpy as np
from oscbridge.domain.live import Played
from oscbridge.domain.music import Part
from oscbridge.domain.transport import Transport
from oscbridge.io.session_files import SessionWriter

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
writer = SessionWriter(Path(sys.argv[1]), "take1")
writer.transport(Transport(time=time.perf_counter(), beat=3.9))
pose, root = np.zeros((33, 3), np.float32), np.zeros(3, np.float32)
k = 0
while not writer.over:
    pose[:] = k
    at = 4.0 + 60 * k / 3600
    writer.pose(1, k / 30, at, pose, root)
    writer.note(Played(Part.DRUMS, 36, 100, k / 30), at)
    k += 1
    time.sleep(0.0005)
print(writer.error)
print(len(writer.close()), k)
"""


@pytest.mark.skipif(os.name == "nt", reason="a file's size cannot be limited there")
def test_a_full_disk_ends_the_take_with_the_reason_and_what_came_before_is_in_its_files(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    error, counts = done.stdout.splitlines()
    assert error == f"{tmp_path / 'take1.journal'}: cannot be written: File too large"
    files, came = map(int, counts.split())
    assert files == 2
    told = read_landmarks(tmp_path / "take1.npz")
    kept = len(told.time)
    assert np.array_equal(told.landmarks[:, 0, 0], np.arange(kept)), "none missing amid them"
    each = len(packed(POSE, bytes(ROWS[POSE].itemsize)) + packed(NOTE, bytes(ROWS[NOTE].itemsize)))
    assert 300_000 / each - 2 <= kept <= came, "each pose and note is a record of its own here"
    assert len(Path(tmp_path / "take1.mid").read_bytes()) > kept
