"""Which notes of a song are its drums, its bass and its one lead line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oscbridge.domain.music import Note, Part

DRUM_CHANNEL = 9
PART_TITLED = {part.title: part for part in Part}
BASS_PROGRAMS = range(32, 40)
FIRST_EFFECT = 112
"""Programs from here on are percussion and sound effects, never a lead."""
BLOCK = 8.0
"""Beats for which one lead line is chosen."""
LOYALTY = 1.25
"""How much better another line must be to take the lead over."""
LOW = 52
"""A line whose notes average below this is no likely lead."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Where in a file a note comes from; `channel` and `program` count from 0."""

    track: str
    number: int
    channel: int
    program: int


@dataclass(frozen=True, slots=True)
class Played:
    """A note of a file, in beats, with its voice."""

    start: float
    duration: float
    pitch: int
    velocity: int
    voice: Voice

    def as_part(self, part: Part) -> Note:
        """The note as one of a part."""
        return Note(self.start, part, self.pitch, self.duration, self.velocity)


def named_by_part(played: Iterable[Played]) -> bool:
    """Whether every note's track is named as a part, and drums alone are on channel 10."""
    return all(
        voice.track in PART_TITLED
        and (PART_TITLED[voice.track] is Part.DRUMS) == (voice.channel == DRUM_CHANNEL)
        for voice in {p.voice for p in played}
    )


def split(played: Sequence[Played]) -> tuple[Note, ...]:
    """The notes of the three parts, sorted.

    Tracks named as a clip's parts are taken for these. Otherwise drums are channel 10; bass is
    programs 33-40 (counted from 1), or the lowest line where there is none, lowest note where
    several start together; melody is the line that leads in each two bars, its top voice.
    """
    if named_by_part(played):
        return tuple(sorted(p.as_part(PART_TITLED[p.voice.track]) for p in played))
    drums = [p.as_part(Part.DRUMS) for p in played if p.voice.channel == DRUM_CHANNEL]
    pitched = [p for p in played if p.voice.channel != DRUM_CHANNEL]
    bass, rest = _bass(pitched)
    melody = _lead(rest)
    return tuple(
        sorted(
            drums
            + [p.as_part(Part.BASS) for p in _outer(bass, lowest=True)]
            + [p.as_part(Part.MELODY) for p in melody]
        )
    )


def _by_voice(played: Iterable[Played]) -> dict[Voice, list[Played]]:
    lines: dict[Voice, list[Played]] = defaultdict(list)
    for note in played:
        lines[note.voice].append(note)
    return lines


def _bass(pitched: list[Played]) -> tuple[list[Played], list[Played]]:
    named = [p for p in pitched if p.voice.program in BASS_PROGRAMS]
    if named:
        return named, [p for p in pitched if p.voice.program not in BASS_PROGRAMS]
    lines = _by_voice(p for p in pitched if p.voice.program < FIRST_EFFECT)
    if len(lines) < 2:
        return [], pitched
    lowest = min(lines, key=lambda v: _mean_pitch(lines[v]))
    if _mean_pitch(lines[lowest]) >= LOW:
        return [], pitched
    return lines[lowest], [p for p in pitched if p.voice != lowest]


def _mean_pitch(notes: Sequence[Played]) -> float:
    return sum(n.pitch for n in notes) / len(notes)


def _outer(notes: Iterable[Played], *, lowest: bool) -> list[Played]:
    """Of the notes that start together (within a 32nd), the lowest or the highest."""
    chosen: dict[int, Played] = {}
    for note in notes:
        at = round(note.start * 8)
        other = chosen.get(at)
        if other is None or (note.pitch < other.pitch) is lowest:
            chosen[at] = note
    return list(chosen.values())


def _lead(pitched: list[Played]) -> list[Played]:
    blocks: dict[int, list[Played]] = defaultdict(list)
    for note in pitched:
        if note.voice.program < FIRST_EFFECT:
            blocks[int(note.start // BLOCK)].append(note)
    melody: list[Played] = []
    leader: Voice | None = None
    for _, notes in sorted(blocks.items()):
        lines = _by_voice(notes)
        scores = {voice: _leads(line) for voice, line in lines.items()}
        if leader in scores:
            scores[leader] *= LOYALTY
        leader = max(scores, key=lambda v: (scores[v], -v.number))
        melody += _outer(lines[leader], lowest=False)
    return melody


def _leads(line: list[Played]) -> float:
    """How likely a line leads: its onsets, less when it plays chords or low."""
    top = _outer(line, lowest=False)
    chords = len(line) / len(top) >= 1.6
    low = _mean_pitch(top) < LOW
    return len(top) * (0.6 if chords else 1.0) * (0.6 if low else 1.0) + 0.02 * _mean_pitch(top)
