"""Windows, pools and training of the studio music VAE, on a made-up song or two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scores import same, song_score

from oscbridge.domain import key
from oscbridge.domain import score_channels as channels
from oscbridge.domain.music import Clip
from oscbridge.domain.score import Score, joined, to_clip
from oscbridge.domain.timeline import Timeline
from oscbridge.io.midi_file import write_clip
from oscbridge.training import studio_music
from oscbridge.training.score_pools import Chances, Pools, gather, read_groove
from oscbridge.training.score_windows import Song, cut, picked, read_song, unlike
from oscbridge.vae.studio import midi_vae

torch.set_num_threads(1)
SMALL = midi_vae.Config(widths=(16, 16, 16), blocks=1)
NOWHERE_ELSE = Chances(
    groove=0, drums=0, bass=0, melody=0, key=0, octave=0, turn=0, repitched=0, degrees=0, lanes=0
)


def song(*seeds: int, transposed: int = 0, name: str = "song") -> Song:
    score = joined([song_score(seed) for seed in seeds]).shifted(transposed)
    return Song(name, to_clip(score, Timeline.steady(100.0)))


def pools(*seeds: int) -> Pools:
    songs = [song(*seeds)]
    drummed = [song_score(50), song_score(51)]
    return gather(cut(songs), songs, drummed, [])


def test_a_song_gives_a_window_a_beat_with_its_place_tempo_and_key() -> None:
    windows = cut([song(0, 1, 2, transposed=3)])
    assert windows.beat.tolist() == list(range(17))
    assert set(windows.song) == {"song"} and set(windows.tempo) == {100.0}
    roots = [key.root(picked(windows.in_c(), np.array([i]))) for i in range(17)]
    assert roots == [0] * 17
    assert same(windows.take(windows.beat == 8).score, song_score(1).shifted(3))


def test_windows_without_all_parts_and_repeats_in_any_key_are_left_out() -> None:
    silent = Clip((), 32.0)
    assert len(cut([Song("silence", silent)])) == 0
    assert len(cut([song(0), song(0, transposed=4)])) == 1
    assert len(cut([song(0), song(1)])) == 2


def test_near_duplicates_of_held_out_songs_are_purged_in_any_key() -> None:
    held_out = cut([song(0, transposed=5)])
    almost = song_score(0)
    almost.melody_pitch[30:] += 2
    changed = cut([Song("almost", to_clip(almost, Timeline())), song(7)])
    assert unlike(changed, held_out).song.tolist() == ["song"]


def test_a_batch_is_the_windows_when_nothing_is_swapped() -> None:
    whole = pools(0, 1)
    x, timing, timed = whole.batch(8, NOWHERE_ELSE, np.random.default_rng(0))
    known = {w.tobytes() for w in studio_music.to_input(whole.full).reshape(-1, 32, x.shape[2])}
    assert all(window.numpy().tobytes() in known for window in x)
    assert not timing.any() and not timed.any()


def test_a_batch_of_everything_stays_in_range_and_tells_whose_timing_is_known() -> None:
    whole = pools(0, 1)
    busy = Chances(groove=0.5, key=1, octave=1, turn=1)
    for seed in range(20):
        x, timing, timed = whole.batch(16, busy, np.random.default_rng(seed))
        assert timing.shape == (16, 32, 12) and set(timed.tolist()) <= {0.0, 1.0}
        for line in (channels.IN_BASS, channels.IN_MELODY):
            assert (x[..., line.pitch].sum(dim=-1) <= 1).all()
            assert (x[..., line.onset] <= x[..., line.pitch]).all()
            assert ((x[..., line.velocity] > 0) == x[..., line.onset].any(dim=-1)).all()


def test_parts_alone_leave_out_those_of_held_out_songs() -> None:
    songs = [song(0), song(1)]
    alone = gather(cut(songs), songs, [], [song(1)])
    assert alone.bass.steps == 32 and alone.melody.steps == 32
    assert same(alone.bass, song_score(0))
    assert alone.groove.steps == 0


def test_every_voice_that_could_lead_is_read(tmp_path: Path) -> None:
    write_clip(song(0).clip, tmp_path / "a.mid")
    read = read_song(tmp_path / "a.mid")
    assert read.name == "a" and len(read.voices) == 1  # the melody's own
    assert np.array_equal(read.voices[0].melody_pitch, song_score(0).melody_pitch)


def test_groove_gives_the_4_4_performances_of_a_split(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_clip(song(0).clip, tmp_path / f"{name}.mid")
    rows = ("4-4,a.mid,train", "3-4,b.mid,train", "4-4,c.mid,test", "4-4,lost.mid,train")
    table = "\n".join(("time_signature,midi_filename,split", *rows))
    (tmp_path / "info.csv").write_text(table, "utf-8")
    assert len(read_groove(tmp_path, "train")) == 1
    with pytest.raises(Exception, match=r"info\.csv"):
        read_groove(tmp_path / "elsewhere", "train")


def test_a_training_that_was_cut_short_ends_as_one_that_was_not(tmp_path: Path) -> None:
    settings = studio_music.Settings(steps=6, batch=4, config=SMALL)
    whole = studio_music.fresh(settings)
    studio_music.SEGMENT, before = 2, studio_music.SEGMENT
    every, studio_music.CHECKPOINT_EVERY = studio_music.CHECKPOINT_EVERY, 1
    try:
        studio_music.fit(whole, pools(0, 1), settings)

        class Killed(Exception):  # noqa: N818
            pass

        def kill(step: int, figures: dict[str, float]) -> None:
            if step == 4:
                raise Killed

        with pytest.raises(Killed):
            studio_music.fit(
                studio_music.fresh(settings), pools(0, 1), settings, tmp_path / "on", kill
            )
        again = studio_music.fresh(settings)
        log = studio_music.fit(again, pools(0, 1), settings, tmp_path / "on")
    finally:
        studio_music.SEGMENT, studio_music.CHECKPOINT_EVERY = before, every
    assert len(log) == 3
    assert all(
        torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters(), strict=True)
    )


def test_measures_are_those_of_a_perfect_and_of_a_deaf_vae(monkeypatch) -> None:
    windows = cut([song(0, 1, transposed=2)])
    vae = studio_music.fresh(studio_music.Settings(config=SMALL)).eval()
    monkeypatch.setattr(studio_music, "decoded", lambda vae, z, shift: windows.score)
    perfect = studio_music.measure(vae, windows)
    assert perfect["macro F1"] == perfect["melody density"] == perfect["all parts"] == 1.0
    assert perfect["drum velocity MAE"] == 0.0
    silence = Score.silent(windows.score.steps)
    monkeypatch.setattr(studio_music, "decoded", lambda vae, z, shift: silence)
    deaf = studio_music.measure(vae, windows)
    assert deaf["macro F1"] == deaf["bass density"] == deaf["all parts"] == 0.0


def test_varied_lines_have_the_rhythms_of_the_songs_in_other_pitches() -> None:
    made_of = pools(0, 1)
    chances = replace(NOWHERE_ELSE, repitched=1.0, degrees=1.0)
    x = made_of.batch(64, chances, np.random.default_rng(0))[0]
    plain = made_of.batch(64, NOWHERE_ELSE, np.random.default_rng(0))[0]
    line = channels.IN_MELODY
    known = {row.numpy().tobytes() for row in plain[..., line.onset]}
    assert torch.equal(x[..., line.onset].sum(2), plain[..., line.onset].sum(2))
    assert sum(row.numpy().tobytes() not in known for row in x[..., line.onset]) > 32
    scale = torch.tensor([p % 12 in key.MAJOR for p in range(line.range.low, line.range.high + 1)])
    assert not x[..., line.pitch][..., ~scale].any()


def test_the_mean_of_the_weights_stays() -> None:
    seen: list[torch.Tensor] = []
    settings = studio_music.Settings(steps=100, batch=2, config=SMALL, decay=0.99)
    vae = studio_music.fresh(settings)
    before = vae.encoders[0].project.weight.detach().clone()

    def hear(step: int, figures: dict[str, float]) -> None:
        seen.append(vae.encoders[0].project.weight.detach().clone())

    studio_music.fit(vae, pools(0), settings, each=hear)
    assert torch.equal(vae.encoders[0].project.weight, seen[-1])
    latest = studio_music.fresh(settings)
    studio_music.fit(latest, pools(0), replace(settings, decay=0.0))
    moved = (latest.encoders[0].project.weight - before).norm()
    assert 0 < (vae.encoders[0].project.weight - before).norm() < moved
