"""How a clip or a dance was made, as far as is needed to make it again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np

from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip

GRID = 480
"""Ticks a beat on which two clips count as the same: those of the files."""
DEEPEST = 8
"""Generations of parents that are told; those before are left out."""
Kind = Literal["clip", "dance"]
Value = int | float | str


@dataclass(frozen=True)
class Parent:
    """What something was made from: `digest` knows it again, `made` makes it again, `name` is its
    file in the library or its own name, `handle` its number on the shelf of that session.
    """

    kind: Kind
    digest: str
    name: str = ""
    handle: int = 0
    made: Made | None = None


@dataclass(frozen=True)
class Made:
    """`endpoint` called with `arguments` and `seed` on a model: its name, version and `weights`,
    which tells two models of one name apart. `latent` is what was decoded, `created` in Unix
    seconds.
    """

    endpoint: str
    created: float
    model: str = ""
    version: int = 0
    weights: str = ""
    seed: int | None = None
    arguments: Mapping[str, Value] = field(default_factory=dict)
    latent: tuple[float, ...] = ()
    parents: tuple[Parent, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON-able values; `from_json` reads them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: object, deepest: int = DEEPEST) -> Made:
        """What those values say. Raises ValueError where they are nothing of the kind."""
        if not isinstance(values, dict):
            raise ValueError("how a clip was made is a JSON object")
        _check(values, _MADE, {"endpoint", "created"})
        arguments = values.get("arguments", {})
        if not all(isinstance(v, int | float | str) for v in arguments.values()):
            raise ValueError("an argument is no number and no word")
        latent = values.get("latent", [])
        if not all(isinstance(v, int | float) and math.isfinite(v) for v in latent):
            raise ValueError("a latent is a list of numbers")
        parents = [_parent(v, deepest) for v in values.get("parents", [])]
        lists = {"latent": tuple(map(float, latent)), "parents": tuple(parents)}
        return cls(**{k: v for k, v in values.items() if k in _MADE} | lists)

    def cut(self, deepest: int) -> Made:
        """The same, told for so many generations only."""
        return replace(
            self,
            parents=tuple(
                replace(p, made=p.made.cut(deepest - 1) if p.made and deepest > 0 else None)
                for p in self.parents
            ),
        )


_NUMBER = (int, float)
_MADE: dict[str, Any] = {
    "endpoint": str, "created": _NUMBER, "model": str, "version": int, "weights": str,
    "seed": (int, type(None)), "arguments": dict, "latent": (list, tuple), "parents": (list, tuple),
}  # fmt: skip
_PARENT: dict[str, Any] = {
    "kind": str, "digest": str, "name": str, "handle": int, "made": (dict, type(None)),
}  # fmt: skip


def _check(values: dict[str, Any], kinds: dict[str, Any], needed: set[str]) -> None:
    if missing := needed - values.keys():
        raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    for name, kind in kinds.items():
        if name in values and not isinstance(values[name], kind):
            raise ValueError(f"{name} is {values[name]!r:.80}")


def _parent(values: object, deepest: int) -> Parent:
    if not isinstance(values, dict) or values.get("kind") not in ("clip", "dance"):
        raise ValueError("a parent is a clip or a dance")
    _check(values, _PARENT, {"digest"})
    made = values.get("made")
    told = Made.from_json(made, deepest - 1) if made is not None and deepest > 0 else None
    return Parent(**{k: v for k, v in values.items() if k in _PARENT} | {"made": told})


def digest(item: Clip | Dance) -> str:
    """The same for two clips of the same notes and timeline, or two dances of the same poses,
    under whatever name; 32 hex digits.
    """
    hashed = hashlib.sha256()
    if isinstance(item, Dance):
        for array in (item.landmarks, item.root, item.time, item.beat):
            hashed.update(np.ascontiguousarray(array).tobytes())
    else:
        for rows in _rows(item):
            hashed.update(np.array(rows, np.int64).tobytes())
    return hashed.hexdigest()[:32]


def _rows(clip: Clip) -> tuple[Sequence[tuple[int, ...]], ...]:
    """Notes, tempos and meters as the files round them."""
    end = max(1, round(clip.length * GRID))
    notes = []
    for note in clip.notes:
        if not 0 <= note.start < clip.length:
            continue
        start = min(round(note.start * GRID), end - 1)
        stop = min(max(round((note.start + note.duration) * GRID), start + 1), end)
        notes.append((start, int(note.part), note.pitch, stop - start, note.velocity))
    tempos = [(round(t.beat * GRID), round(60e6 / t.bpm)) for t in clip.timeline.tempos]
    meters = [(round(m.beat * GRID), m.numerator, m.denominator) for m in clip.timeline.meters]
    return sorted(notes), tempos, meters, [(end,)]
