"""Music as notes: parts, notes and clips, on the parts a bridge knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum

from oscbridge.domain.timeline import Timeline


class Part(IntEnum):
    """The three parts of a clip; the number is the one the wire carries."""

    DRUMS = 0
    BASS = 1
    MELODY = 2

    @property
    def title(self) -> str:
        """The name a track of this part bears."""
        return self.name.capitalize()


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note: `start` and `duration` in beats, `pitch` a MIDI note number, `velocity` 1-127."""

    start: float
    part: Part
    pitch: int
    duration: float
    velocity: int = 96


@dataclass(frozen=True)
class Clip:
    """Notes with a length in beats, on a timeline. A whole song is a long clip."""

    notes: tuple[Note, ...]
    length: float
    timeline: Timeline = field(default_factory=Timeline)
    name: str = ""

    def part(self, part: Part) -> tuple[Note, ...]:
        """The notes of one part, in order of start."""
        return tuple(n for n in self.notes if n.part is part)

    def counts(self) -> dict[str, int]:
        """Notes in each part, by the part's name in lower case."""
        return {p.name.lower(): sum(n.part is p for n in self.notes) for p in Part}

    def named(self, name: str) -> Clip:
        """The same clip under another name."""
        return replace(self, name=name)


def without_overlaps(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Sorted notes of which no two of one part and pitch sound at once: the earlier is cut short.

    Of notes that start together on one pitch the loudest stays. DAWs shorten or drop such
    overlaps each in its own way, so they are settled here.
    """
    kept: dict[tuple[Part, int, float], Note] = {}
    for note in notes:
        key = (note.part, note.pitch, note.start)
        other = kept.get(key)
        if other is None or (note.velocity, note.duration) > (other.velocity, other.duration):
            kept[key] = note
    result: list[Note] = []
    next_start: dict[tuple[Part, int], float] = {}
    for note in sorted(kept.values(), reverse=True):
        limit = next_start.get((note.part, note.pitch), float("inf")) - note.start
        result.append(note if note.duration <= limit else replace(note, duration=limit))
        next_start[note.part, note.pitch] = note.start
    return tuple(reversed(result))
