"""The clip library: a folder of .mid files, spoken of by name, never by a path."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from oscbridge.domain.clip_facts import ROOM, clip_name
from oscbridge.domain.made import Made, Parent, digest
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.names import LONGEST, is_name
from oscbridge.errors import FileError, JobError
from oscbridge.io import clip_file, midi_file
from oscbridge.io.clip_file import Told
from oscbridge.io.files import write_new

ENDINGS = (".mid", ".midi")
TRASH = ".trash"
_MOST_SAME = 10_000
MOST_LISTED = 10_000


def _file_name(name: str) -> str:
    if not is_name(name):
        raise JobError("name", f"{name!r} is no name of a clip; give a name without / \\ : or ..")
    return name if name.lower().endswith(ENDINGS) else f"{name}.mid"


def is_clip(file: str) -> bool:
    """Whether a file of that name belongs to the library, and its name can be told over OSC."""
    if file.startswith(".") or not file.lower().endswith(ENDINGS) or "\0" in file:
        return False
    return file.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in file)


class Library:
    """Clips as files in one folder. All methods block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder. Raises FileError where it cannot be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(
                self.folder, f"the clip library cannot be here ({error.strerror}); choose another "
                "folder with --library",
            ) from error  # fmt: skip

    def files(self) -> list[str]:
        """All files of the folder, whatever they are. Raises FileError."""
        try:
            return os.listdir(self.folder)  # noqa: PTH208 - of 50,000 files it takes a tenth
        except FileNotFoundError:
            return []
        except OSError as error:
            raise FileError(self.folder, f"cannot be read: {error.strerror or error}") from error

    def names(self) -> list[str]:
        """The clips, sorted by name. Raises FileError."""
        return sorted(filter(is_clip, self.files()))[:MOST_LISTED]

    def path(self, name: str) -> Path:
        """Of the clip of that name, whichever program named it. Raises JobError."""
        path = self.folder / name
        # A file that lies there is spoken of by its name even if no clip would be saved under it.
        if path.name != name or not is_clip(name) or not path.is_file():
            path = self.folder / _file_name(name)
        if not path.is_file() or path.resolve().parent != self.folder.resolve():
            raise JobError("unknown", f"no clip {name} in the library; see clip/list")
        return path

    def look(self, name: str) -> tuple[Path, Told]:
        """The file of that name, and what it says. Raises JobError, FileError."""
        path = self.path(name)
        return path, clip_file.read(path)[1]

    def read(self, name: str) -> tuple[Clip, Told]:
        """The clip in the file of that name, and what the file says. Raises JobError, FileError."""
        path = self.path(name)
        content, told = clip_file.read(path)
        return midi_file.clip_from_bytes(content, path), told

    def save(self, clip: Clip, name: str, made: Made | None, parts: bool = False) -> list[str]:
        """Write the clip, under another name where that is taken, and if asked for each part
        beside it; the names of the files, all of them written or none. Raises JobError, FileError.
        """
        wanted = Path(_file_name(name or clip_name(clip, made)))
        stem = wanted.stem
        if parts and len(wanted.name.encode()) > LONGEST - ROOM:
            raise JobError("name", f"{wanted} is too long for its parts to bear it too")
        told = made or Made("clip/put", time.time())
        content = {"": clip_file.to_bytes(clip, told)}
        if parts:
            content |= _parts(clip, told, wanted.name)
        for number in range(1, _MOST_SAME):
            numbered = stem if number == 1 else f"{stem}-{number}"
            files = {f"{numbered}{part}{wanted.suffix}": c for part, c in content.items()}
            if self._written(files):
                return list(files)
        raise JobError("name", f"{wanted} is taken {_MOST_SAME} times; choose another name")

    def _written(self, files: dict[str, bytes]) -> bool:
        """Whether all these names were free, and are files now."""
        if any((self.folder / file).exists() for file in files):
            return False
        mine: list[Path] = []
        try:
            for file, content in files.items():
                write_new(self.folder / file, content)
                mine.append(self.folder / file)
        except BaseException as error:
            for path in mine:
                path.unlink(missing_ok=True)
            if isinstance(error, FileExistsError):
                return False
            raise
        return True

    def discard(self, names: Iterable[str]) -> tuple[int, int]:
        """Move clips to the folder's trash; how many went and how many could not. Raises
        FileError where not one could.
        """
        trash = self.folder / TRASH
        moved, stuck = 0, 0
        refused: OSError | None = None
        for name in names:
            try:
                trash.mkdir(exist_ok=True)
                (self.folder / name).rename(_free(trash, name))
                moved += 1
            except FileNotFoundError:
                continue  # somebody took it away already
            except OSError as error:
                refused = error
                stuck += 1
        if refused and not moved:
            cause = refused.strerror or refused
            raise FileError(self.folder, f"no clip can be moved to {TRASH}: {cause}") from refused
        return moved, stuck


def _parts(clip: Clip, made: Made, name: str) -> dict[str, bytes]:
    """The file of each part that has notes, by what its name adds to that of the clip."""
    whole = Parent("clip", digest(clip), name, made=made)
    files = {}
    for part in Part:
        if notes := clip.part(part):
            alone = Made(
                "clip/part", made.created, arguments={"part": int(part)}, parents=(whole,)
            )  # fmt: skip
            word = part.name.lower()
            mine = replace(clip, notes=notes, name=f"{clip.name} {word}".strip())
            files[f" {word}"] = clip_file.to_bytes(mine, alone)
    return files


def _free(folder: Path, name: str) -> Path:
    """A path in the folder that nothing has."""
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return path
