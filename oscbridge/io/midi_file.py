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
from oscbridge.domain.parts import DRUM_CHANNEL, Played, Voice, split
from oscbridge.domain.timeline import DEFAULT_TEMPO, FASTEST, SLOWEST, Meter, Tempo, Timeline
from oscbridge.errors import FileError
from oscbridge.io.files import read_limited, write_atomically
from oscbridge.io.midi_chunks import tidy

if TYPE_CHECKING:
    import mido

PPQ = 480
LARGEST = 8_000_000
"""Bytes of a MIDI file beyond which it is refused; songs are rarely over 1 MB."""
MOST_NOTES = 200_000
MOST_BARS = 4_000
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
    """The song in the bytes of a MIDI file; `path` names it in errors. Raises FileError."""
    song = _parse(tidy(content, path), path)
    beat = song.ticks_per_beat
    played: list[Played] = []
    tempos: Tempos = {}
    meters: Meters = {}
    end = 0
    for number, track in enumerate(song.tracks):
        reader = _Reader(number, beat, tempos, meters)
        reader.read(track)
        played += reader.notes
        end = max(end, reader.now)
        if len(played) > MOST_NOTES:
            raise FileError(path, f"more than {MOST_NOTES:,} notes; cut it into shorter songs")
    if not played:
        raise FileError(path, "a MIDI file without a note; nothing can be made of it")
    timeline = _timeline(tempos, meters)
    sounding = max(n.start + n.duration for n in played)
    length = _whole_bars(max(sounding, min(end / beat, sounding + 64)), timeline, path)
    return Clip(split(played), length, timeline, Path(path).stem)


def _parse(content: bytes, path: str | Path) -> mido.MidiFile:
    import mido

    try:
        song = mido.MidiFile(file=io.BytesIO(content), clip=True)
    except EOFError:
        raise FileError(path, "truncated: the file ends inside a track") from None
    # What mido raises for damaged bytes is not declared; these are all its parsers can raise.
    except (OSError, ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise FileError(path, f"damaged MIDI data: {error}") from error
    if song.type == 2:
        raise FileError(path, "a type 2 MIDI file (loose patterns); save it as type 0 or 1")
    if not 0 < song.ticks_per_beat < 0x8000:
        raise FileError(path, "timed in SMPTE frames, which have no beats; save it with a PPQ")
    return song


class _Reader:
    """Walks one track and gathers its notes and what it says of tempo and meter, in beats."""

    def __init__(self, number: int, beat: int, tempos: Tempos, meters: Meters) -> None:
        self.now = 0
        self.notes: list[Played] = []
        self._name = ""
        self._number = number
        self._beat = beat
        self._tempos = tempos
        self._meters = meters
        self._program: dict[int, int] = defaultdict(int)
        self._sounding: dict[tuple[int, int], tuple[int, int, int]] = {}

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
        self._release(event.channel, event.note)
        if event.type == "note_on" and event.velocity > 0:
            sound = self._program[event.channel]
            self._sounding[event.channel, event.note] = (self.now, event.velocity, sound)

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
            self._tempos[at] = min(max(60e6 / event.tempo, SLOWEST), FASTEST)
        elif event.type == "time_signature" and event.numerator > 0:
            self._meters[at] = (event.numerator, event.denominator)
        elif event.type == "track_name" and not self._name:
            self._name = event.name.strip()


def _timeline(tempos: Tempos, meters: Meters) -> Timeline:
    """The maps with a first entry at beat 0; a meter that comes amid a bar waits for its end."""
    pace = {0.0: DEFAULT_TEMPO} | dict(sorted(tempos.items()))
    kept = [Meter(0.0, *meters.get(0.0, (4, 4)))]
    for at, (numerator, denominator) in sorted(meters.items()):
        last = kept[-1]
        bars = math.ceil((at - last.beat) / last.bar - 1e-6)
        start = last.beat + bars * last.bar
        if bars == 0:
            kept[-1] = Meter(last.beat, numerator, denominator)
        elif (numerator, denominator) != (last.numerator, last.denominator):
            kept.append(Meter(start, numerator, denominator))
    return Timeline(tuple(Tempo(b, t) for b, t in pace.items()), tuple(kept))


def _whole_bars(beats: float, timeline: Timeline, path: str | Path) -> float:
    last = timeline.meters[-1]
    bars = sum((b.beat - a.beat) / a.bar for a, b in pairwise(timeline.meters))
    final = max(1, math.ceil((beats - last.beat) / last.bar - 1e-6))
    if bars + final > MOST_BARS:
        raise FileError(path, f"longer than {MOST_BARS:,} bars; cut it into shorter songs")
    return last.beat + final * last.bar


def clip_to_bytes(clip: Clip) -> bytes:
    """A type 1 MIDI file of PPQ 480: a conductor track with name, tempos and meters, then a named
    track for each part that has notes, all ending exactly at the clip's length.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=PPQ, charset="utf-8")
    end = round(clip.length * PPQ)
    file.tracks.append(_conductor(clip, end))
    notes = without_overlaps(_within(clip))
    for part in Part:
        mine = [n for n in notes if n.part is part]
        if mine:
            file.tracks.append(_part_track(part, mine, end))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _within(clip: Clip) -> list[Note]:
    return [
        replace(n, duration=min(n.duration, clip.length - n.start))
        for n in clip.notes
        if 0 <= n.start < clip.length
    ]


def _conductor(clip: Clip, end: int) -> mido.MidiTrack:
    from mido import MetaMessage, bpm2tempo

    timed: list[tuple[int, int, Any]] = [(0, 0, MetaMessage("track_name", name=clip.name))]
    for tempo in clip.timeline.tempos:
        message = MetaMessage("set_tempo", tempo=min(bpm2tempo(tempo.bpm), 0xFFFFFF))
        timed.append((round(tempo.beat * PPQ), 2, message))
    for meter in clip.timeline.meters:
        message = MetaMessage(
            "time_signature", numerator=meter.numerator, denominator=meter.denominator
        )
        timed.append((round(meter.beat * PPQ), 1, message))
    return _sequenced([entry for entry in timed if entry[0] < max(end, 1)], end)


def _part_track(part: Part, notes: list[Note], end: int) -> mido.MidiTrack:
    from mido import Message, MetaMessage

    channel = CHANNEL[part]
    timed: list[tuple[int, int, Any]] = [(0, 0, MetaMessage("track_name", name=part.title))]
    if part in PROGRAM:
        timed.append((0, 1, Message("program_change", channel=channel, program=PROGRAM[part])))
    for note in notes:
        start = min(round(note.start * PPQ), end - 1)
        stop = min(max(round((note.start + note.duration) * PPQ), start + 1), end)
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
