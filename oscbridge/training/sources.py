"""Finding songs and takes in folders, and what is known to be wrong with some of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from oscbridge.errors import FileError
from oscbridge.io.model_files import sha256
from oscbridge.io.session_journal import ENDING, is_left
from oscbridge.io.session_recovery import DANCER
from oscbridge.training.notices import has_notice

SONGS = {".mid", ".midi", ".smf"}
TAKES = {".bvh", ".npz", ".json", ".csv"}
SESSIONS = "sessions"
"""Stratum of songs and of the dances to them, recorded together."""
NOMINAL_TEMPO = 120.0
"""BPM of the step grid laid on a dance whose beat nobody knows."""

Kind = Literal["song", "take"]


@dataclass(frozen=True)
class Erratum:
    """Takes whose file says something wrong, by the shape of their name and of their header."""

    name: re.Pattern[str]
    header: re.Pattern[bytes]
    fps: float
    group: str
    why: str


ERRATA = (
    Erratum(
        re.compile(r"6[01]_(\d\d)\.bvh"),
        re.compile(rb"Frame Time:\s*0?\.00833"),
        fps=60.0,
        group=r"60+61_\1",
        why="CMU salsa: 60 fps although the header says 120; 60 and 61 are one couple",
    ),
)
"""Known errata. `group` names what must stay on one side of a split: partners in one recording."""
_HEADER = 1 << 16


@dataclass(frozen=True)
class Recording:
    """A song or a take on disk, and how it is to be read.

    `collection`: the folder its licence lies in; `group`: what must not be split; `stratum`: what
    is split evenly; `mate`: the song a take was danced to, or the dance to a song, recorded
    together (`SESSIONS`); `fps`: instead of the header's; `dances_to_beat`: its tempo can be heard
    from its movement.
    """

    path: Path
    kind: Kind
    collection: Path
    group: str
    stratum: str
    fps: float | None = None
    dances_to_beat: bool = False
    note: str = ""
    mate: Path | None = None

    def key(self) -> str:
        """Its name with the first of its bytes' hash: the same file is known again elsewhere."""
        return f"{self.path.name} {sha256(self.path)[:8]}"


def find(paths: Iterable[Path]) -> list[Recording]:
    """Every song and take in the folders and files given. Raises FileError if one is not there, or
    if a recording was killed whose journal is not yet made files of.
    """
    found: dict[Path, Recording] = {}
    for root in paths:
        if not root.exists():
            raise FileError(root, "no such file or folder; give folders of songs and dances")
        inside = sorted(root.rglob("*")) if root.is_dir() else [root]
        for path in inside:
            kind = _kind(path)
            if kind is not None and path.is_file():
                top = root if root.is_dir() else root.parent
                found.setdefault(path.resolve(), _recording(path, kind, top))
            elif path.suffix == ENDING and path.is_file() and is_left(path):
                raise FileError(
                    path, "a recording that was cut off; make its files first: oscbridge record "
                    f"--recover {path.parent}",
                )  # fmt: skip
    recordings = _mated(list(found.values()))
    return sorted(recordings, key=lambda r: (r.kind, r.path.name, r.path))


def _mated(recordings: list[Recording]) -> list[Recording]:
    """With songs and takes of one name in one folder as sessions, that are never split. Of several
    dances to a song (`take1-p1`, `take1-p2`) the first is the song's mate.
    """
    songs: dict[tuple[Path, str], Path] = {}
    for r in recordings:
        if r.kind == "song":
            songs.setdefault((r.path.parent, r.path.stem), r.path)
    dances: dict[Path, Path] = {}
    mates: dict[Path, Path] = {}
    danced: set[tuple[Path, str]] = set()
    for r in recordings:
        place = r.path.parent, r.path.stem
        if r.kind == "take" and place not in danced and (song := _danced_to(r.path, songs)):
            danced.add(place)
            mates[r.path] = song
            dances.setdefault(song, r.path)
    mates |= dances
    return [
        replace(r, group=_group(r, mates[r.path]), stratum=SESSIONS, mate=mates[r.path])
        if r.path in mates
        else r
        for r in recordings
    ]


def _danced_to(dance: Path, songs: Mapping[tuple[Path, str], Path]) -> Path | None:
    if song := songs.get((dance.parent, dance.stem)):
        return song
    several = DANCER.fullmatch(dance.stem)
    return songs.get((dance.parent, several["song"])) if several else None


def _group(recording: Recording, mate: Path) -> str:
    song = recording.path if recording.kind == "song" else mate
    return f"{song.parent.name}/{song.stem}"


def collections(recordings: Sequence[Recording]) -> list[Path]:
    """The folders the recordings' licences lie in, each once, by name."""
    return sorted({r.collection for r in recordings}, key=lambda p: p.name)


def _kind(path: Path) -> Kind | None:
    suffix = path.suffix.lower()
    if suffix in SONGS:
        return "song"
    return "take" if suffix in TAKES else None


def _recording(path: Path, kind: Kind, top: Path) -> Recording:
    home = path.parent
    while home != top and not has_notice(home):
        home = home.parent
    plain = Recording(path, kind, home, group=path.name, stratum=path.parent.name)
    for erratum in ERRATA:
        named = erratum.name.fullmatch(path.name)
        if named and erratum.header.search(_head(path)):
            return Recording(
                path, kind, home,
                group=named.expand(erratum.group),
                stratum=erratum.why,
                fps=erratum.fps,
                dances_to_beat=True,
                note=erratum.why,
            )  # fmt: skip
    return plain


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER)
