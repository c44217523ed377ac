"""Clip files that say how they were made, and are what a DAW wants whatever the clip."""

import io
from collections import defaultdict

import mido
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.domain.clip_facts import Facts, clip_name, safe
from oscbridge.domain.made import Made, Parent, digest
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.names import is_name
from oscbridge.domain.timeline import Timeline
from oscbridge.io import clip_file
from oscbridge.io.midi_file import clip_from_bytes

MADE = Made(
    "music/generate", 1.5, "studio", 1, "ab", 7, {"bars": 2, "tempo": 120.0}, (0.25, -1.0),
    (Parent("clip", "00ff", "mother.mid", 3, Made("clip/put", 1.0)),),
)  # fmt: skip
beats = st.floats(0, 20, allow_nan=False)
notes = st.builds(
    Note, beats, st.sampled_from(Part), st.integers(0, 127), st.floats(0.001, 9),
    st.integers(1, 127),
)  # fmt: skip
clips = st.builds(
    lambda notes, length, tempo, name: Clip(
        tuple(sorted(notes)), length, Timeline.steady(tempo), name
    ),
    st.lists(notes, max_size=30), st.floats(0.25, 16), st.floats(20, 300), st.text(max_size=20),
)  # fmt: skip
common = settings(max_examples=60, derandomize=True, deadline=None)


@common
@given(clips)
def test_a_file_tells_how_it_was_made_and_what_is_in_it(clip: Clip) -> None:
    content = clip_file.to_bytes(clip, MADE)
    told = clip_file.told(content, "clip.mid")
    assert told.made == MADE and told.digest == digest(clip) and not told.problem
    assert told.facts == Facts.of(clip)


@common
@given(clips)
def test_no_note_hangs_overlaps_or_leaves_the_loop(clip: Clip) -> None:
    song = mido.MidiFile(file=io.BytesIO(clip_file.to_bytes(clip, MADE)))
    end = max(1, round(clip.length * song.ticks_per_beat))
    for track in song.tracks:
        now, sounding = 0, defaultdict(int)
        for event in track:
            now += event.time
            if event.type not in ("note_on", "note_off"):
                continue
            key = event.channel, event.note
            sounding[key] += 1 if event.type == "note_on" and event.velocity else -1
            assert sounding[key] in (0, 1) and now <= end
        assert not any(sounding.values())
        assert now == end


@common
@given(clips, st.data())
def test_a_damaged_file_is_told_as_far_as_it_can_be_and_never_fails(clip: Clip, data) -> None:
    content = bytearray(clip_file.to_bytes(clip, MADE))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    told = clip_file.told(bytes(content), "clip.mid")
    assert told.facts is not None or told.problem


def test_an_edited_file_is_seen_as_it_is_now_though_made_as_before() -> None:
    content = clip_file.to_bytes(Clip((Note(0.0, Part.MELODY, 60, 1.0, 90),), 4.0), MADE)
    strike = b"\x90\x3c\x5a"
    assert content.count(strike) == 1
    lower, silent = (
        content.replace(strike, b"\x90\x3b\x5a"),
        content.replace(strike, b"\x90\x3c\x00"),
    )
    told = clip_file.told(lower, "clip.mid")
    assert told.made == MADE
    assert told.digest != digest(clip_from_bytes(lower, "clip.mid"))
    told = clip_file.told(silent, "clip.mid")
    assert told.made == MADE and told.facts is None and "without a note" in told.problem


def test_long_ancestry_is_cut_where_the_file_would_grow_beyond_bounds() -> None:
    made = MADE
    for _ in range(200):
        made = Made(
            "music/vary", 2.0, latent=(0.123,) * 128, parents=(Parent("clip", "a", made=made),)
        )
    content = clip_file.to_bytes(Clip((), 4.0), made)
    told = clip_file.told(content, "clip.mid").made
    assert len(content) < 60_000 and told is not None and told.parents[0].digest == "a"


@common
@given(st.text(max_size=300))
def test_any_name_can_be_that_of_a_file(name: str) -> None:
    assert not safe(name) or is_name(safe(name))
    assert is_name(clip_name(Clip((), 4.0, name=name), None))


def test_a_name_says_what_made_it_bars_tempo_and_seed() -> None:
    clip = Clip((), 16.0, Timeline.steady(97.5))
    assert clip_name(clip, MADE) == "generate 4 bars 97.5 bpm seed 7"
    assert (
        clip_name(clip, Made("dance/to_music", 0.0, seed=3)) == "from dance 4 bars 97.5 bpm seed 3"
    )
