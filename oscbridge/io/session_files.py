"""Sessions: a take recorded live becomes a song and a dance of one name, as training reads them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.dance import Dance
from oscbridge.domain.live import Played
from oscbridge.domain.music import Clip
from oscbridge.domain.take import Heard, Seen, Take, TakeBeats
from oscbridge.domain.transport import Transport
from oscbridge.errors import FileError
from oscbridge.io.landmark_file import MOST_FRAMES, write_landmarks
from oscbridge.io.midi_file import MOST_BARS, MOST_NOTES, write_clip
from oscbridge.io.session_journal import ENDING, Journal, is_abandoned, read_journal

SONG, DANCE = ".mid", ".npz"
_MOST_SAME = 10_000
_LONG = "a take that long could not be read again"


class SessionWriter:
    """One take under way. Nothing but `close` waits for the disk. `error` says why nothing more is
    taken; what was taken before it is kept.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Raises FileError where nothing can be written there."""
        self._journal = _begun(folder, name)
        self._beats = TakeBeats()
        self._long = ""
        self._notes, self._frames = 0, 0
        self._of: dict[int, int] = {}

    @property
    def name(self) -> str:
        """What it is called: as asked for, or with -2, -3, ..."""
        return self._journal.path.stem

    @property
    def counts(self) -> tuple[int, int]:
        """Notes and poses so far."""
        return self._notes, self._frames

    @property
    def error(self) -> str:
        """Why the take has ended; "" while all is well."""
        return self._journal.error or self._long

    def transport(self, transport: Transport) -> None:
        """The transport goes on like this from its time on. The first call starts the take, one
        with a transport that stands still ends it.
        """
        self._beats.take(transport)
        self._journal.put(transport)

    def note(self, played: Played, beat: float, duration: float = 0.0) -> None:
        """A note begins, or ends, at a position; with a `duration` (beats) it ends by itself."""
        if self._taken(beat) or not played.velocity:
            self._notes += bool(played.velocity)
            if self._notes >= MOST_NOTES:
                self._long = f"{MOST_NOTES:,} notes; {_LONG}"
            self._journal.put(Heard(played, beat, duration))

    def pose(
        self, person: int, time: float, beat: float,
        landmarks: NDArray[np.float32], root: NDArray[np.float32],
    ) -> None:  # fmt: skip
        """Somebody's pose at a time (seconds) and position: landmarks (33, 3), root (3,), NaN if
        nobody tells it.
        """
        if self._taken(beat):
            self._frames += 1
            self._of[person] = self._of.get(person, 0) + 1
            if self._of[person] >= MOST_FRAMES:
                self._long = f"{MOST_FRAMES:,} poses; {_LONG}"
            self._journal.put(Seen(person, time, beat, landmarks, root))

    def _taken(self, beat: float) -> bool:
        if self.error or not self._beats.playing or self._beats.place(beat) is None:
            return False
        if self._beats.bars >= MOST_BARS:
            self._long = f"{MOST_BARS:,} bars; {_LONG}"
        return True

    def close(self) -> list[Path]:
        """End it; the files that came of it, none where nothing was played or danced. Waits for the
        disk. Raises FileError where they cannot be written: the journal is left to `recover`.
        """
        self._journal.close()
        try:
            return _files_of(self._journal.path)
        except FileError:
            self._journal.abandon()
            raise


def unfinished(paths: Iterable[Path]) -> list[Path]:
    """The journals in folders, and below, that nobody writes any more."""
    found = {p for root in paths if root.is_dir() for p in root.rglob(f"*{ENDING}")}
    return sorted(path for path in found if is_abandoned(path))


def recover(folder: Path) -> list[Path]:
    """Make files of what a kill left in a folder and below. Raises FileError."""
    if not folder.is_dir():
        raise FileError(folder, "no such folder; give the one that sessions are recorded in")
    return [file for journal in unfinished([folder]) for file in _files_of(journal)]


def _begun(folder: Path, name: str) -> Journal:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, f"cannot be made: {error.strerror or error}") from error
    for stem in _names(name):
        if not any((folder / f"{stem}{ending}").exists() for ending in (SONG, DANCE)):
            try:
                return Journal(folder / f"{stem}{ENDING}")
            except FileExistsError:
                continue
    raise FileError(folder / name, f"is taken {_MOST_SAME} times; choose another name")


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in range(2, _MOST_SAME))


def _files_of(journal: Path) -> list[Path]:
    """Write what a journal holds, then remove it. Raises FileError."""
    take = Take()
    for entry in read_journal(journal):
        take.add(entry)
    song, dances = take.song(), take.dances()
    files = _write(journal.with_suffix(""), song, dances)
    journal.unlink(missing_ok=True)
    return files


def _write(base: Path, song: Clip | None, dances: dict[int, Dance]) -> list[Path]:
    first = min(dances, default=0)
    marks = {person: "" if person == first else f"-p{person}" for person in dances or (0,)}
    endings = [e for e, there in ((SONG, song), (DANCE, dances)) if there]
    for number in count(1):
        stem = base.name if number == 1 else f"{base.name}-{number}"
        files = [base.parent / f"{stem}{mark}{end}" for mark in marks.values() for end in endings]
        if not any(file.exists() for file in files):
            break
    for person, mark in marks.items():
        if song:
            write_clip(song.named(f"{stem}{mark}"), base.parent / f"{stem}{mark}{SONG}")
        if person in dances:
            write_landmarks(dances[person], base.parent / f"{stem}{mark}{DANCE}")
    for file in files:
        _sync(file)
    return files


def _sync(file: Path) -> None:
    """The journal goes only when what was made of it would survive a power cut."""
    try:
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())
    except OSError as error:
        raise FileError(file, f"cannot be written: {error.strerror or error}") from error
