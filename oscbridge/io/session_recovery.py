"""From the journal of a take to its files, when it ends and after a kill.

`take1.mid` holds the song, `take1.npz` the dance. Where several danced, or somebody came again, the
dances are `take1-p1.npz`, `take1-p2.npz`, `take1-p2-2.npz`: by person, then by how often they came.

As a program (`python -m`) it makes files of the journals named and tells what became of each.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from oscbridge.errors import FileError
from oscbridge.io.file_lock import lock, remove
from oscbridge.io.files import settle
from oscbridge.io.landmark_file import write_landmarks
from oscbridge.io.midi_file import write_clip
from oscbridge.io.session_journal import ENDING, read
from oscbridge.io.session_take import Recorded, recorded

DANCER = re.compile(r"(?P<song>.+)-p\d+(-\d+)?")
"""The stem of one of several dances to a song."""
_MOST_SAME = 10_000


class Recovered(NamedTuple):
    """What became of a journal that was left: its files, or why it is still there."""

    journal: Path
    files: list[Path]
    error: str = ""


def recover(folder: Path) -> list[Recovered]:
    """Make files of the takes in the folder that a kill left; those still recorded stay."""
    return [_recovered(path) for path in journals(folder)]


def journals(folder: Path) -> list[Path]:
    """Those in a folder: of takes that are recorded and of takes that were cut off."""
    return sorted(folder.glob(f"*{ENDING}"))


def recover_apart(paths: Sequence[Path]) -> list[Recovered]:
    """Make files of journals in a process of its own; here the arrays of a long take would hold up
    every other thread.
    """
    if not paths:
        return []
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", __name__, *map(str, paths)],
            capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C that ends the daemon is not for it
        )  # fmt: skip
        why = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    except OSError as error:
        done, why = None, str(error)
    if done is None or done.returncode:
        return [Recovered(path, [], f"no files could be made of it: {why}") for path in paths]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        Recovered(path, [path.parent / name for name in each["files"]], each["error"])
        for path, each in zip(paths, told, strict=True)
    ]


def _recovered(path: Path) -> Recovered:
    try:
        with path.open("rb") as file:
            if not lock(file) or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return Recovered(path, [], "is being recorded; stop that first")
            files = files_of(path)
            remove(path, file)
    except FileError as error:
        return Recovered(path, [], error.cause)
    except OSError as error:
        return Recovered(path, [], f"cannot be used: {error.strerror or error}")
    return Recovered(path, files)


def files_of(journal: Path) -> list[Path]:
    """Write the files of a take, none where nothing came. Raises FileError; there are none then."""
    try:
        take = recorded(read(journal), journal.stem)
    except (ValueError, ArithmeticError) as error:
        raise FileError(journal, f"holds what cannot be recorded: {error}") from error
    free = (n for n in free_names(journal.parent, journal.stem, but=journal))
    files: list[Path] = []
    try:
        for path in _written(take, journal.parent / next(free)):
            files.append(path)
            settle(path)
        settle(journal.parent)
    except (FileError, OSError, ValueError, ArithmeticError) as error:
        for path in files:
            path.unlink(missing_ok=True)
        if isinstance(error, FileError):
            raise
        raise FileError(journal, f"cannot be made files of: {error}") from error
    return sorted(files)


def _written(take: Recorded, base: Path) -> Iterator[Path]:
    """Each file as it is written, the song last: where it is, all are."""
    dances = [
        (f"-p{person}" if number == 1 else f"-p{person}-{number}", dance)
        for person, theirs in take.dances.items()
        for number, dance in enumerate(theirs, start=1)
    ]
    for suffix, dance in dances:
        path = base.with_name(f"{base.name}{suffix if len(dances) > 1 else ''}.npz")
        write_landmarks(dance, path)
        yield path
    if take.song.notes:
        path = base.with_name(f"{base.name}.mid")
        write_clip(take.song.named(base.name), path)
        yield path


def free_names(folder: Path, name: str, but: Path | None = None) -> Iterator[str]:
    """The name, then with -2, -3..., where no file `but` that one has it yet."""
    taken = {name.casefold() for path in folder.iterdir() if path != but for name in _names(path)}
    for number in range(1, _MOST_SAME):
        free = name if number == 1 else f"{name}-{number}"
        if free.casefold() not in taken:
            yield free


def _names(path: Path) -> Iterator[str]:
    """Those of the sessions a file may be of."""
    yield path.stem
    if several := DANCER.fullmatch(path.stem):
        yield several["song"]


def _main() -> None:
    if sys.platform != "win32":
        os.nice(5)  # music comes first
    for name in sys.argv[1:]:
        _, files, error = _recovered(Path(name))
        print(json.dumps({"files": [f.name for f in files], "error": error}))  # noqa: T201


if __name__ == "__main__":
    _main()
