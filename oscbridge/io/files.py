"""Reading a file whole and writing one whole: bounded, atomic, with errors that name the cause."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from oscbridge.errors import FileError

_DRAFT = 40
"""Letters of a file's name that its draft bears."""


def read_limited(path: str | Path, limit: int, what: str) -> bytes:
    """All bytes of a file of at most `limit` bytes; `what` ("a MIDI file") names its kind.

    Raises FileError when it is missing, no file, unreadable, empty or too large.
    """
    path = Path(path)
    try:
        if not path.is_file():
            cause = "is a folder" if path.is_dir() else "no such file; check the name"
            raise FileError(path, cause)
        size = path.stat().st_size
        if size > limit:
            raise FileError(
                path,
                f"{size / 1e6:.1f} MB, but {what} may have up to {limit / 1e6:.0f} MB; "
                "cut it into shorter ones",
            )
        content = path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    if not content:
        raise FileError(path, f"the file is empty; {what} was expected")
    return content


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all. Raises FileError."""
    path = Path(path)
    draft = ""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except OSError as error:
        if draft:
            Path(draft).unlink(missing_ok=True)
        cause = error.strerror or error
        raise FileError(path, f"cannot be written: {cause}; choose another place") from error


def settle(path: Path) -> None:
    """See that a file, or what a folder names, outlasts a loss of power. Raises OSError."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders, and needs none to be
    # Windows puts only what may be written on the disk.
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_new(path: str | Path, content: bytes) -> None:
    """Write a file that was not there, whole or not at all; whoever writes that name at the same
    moment, one of them gets it. Raises FileExistsError, FileError.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(path)
    draft = ""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{path.name[:_DRAFT]}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)
        try:
            os.link(draft, path)
        except FileExistsError:
            raise
        except OSError:  # of file systems without links, such as exFAT
            path.touch(exist_ok=False)
            Path(draft).replace(path)
    except FileExistsError:
        raise
    except OSError as error:
        cause = error.strerror or error
        raise FileError(path, f"cannot be written: {cause}; choose another place") from error
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)
