"""Copying shipped pieces into a folder of another program, so that nothing of the user is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oscbridge import __version__
from oscbridge.errors import FileError, OscbridgeError
from oscbridge.io.files import write_atomically

RECORD = ".oscbridge-installed.json"
"""What an installation wrote: its version, and each file's hash."""
_LARGEST = 64 << 20
_NOT_SHIPPED = {"__pycache__", ".DS_Store"}


@dataclass(frozen=True)
class Step:
    """What becomes of a file: `written`, `same`, `removed`, `kept` (the user's, as `aside`)."""

    what: str
    path: Path
    aside: Path | None = None


def pieces(source: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The files under those names, by their path in the folder they go into; if one folder is all
    that is named, its contents lie at the top. Raises FileError.
    """
    found: dict[str, bytes] = {}
    for name in names:
        root = source / name
        base = root if len(names) == 1 else source
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file() and not _NOT_SHIPPED & set(path.parts):
                found[path.relative_to(base).as_posix()] = _bytes(path)
    return found


def install(files: dict[str, bytes], folder: Path, *, dry_run: bool = False) -> list[Step]:
    """Put files into a folder: those of an earlier installation are replaced, or removed where
    they are no longer shipped; what the user changed or put there is kept beside as `.edited`.

    Raises OscbridgeError where a newer oscbridge has installed there, FileError.
    """
    version, known = _record(folder)
    if _numbers(version) > _numbers(__version__):
        raise OscbridgeError(
            f"{folder} was installed by oscbridge {version}, this is {__version__}; install with "
            "that one, or remove the folder first"
        )
    steps = [_step(folder, name, content, known.get(name)) for name, content in files.items()]
    gone = [folder / name for name in known if name not in files and _inside(folder, name)]
    steps += [Step("removed", p) for p in gone if _hash_of(p) == known[_name(folder, p)]]
    if not dry_run:
        _carry_out(steps, files, folder)
    return steps


def _step(folder: Path, name: str, content: bytes, known: str | None) -> Step:
    path = folder / name
    there = _hash_of(path)
    if there == _hash(content):
        return Step("same", path)
    if there in (None, known):
        return Step("written", path)
    return Step("kept", path, _aside(path))


def _carry_out(steps: Iterable[Step], files: dict[str, bytes], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for step in steps:
            if step.what == "removed":
                step.path.unlink()
                continue
            if step.what == "same":
                continue
            step.path.parent.mkdir(parents=True, exist_ok=True)
            if step.aside:
                step.path.rename(step.aside)
            write_atomically(step.path, files[_name(folder, step.path)])
    except OSError as error:
        raise FileError(folder, f"cannot be written: {error.strerror or error}") from error
    told = {"version": __version__, "files": {name: _hash(c) for name, c in files.items()}}
    write_atomically(folder / RECORD, json.dumps(told, indent=1).encode())


def _record(folder: Path) -> tuple[str, dict[str, str]]:
    """The version that installed there, and its files' hashes; nothing where none has."""
    try:
        told = json.loads((folder / RECORD).read_text("utf-8"))
        return str(told["version"]), {str(k): str(v) for k, v in told["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return "", {}


def _aside(path: Path) -> Path:
    """A name beside it that is free, and that no program takes for a patch."""
    aside, number = path.with_name(f"{path.name}.edited"), 2
    while aside.exists():
        aside, number = path.with_name(f"{path.name}.edited-{number}"), number + 1
    return aside


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _inside(folder: Path, name: str) -> bool:
    """A record could have been written by anybody: it must not lead out of the folder."""
    return (folder / name).resolve().is_relative_to(folder.resolve())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of(path: Path) -> str | None:
    """None where there is no file."""
    return _hash(_bytes(path)) if path.is_file() else None


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise FileError(path, f"larger than {_LARGEST >> 20} MiB; that is no patch")
        return path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
