"""What the shipped `studio` answers, as a musician, a dancer and an animator would notice it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from oscbridge.cli.convert import generate
from oscbridge.domain import key, score
from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import footing
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.pose import INDEX
from oscbridge.domain.rhythm import motion_speed
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import Timeline
from oscbridge.engine.bridge import Bridge
from oscbridge.engine.loading import load
from oscbridge.io import model_files
from oscbridge.io.midi_file import read_clip
from oscbridge.shipped import EXAMPLE_SONG, MODELS

SEEDS = range(12)
AS_MODEL = 1.0


@pytest.fixture(scope="module")
def bridge() -> Bridge:
    return load(model_files.find([MODELS], "studio"))


@pytest.fixture(scope="module")
def song() -> Clip:
    return read_clip(EXAMPLE_SONG)


@pytest.fixture(scope="module")
def danced(bridge: Bridge, song: Clip) -> Dance:
    return bridge.dance_of(song)


def onsets(clip: Clip) -> set[tuple[int, int, float]]:
    return {(n.part, n.pitch, round(4 * n.start)) for n in clip.notes}


def f1(a: set[tuple[int, int, float]], b: set[tuple[int, int, float]]) -> float:
    return 2 * len(a & b) / (len(a) + len(b))


def test_new_clips_are_full_varied_and_in_key(bridge: Bridge) -> None:
    clips = [
        bridge.generate(bars=2, tempo=120.0, sampling=Sampling(seed, AS_MODEL)) for seed in SEEDS
    ]
    for clip in clips:
        counts = clip.counts()
        assert 6 <= counts["drums"] <= 120 and 2 <= counts["bass"] <= 32
        assert 2 <= counts["melody"] <= 32
        assert clip.length == 8.0
    assert len({frozenset(onsets(clip)) for clip in clips}) == len(clips), "no two alike"
    in_scale = [key.in_scale(score.from_clip(clip)) for clip in clips]
    assert np.mean(in_scale) > 0.9


def test_a_seed_gives_the_same_clip_again_and_a_longer_one_begins_alike(bridge: Bridge) -> None:
    one, again = (
        bridge.generate(bars=8, tempo=97.0, sampling=Sampling(5, AS_MODEL)) for _ in range(2)
    )
    assert one == again
    assert one.length == 32.0 and one.timeline == Timeline.steady(97.0)
    last = [n for n in one.notes if n.start >= 24]
    assert {n.part for n in last} == set(Part), "all parts play to the end"


@pytest.mark.parametrize("part", Part)
def test_the_density_of_a_part_is_the_persons(bridge: Bridge, part: Part) -> None:
    name = part.name.lower()

    def count(seed: int, density: float) -> int:
        asked = replace(Sampling(seed, AS_MODEL), **{name: density})
        return bridge.generate(bars=4, tempo=120.0, sampling=asked).counts()[name]

    seed = next(s for s in range(40) if 8 <= count(s, 1.0) <= 48)  # there is room for more
    plain = count(seed, 1.0)
    assert count(seed, 0.0) == 0
    assert count(seed, 0.5) == pytest.approx(plain / 2, rel=0.35, abs=2)
    assert count(seed, 1.5) > plain


def test_a_song_comes_back(bridge: Bridge, song: Clip) -> None:
    made = bridge.reconstruct_music(song)
    for part, least in ((Part.DRUMS, 0.8), (Part.BASS, 0.95), (Part.MELODY, 0.95)):
        ours, theirs = ({o for o in onsets(c) if o[0] == part} for c in (made, song))
        assert f1(ours, theirs) > least
    assert made.length == song.length and made.timeline == song.timeline


def test_a_song_in_another_key_comes_back_in_that_key(bridge: Bridge, song: Clip) -> None:
    def up(clip: Clip, semitones: int) -> Clip:
        notes = (
            n if n.part is Part.DRUMS else replace(n, pitch=n.pitch + semitones) for n in clip.notes
        )
        return replace(clip, notes=tuple(sorted(notes)))

    plain = bridge.reconstruct_music(song)
    moved = bridge.reconstruct_music(up(song, 3))
    assert f1(onsets(moved), onsets(up(plain, 3))) > 0.99


def test_a_song_is_danced_on_constant_bones_with_feet_that_hold_the_floor(
    danced: Dance, song: Clip
) -> None:
    assert danced.frames == 16 * song.length, "four poses a step"
    assert np.isfinite(danced.world).all()
    for side in ("left", "right"):
        for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")):
            ends = danced.landmarks[:, [INDEX[f"{side}_{a}"], INDEX[f"{side}_{b}"]]]
            assert np.ptp(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)) < 2e-3
    assert danced.time[-1] == pytest.approx(float(song.timeline.seconds(song.length - 1 / 16)))
    feet = footing(danced.world, danced.time)
    assert feet.penetration < 0.005
    assert feet.skating < 0.2
    assert danced.landmarks.std(axis=0).mean() > 0.05, "it moves"


def test_a_dance_slows_down_on_the_accents_of_its_music(
    bridge: Bridge, song: Clip, danced: Dance
) -> None:
    from oscbridge.domain.rhythm import accent_steps, accents, motion_beats, onsets_of

    beats = motion_beats(motion_speed(danced.landmarks, 4)) / 4
    steps = accent_steps(accents(*onsets_of(song)))

    def met(shift: float) -> float:
        near = np.abs((beats + shift) % (4 * song.length) - steps[:, None]).min(axis=0)
        return float((near < 0.6).mean())

    assert met(0.0) > 1.3 * np.mean([met(shift) for shift in np.arange(1.5, 12, 0.7)])


def test_energy_is_the_persons(bridge: Bridge, song: Clip, danced: Dance) -> None:
    calm = bridge.dance_of(song, Sampling(energy=0.6))
    pace = [motion_speed(d.landmarks, 4).mean() for d in (calm, danced)]
    assert pace[0] < 0.8 * pace[1]


def test_a_dance_is_played_by_all_parts_to_a_whole_bar(
    bridge: Bridge, song: Clip, danced: Dance
) -> None:
    clip = bridge.music_of(danced, song.timeline)
    assert all(clip.counts().values())
    assert clip.length == song.length
    none = bridge.music_of(danced, song.timeline, Sampling(melody=0.0))
    assert none.counts()["melody"] == 0


def test_a_still_figure_gets_less_music_than_a_dancing_one(
    bridge: Bridge, song: Clip, danced: Dance
) -> None:
    still = replace(
        danced,
        landmarks=np.repeat(danced.landmarks[:1], danced.frames, axis=0),
        root=np.repeat(danced.root[:1], danced.frames, axis=0),
    )
    quiet, loud = (len(bridge.music_of(d, song.timeline).notes) for d in (still, danced))
    assert quiet < 0.7 * loud


def test_what_several_dance_now_is_answered_as_each_alone(bridge: Bridge, danced: Dance) -> None:
    windows = np.stack([danced.landmarks[at : at + 128] for at in (0, 128, 400)])
    asked = [Sampling(1), Sampling(2, 0.5, bass=0.0), Sampling(3, offset=(1.0, -1.0))]
    together = bridge.music_now(windows, 120.0, asked)
    for window, sampling, clip in zip(windows, asked, together, strict=True):
        (alone,) = bridge.music_now(window[None], 120.0, [sampling])
        assert f1(onsets(alone), onsets(clip)) > 0.95
        beat = np.arange(128) / 16
        as_dance = Dance(window, np.zeros((128, 3), np.float32), beat / 2, beat)
        same = bridge.music_of(as_dance, Timeline.steady(120.0), sampling)
        assert f1(onsets(same), onsets(clip)) > 0.95
    assert together[1].counts()["bass"] == 0


def test_a_pair_is_music_and_a_dance_to_it_and_varies(bridge: Bridge) -> None:
    pairs = [
        bridge.pair(bars=4, tempo=120.0, sampling=Sampling(seed, AS_MODEL)) for seed in range(4)
    ]
    for clip, dance in pairs:
        assert clip.length == 16.0 and dance.frames == 256
        assert len(clip.notes) >= 10
        assert dance.landmarks.std(axis=0).mean() > 0.02
    assert len({clip.notes for clip, _ in pairs}) == len(pairs)


def test_new_dances_differ_and_a_seed_gives_the_same(bridge: Bridge) -> None:
    def new(seed: int) -> Dance:
        return bridge.new_dance(bars=2, tempo=120.0, sampling=Sampling(seed, AS_MODEL))

    assert np.array_equal(new(1).world, new(1).world)
    assert np.abs(new(1).landmarks - new(2).landmarks).mean() > 0.02


def test_temperature_varies_an_answer_and_none_is_the_best_one(bridge: Bridge, song: Clip) -> None:
    def answer(seed: int, temperature: float) -> np.ndarray:
        return bridge.dance_of(song, Sampling(seed, temperature)).landmarks

    assert np.array_equal(answer(1, 0.0), answer(2, 0.0))
    assert np.abs(answer(1, 1.0) - answer(2, 1.0)).mean() > 0.01


def test_an_offset_leads_elsewhere_and_as_far_as_asked(bridge: Bridge, song: Clip) -> None:
    plain = bridge.dance_of(song).landmarks
    apart = []
    for offset in ((0.0, 0.0), (0.5,), (2.0,), (0.0, 2.0)):
        moved = bridge.dance_of(song, Sampling(offset=offset)).landmarks
        apart.append(float(np.abs(moved - plain).mean()))
    assert apart[0] == 0.0
    assert 0.005 < apart[1] < apart[2] and apart[3] > 0.005
    along, other = (
        bridge.dance_of(song, Sampling(offset=offset)).landmarks for offset in ((2.0,), (0.0, 2.0))
    )
    assert np.abs(along - other).mean() > 0.005, "each direction is another"


def test_latents_go_out_and_come_back(bridge: Bridge, song: Clip, danced: Dance) -> None:
    for source, own in ((song, "music"), (danced, "dance")):
        z = bridge.encode(own, source, 16, song.timeline)
        shared = bridge.encode("bridge", source, 16, song.timeline)
        assert z.shape == (128,) and shared.shape == (64,)
        for space, latent in ((own, z), ("bridge", shared)):
            clip = bridge.decode(space, "clip", latent, 100.0)
            dance = bridge.decode(space, "dance", latent, 100.0)
            assert isinstance(clip, Clip) and clip.length == 8.0
            assert isinstance(dance, Dance) and dance.frames == 128
    with pytest.raises(ValueError, match="a latent of bridge has 64"):
        bridge.decode("bridge", "clip", z, 100.0)
    with pytest.raises(ValueError, match="no latent in the dance space"):
        bridge.encode("dance", song)
    with pytest.raises(ValueError, match="steps 0 to"):
        bridge.encode("music", song, 10_000)


def test_odd_sources_get_an_answer(bridge: Bridge, danced: Dance) -> None:
    empty = Clip((), 1.0, Timeline.steady(120.0, 3, 4))
    assert bridge.reconstruct_music(empty).notes == ()
    assert bridge.dance_of(empty).frames >= 8
    short = Dance(danced.landmarks[:3], danced.root[:3], danced.time[:3], danced.beat[:3])
    assert bridge.music_of(short, Timeline.steady(120.0, 7, 8)).length == 3.5


def test_clips_of_a_models_folder_land_in_the_folder_asked_for(tmp_path: Path) -> None:
    folder = str(model_files.find([MODELS], "studio"))
    asked = ["--model", folder, "-n", "2", "--drums", "0", "-o", str(tmp_path / "clips")]
    done = CliRunner().invoke(generate, asked)
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (tmp_path / "clips").iterdir())
    assert names == [f"studio-2bars-120bpm-seed{seed}.mid" for seed in (0, 1)]
    assert read_clip(tmp_path / "clips" / names[0]).counts()["drums"] == 0
