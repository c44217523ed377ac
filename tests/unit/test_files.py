"""Files are read bounded and written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from oscbridge.errors import FileError
from oscbridge.io.files import read_limited, write_atomically


def test_a_file_up_to_the_limit_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "clip.mid"
    path.write_bytes(b"x" * 10)
    assert read_limited(path, 10, "a clip") == b"x" * 10
    with pytest.raises(FileError, match="a clip may have up to"):
        read_limited(path, 9, "a clip")


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.mid").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, said in [("gone.mid", "no such file"), ("", "folder"), ("empty.mid", "empty")]:
        with pytest.raises(FileError, match=said):
            read_limited(tmp_path / name, 10, "a clip")
    with pytest.raises(FileError):
        read_limited(tmp_path / "pipe", 10, "a clip")


def test_a_file_is_replaced_and_no_draft_stays(tmp_path: Path) -> None:
    path = tmp_path / "clip.mid"
    for content in (b"first", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mid"
    write_atomically(path, b"old")

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(FileError, match="No space left") as error:
        write_atomically(path, b"new")
    assert error.value.path == path
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["nowhere/clip.mid", "a_file/clip.mid", "a_folder"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "a_file").touch()
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        write_atomically(tmp_path / place, b"x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a_file", "a_folder"]
