"""The journal of a take gives back what it was told, whatever happened to its end or its bytes."""

import itertools
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.errors import FileError
from oscbridge.io import session_journal
from oscbridge.io.file_lock import lock
from oscbridge.io.session_journal import (
    BEGAN,
    ENDED,
    NOTE,
    POSE,
    ROWS,
    Journal,
    is_left,
    packed,
    read,
)

RECORDS = [
    (BEGAN, [(8,)]),
    (NOTE, [(0.5, 10.0, 0, 0, 36, 100), (0.75, 10.1, 0, 0, 36, 0)]),
    (POSE, [(1.0, 10.2, 1, np.ones((33, 3)), (0.0, -1.0, 0.0))]),
    (NOTE, [(1.5, 10.5, 0.25, 2, 60, 64)]),
    (ENDED, [(11.0,)]),
]


def rows_of(kind, rows):
    return np.array(rows, ROWS[kind]).tobytes()


WHOLE = [packed(kind, rows_of(kind, rows)) for kind, rows in RECORDS]
ENDS = list(itertools.accumulate(map(len, WHOLE)))


def told(path):
    return [(record.kind, record.rows.tobytes()) for record in read(path)]


EXPECTED = [(kind, rows_of(kind, rows)) for kind, rows in RECORDS]


def test_truncated_at_any_byte_only_the_torn_record_is_lost(tmp_path):
    path = tmp_path / "a.journal"
    content = b"".join(WHOLE)
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        assert told(path) == EXPECTED[: sum(end <= size for end in ENDS)]


def test_a_flipped_byte_loses_the_record_it_is_in_and_no_other(tmp_path):
    path = tmp_path / "a.journal"
    content = b"".join(WHOLE)
    for at in range(4, len(content)):  # without its first mark it is no journal
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        hit = sum(end <= at for end in ENDS)
        assert told(path) == EXPECTED[:hit] + EXPECTED[hit + 1 :]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_is_amiss_what_is_read_is_a_part_of_what_was_written(tmp_path_factory, data):
    content = bytearray(b"".join(WHOLE * 3))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, len(content) - 1))
        junk = data.draw(st.binary(max_size=40))
        content[at : at + data.draw(st.integers(0, 60))] = junk
        if len(content) < 6:
            break
    path = tmp_path_factory.mktemp("j") / "a.journal"
    path.write_bytes(content)
    rest = iter(EXPECTED * 3)
    assert all(record in rest for record in told(path)), "in order, each once"


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("j") / "a.journal"
    path.write_bytes(content)
    if content[:4] == b"OBJ1"[: len(content)]:
        assert told(path) == []
    else:
        with pytest.raises(FileError, match=r"a\.journal: is no journal"):
            told(path)


def test_records_longer_than_what_is_read_at_once_come_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.journal"
    path.write_bytes(b"".join(WHOLE * 9))
    for size in (1, 100, 617):
        monkeypatch.setattr(session_journal, "_AT_ONCE", size)
        assert told(path) == EXPECTED * 9


def test_rows_come_back_in_the_order_they_came_from_a_file_that_is_locked(tmp_path):
    journal = Journal(tmp_path / "a.journal")
    notes = [rows_of(NOTE, [(k / 7, k / 3, 0, k % 3, k % 128, 1 + k % 127)]) for k in range(5000)]
    for k, row in enumerate(notes):
        journal.add(NOTE, row)
        if not k % 1000:
            journal.add(ENDED, rows_of(ENDED, [(float(k),)]))
    assert not is_left(journal.path)
    journal.close()
    records = told(journal.path)
    assert b"".join(rows for kind, rows in records if kind == NOTE) == b"".join(notes)
    assert [kind for kind, _ in records] == [NOTE, ENDED] * 5 + [NOTE]
    assert is_left(journal.path)
    with pytest.raises(FileExistsError):
        Journal(journal.path)
    with pytest.raises(FileError, match="nowhere"):
        Journal(tmp_path / "nowhere" / "a.journal")


def test_a_lock_is_seen_by_another_program(tmp_path):
    path = tmp_path / "a"
    path.touch()
    ask = "import sys, pathlib; from oscbridge.io.session_journal import is_left; "
    ask += "sys.exit(not is_left(pathlib.Path(sys.argv[1])))"
    with path.open("r+b") as file:
        assert lock(file)
        assert subprocess.run([sys.executable, "-c", ask, str(path)]).returncode == 1
    assert subprocess.run([sys.executable, "-c", ask, str(path)]).returncode == 0


def test_what_is_no_journal_was_not_left(tmp_path):
    path = tmp_path / "a.journal"
    path.write_bytes(b"another program's")
    assert not is_left(path)
    for size in range(5):
        path.write_bytes(b"OBJ1"[:size])
        assert is_left(path), "cut off before a byte was written"
    with pytest.raises(FileError, match="cannot be read"):
        is_left(tmp_path / "none.journal")


def test_a_journal_that_cannot_be_locked_is_not_begun(tmp_path, monkeypatch):
    def no_locks(file, *, wait):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(session_journal.file_lock, "lock", no_locks)
    with pytest.raises(FileError, match="Operation not supported"):
        Journal(tmp_path / "a.journal")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_does_not_take_rows_in_time_is_reported_and_what_fits_is_kept(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(session_journal, "MOST_WAITING", 100)
    hold = threading.Event()
    write = Journal._write_waiting
    monkeypatch.setattr(Journal, "_write_waiting", lambda self: hold.wait() and write(self))
    journal = Journal(tmp_path / "a.journal")
    for k in range(150):
        journal.add(NOTE, rows_of(NOTE, [(k, k, 0, 0, 36, 100)]))
    assert "50 notes and poses were not kept" in journal.error
    assert not journal.broken
    hold.set()
    journal.close()
    assert [len(r.rows) for r in read(journal.path)] == [100]
