"""Splitting recordings, never windows: no song and no take is on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from oscbridge.training.sources import SESSIONS, Recording

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
SHARE = 0.1
"""Of the groups of a stratum, this share is tested on and as much validated on, at least one."""
SEED = 1
"""The order groups are drawn in. Not the training seed: models of any seed meet the same test."""
_SMALLEST_STRATUM = 5


def split(recordings: Sequence[Recording]) -> dict[str, Part]:
    """Group -> part. Groups are drawn by the hash of their name, in each stratum apart; strata of
    fewer than five groups are drawn from together. Below three groups all are for training.
    """
    strata: dict[str, set[str]] = {}
    for r in recordings:
        strata.setdefault(r.stratum, set()).add(r.group)
    # Sessions are drawn by themselves, so that their songs and their takes fall on one side.
    small = {n for n, g in strata.items() if len(g) < _SMALLEST_STRATUM and n != SESSIONS}
    pooled = set().union(*(strata[name] for name in small))
    parts: dict[str, Part] = {}
    for groups in (*(g for name, g in strata.items() if name not in small), pooled):
        parts |= _drawn(groups)
    return parts


def _drawn(groups: set[str]) -> dict[str, Part]:
    order = sorted(groups, key=lambda g: hashlib.sha256(f"{SEED}:{g}".encode()).digest())
    held_out = max(1, round(len(order) * SHARE)) if len(order) >= 3 else 0
    parts: dict[str, Part] = dict.fromkeys(order, "train")
    parts |= dict.fromkeys(order[:held_out], "test")
    parts |= dict.fromkeys(order[held_out : 2 * held_out], "validation")
    return parts


def as_before(keys: Sequence[str], before: Mapping[str, Sequence[str]]) -> dict[str, Part]:
    """Key of recording -> the part it had when a model was trained; to the model, what it has
    never seen is test.
    """
    known: dict[str, Part] = {key: part for part in PARTS for key in before.get(part, ())}
    return {key: known.get(key, "test") for key in keys}
