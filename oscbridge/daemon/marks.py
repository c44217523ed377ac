"""What a person said of clips, favourites and tags, in a file of lines that is only added to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from oscbridge.errors import FileError
from oscbridge.io.files import write_atomically

FILE = ".oscbridge.marks"
_SLACK = 1000
"""Lines that may be out of date before the file is written anew."""


@dataclass(frozen=True)
class Mark:
    """Of one clip; `content` knows its file again under another name."""

    content: str = ""
    favourite: bool = False
    tags: tuple[str, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether there is anything to keep."""
        return self.favourite or bool(self.tags)


class Marks:
    """The marks of a folder's clips, by name. Damaged lines are passed over."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._of: dict[str, Mark] = {}
        self._bearing: defaultdict[str, set[str]] = defaultdict(set)
        """Names by content."""
        lines = 0
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise FileError(self._path, f"cannot be read: {error.strerror or error}") from error
        for line in content.splitlines():
            lines += 1
            try:
                said = json.loads(line)
                name, tags = str(said["clip"]), tuple(map(str, said["tags"]))
                mark = Mark(str(said["content"]), bool(said["favourite"]), tags)
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
            self._take(name, mark)
        self._whole = content.endswith(b"\n") or not content
        if lines > len(self._of) + _SLACK:
            text = "".join(_line(name, mark) for name, mark in self._of.items())
            write_atomically(self._path, text.encode())

    def of(self, name: str) -> Mark:
        """Those of a clip."""
        return self._of.get(name, Mark())

    def set(self, name: str, mark: Mark) -> None:
        """Keep them, in the file first. Raises FileError."""
        line = _line(name, mark) if self._whole else f"\n{_line(name, mark)}"
        try:
            with self._path.open("ab") as file:
                file.write(line.encode())
        except OSError as error:
            cause = error.strerror or error
            raise FileError(
                self._path, f"favourites and tags cannot be kept here: {cause}"
            ) from error
        self._whole = True
        self._take(name, mark)

    def _take(self, name: str, mark: Mark) -> None:
        self._bearing[self.of(name).content].discard(name)
        self._of[name] = mark
        self._bearing[mark.content].add(name)

    def adopt(self, name: str, content: str, present: Collection[str]) -> Mark | None:
        """The marks of a clip that bears another name now; None where there were none."""
        old = self._lost(content, present) if name not in self._of else None
        if old is None:
            return None
        mark = self._of[old]
        self.set(name, mark)
        return mark

    def _lost(self, content: str, present: Collection[str]) -> str | None:
        """The name whose file of that content is gone."""
        names = self._bearing.get(content, ())
        return next((n for n in names if n not in present and self._of[n].says_something), None)


def _line(name: str, mark: Mark) -> str:
    said = {
        "clip": name, "content": mark.content, "favourite": mark.favourite, "tags": mark.tags,
    }  # fmt: skip
    return json.dumps(said) + "\n"
