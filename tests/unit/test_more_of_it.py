"""Varied, between two, and continued: what both presets answer, as a producer would notice it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from oscbridge.domain import key, score
from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import Timeline
from oscbridge.engine.bridge import Bridge, ending
from oscbridge.engine.loading import load
from oscbridge.io import model_files
from oscbridge.io.midi_file import read_clip
from oscbridge.shipped import EXAMPLE_SONG, MODELS

SEEDS = range(8)


@pytest.fixture(scope="module", params=["studio", "paper"])
def bridge(request) -> Bridge:
    return load(model_files.find([MODELS], request.param))


@pytest.fixture(scope="module")
def song() -> Clip:
    return read_clip(EXAMPLE_SONG)


def sampling(seed: int) -> Sampling:
    return Sampling(seed, 1.0)


def onsets(clip: Clip) -> set[tuple[int, int, float]]:
    return {(n.part, n.pitch, round(4 * n.start)) for n in clip.notes}


def f1(a: Clip, b: Clip) -> float:
    one, two = onsets(a), onsets(b)
    return 2 * len(one & two) / max(1, len(one) + len(two))


def far(a: Dance, b: Dance) -> float:
    return float(np.abs(a.landmarks - b.landmarks).mean())


def test_more_of_an_amount_is_farther(bridge: Bridge, song: Clip) -> None:
    plain = bridge.reconstruct_music(song)

    def near(amount: float) -> float:
        return float(
            np.mean([f1(bridge.vary_music(song, amount, sampling(s)), plain) for s in SEEDS])
        )

    assert onsets(bridge.vary_music(song, 0.0)) == onsets(plain)
    nearness = [near(amount) for amount in (0.1, 0.3, 0.6, 1.0)]
    assert nearness == sorted(nearness, reverse=True)
    assert nearness[0] > nearness[-1] + 0.1


def test_a_seed_varies_one_way_and_each_another(bridge: Bridge, song: Clip) -> None:
    made = [bridge.vary_music(song, 0.5, sampling(seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert made[0].length == song.length and made[0].timeline == song.timeline


def test_a_part_turned_down_stays_silent_in_a_variation(bridge: Bridge, song: Clip) -> None:
    made = bridge.vary_music(song, 0.5, replace(sampling(3), bass=0.0))
    assert made.counts()["bass"] == 0 < made.counts()["drums"]


def test_the_way_from_one_clip_to_another_leaves_here_and_arrives_there(bridge: Bridge) -> None:
    a, b = (
        bridge.generate(bars=2, tempo=t, sampling=sampling(s)) for s, t in ((1, 90.0), (2, 140.0))
    )
    ends = [bridge.reconstruct_music(clip) for clip in (a, b)]
    made = [bridge.music_between(a, b, at) for at in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert f1(made[0], ends[0]) > 0.95 and f1(made[-1], ends[1]) > 0.9
    assert f1(made[1], ends[0]) > f1(made[3], ends[0])
    assert f1(made[3], ends[1]) > f1(made[1], ends[1])
    assert {clip.timeline for clip in made} == {a.timeline}
    assert all(clip.notes for clip in made)


def test_the_shorter_of_two_is_repeated(bridge: Bridge) -> None:
    short = bridge.generate(bars=2, tempo=120.0, sampling=sampling(1))
    long = bridge.generate(bars=8, tempo=120.0, sampling=sampling(2))
    for a, b in ((short, long), (long, short)):
        made = bridge.music_between(a, b, 0.5)
        assert made.length == 32.0
        assert any(note.start >= 24 for note in made.notes)


@pytest.mark.parametrize(("top", "bottom"), [(4, 4), (3, 4), (7, 8), (5, 4)])
def test_new_bars_go_on_in_the_meter_and_tempo_of_the_end(
    bridge: Bridge, song: Clip, top: int, bottom: int
) -> None:
    odd = replace(song, timeline=Timeline.steady(93.0, top, bottom))
    made = bridge.continue_music(odd, 3, sampling(1))
    assert made.length == pytest.approx(3 * 4 * top / bottom)
    assert made.timeline == odd.timeline
    assert made.notes and max(note.start for note in made.notes) > made.length / 2


def test_new_bars_differ_from_those_before_and_from_one_another(bridge: Bridge, song: Clip) -> None:
    made = [bridge.continue_music(song, 2, sampling(seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert onsets(made[0]) != onsets(ending(song))


@pytest.mark.parametrize(
    "notes",
    [(), (Note(0.0, Part.DRUMS, 36, 0.25),), (Note(0.5, Part.MELODY, 60, 9.0),)],
    ids=["empty", "one drum", "one long note"],
)
@pytest.mark.parametrize("length", [0.25, 1.0, 8.0])
def test_little_clips_get_an_answer(bridge: Bridge, notes: tuple[Note, ...], length: float) -> None:
    clip = Clip(notes, length)
    assert bridge.vary_music(clip, 0.5, sampling(1)).length == length
    assert bridge.music_between(clip, clip, 0.5).length == length
    assert bridge.continue_music(clip, 1, sampling(1)).length == 4.0


def test_what_a_clip_ends_with() -> None:
    notes = tuple(Note(float(i), Part.BASS, 40 + i, 0.5) for i in range(24))
    last = ending(Clip(notes, 24.0))
    assert [n.pitch for n in last.notes] == list(range(56, 64)) and last.length == 8.0
    looped = ending(Clip(notes[:3], 3.0))
    assert [n.pitch for n in looped.notes] == [40, 41, 42] * 3 and looped.length == 9.0


def test_dances_vary_and_meet(bridge: Bridge) -> None:
    time = Timeline.steady(120.0)
    a, b = (bridge.new_dance(bars=4, tempo=120.0, sampling=sampling(s)) for s in (1, 2))
    plain = bridge.reconstruct_dance(a, time)
    assert far(bridge.vary_dance(a, time, 0.0, sampling(1)), plain) < 1e-4
    away = [
        np.mean([far(bridge.vary_dance(a, time, amount, sampling(s)), plain) for s in range(4)])
        for amount in (0.2, 0.5, 1.0)
    ]
    assert away == sorted(away) and away[0] > 0.001
    made = [bridge.dance_between(a, time, b, time, at) for at in (0.0, 0.5, 1.0)]
    assert far(made[0], plain) < 1e-3
    assert far(made[1], plain) < far(made[2], plain)


def test_a_varied_clip_keeps_its_key() -> None:
    bridge = load(model_files.find([MODELS], "studio"))
    clip = bridge.generate(bars=4, tempo=120.0, sampling=sampling(4))
    moved = replace(
        clip,
        notes=tuple(
            n if n.part is Part.DRUMS else replace(n, pitch=n.pitch + 4) for n in clip.notes
        ),
    )
    down = [
        replace(n, pitch=n.pitch - 4)
        for make in (
            bridge.vary_music(moved, 0.4, sampling(2)),
            bridge.continue_music(moved, 4, sampling(2)),
        )
        for n in make.notes
        if n.part is not Part.DRUMS
    ]
    assert key.in_scale(score.from_clip(Clip(tuple(sorted(down)), 16.0))) > 0.85
