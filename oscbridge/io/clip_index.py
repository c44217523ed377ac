"""What is known of the files of a clip library, in SQLite; lost, it is made anew from the files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oscbridge.io.clip_file import Told

FILE = ".oscbridge.db"
_SCHEMA = 1
_TABLES = """
create table clips(
  name text primary key, found text not null, size integer, mtime integer,
  favourite integer not null default 0, tags text not null default '', ours integer,
  created real not null default 0, endpoint text, seed integer, bars integer, tempo real,
  notes integer, problem text
) without rowid;
create index newest on clips(created desc, name);
create index unread on clips(size) where size is null;
"""
_SHOWN = "name, endpoint, bars, tempo, seed, notes, favourite, tags"
_WAIT = 5.0
"""Seconds for another daemon that writes into the same library."""


@dataclass(frozen=True)
class Item:
    """A clip of the library in short; what is not known is empty or None."""

    name: str
    endpoint: str | None
    bars: int | None
    tempo: float | None
    seed: int | None
    notes: int | None
    favourite: bool
    tags: tuple[str, ...]


def _folded(name: str, tags: Iterable[str]) -> str:
    """What a search looks through."""
    return "\n".join([name.casefold(), *(tag.casefold() for tag in tags)])


class ClipIndex:
    """One connection, for one thread at a time. Every method raises sqlite3.Error."""

    def __init__(self, path: Path | None) -> None:
        """In memory where there is no `path`."""
        self._db = sqlite3.connect(path or ":memory:", timeout=_WAIT, check_same_thread=False)
        try:
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=normal")
            (version,) = self._db.execute("pragma user_version").fetchone()
            if version != _SCHEMA:
                self._start()
        except BaseException:
            self._db.close()
            raise

    def _start(self) -> None:
        with self._db as db:
            db.execute("drop table if exists clips")
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"pragma user_version={_SCHEMA}")

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def names(self) -> set[str]:
        """Of all clips."""
        return {name for (name,) in self._db.execute("select name from clips")}

    def add(self, names: Iterable[str]) -> None:
        """Clips of which nothing but the name is known yet."""
        with self._db as db:
            db.executemany(
                "insert or ignore into clips(name, found) values(?, ?)",
                ((name, _folded(name, ())) for name in names),
            )

    def remove(self, names: Iterable[str]) -> None:
        """Forget them."""
        with self._db as db:
            db.executemany("delete from clips where name = ?", ((name,) for name in names))

    def unread(self, limit: int) -> list[str]:
        """Names of clips of which nothing else is known yet."""
        found = self._db.execute("select name from clips where size is null limit ?", (limit,))
        return [name for (name,) in found]

    def keep(self, read: Iterable[tuple[str, int, int, Told]]) -> None:
        """What files of a name, size (bytes) and time of change (ns) say."""
        with self._db as db:
            db.executemany(
                "update clips set size=?, mtime=?, ours=?, created=?, endpoint=?, "
                "seed=?, bars=?, tempo=?, notes=?, problem=? where name=?",
                ((size, mtime, *_columns(told, mtime), name) for name, size, mtime, told in read),
            )

    def mark(self, name: str, favourite: bool, tags: Iterable[str]) -> None:
        """Set what a person said of a clip."""
        kept = sorted(set(tags))
        with self._db as db:
            db.execute(
                "update clips set favourite=?, tags=?, found=? where name=?",
                (favourite, json.dumps(kept) if kept else "", _folded(name, kept), name),
            )

    def seen(self, name: str) -> tuple[int | None, int | None] | None:
        """Size and time of change of the file when it was read, None for no such clip."""
        found = self._db.execute("select size, mtime from clips where name=?", (name,))
        row: tuple[int | None, int | None] | None = found.fetchone()
        return row

    def find(
        self, text: str, *, favourites: bool, offset: int, limit: int
    ) -> tuple[list[Item], int]:
        """The newest first: clips that have every word of the text in name or tags; how many there
        are in all.
        """
        words = text.casefold().split()
        where = " and ".join(
            ["instr(found, ?) > 0"] * len(words) + (["favourite"] if favourites else [])
        )
        having = f"from clips where {where or 1}"
        rows = self._db.execute(
            f"select {_SHOWN} {having} order by created desc, name limit ? offset ?",
            (*words, limit, offset),
        ).fetchall()
        (count,) = self._db.execute(f"select count(*) {having}", words).fetchone()
        return [_item(row) for row in rows], count

    def purgeable(self, keep_favourites: bool) -> list[str]:
        """Names of the clips oscbridge wrote."""
        kept = "and not favourite" if keep_favourites else ""
        return [n for (n,) in self._db.execute(f"select name from clips where ours {kept}")]  # noqa: S608


def _columns(told: Told, mtime: int) -> tuple[object, ...]:
    made, facts = told.made, told.facts
    return (
        made is not None, made.created if made else mtime / 1e9,
        made.endpoint if made else None, made.seed if made else None,
        facts.bars if facts else None, facts.tempo if facts else None,
        facts.notes if facts else None, told.problem or None,
    )  # fmt: skip


def _item(row: tuple[Any, ...]) -> Item:
    name, endpoint, bars, tempo, seed, notes, favourite, tags = row
    known = tuple(json.loads(tags)) if tags else ()
    return Item(name, endpoint, bars, tempo, seed, notes, bool(favourite), known)
