"""The library as a producer browses it: searched, marked, and true to files changed by hand."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from oscbridge.daemon.library import Library, is_clip
from oscbridge.daemon.marks import Mark, Marks
from oscbridge.errors import FileError, JobError
from oscbridge.io import clip_file
from oscbridge.io.clip_file import Told
from oscbridge.io.clip_index import FILE, ClipIndex, Item

_LOG = logging.getLogger(__name__)
_AT_ONCE = 0.02
"""Seconds for which new files are read before a search answers, or at a time between others."""
_SETTLED = 2.0
"""Seconds after which a folder's time of change tells every change; file systems round it."""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_PLACE = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}  # fmt: skip
Answer = TypeVar("Answer")


class Catalogue:
    """The index of a library and the marks of its clips. All methods block; use one thread."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._file: Path | None = library.folder / FILE
        self._index: ClipIndex | None = None
        self._marks: Marks | None = None
        self._seen: set[str] = set()
        """All files of the folder when it was last looked through."""
        self._looked = (-1, 0.0)
        """The folder's time of change (ns) then, and the time of day."""

    def close(self) -> None:
        """Let the index go."""
        if self._index:
            self._index.close()
            self._index = None

    def find(self, text: str, favourites: bool, offset: int, limit: int) -> tuple[list[Item], int]:
        """Clips with every word of the text in name or tags, the newest first; how many there are.

        Raises FileError.
        """

        def ask(index: ClipIndex) -> tuple[list[Item], int]:
            self._look(index)
            self._read(index, index.unread(1000))
            items, count = index.find(text, favourites=favourites, offset=offset, limit=limit)
            if changed := self._changed(index, (item.name for item in items)):
                self._read(index, changed)
                items, count = index.find(text, favourites=favourites, offset=offset, limit=limit)
            return items, count

        return self._asked(ask)

    def catch_up(self) -> bool:
        """Read some of what is not known yet; whether more is to be done. Raises FileError."""

        def ask(index: ClipIndex) -> bool:
            self._look(index)
            self._read(index, index.unread(1000))
            return bool(index.unread(1))

        return self._asked(ask)

    def mark_of(self, name: str) -> Mark:
        """What was said of a clip."""
        return self._said().of(name)

    def set_favourite(self, name: str, on: bool) -> Mark:
        """Make a clip a favourite, or no longer. Raises JobError, FileError."""
        return self._set(name, lambda old: Mark(old.content, on, old.tags))

    def set_tag(self, name: str, tag: str, on: bool) -> Mark:
        """Give a clip a tag, or take it away. Raises JobError, FileError."""

        def change(old: Mark) -> Mark:
            tags = {t for t in old.tags if t.casefold() != tag.casefold()} | (
                {tag} if on else set()
            )
            return Mark(old.content, old.favourite, tuple(sorted(tags)))

        return self._set(name, change)

    def _set(self, name: str, change: Callable[[Mark], Mark]) -> Mark:
        path = self._library.path(name)
        content = clip_file.content_of(path)

        def ask(index: ClipIndex) -> Mark:
            self._look(index)
            old = self._said().of(path.name)
            mark = change(Mark(content, old.favourite, old.tags))
            self._said().set(path.name, mark)
            index.mark(path.name, mark.favourite, mark.tags)
            return mark

        return self._asked(ask)

    def purgeable(self, keep_favourites: bool) -> list[str]:
        """Names of the clips that oscbridge wrote."""
        return self._asked(lambda index: index.purgeable(keep_favourites))

    def _said(self) -> Marks:
        if self._marks is None:
            self._marks = Marks(self._library.folder)
        return self._marks

    def _asked(self, question: Callable[[ClipIndex], Answer]) -> Answer:
        """The answer of the index; of a new one where this one is damaged."""
        try:
            return question(self._opened())
        except sqlite3.Error as error:
            self._give_up(error)
        try:
            return question(self._opened())
        except sqlite3.Error as error:
            raise FileError(self._library.folder / FILE, f"the index fails: {error}") from error

    def _opened(self) -> ClipIndex:
        if self._index is None:
            self._index = ClipIndex(self._file)
            self._seen, self._looked = self._index.names(), (-1, 0.0)
        return self._index

    def _give_up(self, error: sqlite3.Error) -> None:
        """Put a damaged index aside, or do without a file for it. Raises JobError."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            raise JobError(
                "busy", "another program holds the library's index; ask again"
            ) from error
        self.close()
        if self._file is None:
            return
        if code not in _NO_PLACE:
            try:
                _put_aside(self._file)
            except OSError:
                code = sqlite3.SQLITE_PERM
        if code in _NO_PLACE:
            _LOG.warning("%s: %s; the index is kept in memory", self._file, error)
            self._file = None
        else:
            _LOG.warning("%s: %s; the index is made anew", self._file, error)

    def _look(self, index: ClipIndex) -> None:
        """Take notice of files that came and went."""
        try:
            changed = self._library.folder.stat().st_mtime_ns
        except OSError:
            changed = -1
        now = time.time()
        last, then = self._looked
        if changed == last and changed >= 0 and then - changed / 1e9 > _SETTLED:
            return
        files = set(self._library.files())
        self._looked = changed, now
        if new := [n for n in files - self._seen if is_clip(n)]:
            index.add(new)
        if gone := self._seen - files:
            index.remove(gone)
        self._seen = files
        for name in new:
            mark = self._said().of(name)
            if mark.says_something:
                index.mark(name, mark.favourite, mark.tags)

    def _changed(self, index: ClipIndex, names: Iterable[str]) -> list[str]:
        """Those whose files are other ones than were read."""
        changed = []
        for name in names:
            seen = index.seen(name)
            try:
                status = (self._library.folder / name).stat()
            except OSError:
                continue
            if seen and seen[0] is not None and seen != (status.st_size, status.st_mtime_ns):
                changed.append(name)
        return changed

    def _read(self, index: ClipIndex, names: Iterable[str]) -> None:
        """Read files for as long as there is time."""
        until, read = time.perf_counter() + _AT_ONCE, []
        for name in names:
            path = self._library.folder / name
            try:
                status = path.stat()
                size, changed = status.st_size, status.st_mtime_ns
                told = clip_file.read(path)[1]
            except FileError as error:
                told = Told("", problem=error.cause)
            except OSError as error:
                size, changed, told = -1, -1, Told("", problem=str(error.strerror or error))
            read.append((name, size, changed, told))
            if time.perf_counter() > until:
                break
        index.keep(read)
        for name, _, _, told in read:
            try:
                mark = self._said().adopt(name, told.content, self._seen) if told.content else None
            except FileError:
                continue  # where nothing can be written, marks stay with the old name
            if mark:
                index.mark(name, mark.favourite, mark.tags)


def _put_aside(path: Path) -> None:
    """Rename a damaged index, so that nothing that was in it is lost."""
    if path.exists():
        path.replace(path.with_name(f"{path.name}.damaged"))
    for ending in ("-wal", "-shm"):
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
