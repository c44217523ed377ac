"""What is recorded is what training reads, whatever happens to the recorder."""

import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import numpy as np
import pytest
from dancers import dance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oscbridge.domain.live import Played
from oscbridge.domain.music import Part
from oscbridge.domain.take import Heard, Seen, Take
from oscbridge.domain.timeline import Meter, Tempo
from oscbridge.domain.transport import Transport
from oscbridge.errors import FileError
from oscbridge.io import session_files, session_journal
from oscbridge.io.landmark_file import read_landmarks
from oscbridge.io.session_files import SessionWriter, recover, unfinished
from oscbridge.io.session_journal import Journal, read_journal
from oscbridge.training import sessions

BEGUN = Transport(time=100.0, beat=3.5, bpm=120.0)
"""The first bar line comes a quarter second later, at position 4."""
DANCE, _ = dance(seconds=8.0)


def play(writer, beat, part=Part.MELODY, pitch=60, velocity=90, duration=0.0, source="keys"):
    writer.note(Played(part, pitch, velocity, BEGUN.time_of(beat), source), beat, duration)


def danced(writer, transport, person=1, start=None, frames=None):
    """Somebody dances from `start` (seconds) on, thirty frames a second."""
    start = transport.time if start is None else start
    for i in range(frames or DANCE.frames):
        at = start + DANCE.time[i]
        beat = transport.beat_at(at)
        writer.pose(person, at, beat, DANCE.landmarks[i], DANCE.root[i])


@pytest.fixture
def writer(tmp_path):
    writer = SessionWriter(tmp_path / "takes", "take")
    writer.transport(BEGUN)
    return writer


def end(writer, transport, seconds=8.0):
    writer.transport(transport.stopped(BEGUN.time + seconds))
    return writer.close()


def test_a_take_is_read_by_training_note_for_note_and_pose_for_pose(writer):
    play(writer, 3.6, pitch=50)  # before the bar line
    play(writer, 3.7, pitch=50, velocity=0)
    play(writer, 4.0, Part.DRUMS, 36, 100)
    play(writer, 4.1, Part.DRUMS, 36, 0)
    play(writer, 5.5, Part.BASS, 40, 80, duration=1.5)
    play(writer, 6.0, pitch=60)
    play(writer, 6.0, pitch=60, velocity=70, source="other")
    play(writer, 7.0, pitch=60, velocity=0)
    play(writer, 18.5, pitch=62)  # sounds until the end
    danced(writer, BEGUN)
    assert writer.counts == (5, DANCE.frames - 8)
    files = end(writer, BEGUN)
    assert [file.name for file in files] == ["take.mid", "take.npz"]
    assert sorted(p.name for p in files[0].parent.iterdir()) == ["take.mid", "take.npz"]
    session = sessions.read(*files)
    assert session.clip.length == pytest.approx(15.5, abs=0.002)
    assert session.clip.timeline.tempos == (Tempo(0.0, 120.0),)
    notes = [(n.part, n.pitch, n.velocity, n.start, n.duration) for n in session.clip.notes]
    expected = [
        (Part.DRUMS, 36, 100, 0.0, 0.1), (Part.BASS, 40, 80, 1.5, 1.5),
        (Part.MELODY, 60, 90, 2.0, 1.0), (Part.MELODY, 62, 90, 14.5, 1.0),
    ]  # fmt: skip
    for note, wanted in zip(notes, expected, strict=True):
        assert note == pytest.approx(wanted, abs=0.002)
    seen = slice(8, None)
    assert session.dance.beat == pytest.approx(DANCE.beat[seen] - 0.5)
    assert np.abs(session.dance.landmarks - DANCE.landmarks[seen]).max() < 1e-3
    assert np.abs(session.dance.root - DANCE.root[seen]).max() < 1e-3


