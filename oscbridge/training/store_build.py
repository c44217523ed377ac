"""Building a store: recordings are read one by one into a draft, then split, cleared of duplicates,
and copied into a store that appears whole or not at all. An interrupted build goes on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pianoroll import DRUM_MAP
from oscbridge.domain.pose import LANDMARKS
from oscbridge.domain.timeline import WINDOW
from oscbridge.errors import FileError
from oscbridge.io.model_files import sha256
from oscbridge.training import notices, sources
from oscbridge.training.sources import Recording
from oscbridge.training.split import PARTS, split
from oscbridge.training.store_format import (
    FRAMES_PER_STEP,
    NOTICES,
    RECORDINGS,
    SCHEMA,
    STORE,
    StoreError,
    tables,
)
from oscbridge.training.store_likeness import near_held_out, repeats
from oscbridge.training.store_windows import import_recording, stacked
from oscbridge.training.store_write import Journal, TableWriter, unwritable

_AT_ONCE = 512
LANDMARK_DTYPE = "<f4"
Each = Callable[[Recording, int], None]


def build(
    paths: Sequence[Path],
    output: Path,
    each: Each = lambda recording, count: None,
    frames_per_step: int = FRAMES_PER_STEP,
) -> dict[str, Any]:
    """Build the store `output` of all songs and dances in `paths`; its `store.json`.

    An older store there is replaced once the new one is whole. Raises FileError.
    """
    if output.exists() and not (output / STORE).is_file():
        raise StoreError(output, "is there already and is no store; choose another place")
    recordings = sources.find(paths)
    if not recordings:
        raise FileError(paths[0], "no songs (.mid) and no dances (.bvh .npz .json .csv)")
    draft = output.parent / f".{output.name}.draft"
    journal = Journal(draft, _named(recordings, frames_per_step))
    _import(recordings, draft, journal, each, frames_per_step)
    try:
        final = draft / "store"
        shutil.rmtree(final, ignore_errors=True)
        facts = _compact(recordings, journal.done, draft / "raw", final, frames_per_step)
        _swap(final, output)
        shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise unwritable(output, error) from error
    return facts


def _named(recordings: Sequence[Recording], frames_per_step: int) -> str:
    told = [f"{SCHEMA} {frames_per_step}"]
    for r in recordings:
        stat = r.path.stat()
        told.append(f"{r.path.resolve()} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _import(
    recordings: Sequence[Recording], draft: Path, journal: Journal, each: Each, frames: int
) -> None:
    layout = tables(frames, LANDMARK_DTYPE)
    rows = dict.fromkeys(layout, 0)
    for entry in journal.done:
        rows[entry["table"]] += entry["rows"]
    writers = {n: TableWriter(draft / "raw" / n, t, rows[n]) for n, t in layout.items()}
    try:
        for number, recording in enumerate(recordings):
            each(recording, len(recordings))
            if number >= len(journal.done):
                journal.add(_take(number, recording, writers, frames))
        for writer in writers.values():
            writer.close()
    finally:
        for writer in writers.values():
            writer.abandon()


def _take(
    number: int, recording: Recording, writers: dict[str, TableWriter], frames: int
) -> dict[str, Any]:
    """Append the windows of one recording; its line of the journal."""
    table = "dance" if recording.kind == "take" else "music"
    entry: dict[str, Any] = {"table": table, "rows": 0, "skipped": None}
    try:
        found = import_recording(recording, frames)
    except FileError as error:
        return entry | {"skipped": error.cause}
    entry |= found.facts | {"table": found.table, "rows": len(found.rows)}
    if not found.rows:
        return entry | {"skipped": "no window: too short, or its parts never play together"}
    for first in range(0, len(found.rows), _AT_ONCE):
        rows = stacked(found.rows[first : first + _AT_ONCE])
        count = len(rows["start"])
        rows["recording"] = np.full(count, number, np.int32)
        rows["part"] = np.zeros(count, np.uint8)
        writers[found.table].append(rows)
    writers[found.table].flush()
    return entry


def _parts(recordings: Sequence[Recording], done: list[dict[str, Any]]) -> NDArray[np.uint8]:
    """Index of the part of each recording; each table is split by itself, as `corpus.gather`
    splits songs and takes.
    """
    result = np.zeros(len(recordings), np.uint8)
    for table in tables():
        mine = [i for i, e in enumerate(done) if e["table"] == table and e["rows"]]
        groups = split([recordings[i] for i in mine])
        for i in mine:
            result[i] = PARTS.index(groups[recordings[i].group])
    return result


def _compact(
    recordings: Sequence[Recording], done: list[dict[str, Any]], raw: Path, final: Path, frames: int
) -> dict[str, Any]:
    part_of = _parts(recordings, done)
    told: dict[str, Any] = {}
    kept_of = np.zeros(len(recordings), int)
    for name, table in tables(frames, LANDMARK_DTYPE).items():
        old = {f.name: np.load(raw / name / f"{f.name}.npy", mmap_mode="r") for f in table}
        part = part_of[np.array(old["recording"])]
        again = repeats(name, old, part)
        fresh = np.flatnonzero(~again)
        view: dict[str, Any] = {k: _Rows(v, fresh) for k, v in old.items()}
        near = near_held_out(name, view, len(PARTS) - 1 - part[fresh].astype(int))
        kept = fresh[~near]
        order = kept[np.argsort(part[kept], kind="stable")]
        writer = TableWriter(final / name, table)
        for first in range(0, len(order), _AT_ONCE):
            rows = order[first : first + _AT_ONCE]
            writer.append({k: v[rows] for k, v in (old | {"part": part}).items()})
        writer.close()
        edges = np.searchsorted(part[order], np.arange(len(PARTS) + 1))
        np.add.at(kept_of, np.array(old["recording"])[order], 1)
        told[name] = {
            "rows": len(order),
            "parts": {p: [int(edges[i]), int(edges[i + 1])] for i, p in enumerate(PARTS)},
            "repeats": int(again.sum()),
            "near_held_out": int(near.sum()),
            "fields": {
                f.name: f.to_json() | {"sha256": writer.arrays[f.name].hash.hexdigest()}
                for f in table
            },
        }
    return _describe(recordings, done, part_of, kept_of, told, final, frames)


class _Rows:
    """Some rows of a memory map, read only when asked for."""

    def __init__(self, array: NDArray[Any], rows: NDArray[np.intp]) -> None:
        self.array, self.rows = array, rows
        self.shape = (len(rows), *array.shape[1:])

    def __getitem__(self, at: Any) -> NDArray[Any]:
        if isinstance(at, tuple):
            return np.asarray(self.array[(self.rows[at[0]], *at[1:])])
        return np.asarray(self.array[self.rows[at]])


def _describe(
    recordings: Sequence[Recording],
    done: list[dict[str, Any]],
    parts: NDArray[np.uint8],
    kept: NDArray[np.int_],
    told: dict[str, Any],
    final: Path,
    frames: int,
) -> dict[str, Any]:
    homes = [notices.collection(folder) for folder in sources.collections(recordings)]
    entries = [
        h.source(
            sum(r.kind == "song" and r.collection == h.folder for r in recordings),
            sum(r.kind == "take" and r.collection == h.folder for r in recordings),
        )
        for h in homes
    ]
    by_folder = {h.folder: e for h, e in zip(homes, entries, strict=True)}
    lines = []
    for i, (r, e) in enumerate(zip(recordings, done, strict=True)):
        source = by_folder[r.collection]
        line = {
            "id": i, "name": str(r.path.relative_to(r.collection)), "key": r.key(),
            "sha256": sha256(r.path), "collection": source.name, "licence": source.licence,
            "group": r.group, "stratum": r.stratum, "note": r.note,
            "mate": r.mate.name if r.mate else None,
            "part": PARTS[parts[i]], "windows": int(kept[i]),
        }  # fmt: skip
        lines.append(json.dumps(line | e, ensure_ascii=False) + "\n")
    (final / RECORDINGS).write_text("".join(lines), "utf-8")
    (final / NOTICES).write_text(notices.as_markdown(entries, homes), "utf-8")
    facts: dict[str, Any] = {
        "schema": SCHEMA, "window": WINDOW, "frames_per_step": frames, "hop": 1.0,
        "landmark_dtype": LANDMARK_DTYPE, "landmarks": list(LANDMARKS),
        "lanes": [d.name for d in DRUM_MAP], "tables": told,
        "recordings": {"rows": len(lines), "sha256": sha256(final / RECORDINGS)},
    }  # fmt: skip
    facts["content"] = content_hash(facts)
    (final / STORE).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return facts


def content_hash(facts: dict[str, Any]) -> str:
    """Hash of everything `store.json` says but itself; that covers all files by their hashes."""
    told = {k: v for k, v in facts.items() if k != "content"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _swap(final: Path, output: Path) -> None:
    old = output.parent / f".{output.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.replace(old)
    final.replace(output)
    shutil.rmtree(old, ignore_errors=True)
