"""What is trained on and tested on: windows of all recordings, split, without repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oscbridge.domain.card import Source
from oscbridge.errors import FileError, OscbridgeError
from oscbridge.io.dance_file import DanceFile, read_dance, read_dance_to
from oscbridge.io.midi_file import read_clip
from oscbridge.training import notices, sources
from oscbridge.training.fit import Material
from oscbridge.training.sources import NOMINAL_TEMPO, Kind, Recording
from oscbridge.training.split import PARTS, Part, as_before, split
from oscbridge.training.windows import (
    Windows,
    distinct,
    music_windows,
    pose_windows,
    unlike,
    with_mirrors,
)


class NothingToLearnError(OscbridgeError):
    """The recordings hold too little to train on or to measure with; says what is missing."""

    code = "data"


@dataclass(frozen=True)
class Reading:
    """The windows of one recording, its key, and, for a take, where its beat is from."""

    recording: Recording
    key: str
    windows: Windows
    beat: str


@dataclass(frozen=True)
class Domain:
    """Windows of one kind of recording by part, and the keys of the recordings in each part."""

    train: Windows
    validation: Windows
    test: Windows
    keys: dict[Part, list[str]]


@dataclass(frozen=True)
class Corpus:
    """Both domains, with where they come from and what was left out, each with its reason.

    `beats`: key of a take -> where its beat is from.
    """

    music: Domain
    dance: Domain
    sources: tuple[Source, ...]
    notices: str
    skipped: tuple[str, ...]
    beats: dict[str, str]

    def material(self) -> Material:
        """What `fit` takes. Without validation windows, training ones are looked at."""
        unseen = [d.validation if len(d.validation) else d.train for d in (self.music, self.dance)]
        return Material.of(self.music.train, self.dance.train, *unseen)

    def split(self) -> dict[str, dict[Part, list[str]]]:
        """Keys of the songs and takes in each part, as a card keeps them."""
        return {"songs": self.music.keys, "takes": self.dance.keys}


def read(
    paths: Iterable[Path], each: Callable[[Recording, int], None] = lambda recording, count: None
) -> tuple[list[Reading], list[str]]:
    """Every recording that can be read and has a window, and why the others were left out.

    `each` hears of every recording before it is read, and how many there are. Raises FileError if
    there is none.
    """
    paths = list(paths)
    recordings = sources.find(paths)
    if not recordings:
        raise FileError(
            paths[0] if paths else Path(), "no songs (.mid) and no dances (.bvh .npz .json .csv)"
        )
    readings: list[Reading] = []
    skipped: list[str] = []
    for recording in recordings:
        each(recording, len(recordings))
        try:
            windows, beat = _READERS[recording.kind](recording)
        except FileError as error:
            skipped.append(str(error))
            continue
        if len(windows):
            readings.append(Reading(recording, recording.key(), windows, beat))
        else:
            skipped.append(f"{recording.path}: {_TOO_LITTLE[recording.kind]}")
    return readings, skipped


def gather(
    readings: Sequence[Reading],
    skipped: Sequence[str] = (),
    before: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> Corpus:
    """The corpus of these readings: split afresh, or as it was `before`, as a card tells it."""
    domains = {}
    for kind, plural in (("song", "songs"), ("take", "takes")):
        of_kind = [r for r in readings if r.recording.kind == kind]
        if before is None:
            groups = split([r.recording for r in of_kind])
            parts = {r.key: groups[r.recording.group] for r in of_kind}
        else:
            parts = as_before([r.key for r in of_kind], before.get(plural, {}))
        domains[kind] = _domain(of_kind, parts)
    collections = [
        notices.collection(f) for f in sources.collections([r.recording for r in readings])
    ]
    entries = tuple(c.source(*_counts(readings, c.folder)) for c in collections)
    return Corpus(
        domains["song"],
        domains["take"],
        entries,
        notices.as_markdown(entries, collections),
        tuple(skipped),
        {r.key: r.beat for r in readings if r.beat},
    )


def check_trainable(corpus: Corpus) -> None:
    """Raises NothingToLearnError unless there is music and dance to train on and to test with."""
    for domain, what, needed in (
        (corpus.music, "songs", "two bars of 4/4 with drums, bass and melody playing"),
        (corpus.dance, "dances", f"32 steps at its tempo (4 s at {NOMINAL_TEMPO:g} BPM)"),
    ):
        if not len(domain.train) or not len(domain.test):
            count = sum(len(keys) for keys in domain.keys.values())
            raise NothingToLearnError(
                f"{count} of the {what} given can be learnt from; at least 3 are needed, one of "
                f"them to test with, each with {needed}. Give more folders"
            )


_TOO_LITTLE = {
    "song": "no two bars in which drums, bass and melody all play",
    "take": "shorter than two bars at its tempo",
}


def _song(recording: Recording) -> tuple[Windows, str]:
    return music_windows(read_clip(recording.path)), ""


def read_take(recording: Recording, nominal: float = NOMINAL_TEMPO) -> tuple[DanceFile, str]:
    """The dance of a take, read as is known to be right for it, and where its beat is from; at
    `nominal` BPM if nobody knows its beat. That of a session lies on the beats of its song.
    """
    if recording.mate is not None:
        file = read_dance_to(recording.path, read_clip(recording.mate).timeline)
        return file, file.tempo_source
    beatless = recording.path.suffix.lower() == ".bvh" and not recording.dances_to_beat
    file = read_dance(recording.path, fps=recording.fps, tempo=nominal if beatless else None)
    return file, f"nominal {nominal:g} BPM" if beatless else file.tempo_source


def _take(recording: Recording) -> tuple[Windows, str]:
    file, beat = read_take(recording)
    return pose_windows(file.dance, file.timeline), beat


_READERS: dict[Kind, Callable[[Recording], tuple[Windows, str]]] = {"song": _song, "take": _take}


def _domain(readings: Sequence[Reading], parts: Mapping[str, Part]) -> Domain:
    def stacked(part: Part) -> Windows:
        chosen = [r.windows for r in readings if parts[r.key] == part]
        if not chosen:
            return _NONE
        return distinct(np.concatenate(chosen))

    train, validation, test = (stacked(part) for part in PARTS)
    if train.ndim == 4:
        train = with_mirrors(train)
    validation = unlike(validation, test)
    train = unlike(unlike(train, test), validation)
    keys: dict[Part, list[str]] = {p: [r.key for r in readings if parts[r.key] == p] for p in PARTS}
    return Domain(train, validation, test, keys)


_NONE: Windows = np.zeros((0, 0, 0), np.float32)


def _counts(readings: Sequence[Reading], folder: Path) -> tuple[int, int]:
    kinds = [r.recording.kind for r in readings if r.recording.collection == folder]
    return kinds.count("song"), kinds.count("take")
