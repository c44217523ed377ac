"""Who is there: everybody who is seen live, by a small number that stays theirs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from oscbridge.domain.live import PoseFrame
from oscbridge.domain.track import Track

MOST_PEOPLE = 16
KEEP = 3.0
"""Seconds somebody's number stays theirs after they were seen last."""
FULL = f"{MOST_PEOPLE} people are followed already"


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody came; they have this number from now on."""

    id: int


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody has not been seen for so long that their number is free."""

    id: int


Event = Arrived | Left


class Taken(NamedTuple):
    """What became of a frame: whose it is (0: nobody's), why it was refused if it was, and who
    arrived with it.
    """

    id: int
    refused: str | None = None
    events: tuple[Event, ...] = ()


class People:
    """Tracks by source (what sends: a port, a client) and the sender's number of a person.

    Numbers are 1, 2, 3...: whoever arrives gets the lowest that is free. `refused` counts the
    frames of people who have no number, by reason.
    """

    def __init__(self, keep: float = KEEP) -> None:
        self.keep = keep
        self.refused: Counter[str] = Counter()
        self._ids: dict[tuple[str, int], int] = {}
        self._tracks: dict[int, Track] = {}
        self._lost: set[int] = set()

    def __iter__(self) -> Iterator[tuple[int, Track]]:
        """Everybody with their number, the lowest first."""
        return iter(sorted(self._tracks.items()))

    def __len__(self) -> int:
        return len(self._tracks)

    def __getitem__(self, number: int) -> Track:
        """The track of that number; KeyError if nobody has it."""
        return self._tracks[number]

    def present(self, number: int, now: float, within: float = math.inf) -> bool:
        """Whether that person is here: not said to be lost, and seen `within` seconds."""
        track = self._tracks.get(number)
        return track is not None and number not in self._lost and now - track.seen_at <= within

    def named(self, number: int) -> tuple[str, int]:
        """Source and sender's number of a person; KeyError if nobody has that number."""
        if number not in self._tracks:
            raise KeyError(number)
        return next(who for who, n in self._ids.items() if n == number)

    def take(self, source: str, frame: PoseFrame, now: float) -> Taken:
        """Hand a frame that came at `now` to the track of its person."""
        who = (source, frame.person)
        number = self._ids.get(who)
        if number is not None:
            refused = self._tracks[number].take(frame, now)
            if refused is None:
                self._lost.discard(number)
            return Taken(number, refused)
        if len(self._tracks) >= MOST_PEOPLE:
            self.refused[FULL] += 1
            return Taken(0, f"person {frame.person} of {source}: {FULL}")
        track = Track()
        if refused := track.take(frame, now):
            self.refused[refused] += 1
            return Taken(0, refused)
        number = min(set(range(1, MOST_PEOPLE + 1)) - set(self._tracks))
        self._ids[who], self._tracks[number] = number, track
        return Taken(number, None, (Arrived(number),))

    def lost(self, source: str, person: int) -> int:
        """The sender says that somebody left: their number, which is theirs for `keep` more
        seconds; 0 for nobody known.
        """
        number = self._ids.get((source, person), 0)
        if number:
            self._lost.add(number)
        return number

    def expire(self, now: float) -> tuple[Left, ...]:
        """Free the numbers of all who have not been seen for `keep` seconds."""
        gone = [n for n, track in self._tracks.items() if now - track.seen_at > self.keep]
        for number in gone:
            del self._tracks[number]
            self._lost.discard(number)
        self._ids = {who: n for who, n in self._ids.items() if n in self._tracks}
        return tuple(Left(number) for number in sorted(gone))
