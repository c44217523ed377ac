"""What `studio` is trained on and tested on: songs as scores, drummers' performances, dances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oscbridge.domain.card import Source
from oscbridge.domain.score import Score
from oscbridge.errors import FileError
from oscbridge.training import notices, sources, studio_dance
from oscbridge.training.corpus import NothingToLearnError, read_take
from oscbridge.training.score_pools import Pools, read_groove
from oscbridge.training.score_pools import gather as gather_pools
from oscbridge.training.score_windows import ScoreWindows, Song, cut, read_song, unlike
from oscbridge.training.sources import Kind, Recording
from oscbridge.training.split import PARTS, Part, as_before, split
from oscbridge.training.studio_dance import NOMINAL_TEMPO, DanceCorpus, Take

GROOVE = "info.csv"
"""The table that lies beside the performances of the Groove MIDI dataset."""

Each = Callable[[Recording, int], None]
Before = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class StudioCorpus:
    """Windows by part, the `pools` music is drawn from, and where all of it comes from.

    `split`: keys of the songs and takes in each part, as a card keeps them.
    """

    music: dict[Part, ScoreWindows]
    pools: Pools
    dance: DanceCorpus
    sources: tuple[Source, ...]
    notices: str
    skipped: tuple[str, ...]
    split: dict[str, dict[Part, list[str]]]


def read(
    paths: Sequence[Path], each: Each = lambda recording, count: None, before: Before | None = None
) -> StudioCorpus:
    """Everything found in the folders and files, split by song and by take, or as it was `before`.

    `each` hears of every recording before it is read, and how many there are. Raises FileError if
    there is none, NothingToLearnError if there is too little to train on or to test with.
    """
    found = [r for r in sources.find(paths) if r.path.name != GROOVE]
    grooves = [folder for folder in sources.collections(found) if (folder / GROOVE).is_file()]
    wanted = [r for r in found if r.collection not in grooves]
    keys = {r: r.key() for r in wanted}
    parts = _parts(wanted, keys, before)
    skipped: list[str] = []
    songs: list[tuple[Recording, Song]] = []
    takes: list[tuple[Recording, Take]] = []
    for recording in wanted:
        each(recording, len(wanted))
        part = parts[recording]
        try:
            if recording.kind == "song":
                songs.append((recording, read_song(recording.path)))
            else:
                file, _ = read_take(recording, NOMINAL_TEMPO)
                takes.append((recording, Take(file, recording.path.parent.name, part)))
        except FileError as error:
            skipped.append(str(error))
    groove = {folder: read_groove(folder, "train") for folder in grooves}
    drummed = [score for scores in groove.values() for score in scores]
    music, pools = _music({p: [s for r, s in songs if parts[r] == p] for p in PARTS}, drummed)
    dance = studio_dance.gather([take for _, take in takes])
    check(music, dance)
    used = [r for r, _ in (*songs, *takes)]
    counts = {folder: _counts(used, folder) for folder in sources.collections(used)}
    counts |= {folder: (len(scores), 0) for folder, scores in groove.items()}
    collections = [notices.collection(folder) for folder in sorted(counts, key=lambda f: f.name)]
    entries = tuple(c.source(*counts[c.folder]) for c in collections)
    split_keys = {
        plural: {p: [keys[r] for r in used if r.kind == kind and parts[r] == p] for p in PARTS}
        for kind, plural in _PLURAL.items()
    }
    return StudioCorpus(
        music, pools, dance, entries, notices.as_markdown(entries, collections), tuple(skipped),
        split_keys,
    )  # fmt: skip


_PLURAL: dict[Kind, str] = {"song": "songs", "take": "takes"}


def _parts(
    recordings: Sequence[Recording], keys: Mapping[Recording, str], before: Before | None
) -> dict[Recording, Part]:
    """Which part each recording is in."""
    parts: dict[Recording, Part] = {}
    for kind, plural in _PLURAL.items():
        some = [r for r in recordings if r.kind == kind]
        if before is None:
            groups = split(some)
            parts |= {r: groups[r.group] for r in some}
        else:
            known = as_before([keys[r] for r in some], before.get(plural, {}))
            parts |= {r: known[keys[r]] for r in some}
    return parts


def _music(
    songs: Mapping[Part, Sequence[Song]], groove: Sequence[Score]
) -> tuple[dict[Part, ScoreWindows], Pools]:
    """Windows of each part that are unlike those of the parts held out, and the pools."""
    windows = {part: cut(songs[part]) for part in PARTS}
    windows["validation"] = unlike(windows["validation"], windows["test"])
    windows["train"] = unlike(unlike(windows["train"], windows["test"]), windows["validation"])
    held_out = [*songs["validation"], *songs["test"]]
    return windows, gather_pools(windows["train"], songs["train"], groove, held_out)


def check(music: Mapping[Part, ScoreWindows], dance: DanceCorpus) -> None:
    """Raises NothingToLearnError unless there is music and dance to train on and to test with."""
    for train, test, what, needed in (
        (len(music["train"]), len(music["test"]), "songs",
         "two bars of 4/4 with drums, bass and melody playing"),
        (len(dance.train), len(dance.test), "dances", "32 steps at its tempo"),
    ):  # fmt: skip
        if not train or not test:
            raise NothingToLearnError(
                f"too few of the {what} given can be learnt from; at least 3 are needed, one of "
                f"them to test with, each with {needed}. Give more folders"
            )


def _counts(recordings: Sequence[Recording], folder: Path) -> tuple[int, int]:
    kinds = [r.kind for r in recordings if r.collection == folder]
    return kinds.count("song"), kinds.count("take")
