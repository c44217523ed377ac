"""Likeness of a store's windows: which repeat, and which are too near held-out ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import COUNT
from oscbridge.domain.timeline import WINDOW
from oscbridge.training.near import Keys, Rows, point_hasher, purged, set_hasher
from oscbridge.training.store_format import DANCE, MUSIC
from oscbridge.training.windows import ALIKE_POSES, ALIKE_ROLLS

PITCHES = 128
_AT_ONCE = 256
Arrays = Mapping[str, NDArray[Any]]


def cells(arrays: Arrays, rows: Any) -> NDArray[np.bool_]:
    """What sounds (N, cells) in windows of music (in C) or of drums."""
    parts = [(arrays["drums"][rows] > 0).reshape(len(rows), -1)]
    if "bass_pitch" in arrays:
        shift = arrays["key_shift"][rows].astype(int)[:, None]
        for line in ("bass_pitch", "melody_pitch"):
            pitch = arrays[line][rows].astype(int)
            keyed = np.where(pitch > 0, np.clip(pitch + shift, 1, PITCHES - 1), 0)
            parts.append((keyed[..., None] == np.arange(1, PITCHES)).reshape(len(rows), -1))
    return np.concatenate(parts, axis=1)


def poses(arrays: Arrays, rows: Any) -> NDArray[np.float32]:
    """Windows of dance as points (N, 32 x 33 x 3): one pose a step."""
    landmarks = arrays["landmarks"]
    each = landmarks.shape[1] // WINDOW
    return np.stack([landmarks[r, ::each] for r in rows]).reshape(len(rows), -1).astype(np.float32)


def near_held_out(
    table: str, arrays: Arrays, rank: NDArray[np.integer], seed: int = 1
) -> NDArray[np.bool_]:
    """Windows (N,) that are near-duplicates of one of lower `rank` (N,): test 0, validation 1,
    train 2. Reads a few windows at a time.
    """
    view: Callable[[Arrays, Any], NDArray[Any]] = poses if table == DANCE else cells
    near = ALIKE_POSES * np.sqrt(WINDOW * COUNT)
    width = view(arrays, np.arange(min(1, len(rank)))).shape[1] if len(rank) else 1
    hasher: Callable[[Any], Keys]
    hasher = point_hasher(width, near, seed) if table == DANCE else set_hasher(width, seed)
    if not len(rank):
        return np.zeros(0, np.bool_)
    chunks = np.split(np.arange(len(rank)), range(_AT_ONCE, len(rank), _AT_ONCE))
    keys = np.concatenate([hasher(view(arrays, rows)) for rows in chunks])

    def alike(row: int, others: Rows) -> NDArray[np.bool_]:
        others = others[:_AT_ONCE]
        one, rest = view(arrays, np.array([row])), view(arrays, others)
        if table == DANCE:
            return np.asarray(((rest - one) ** 2).sum(axis=1) <= near**2)
        both = (rest & one).sum(axis=1)
        return np.asarray(both >= ALIKE_ROLLS * (rest | one).sum(axis=1))

    return purged(keys, rank, alike)


def repeats(table: str, arrays: Arrays, part: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Windows (N,) equal to an earlier one of their part: notes in C, or landmarks to the bit."""
    seen: set[bytes] = set()
    out = np.zeros(len(part), np.bool_)
    for i in range(len(part)):
        name = _name(table, arrays, i) + bytes([int(part[i])])
        out[i] = name in seen
        seen.add(name)
    return out


def _name(table: str, arrays: Arrays, i: int) -> bytes:
    import hashlib

    if table == DANCE:
        content = arrays["landmarks"][i].tobytes()
    elif table == MUSIC:
        starts = [arrays[f"{n}_velocity"][i] > 0 for n in ("bass", "melody")]
        content = np.packbits(cells(arrays, np.array([i]))).tobytes() + np.array(starts).tobytes()
    else:  # a performance: how hard and how late is what it is kept for
        content = arrays["drums"][i].tobytes() + arrays["drum_timing"][i].tobytes()
    return hashlib.blake2b(content, digest_size=12).digest()
