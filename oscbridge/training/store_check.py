"""Whether a store is what it says: hashes, numbers and ranges, and nothing on two sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oscbridge.io.model_files import sha256
from oscbridge.training.split import PARTS
from oscbridge.training.store import Store, open_store
from oscbridge.training.store_build import content_hash
from oscbridge.training.store_format import RECORDINGS, STORE, TIMING
from oscbridge.training.store_likeness import near_held_out

_AT_ONCE = 512
OTHER_SEED = 2
"""Of the hashes: a near-duplicate that a build has missed is not missed again for one reason."""
RANGES = {
    "drum_timing": (-TIMING // 2, TIMING // 2), "drums": (0, 127), "contacts": (0, 1),
    "key_shift": (-6, 5), "landmarks": (-3.0, 3.0), "tempo": (10.0, 1000.0), "mirrored": (0, 1),
}  # fmt: skip


def check(folder: Path) -> list[str]:
    """What is wrong with the store, nothing if all is well. Raises StoreError where it cannot even
    be opened.
    """
    store = open_store(folder)
    return [*_hashes(store), *_values(store), *_leaks(store)]


def _hashes(store: Store) -> Iterator[str]:
    if content_hash(store.facts) != store.content:
        yield f"{STORE} was changed: its hash is not the one it gives"
    if sha256(store.folder / RECORDINGS) != store.facts["recordings"]["sha256"]:
        yield f"{RECORDINGS} was changed"
    for name, table in store.tables.items():
        for field, array in table.fields.items():
            if _hash(array) != store.facts["tables"][name]["fields"][field]["sha256"]:
                yield f"{name}/{field}.npy was changed"


def _hash(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    import hashlib

    found = hashlib.sha256()
    for first in range(0, len(array), _AT_ONCE):
        found.update(array[first : first + _AT_ONCE].tobytes())
    return found.hexdigest()


def _values(store: Store) -> Iterator[str]:
    for name, table in store.tables.items():
        for field, array in table.fields.items():
            low, high = RANGES.get(field, (-np.inf, np.inf))
            for first in range(0, len(array), _AT_ONCE):
                rows = array[first : first + _AT_ONCE]
                if not np.isfinite(rows).all():
                    yield f"{name}/{field}.npy: NaN or an infinity from row {first} on"
                    break
                if rows.size and not (low <= rows.min() and rows.max() <= high):
                    yield f"{name}/{field}.npy: beyond {low} to {high} from row {first} on"
                    break


def _leaks(store: Store) -> Iterator[str]:
    for name, table in store.tables.items():
        part, recording = np.array(table["part"]), np.array(table["recording"])
        if len(part) and (recording.min() < 0 or recording.max() >= len(store.recordings)):
            yield f"{name}: a window of a recording that is not listed"
            continue
        sides: dict[str, set[int]] = {}
        for i, p in set(zip(recording.tolist(), part.tolist(), strict=True)):
            sides.setdefault(str(store.recordings[i]["group"]), set()).add(p)
        for group, found in sides.items():
            if len(found) > 1:
                yield f"{name}: {group} is in {' and '.join(PARTS[p] for p in sorted(found))}"
        near = near_held_out(name, table.fields, len(PARTS) - 1 - part.astype(int), seed=OTHER_SEED)
        if near.any():
            yield f"{name}: {int(near.sum())} windows are near-duplicates of held-out ones"
