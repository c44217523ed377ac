"""Writing tables row by row without holding them in memory: appended arrays, and the journal that
lets an interrupted build go on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.training.store_format import Field, StoreError, Table

JOURNAL = "journal.jsonl"


def unwritable(path: Path, error: OSError) -> StoreError:
    """The error a failed write becomes; a full disk is among these."""
    cause = error.strerror or error
    return StoreError(path, f"cannot be written: {cause}; free some space or choose another place")


class ArrayWriter:
    """One `.npy` array that grows by rows; its header says how many there are after `close`."""

    def __init__(self, path: Path, field: Field, rows: int = 0) -> None:
        """With `rows`, an array written before goes on after that many of its rows."""
        self.path, self.field, self.rows = path, field, rows
        self.hash = hashlib.sha256()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("r+b" if rows else "wb")
            size = len(_header(field, rows))
            if rows and path.stat().st_size < size + rows * field.bytes:
                raise StoreError(
                    path, f"shorter than its journal says; delete {path.parents[2]} and build again"
                )
            self._file.truncate(size + rows * field.bytes)
            self._file.seek(0)
            self._file.write(_header(field, rows))
            self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise unwritable(path, error) from error

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows (n, *shape) at the end."""
        values = np.ascontiguousarray(rows, self.field.dtype)
        if values.shape[1:] != self.field.shape:
            raise ValueError(f"{self.field.name}: {values.shape[1:]}, not {self.field.shape}")
        content = values.tobytes()
        try:
            self._file.write(content)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.hash.update(content)
        self.rows += len(values)

    def flush(self) -> None:
        """Have what was appended lie in the file."""
        try:
            self._file.flush()
        except OSError as error:
            raise unwritable(self.path, error) from error

    def close(self) -> None:
        """Write the count of rows into the header and the whole to the disk."""
        try:
            self._file.seek(0)
            self._file.write(_header(self.field, self.rows))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise unwritable(self.path, error) from error

    def abandon(self) -> None:
        """Close without a word, after an error."""
        try:
            self._file.close()
        except OSError:
            return


def _header(field: Field, rows: int) -> bytes:
    """A `.npy` header; numpy leaves it room for any count, so its length never changes."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": field.dtype, "fortran_order": False, "shape": (rows, *field.shape)}
    )
    return out.getvalue()


class TableWriter:
    """All arrays of one table, always of one length."""

    def __init__(self, folder: Path, table: Table, rows: int = 0) -> None:
        self.arrays = {f.name: ArrayWriter(folder / f"{f.name}.npy", f, rows) for f in table}

    @property
    def rows(self) -> int:
        """Rows so far."""
        return next(iter(self.arrays.values())).rows

    def append(self, rows: Mapping[str, NDArray[Any]]) -> None:
        """Add rows: every field's (n, *shape)."""
        if set(rows) != set(self.arrays) or len({len(v) for v in rows.values()}) > 1:
            raise ValueError(f"rows of {sorted(rows)}, a table of {sorted(self.arrays)}")
        for name, values in rows.items():
            self.arrays[name].append(values)

    def flush(self) -> None:
        """Have what was appended lie in the files."""
        for array in self.arrays.values():
            array.flush()

    def close(self) -> None:
        """Finish every array."""
        for array in self.arrays.values():
            array.close()

    def abandon(self) -> None:
        """Close every array without a word."""
        for array in self.arrays.values():
            array.abandon()


class Journal:
    """What a build has done so far: a first line that names the build, then one a recording."""

    def __init__(self, folder: Path, build: str) -> None:
        self.path = folder / JOURNAL
        lines = self._read()
        self.done = lines[1:] if lines and lines[0] == {"build": build} else []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = [{"build": build}, *self.done]
            self.path.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _read(self) -> list[dict[str, Any]]:
        """The lines up to the first that a kill cut short."""
        lines: list[dict[str, Any]] = []
        try:
            for line in self.path.read_text("utf-8").splitlines():
                lines.append(json.loads(line))
        except (OSError, ValueError):
            return lines
        return lines

    def add(self, entry: dict[str, Any]) -> None:
        """Note a recording as done; its rows must have been flushed before."""
        self.done.append(entry)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise unwritable(self.path, error) from error
