"""The clip library: a folder of .mid files, spoken of by name, never by a path."""

from __future__ import annotations

from pathlib import Path

from oscbridge.domain.music import Clip
from oscbridge.domain.names import is_name
from oscbridge.errors import FileError, JobError
from oscbridge.io import midi_file

_ENDINGS = (".mid", ".midi")
_MOST_SAME = 10_000
MOST_LISTED = 10_000


def _file_name(name: str) -> str:
    if not is_name(name):
        raise JobError("name", f"{name!r} is no name of a clip; give a name without / \\ : or ..")
    return name if name.lower().endswith(_ENDINGS) else f"{name}.mid"


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

    def names(self) -> list[str]:
        """The files, sorted by name."""
        if not self.folder.is_dir():
            return []
        files = (p for p in self.folder.iterdir() if p.suffix.lower() in _ENDINGS)
        return sorted(p.name for p in files if not p.name.startswith("."))[:MOST_LISTED]

    def read(self, name: str) -> Clip:
        """The clip in the file of that name. Raises JobError, FileError."""
        path = self.folder / _file_name(name)
        if not path.is_file() or path.resolve().parent != self.folder.resolve():
            raise JobError("unknown", f"no clip {name} in the library; see clip/list")
        return midi_file.read_clip(path)

    def save(self, clip: Clip, name: str) -> str:
        """Write the clip, under another name where that is taken; the name of the file."""
        wanted = Path(_file_name(name or clip.name or "clip"))
        for number in range(1, _MOST_SAME):
            file = wanted.name if number == 1 else f"{wanted.stem}-{number}{wanted.suffix}"
            path = self.folder / file
            try:
                path.touch(exist_ok=False)  # takes the name, whoever else saves at this moment
            except FileExistsError:
                continue
            except OSError as error:
                raise FileError(path, f"cannot be written: {error.strerror}") from error
            try:
                midi_file.write_clip(clip, path)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            return file
        raise JobError("name", f"{wanted} is taken {_MOST_SAME} times; choose another name")
