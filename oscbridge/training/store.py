"""A window store opened for training: arrays far larger than memory, seen through memory maps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.timeline import WINDOW
from oscbridge.training.split import PARTS, Part
from oscbridge.training.store_format import (
    DANCE,
    RECORDINGS,
    SCHEMA,
    STORE,
    TABLES,
    StoreError,
    tables,
)

_REBUILD = "build it again with `oscbridge data build`"
Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class OpenTable:
    """One table: field -> its array, the first axis the windows, none of it read yet."""

    fields: Mapping[str, NDArray[Any]]
    ranges: Mapping[str, tuple[int, int]]

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def __getitem__(self, field: str) -> NDArray[Any]:
        return self.fields[field]

    def part(self, part: Part) -> range:
        """Rows of that part of the split; they lie together."""
        return range(*self.ranges[part])

    def take(self, rows: Rows, *names: str) -> dict[str, NDArray[Any]]:
        """Copies in memory of these rows (of the fields named, or of all), in their order."""
        return {name: np.array(self.fields[name][rows]) for name in names or self.fields}

    def batches(
        self, part: Part, size: int, generator: np.random.Generator, *names: str
    ) -> Iterator[dict[str, NDArray[Any]]]:
        """One epoch in random order, in minibatches of `size`; a last smaller one is left out."""
        rows = self.part(part)
        order = generator.permutation(len(rows)) + rows.start
        for first in range(0, len(order) - size + 1, size):
            # In file order within the batch: neighbours come from one page of the map.
            yield self.take(np.sort(order[first : first + size]), *names)


@dataclass(frozen=True)
class Store:
    """A store: its `store.json` as `facts`, its `recordings`, and its tables by name."""

    folder: Path
    facts: dict[str, Any]
    recordings: list[dict[str, Any]]
    tables: dict[str, OpenTable]

    def __getitem__(self, table: str) -> OpenTable:
        return self.tables[table]

    @property
    def content(self) -> str:
        """Hash of all it holds: a training that is resumed can tell whether this is the same."""
        return str(self.facts["content"])

    @property
    def frames_per_step(self) -> int:
        """Poses a step in its dance windows."""
        return int(self.facts["frames_per_step"])


def open_store(folder: Path) -> Store:
    """The store in `folder`; only its descriptions are read. Raises StoreError.

    Sizes, types and shapes are checked here, contents by `store_check.check`.
    """
    facts = _facts(folder)
    expected = tables(facts["frames_per_step"], facts["landmark_dtype"])
    opened = {}
    for name in TABLES:
        table = facts["tables"][name]
        fields = {}
        for field in expected[name]:
            if table["fields"][field.name]["dtype"] != field.dtype:
                raise StoreError(folder / STORE, f"{name}.{field.name}: not {field.dtype}")
            path = folder / name / f"{field.name}.npy"
            fields[field.name] = _mapped(path, field.dtype, (table["rows"], *field.shape))
        ranges = {part: (int(a), int(b)) for part, (a, b) in table["parts"].items()}
        opened[name] = OpenTable(fields, ranges)
    return Store(folder, facts, _recordings(folder, facts), opened)


def _facts(folder: Path) -> dict[str, Any]:
    path = folder / STORE
    try:
        facts = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise StoreError(folder, f"no store here ({STORE} is missing); {_REBUILD}") from None
    except OSError as error:
        raise StoreError(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise StoreError(path, f"not the description of a store ({error}); {_REBUILD}") from error
    schema = facts.get("schema") if isinstance(facts, dict) else None
    if schema != SCHEMA:
        raise StoreError(path, f"format {schema}; this version reads format {SCHEMA}; {_REBUILD}")
    try:
        _check_facts(facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(path, f"changed by hand, or damaged ({error!r}); {_REBUILD}") from error
    return dict(facts)


def _check_facts(facts: dict[str, Any]) -> None:
    """Raises what a description of another shape makes Python raise, or ValueError."""
    if facts["window"] != WINDOW:
        raise ValueError(f"windows of {facts['window']} steps, not {WINDOW}")
    layout = tables(int(facts["frames_per_step"]), facts["landmark_dtype"])
    for name, fields in layout.items():
        table = facts["tables"][name]
        edge = 0
        for part in PARTS:
            first, after = table["parts"][part]
            if not edge == first <= after:
                raise ValueError(f"{name}: rows of {part} are {first} to {after}")
            edge = after
        if edge != table["rows"]:
            raise ValueError(f"{name}: {edge} rows in parts, {table['rows']} in all")
        missing = {f.name for f in fields} - set(table["fields"])
        if missing:
            raise ValueError(f"{name} lacks {', '.join(sorted(missing))}")
    if not isinstance(facts["content"], str) or not isinstance(facts["recordings"]["rows"], int):
        raise TypeError("content or recordings")


def _mapped(path: Path, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise StoreError(path, f"is missing; {_REBUILD}") from None
    except OSError as error:
        raise StoreError(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError) as error:
        raise StoreError(path, f"damaged or cut short ({error}); {_REBUILD}") from error
    if array.dtype.str != dtype or array.shape != shape:
        raise StoreError(path, f"holds {array.shape} of {array.dtype.str}; {STORE} says {shape} of "
                               f"{dtype}; {_REBUILD}")  # fmt: skip
    return array


def _recordings(folder: Path, facts: dict[str, Any]) -> list[dict[str, Any]]:
    path = folder / RECORDINGS
    try:
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except OSError as error:
        raise StoreError(path, f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise StoreError(path, f"damaged ({error}); {_REBUILD}") from error
    if len(found) != facts["recordings"]["rows"] or not all(isinstance(r, dict) for r in found):
        raise StoreError(path, f"{len(found)} lines, {STORE} says otherwise; {_REBUILD}")
    return found


def dance_frames(store: Store) -> int:
    """Frames of a dance window."""
    return int(store[DANCE]["landmarks"].shape[1])