def test_tempo_and_meter_change_in_the_take(writer):
    danced(writer, BEGUN, frames=60)
    slower = BEGUN.at(102.25, bpm=60.0)  # position 8, beat 4
    writer.transport(slower)
    waltz = slower.in_meter(3, 4, 103.0)  # from position 12 on
    writer.transport(waltz)
    play(writer, 9.0, duration=0.5)
    danced(writer, waltz, start=102.5, frames=150)
    session = sessions.read(*end(writer, waltz))
    assert session.clip.timeline.tempos == (Tempo(0.0, 120.0), Tempo(4.0, 60.0))
    assert session.clip.timeline.meters == (Meter(0.0, 4, 4), Meter(8.0, 3, 4))
    assert session.clip.notes[0].start == pytest.approx(5.0)
    assert session.dance.time == pytest.approx(
        session.clip.timeline.seconds(session.dance.beat), abs=1e-6
    )


def test_a_meter_that_no_midi_file_can_have_is_no_trouble(writer):
    odd = BEGUN.in_meter(5, 6, 101.0)
    writer.transport(odd)
    play(writer, 9.0, duration=1.0)
    (file,) = end(writer, odd)
    assert sessions.read_clip(file).timeline.meters == (Meter(0.0, 4, 4),)


def test_a_take_begun_before_the_music_starts_with_it(tmp_path):
    writer = SessionWriter(tmp_path, "take")
    still = BEGUN.stopped(100.0)
    writer.transport(still)
    play(writer, 3.5)
    danced(writer, still, frames=30)
    assert writer.counts == (0, 0)
    started = still.at(105.0, beat=0.0, bpm=90.0).started(105.0)
    writer.transport(started)
    play(writer, 1.0, duration=1.0)
    danced(writer, started)
    session = sessions.read(*end(writer, started, 13.0))
    assert session.clip.timeline.tempos == (Tempo(0.0, 90.0),)
    assert session.clip.notes[0].start == 1.0
    assert session.dance.beat[0] == 0.0


def test_after_a_jump_the_take_goes_on_at_a_bar_line(writer):
    play(writer, 5.0)  # hangs: ends at the jump, position 9.5
    jumped = BEGUN.at(103.0, beat=33.0)
    writer.transport(jumped)
    play(writer, 34.0, pitch=61)  # between jump and bar line
    play(writer, 37.0, pitch=62, duration=1.0)
    clip = sessions.read_clip(end(writer, jumped)[0])
    assert [(n.pitch, n.start, n.duration) for n in clip.notes] == [(60, 1, 4.5), (62, 9, 1)]


def test_several_people_have_a_session_each(writer):
    play(writer, 4.0, duration=1.0)
    for person in (2, 5):
        danced(writer, BEGUN, person=person)
    files = end(writer, BEGUN)
    names = ["take.mid", "take.npz", "take-p5.mid", "take-p5.npz"]
    assert sorted(file.name for file in files) == sorted(names)
    pairs = sessions.find([files[0].parent])
    assert len(pairs) == 2
    assert len({sessions.read(*pair).clip.notes for pair in pairs}) == 1


def test_who_nobody_places_stands_on_the_floor(writer):
    for i in range(DANCE.frames):
        at = 100.0 + DANCE.time[i]
        writer.pose(1, at, BEGUN.beat_at(at), DANCE.landmarks[i], np.full(3, np.nan, np.float32))
    play(writer, 4.0, duration=1.0)
    read = sessions.read(*end(writer, BEGUN)).dance
    assert np.isfinite(read.root).all()
    assert read.world[..., 1].max() == pytest.approx(0.0, abs=0.05)


def test_an_empty_take_leaves_nothing(writer, tmp_path):
    assert end(writer, BEGUN) == []
    assert list((tmp_path / "takes").iterdir()) == []


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "take.npz").write_bytes(b"mine")
    names = []
    writers = [SessionWriter(tmp_path, "take") for _ in range(2)]
    (tmp_path / "take-2.mid").write_bytes(b"mine too, meanwhile")
    for writer in writers:
        writer.transport(BEGUN)
        play(writer, 4.0, duration=1.0)
        names += [writer.name, *(file.name for file in end(writer, BEGUN))]
    assert names == ["take-2", "take-2-2.mid", "take-3", "take-3.mid"]
    assert (tmp_path / "take.npz").read_bytes() == b"mine"


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be made"):
        SessionWriter(tmp_path / "file", "take")
    with pytest.raises(FileError, match="no such folder"):
        recover(tmp_path / "none")


