"""Standard MIDI files in and out."""

from __future__ import annotations

import io
import runpy
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import Meter, Tempo, Timeline
from oscbridge.errors import FileError
from oscbridge.io.midi_file import clip_from_bytes, clip_to_bytes, read_clip, write_clip
from oscbridge.shipped import EXAMPLE_SONG

STEP = 0.25
PITCHES = {Part.DRUMS: st.sampled_from([36, 38, 42]), Part.BASS: st.integers(24, 47)}


def note_of(part: Part) -> st.SearchStrategy[Note]:
    return st.builds(
        Note,
        start=st.integers(0, 60).map(lambda s: s * STEP),
        part=st.just(part),
        pitch=PITCHES.get(part, st.integers(36, 127)),
        duration=st.just(STEP),
        velocity=st.integers(1, 127),
    )


clips = st.lists(
    st.sampled_from(Part).flatmap(note_of),
    min_size=1,
    max_size=40,
    unique_by=lambda n: (n.start, n.part, n.pitch),
).map(lambda notes: Clip(tuple(sorted(notes)), 16.0))


def midi(*tracks: list[object], kind: int = 1, ppq: int = 96) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=ppq)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def line(channel: int, pitches: list[int], program: int = 0) -> list[object]:
    events: list[object] = [mido.Message("program_change", channel=channel, program=program)]
    for pitch in pitches:
        events.append(mido.Message("note_on", channel=channel, note=pitch, velocity=90))
        events.append(mido.Message("note_on", channel=channel, note=pitch, velocity=0, time=96))
    return events


@settings(max_examples=50, derandomize=True, deadline=None)
@given(clips)
def test_what_is_written_reads_back_note_for_note(clip: Clip) -> None:
    again = clip_from_bytes(clip_to_bytes(clip), "clip.mid")
    assert again.notes == clip.notes
    assert again.length == clip.length


def test_tempo_map_meters_and_length_come_back() -> None:
    timeline = Timeline(
        (Tempo(0.0, 100.0), Tempo(6.0, 150.0)), (Meter(0.0, 3, 4), Meter(6.0, 7, 8))
    )
    clip = Clip((Note(0.0, Part.MELODY, 60, 1.0),), 13.0, timeline)
    again = clip_from_bytes(clip_to_bytes(clip), "clip.mid")
    assert again.timeline == timeline
    assert again.length == 13.0


def test_a_daw_sees_one_named_track_a_part_and_the_exact_length() -> None:
    file = mido.MidiFile(EXAMPLE_SONG)
    assert [track.name for track in file.tracks[1:]] == ["Drums", "Bass", "Melody"]
    assert {sum(event.time for event in track) for track in file.tracks} == {28 * 4 * 480}


def test_the_example_song_is_what_its_script_composes() -> None:
    script = runpy.run_path(str(EXAMPLE_SONG.with_name("two_step.py")))
    assert clip_to_bytes(script["song"]()) == EXAMPLE_SONG.read_bytes()


def test_parts_of_a_foreign_song() -> None:
    song = midi(line(9, [36, 38]), line(3, [40, 41], 34), line(0, [72, 74, 76]))
    assert clip_from_bytes(song, "x.mid").counts() == {"drums": 2, "bass": 2, "melody": 3}


def test_type_0_with_riff_wrapping_alien_chunk_and_garbage() -> None:
    plain = midi(line(0, [60, 62]), kind=0)
    odd = plain[:14] + b"XFIH\0\0\0\2ab" + plain[14:] + b"\0\0garbage"
    riff = b"RIFF" + len(odd).to_bytes(4, "little") + b"RMIDdata\0\0\0\0" + odd
    assert clip_from_bytes(riff, "x.rmi").notes == clip_from_bytes(plain, "x.mid").notes


def test_a_note_never_released_ends_with_its_track() -> None:
    track = [mido.Message("note_on", note=60), mido.MetaMessage("end_of_track", time=192)]
    (note,) = clip_from_bytes(midi(track), "x.mid").notes
    assert note.duration == 2.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"dear diary, today", "not a MIDI file"),
        (midi(line(0, [60, 62, 64]))[:-8], "truncated"),
        (midi([]), "without a note"),
        (midi(line(0, [60]), kind=2), "type 2"),
        (midi(line(0, [60]))[:12] + b"\xe8\x28" + midi(line(0, [60]))[14:], "SMPTE"),
        (b"x" * 8_000_001, "up to 8 MB"),
    ],
)
def test_what_is_wrong_is_said_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(content)
    with pytest.raises(FileError, match=said) as error:
        read_clip(path)
    assert "song.mid" in str(error.value)


def test_a_song_of_years_is_refused_at_once() -> None:
    track = [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=0x0FFFFFFF)]
    with pytest.raises(FileError, match="4,000 bars"):
        clip_from_bytes(midi(track, ppq=1), "x.mid")


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.data())
def test_no_bytes_bring_anything_but_a_clear_error(data: st.DataObject) -> None:
    content = bytearray(EXAMPLE_SONG.read_bytes()[:1500])
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    try:
        clip = clip_from_bytes(bytes(content), "x.mid")
    except FileError:
        return
    assert clip.length > 0


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        write_clip(Clip((), 4.0), tmp_path / "nowhere" / "clip.mid")
