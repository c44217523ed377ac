"""Standard MIDI files: any song in as a clip of three parts, clips out as a DAW wants them."""

from __future__ import annotations

import io
import math
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oscbridge.domain.music import Clip, Note, Part, without_overlaps
from oscbridge.domain.parts import DRUM_CHANNEL, Played, Voice, named_by_part, split
from oscbridge.domain.timeline import DEFAULT_TEMPO, FASTEST, SLOWEST, Meter, Tempo, Timeline
from oscbridge.errors import FileError
from oscbridge.io.files import read_limited, write_atomically
from oscbridge.io.midi_parse import parse

if TYPE_CHECKING:
    import mido

PPQ = 480
LARGEST = 8_000_000
"""Bytes of a MIDI file beyond which it is refused; songs are rarely over 1 MB."""
MOST_NOTES = 200_000
MOST_BARS = 4_000
SHORTEST_BEAT = 64
"""The largest denominator a meter may have."""
LONGEST_TAIL = 64
"""Beats of silence after the last note that are taken for part of a song."""
CHANNEL = {Part.DRUMS: DRUM_CHANNEL, Part.BASS: 1, Part.MELODY: 0}
PROGRAM = {Part.BASS: 33, Part.MELODY: 80}
"""General MIDI programs from 0: finger bass, square lead."""
Tempos = dict[float, float]
Meters = dict[float, tuple[int, int]]


def read_clip(path: str | Path) -> Clip:
    """The song in a MIDI file, split into drums, bass and one lead line. Raises FileError."""
    return clip_from_bytes(read_limited(path, LARGEST, "a MIDI file"), path)


def write_clip(clip: Clip, path: str | Path) -> None:
    """Write the clip as a MIDI file, whole or not at all. Raises FileError."""
    write_atomically(path, clip_to_bytes(clip))


def clip_from_bytes(content: bytes, path: str | Path) -> Clip:
    """The song in the bytes of a MIDI file; `path` names it in errors. Raises FileError.

    A clip written here keeps its length; any other song ends with the bar of its last note or of
    its end of track.
    """
    song = parse(content, path)
    played, tempos, meters, end = _walk(song, path)
    if not played:
        raise FileError(path, "a MIDI file without a note; nothing can be made of it")
    sounding = max(n.start + n.duration for n in played)
    ours = named_by_part(played)
    length = end if ours else max(sounding, min(end, sounding + LONGEST_TAIL))
    timeline = _timeline(tempos, meters, length)
    bars = _bars(length, timeline, path)
    length = length if ours else timeline.meters[-1].beat + bars * timeline.meters[-1].bar
    return Clip(without_overlaps(split(played)), length, timeline, Path(path).stem)


def read_played(path: str | Path) -> tuple[Played, ...]:
    """Every note of a MIDI file with its voice, not yet split into parts. Raises FileError."""
    return tuple(_walk(parse(read_limited(path, LARGEST, "a MIDI file"), path), path)[0])


def _walk(song: mido.MidiFile, path: str | Path) -> tuple[list[Played], Tempos, Meters, float]:
    """Notes, tempos and meters of all tracks, and the beat of the last event."""
    played: list[Played] = []
    tempos: Tempos = {}
    meters: Meters = {}
    programs = _first_programs(song)
    end = 0
    for number, track in enumerate(song.tracks):
        reader = _Reader(number, song.ticks_per_beat, tempos, meters, programs)
        reader.read(track)
        played += reader.notes
        end = max(end, reader.now)
        if len(played) > MOST_NOTES:
            raise FileError(path, f"more than {MOST_NOTES:,} notes; cut it into shorter songs")
    return played, tempos, meters, end / song.ticks_per_beat


def _first_programs(song: mido.MidiFile) -> dict[int, int]:
    """The first program of each channel: a song may set its sounds in a track without notes."""
    programs: dict[int, int] = {}
    for track in song.tracks:
        for event in track:
            if event.type == "program_change":
                programs.setdefault(event.channel, event.program)
    return programs


class _Reader:
    """Walks one track and gathers its notes and what it says of tempo and meter, in beats."""

    def __init__(
        self, number: int, beat: int, tempos: Tempos, meters: Meters, programs: dict[int, int]
    ) -> None:
        self.now = 0
        self.notes: list[Played] = []
        self._name = ""
        self._number = number
        self._beat = beat
        self._tempos = tempos
        self._meters = meters
        self._program = defaultdict(int, programs)
        self._sounding: dict[tuple[int, int], tuple[int, int, int]] = {}
        self._struck_again: dict[tuple[int, int], int] = {}

    def read(self, track: Any) -> None:
        """Take every event of the track; what still sounds at its end ends there."""
        for event in track:
            self.now += event.time
            if event.type in ("note_on", "note_off"):
                self._note(event)
            elif event.type == "program_change":
                self._program[event.channel] = event.program
            elif event.is_meta:
                self._meta(event)
        for channel, pitch in list(self._sounding):
            self._release(channel, pitch)

    def _note(self, event: Any) -> None:
        key = (event.channel, event.note)
        if event.type == "note_on" and event.velocity > 0:
            if key in self._sounding:
                self._struck_again[key] = self.now
            self._release(*key)
            self._sounding[key] = (self.now, event.velocity, self._program[event.channel])
        elif self._struck_again.pop(key, None) != self.now:
            self._release(*key)
        # else: the late release of the note that the new strike has ended already

    def _release(self, channel: int, pitch: int) -> None:
        begun = self._sounding.pop((channel, pitch), None)
        if begun is not None:
            start, velocity, sound = begun
            duration = max(self.now - start, 1) / self._beat
            voice = Voice(self._name, self._number, channel, sound)
            self.notes.append(Played(start / self._beat, duration, pitch, velocity, voice))

    def _meta(self, event: Any) -> None:
        at = self.now / self._beat
        if event.type == "set_tempo" and event.tempo > 0:
            self._tempos[at] = min(max(_bpm(event.tempo), SLOWEST), FASTEST)
        elif event.type == "time_signature" and _is_meter(event):
            self._meters[at] = (event.numerator, event.denominator)
        elif event.type == "track_name" and not self._name:
            self._name = event.name.strip()


