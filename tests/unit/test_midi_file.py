"""Standard MIDI files in and out."""

from __future__ import annotations

import contextlib
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


def on(pitch: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", channel=channel, note=pitch, velocity=90, time=time)


def off(pitch: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", channel=channel, note=pitch, time=time)


def raw(body: bytes, division: bytes = b"\0\x60") -> bytes:
    return b"MThd\0\0\0\6\0\1\0\1" + division + b"MTrk" + len(body).to_bytes(4, "big") + body


NOTE_AT_ONCE = b"\0\x90\x3c\x40\x60\x80\x3c\x40"


@pytest.mark.parametrize(
    ("meta", "start"),
    [
        (b"\x60\xff\x59\2\x09\5", 1.0),  # a key of nine sharps
        (b"\x60\xff\x4b\1\0", 1.0),  # a meta that no one has defined
        (b"\x60\xff\x54\5\xff\0\0\0\0", 1.0),  # an SMPTE offset at no known frame rate
        (b"\0\xff\x58\4\0\2\x18\x08", 0.0),  # a meter of no beats
        (b"\0\xff\x58\4\4\xff\x18\x08", 0.0),  # a meter of beats too short to count
    ],
)
def test_odd_metas_neither_refuse_the_song_nor_shift_it(meta: bytes, start: float) -> None:
    clip = clip_from_bytes(raw(meta + NOTE_AT_ONCE), "x.mid")
    assert [n.start for n in clip.notes] == [start]
    assert clip.length == 4.0


def test_running_status_is_read() -> None:
    clip = clip_from_bytes(raw(b"\0\x90\x3c\x40\x60\x3c\0\0\x3e\x40\x60\x3e\0"), "x.mid")
    assert [(n.pitch, n.start, n.duration) for n in clip.notes] == [(60, 0.0, 1.0), (62, 1.0, 1.0)]


def test_a_note_struck_again_ends_the_one_before_and_takes_no_harm_from_its_late_release() -> None:
    track = [on(60), on(60, 96), off(60), off(60, 96)]
    notes = clip_from_bytes(midi(track), "x.mid").notes
    assert [(n.start, n.duration) for n in notes] == [(0.0, 1.0), (1.0, 1.0)]


def test_programs_set_in_a_track_of_their_own_and_changed_amid_a_song_count() -> None:
    setup = [mido.Message("program_change", channel=3, program=33)]
    switch = mido.Message("program_change", channel=3, program=0)
    played = [on(40, 0, 3), off(40, 96, 3), switch, on(72, 0, 3), off(72, 96, 3)]
    notes = clip_from_bytes(midi(setup, played), "x.mid").notes
    assert [(n.part, n.pitch) for n in notes] == [(Part.BASS, 40), (Part.MELODY, 72)]


def meter(numerator: int, denominator: int, time: int) -> mido.MetaMessage:
    return mido.MetaMessage(
        "time_signature", numerator=numerator, denominator=denominator, time=time
    )


def test_a_meter_amid_a_bar_cuts_that_bar_short_and_one_at_the_end_adds_none() -> None:
    track = [meter(4, 4, 0), on(60), meter(3, 4, 96 * 5), off(60, 96 * 6), meter(7, 8, 0)]
    clip = clip_from_bytes(midi(track), "x.mid")
    assert clip.length == 11.0
    assert clip.timeline.bar_starts(clip.length).tolist() == [0.0, 4.0, 5.0, 8.0]


def test_a_tempo_of_116_reads_as_116() -> None:
    clip = Clip((Note(0.0, Part.MELODY, 60, 1.0),), 4.0, Timeline.steady(116.0))
    assert clip_from_bytes(clip_to_bytes(clip), "x.mid").timeline == clip.timeline


def test_a_clip_keeps_its_name_chords_length_and_the_silence_after_its_last_note() -> None:
    chord = tuple(Note(0.0, Part.MELODY, pitch, 1.0) for pitch in (60, 64, 67))
    content = clip_to_bytes(Clip(chord, 301.5, name="tańce 踊り \udcff"))
    assert "tańce 踊り ?".encode() in content
    again = clip_from_bytes(content, "x.mid")
    assert again.notes == chord
    assert again.length == 301.5


loose = st.floats(0, 16, exclude_max=True)
loose_notes = st.builds(
    Note, loose, st.sampled_from(Part), st.integers(60, 62), st.floats(1e-4, 20)
)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(loose_notes, min_size=1, max_size=30))
def test_notes_off_the_grid_never_hang_overlap_or_outlast_the_clip(notes: list[Note]) -> None:
    file = mido.MidiFile(file=io.BytesIO(clip_to_bytes(Clip(tuple(notes), 16.0))))
    for track in file.tracks:
        now, sounding = 0, set[int]()
        for event in track:
            now += event.time
            if event.type == "note_on":
                assert event.note not in sounding
                sounding.add(event.note)
            elif event.type == "note_off":
                sounding.remove(event.note)
        assert (now, sounding) == (16 * 480, set())


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


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\0\x90" + b"\x3c\x40\1\x3c\0\1" * 300_000, "500,000 events"),
        (b"\xff" * 7_000_000 + NOTE_AT_ONCE, "number without end"),
        (b"\xff" * 2_000 + b"\1" + NOTE_AT_ONCE[1:], "wait without end"),
        (b"\0\xff\1\xff\xff\xff\x7f", "damaged"),
        (b"\0\x3c\x40", "running status"),
    ],
)
def test_hostile_tracks_are_refused_soon(body: bytes, said: str) -> None:
    with pytest.raises(FileError, match=said):
        clip_from_bytes(raw(body), "x.mid")


def test_a_hundred_thousand_empty_tracks_are_refused() -> None:
    with pytest.raises(FileError, match="1,000 tracks"):
        clip_from_bytes(raw(NOTE_AT_ONCE) + b"MTrk\0\0\0\0" * 100_000, "x.mid")


ODD_SONG = midi(
    [meter(7, 8, 0), mido.MetaMessage("set_tempo", time=96), mido.MetaMessage("key_signature")],
    [mido.Message("sysex", data=[1, 2]), *line(9, [36, 38, 42]), *line(2, [40, 43], 33)],
    [mido.Message("pitchwheel", pitch=99), *line(0, [60, 64, 67, 72], 81)],
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.data())
def test_no_bytes_bring_anything_but_a_clear_error(data: st.DataObject) -> None:
    content = bytearray(ODD_SONG)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.sampled_from([0, 1, 1, 1, 4]))
        content[at : at + cut] = data.draw(st.binary(min_size=cut, max_size=cut + 2))
    try:
        clip = clip_from_bytes(bytes(content), "x.mid")
    except FileError:
        return
    assert clip.length > 0
    assert 1 <= len(clip.timeline.bar_starts(clip.length)) <= 4_000
    assert clip_from_bytes(clip_to_bytes(clip), "x.mid").counts() == clip.counts()


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_after_a_header_bring_nothing_but_a_clear_error(body: bytes) -> None:
    with contextlib.suppress(FileError):
        clip_from_bytes(raw(body), "x.mid")


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        write_clip(Clip((), 4.0), tmp_path / "nowhere" / "clip.mid")
