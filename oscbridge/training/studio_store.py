"""A store of windows as a corpus of `studio`: read in seconds, as often as one trains.

What a store does not hold, a training from one does without: voices that could have led a song, and
windows of dance off the beat and at other tempos.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from oscbridge.domain.card import Source
from oscbridge.domain.graphs import FRAMES, FRAMES_PER_STEP, PER_BEAT
from oscbridge.domain.score import Score
from oscbridge.io import model_files
from oscbridge.training.score_pools import Pools
from oscbridge.training.score_windows import ScoreWindows
from oscbridge.training.split import PARTS, Part
from oscbridge.training.store import OpenTable, Store, open_store
from oscbridge.training.store_format import DANCE, DRUMS, MUSIC, STORE, TIMING, StoreError
from oscbridge.training.studio_corpus import Before, StudioCorpus, check
from oscbridge.training.studio_dance import DanceCorpus, DanceWindows


def is_store(folder: Path) -> bool:
    """Whether a store lies in the folder."""
    return (folder / STORE).is_file()


def read(folder: Path, before: Before | None = None) -> StudioCorpus:
    """The corpus of a store. Raises StoreError, also where it is not split as it was `before`, and
    NothingToLearnError.
    """
    store = open_store(folder)
    if before is not None and _split(store) != before:
        raise StoreError(
            folder / STORE,
            "split otherwise than what the model was trained on; give the recordings themselves",
        )
    if store.frames_per_step != FRAMES_PER_STEP:
        raise StoreError(
            folder / STORE,
            f"{store.frames_per_step} poses a step; studio takes {FRAMES_PER_STEP}: build it again "
            "with `oscbridge data build`",
        )
    music = {part: _music(store, part) for part in PARTS}
    dances = {part: _dances(store, part) for part in PARTS}
    style = {r["name"]: Path(r["name"]).parent.name for r in store.recordings}
    dance = DanceCorpus(**dances, extra=dances["train"], style=style)
    check(music, dance)
    notices = folder / model_files.NOTICES
    return StudioCorpus(
        music, _pools(store, music["train"]), dance, _sources(store),
        notices.read_text("utf-8") if notices.is_file() else "",
        tuple(f"{r['name']}: {r['skipped']}" for r in store.recordings if r["skipped"]),
        _split(store),
    )  # fmt: skip


def _rows(table: OpenTable, part: Part, *names: str) -> dict[str, Any]:
    rows = table.part(part)
    return table.take(np.arange(rows.start, rows.stop), *names)


def _names(store: Store, rows: Any) -> Any:
    names = np.array([r["name"] for r in store.recordings], np.str_)
    return names[rows] if len(names) else np.zeros(0, np.str_)


def _score(values: dict[str, Any]) -> Score:
    """Windows end to end; lines that are not there are silent."""
    flat = {name: value.reshape(-1, *value.shape[2:]) for name, value in values.items()}
    steps = len(flat["drums"])
    timing = flat["drum_timing"].astype(np.float32) / TIMING
    lines = {n: v for n, v in flat.items() if n.startswith(("bass", "melody"))}
    return replace(Score.silent(steps), drums=flat["drums"], drum_timing=timing, **lines)


def _music(store: Store, part: Part) -> ScoreWindows:
    held = _rows(store[MUSIC], part)
    score = _score({n: v for n, v in held.items() if v.ndim > 1 and n != "meter"})
    return ScoreWindows(
        score, held["key_shift"], _names(store, held["recording"]), held["start"].astype(np.int32),
        held["tempo"],
    )  # fmt: skip


def _pools(store: Store, music: ScoreWindows) -> Pools:
    full = music.in_c()
    return Pools(
        full, _score(_rows(store[DRUMS], "train", "drums", "drum_timing")), full, full, full
    )


def _dances(store: Store, part: Part) -> DanceWindows:
    held = _rows(store[DANCE], part)
    root = held["root"].astype(np.float32)
    speed = np.diff(root, axis=1, prepend=root[:, :1]) * PER_BEAT
    speed[:, 0] = speed[:, 1] if root.shape[1] > 1 else 0
    return DanceWindows(
        held["landmarks"].astype(np.float32).reshape(-1, FRAMES, 33, 3),
        np.stack([speed[..., 0], speed[..., 2], -root[..., 1]], axis=-1),
        held["contacts"] > 0, _names(store, held["recording"]), held["start"].astype(np.float64),
        held["tempo"].astype(np.float64), held["yaw"].astype(np.float64),
    )  # fmt: skip


_PLURAL = {MUSIC: "songs", DRUMS: "songs", DANCE: "takes"}


def _used(store: Store) -> list[dict[str, Any]]:
    return [r for r in store.recordings if r["rows"]]


def _sources(store: Store) -> tuple[Source, ...]:
    found = []
    for name in dict.fromkeys(r["collection"] for r in _used(store)):
        own = [r for r in _used(store) if r["collection"] == name]
        counts = [_PLURAL[r["table"]] for r in own]
        licence = own[0]["licence"]
        found.append(
            Source(name, licence, "see NOTICES.md", counts.count("songs"), counts.count("takes"))
        )
    return tuple(found)


def _split(store: Store) -> dict[str, dict[Part, list[str]]]:
    def keys(plural: str, part: Part) -> list[str]:
        return [
            r["key"]
            for r in _used(store)
            if r["part"] == part and r["table"] != DRUMS and _PLURAL[r["table"]] == plural
        ]

    return {plural: {part: keys(plural, part) for part in PARTS} for plural in ("songs", "takes")}