def _bpm(tempo: int) -> float:
    """Beats a minute of `tempo` microseconds a beat: 116 where 116 is what was rounded to it."""
    plain = round(60e6 / tempo, 3)
    return plain if plain and round(60e6 / plain) == tempo else 60e6 / tempo


def _is_meter(event: Any) -> bool:
    """Whether a score could have it: damaged ones have no beats, or beats too short to count."""
    return bool(event.numerator > 0 and event.denominator <= SHORTEST_BEAT)


def _timeline(tempos: Tempos, meters: Meters, length: float) -> Timeline:
    """The maps with a first entry at beat 0 and none after the end.

    A meter that comes amid a bar cuts that bar short, as DAWs do: later bars stay in place.
    """
    pace = {0.0: DEFAULT_TEMPO} | {at: bpm for at, bpm in tempos.items() if at < length}
    meter = {0.0: (4, 4)} | {at: kind for at, kind in meters.items() if at < length}
    return Timeline(
        tuple(Tempo(at, bpm) for at, bpm in sorted(pace.items())),
        tuple(Meter(at, *kind) for at, kind in sorted(meter.items())),
    )


def _bars(length: float, timeline: Timeline, path: str | Path) -> int:
    """Bars from the last meter on. Raises FileError when the song has too many."""
    edges = [*timeline.meters, Meter(length, 4, 4)]
    bars = [math.ceil((b.beat - a.beat) / a.bar - 1e-6) for a, b in pairwise(edges)]
    if sum(bars) > MOST_BARS:
        raise FileError(path, f"longer than {MOST_BARS:,} bars; cut it into shorter songs")
    return max(1, bars[-1])


def clip_to_bytes(clip: Clip) -> bytes:
    """A type 1 MIDI file of PPQ 480: a conductor track with name, tempos and meters, then a named
    track for each part that has notes, all ending exactly at the clip's length.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=PPQ)
    end = max(1, round(clip.length * PPQ))
    file.tracks.append(_conductor(clip, end))
    notes = without_overlaps(_on_ticks(clip, end))
    for part in Part:
        mine = [n for n in notes if n.part is part]
        if mine:
            file.tracks.append(_part_track(part, mine, end))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _on_ticks(clip: Clip, end: int) -> list[Note]:
    """The notes that start within the clip, in whole ticks and cut at its end."""
    notes = []
    for note in clip.notes:
        start = min(round(note.start * PPQ), end - 1)
        stop = min(max(round((note.start + note.duration) * PPQ), start + 1), end)
        if 0 <= note.start < clip.length:
            notes.append(replace(note, start=start, duration=stop - start))
    return notes


def _conductor(clip: Clip, end: int) -> mido.MidiTrack:
    from mido import MetaMessage, bpm2tempo

    # mido's charset is one for the whole process: UTF-8 goes through its Latin-1 untouched.
    name = clip.name.encode("utf-8", "replace").decode("latin-1")
    timed: list[tuple[int, int, Any]] = [(0, 0, MetaMessage("track_name", name=name))]
    for tempo in clip.timeline.tempos:
        message = MetaMessage("set_tempo", tempo=min(bpm2tempo(tempo.bpm), 0xFFFFFF))
        timed.append((round(tempo.beat * PPQ), 2, message))
    for meter in clip.timeline.meters:
        message = MetaMessage(
            "time_signature", numerator=meter.numerator, denominator=meter.denominator
        )
        timed.append((round(meter.beat * PPQ), 1, message))
    return _sequenced([entry for entry in timed if entry[0] < end], end)


def _part_track(part: Part, notes: list[Note], end: int) -> mido.MidiTrack:
    from mido import Message, MetaMessage

    channel = CHANNEL[part]
    timed: list[tuple[int, int, Any]] = [(0, 0, MetaMessage("track_name", name=part.title))]
    if part in PROGRAM:
        timed.append((0, 1, Message("program_change", channel=channel, program=PROGRAM[part])))
    for note in notes:
        start, stop = int(note.start), int(note.start + note.duration)
        on = Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        timed.append((start, 3, on))
        timed.append((stop, 2, Message("note_off", channel=channel, note=note.pitch, velocity=64)))
    return _sequenced(timed, end)


def _sequenced(timed: list[tuple[int, int, Any]], end: int) -> mido.MidiTrack:
    """A track of messages given as (tick, rank among those of a tick, message)."""
    from mido import MetaMessage, MidiTrack

    track = MidiTrack()
    now = 0
    for tick, _, message in sorted(timed, key=lambda entry: entry[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(MetaMessage("end_of_track", time=end - now))
    return track
