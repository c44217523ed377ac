"""What `studio` is trained on and tested on: songs as scores, drummers' performances, dances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oscbridge.domain.card import Source
from oscbridge.domain.music import Part as MusicPart
from oscbridge.errors import FileError
from oscbridge.training import notices, sources, studio_dance
from oscbridge.training.corpus import NothingToLearnError
from oscbridge.training.score_pools import Pools, gather as gather_pools, read_groove
from oscbridge.training.score_windows import ScoreWindows, Song, cut, read_song, unlike
from oscbridge.training.sources import Recording
from oscbridge.training.split import PARTS, Part, as_before, split
from oscbridge.training.studio_dance import DanceCorpus

GROOVE = "info.csv"
"""The table that lies beside the performances of the Groove MIDI dataset."""
FEWEST_DRUMS = 1

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

    `each` hears of every recording before it is read. Raises FileError if there is none and
    NothingToLearnError if there is too little to train on or to test with.
    """
    found = sources.find(paths)
    grooves = {r.path.parents[i] for r in found for i in range(len(r.path.parents))
               if (r.path.parents[i] / GROOVE).is_file()}  # fmt: skip
    of_groove = [r for r in found if grooves.intersection(r.path.parents)]
    songs = [r for r in found if r.kind == "song" and r not in of_groove]
    takes = [r for r in found if r.kind == "take"]
    ...
