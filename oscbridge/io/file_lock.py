"""Locks on open files, which the system lifts when a program ends, however it does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 62
    """Where the lock lies, so that others may read all there is."""

    def lock(file: IO[bytes], *, wait: bool = False) -> bool:
        """Lock a file; whether it could be, unless told to `wait`. Raises OSError."""
        here = file.tell()
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            file.seek(here)
        return True

else:
    import fcntl

    def lock(file: IO[bytes], *, wait: bool = False) -> bool:
        """Lock a file; whether it could be, unless told to `wait`. Raises OSError."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def remove(path: Path, file: IO[bytes]) -> None:
    """Remove a locked file before anybody else gets hold of it. Raises OSError."""
    if sys.platform == "win32":
        file.close()  # no open file can be removed there
    path.unlink(missing_ok=True)