TURNS = st.one_of(
    st.tuples(st.just("tempo"), st.floats(10, 1000)),
    st.tuples(st.just("jump"), st.floats(-100, 1000)),
    st.tuples(st.just("nudge"), st.floats(-0.4, 0.4)),
    st.tuples(st.just("play"), st.booleans()),
    st.tuples(st.just("meter"), st.tuples(st.integers(1, 64), st.integers(1, 64))),
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
@given(st.lists(HAPPENS, max_size=30))
def test_whatever_happens_in_a_take_can_be_read(tmp_path_factory, happens):
    writer = SessionWriter(tmp_path_factory.mktemp("take"), "take")
    transport, now = BEGUN, BEGUN.time
    writer.transport(transport)
    for later, (what, value) in happens:
        now += later
        if what == "note":
            play(writer, transport.beat_at(now), pitch=value[0], velocity=value[1])
        elif what == "pose":
            place = transport.beat_at(now)
            writer.pose(value, now, place, DANCE.landmarks[0], DANCE.root[0])
        else:
            transport = turned(transport, now, what, value)
            writer.transport(transport)
    writer.transport(transport.stopped(now + 1.0))
    notes, frames = writer.counts
    files = writer.close()
    for file in files:
        if file.suffix == ".mid":
            clip = sessions.read_clip(file)
            assert len(clip.notes) <= notes
            assert all(0 <= note.start < clip.length for note in clip.notes)
        else:
            read = read_landmarks(file)
            assert len(read.beat) <= frames
            assert read.beat[0] >= 0
    assert not files or notes or frames


# --- the journal


ENTRIES = [
    BEGUN,
    Heard(Played(Part.BASS, 40, 80, 0.0, "kéys"), 4.5, 0.5),
    Seen(3, 100.5, 5.0, DANCE.landmarks[0], DANCE.root[0]),
    Heard(Played(Part.DRUMS, 36, 0, 0.0, ""), 6.0),
    replace(BEGUN, playing=False),
]


def same(one, other):
    if isinstance(one, Seen):
        return one[:3] == other[:3] and all(
            np.array_equal(a, b) for a, b in zip(one[3:], other[3:], strict=True)
        )
    return one == other


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("journal") / "a.take"
    journal = Journal(path)
    for entry in ENTRIES:
        journal.put(entry)
    journal.close()
    return path


def begins_as_written(path):
    read = list(read_journal(path))
    assert all(same(a, b) for a, b in zip(read, ENTRIES, strict=False))
    return len(read)


def test_a_journal_cut_anywhere_tells_all_before(written):
    content = written.read_bytes()
    cut = written.with_name("cut.take")
    counts = []
    for size in range(len(content) + 1):
        cut.write_bytes(content[:size])
        counts.append(begins_as_written(cut))
    assert counts == sorted(counts)
    assert counts[-1] == len(ENTRIES)
    assert set(counts) == set(range(len(ENTRIES) + 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_journal_tells_nothing_that_was_not(written, data):
    content = bytearray(written.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    damaged = written.with_name("damaged.take")
    damaged.write_bytes(content)
    assert begins_as_written(damaged) < len(ENTRIES) or place < 40
    take = Take()
    for entry in read_journal(damaged):
        take.add(entry)


@given(st.binary(max_size=300))
def test_any_bytes_after_the_first_line_are_no_trouble(written, content):
    path = written.with_name("any.take")
    path.write_bytes(session_journal.MAGIC + content)
    list(read_journal(path))


def test_what_is_still_written_or_not_ours_is_left_alone(tmp_path, monkeypatch):
    writer = SessionWriter(tmp_path, "take")
    (tmp_path / "other.take").write_bytes(b"another program's")
    (tmp_path / "new.take").write_bytes(session_journal.MAGIC[:5])
    assert unfinished([tmp_path]) == recover(tmp_path) == []
    monkeypatch.setattr(session_journal, "YOUNG", -1.0)
    assert [p.name for p in unfinished([tmp_path])] == ["new.take"]
    assert recover(tmp_path) == []
    assert not (tmp_path / "new.take").exists()
    writer.close()


# --- what happens to a recorder

RECORDER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    import numpy as np
    from oscbridge.domain.live import Played
    from oscbridge.domain.music import Part
    from oscbridge.domain.transport import Transport
    from oscbridge.io.session_files import SessionWriter
    pose, root = np.zeros((33, 3), np.float32), np.zeros(3, np.float32)
    writer = SessionWriter(Path(sys.argv[1]), "take")
    transport = Transport(time.perf_counter())
    writer.transport(transport)
    def frame():
        now = time.perf_counter()
        beat = transport.beat_at(now)
        writer.pose(1, now, beat, pose, root)
        writer.note(Played(Part.DRUMS, 36, 90, now), beat, 0.01)
        return now - transport.time
    """
)


def start_recorder(folder, then):
    return subprocess.Popen(
        [sys.executable, "-u", "-c", RECORDER + textwrap.dedent(then), str(folder)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_kill_loses_no_more_than_the_last_second(tmp_path):
    child = start_recorder(tmp_path, "while True:\n    print(frame())\n    time.sleep(0.01)")
    last = 0.0
    while last < 3.3:
        last = float(child.stdout.readline())
    assert unfinished([tmp_path]) == []
    child.send_signal(signal.SIGKILL)
    for line in child.stdout.read().splitlines()[:-1]:
        last = float(line)
    child.wait()
    child.stdout.close()
    assert [path.name for path in unfinished([tmp_path])] == ["take.take"]
    with pytest.raises(FileError, match="oscbridge record --recover"):
        sessions.find([tmp_path])
    files = recover(tmp_path)
    assert [file.name for file in files] == ["take.mid", "take.npz"]
    assert unfinished([tmp_path]) == []
    clip = sessions.read_clip(files[0])
    kept = clip.notes[-1].start / 2
    assert last - 1.0 < kept <= last + 0.05, f"played {last:.2f} s, kept {kept:.2f} s"


@pytest.mark.skipif(sys.platform == "win32", reason="has no limits of files")
def test_a_full_disk_ends_the_take_and_keeps_it(tmp_path):
    child = start_recorder(
        tmp_path,
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        while not writer.error:
            frame()
            time.sleep(0.005)
        print(writer.error)
        frame()
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 30_000))
        try:
            print(writer.close())
        except Exception as error:
            print(type(error).__name__, error)
        """,
    )
    said, _ = child.communicate(timeout=30)
    assert child.returncode == 0
    full, failed = said.splitlines()
    assert full.startswith("the take cannot be written on: ")
    assert failed.startswith("FileError") or "take.mid" in failed
    if failed.startswith("FileError"):
        recover(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["take.mid", "take.npz"]
    clip = sessions.read_clip(tmp_path / "take.mid")
    assert len(clip.notes) == pytest.approx(30_000 / (421 + 8 + 9 + 8 + 20), rel=0.2)


def test_files_that_could_not_be_written_are_made_later(writer, monkeypatch):
    def full(clip, path):
        raise FileError(path, "No space left on device")

    play(writer, 4.0, duration=1.0)
    with monkeypatch.context() as context, pytest.raises(FileError, match="No space"):
        context.setattr(session_files, "write_clip", full)
        end(writer, BEGUN)
    folder = writer._journal.path.parent
    assert [file.name for file in recover(folder)] == ["take.mid"]
    assert [path.name for path in folder.iterdir()] == ["take.mid"]


def test_putting_never_waits_for_the_disk(tmp_path):
    writer = SessionWriter(tmp_path, "take")
    writer.transport(BEGUN)
    longest = 0.0
    for i in range(2000):
        before = time.perf_counter()
        writer.pose(1, 101 + i / 100, 6 + i / 100, DANCE.landmarks[0], DANCE.root[0])
        longest = max(longest, time.perf_counter() - before)
    assert longest < 0.25
    end(writer, BEGUN)


def test_a_disk_that_hangs_ends_the_take(tmp_path, monkeypatch):
    monkeypatch.setattr(session_journal, "MOST_WAITING", 10)
    writer = SessionWriter(tmp_path, "take")
    writer.transport(BEGUN)
    for beat in range(4, 20):
        play(writer, float(beat), duration=0.5)
    assert writer.error == "the disk does not keep up"
    # Ten were taken, the transport among them; the last begins where the take now ends.
    assert sessions.read_clip(end(writer, BEGUN)[0]).counts()["melody"] == 8
