"""Landmark files: poses as plain numbers, in .npz, .json and .csv. docs/files.md describes them.

All three hold the same four fields. `landmarks` and `time` must be there; `root` and `beat` may be
missing, when the body's way through the room or its music is not known.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.dance import Dance
from oscbridge.domain.pose import COUNT, LANDMARKS
from oscbridge.errors import FileError
from oscbridge.io.files import read_limited, write_atomically

MOST_FRAMES = 200_000
"""Frames of the longest dance that is read."""
FARTHEST = 1e6
"""Largest number that is taken for a coordinate or a time."""
LARGEST = {".npz": 128 * 2**20, ".json": 32 * 2**20, ".csv": 128 * 2**20}
"""Ending -> bytes of the largest file that is read."""
FIELDS: dict[str, tuple[int, ...]] = {"landmarks": (COUNT, 3), "root": (3,), "time": (), "beat": ()}
"""Field -> its shape in one frame."""
REQUIRED = ("landmarks", "time")

Fields = dict[str, NDArray[np.float64]]


class Recording(NamedTuple):
    """What a landmark file holds, as it stands there: `landmarks` (frames, 33, 3), `time`
    (frames,) seconds, rising, and if known `root` (frames, 3) and `beat` (frames,), rising.
    """

    landmarks: NDArray[np.float64]
    time: NDArray[np.float64]
    root: NDArray[np.float64] | None
    beat: NDArray[np.float64] | None


def read_landmarks(path: Path) -> Recording:
    """The recording in a .npz, .json or .csv file; raises FileError on anything else."""
    ending = path.suffix.lower()
    content = read_limited(path, LARGEST[ending], f"a landmark file ({ending})")
    fields = _READERS[ending](content, path)
    for name in REQUIRED:
        if name not in fields:
            raise FileError(path, f"has no field {name!r}; docs/files.md says what it must hold")
    line = (lambda frame: frame + 2) if ending == ".csv" else None
    _check(fields, path, line)
    return Recording(fields["landmarks"], fields["time"], fields.get("root"), fields.get("beat"))


def write_landmarks(dance: Dance, path: Path) -> None:
    """The dance as .npz, .json or .csv by the ending of `path`."""
    write_atomically(path, _WRITERS[path.suffix.lower()](dance))


def _check(fields: Fields, path: Path, line: Callable[[int], int] | None) -> None:
    """Refuses fields of other shapes or lengths, numbers that are none, and time running back."""

    def fail(frame: int, cause: str) -> NoReturn:
        raise FileError(path, f"frame {frame + 1}: {cause}", line=line(frame) if line else None)

    frames = len(fields["landmarks"])
    if not 1 <= frames <= MOST_FRAMES:
        raise FileError(path, f"holds {frames} frames; expected 1 to {MOST_FRAMES}")
    for name, values in fields.items():
        if values.shape != (frames, *FIELDS[name]):
            wanted = (frames, *FIELDS[name])
            raise FileError(path, f"{name} has the shape {values.shape}; expected {wanted}")
        usable = (np.abs(values.reshape(frames, -1)) <= FARTHEST).all(axis=1)
        if not usable.all():
            fail(int(np.argmin(usable)), f"{name} holds NaN, an infinity or a number beyond 1e6")
    for name in ("time", "beat"):
        rising = np.diff(fields[name]) > 0 if name in fields else np.array([True])
        if not rising.all():
            fail(int(np.argmin(rising)) + 1, f"{name} does not rise from the frame before")


def _read_npz(content: bytes, path: Path) -> Fields:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = set(archive.namelist())
            return {
                name: _read_array(archive.open(f"{name}.npy"), name, path)
                for name in FIELDS
                if f"{name}.npy" in members
            }
    except FileError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise FileError(path, f"not a .npz file, or a damaged one ({error})") from error
    except (ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as error:
        raise FileError(path, f"this .npz cannot be read: {str(error)[:200]}") from error


def _read_array(file: Any, name: str, path: Path) -> NDArray[np.float64]:
    """One array, of which no more is unpacked than a field of this name can hold.

    numpy's own reader would first reserve the memory the array claims to need.
    """
    with file:
        shape, fortran, kind = _array_header(file)
        frame = FIELDS[name]
        if kind.kind not in "fiu" or kind.itemsize > 8:
            raise FileError(path, f"{name} holds {kind}; expected numbers (float32)")
        if len(shape) != 1 + len(frame) or shape[1:] != frame or not 0 <= shape[0] <= MOST_FRAMES:
            wanted = ", ".join(["frames", *map(str, frame)])
            raise FileError(path, f"{name} has the shape {shape}; expected ({wanted})")
        size = math.prod(shape) * kind.itemsize
        raw = file.read(size)
        if len(raw) < size:
            raise FileError(path, f"truncated: {name} has {len(raw)} of {size} bytes")
    values = np.frombuffer(raw, kind).reshape(shape, order="F" if fortran else "C")
    return values.astype(np.float64)


def _array_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"array format {version} is not supported")


def _write_npz(dance: Dance) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(
        file, landmarks=dance.landmarks, root=dance.root, time=dance.time, beat=dance.beat
    )
    return file.getvalue()


def _read_json(content: bytes, path: Path) -> Fields:
    # What a landmark file has little of would take fifty times its size in memory.
    if content.count(b"[") * 6 > len(content) + 600 or content.count(b'"') > 1000:
        raise FileError(path, "this JSON does not look like landmarks; see docs/files.md")
    if content.count(b"{") > 100:
        raise FileError(path, "this JSON holds many objects; expected one, see docs/files.md")

    def refuse(word: str) -> NoReturn:
        line = content[: content.find(word.encode())].count(b"\n") + 1
        raise FileError(path, f"holds {word}, which is no number", line=line)

    try:
        found = json.loads(content.decode("utf-8-sig"), parse_constant=refuse)
    except UnicodeDecodeError as error:
        raise FileError(path, "not a text file; expected JSON in UTF-8") from error
    except json.JSONDecodeError as error:
        raise FileError(path, f"not JSON: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise FileError(path, f"not JSON that can be read: {str(error)[:200]}") from error
    if not isinstance(found, dict):
        raise FileError(path, "expected an object with the fields landmarks and time")
    return {name: _json_field(found[name], name, path) for name in FIELDS if name in found}


def _json_field(value: Any, name: str, path: Path) -> NDArray[np.float64]:
    if not isinstance(value, list) or not value:
        raise FileError(path, f"{name} is empty or no list; expected one entry a frame")
    frames = np.empty((len(value), *FIELDS[name]))
    for i, entry in enumerate(value):
        try:
            row = np.array(entry)
        except ValueError:
            row = np.array("ragged")
        if row.shape != FIELDS[name] or row.dtype.kind not in "fiu":
            shape = " x ".join(map(str, FIELDS[name])) or "one"
            raise FileError(path, f"{name}: frame {i + 1} is not {shape} numbers")
        frames[i] = row
    return frames


def _write_json(dance: Dance) -> bytes:
    fields = {name: getattr(dance, name).astype(float).round(9).tolist() for name in FIELDS}
    rounded = np.round(dance.landmarks.astype(float), 6).tolist()
    return json.dumps({**fields, "landmarks": rounded}, separators=(",", ":")).encode()


_AXES = "xyz"
_COLUMNS: dict[str, list[str]] = {
    "landmarks": [f"{name}_{axis}" for name in LANDMARKS for axis in _AXES],
    "root": [f"root_{axis}" for axis in _AXES],
    "time": ["time"],
    "beat": ["beat"],
}
"""Field -> its columns in a .csv."""


def _read_csv(content: bytes, path: Path) -> Fields:
    lines = _lines(content)
    header = [word.strip().strip('"').lower() for word in next(lines, b"").decode(
        "utf-8-sig", errors="replace").split(",")]  # fmt: skip
    if "time" not in header:
        raise FileError(path, "the first line should name the columns (time, nose_x, ...)", line=1)
    if len(header) > 1000 or len(set(header)) < len(header):
        raise FileError(path, "too many columns, or two of one name", line=1)
    places = {name: [header.index(c) for c in columns if c in header]
              for name, columns in _COLUMNS.items()}  # fmt: skip
    for name, columns in _COLUMNS.items():
        missing = [column for column in columns if column not in header]
        if missing and (name in REQUIRED or len(missing) < len(columns)):
            raise FileError(path, f"has no column {missing[0]!r}", line=1)
    rows = _csv_rows(lines, len(header), path)
    if not rows:
        raise FileError(path, "has no line after its first; expected one a frame", line=2)
    table = np.array(rows)
    return {
        name: table[:, at].reshape(len(table), *FIELDS[name]) for name, at in places.items() if at
    }


def _lines(content: bytes) -> Iterator[bytes]:
    """Lines one by one, so that a file of empty ones does not become a list of them."""
    return (line.rstrip(b"\r\n") for line in io.BytesIO(content))


def _csv_rows(lines: Iterator[bytes], columns: int, path: Path) -> list[list[float]]:
    rows: list[list[float]] = []
    blank = 0
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            blank = blank or number
            continue
        if blank:
            raise FileError(path, "an empty line among the frames", line=blank)
        if len(line) > 64 * columns + 1024 or len(rows) >= MOST_FRAMES:
            raise FileError(path, "a longer line, or more of them, than a dance has", line=number)
        words = line.decode("utf-8", errors="replace").split(",")
        if len(words) != columns:
            raise FileError(path, f"has {len(words)} of {columns} numbers", line=number)
        try:
            rows.append([float(word) for word in words])
        except ValueError as error:
            raise FileError(path, str(error), line=number) from error
    return rows


def _write_csv(dance: Dance) -> bytes:
    order = ("time", "beat", "root", "landmarks")
    header = [column for name in order for column in _COLUMNS[name]]
    flat = [getattr(dance, name).astype(float).reshape(dance.frames, -1) for name in order]
    form = ",".join(["%.9f"] * 2 + ["%.6f"] * (len(header) - 2))
    rows = [form % tuple(row) for row in np.concatenate(flat, axis=1).tolist()]
    return ("\n".join([",".join(header), *rows]) + "\n").encode()


_READERS: dict[str, Callable[[bytes, Path], Fields]] = {
    ".npz": _read_npz,
    ".json": _read_json,
    ".csv": _read_csv,
}
_WRITERS: dict[str, Callable[[Dance], bytes]] = {
    ".npz": _write_npz,
    ".json": _write_json,
    ".csv": _write_csv,
}
