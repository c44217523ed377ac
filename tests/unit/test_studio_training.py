"""From folders to a version of `studio` that serves, and on to a version of one's own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from dancers import walker
from scipy.ndimage import gaussian_filter1d
from scores import song_score

from oscbridge.cli.data import data as data_command
from oscbridge.domain import score as scores
from oscbridge.domain import skeleton
from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import stand
from oscbridge.domain.known import Known
from oscbridge.domain.music import Clip
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import Timeline
from oscbridge.engine.loading import load
from oscbridge.errors import FileError
from oscbridge.io import model_files
from oscbridge.io.dance_file import write_dance
from oscbridge.io.midi_file import read_clip, write_clip
from oscbridge.training import (
    personal_version,
    sessions,
    studio_corpus,
    studio_store,
    studio_tables,
)
from oscbridge.training import studio_measure as measuring
from oscbridge.training import studio_version as version
from oscbridge.training.corpus import NothingToLearnError
from oscbridge.training.report import served
from oscbridge.training.store import open_store
from oscbridge.training.store_format import StoreError
from oscbridge.training.studio_bridge import Recipe as BridgeRecipe
from oscbridge.training.studio_dance_fit import Recipe as DanceRecipe
from oscbridge.training.studio_music import Settings as MusicSettings
from oscbridge.training.studio_prior import Settings as PriorSettings
from oscbridge.training.studio_train import NAMES, Recipe, Trained

TINY = Recipe(
    MusicSettings(steps=3, batch=8),
    PriorSettings(steps=2, batch=8),
    DanceRecipe(epochs=1, updates=2, batch=8, start_windows=64),
    BridgeRecipe(epochs=1, batch=16, rounds=1),
)
TIMELINE = Timeline.steady(120.0)


def song(number: int, windows: int = 4) -> Clip:
    parts = [song_score(100 * number + k) for k in range(windows)]
    return scores.to_clip(scores.joined(parts), TIMELINE, f"song{number}")


def dance(number: int, seconds: float) -> Dance:
    """Somebody who walks and fidgets: no two seconds are alike."""
    landmarks, time = walker(seconds, 32.0, 120.0)
    rng = np.random.default_rng(number)
    fidgets = gaussian_filter1d(rng.normal(0, 1.2, landmarks.shape), 6, axis=0)
    landmarks = skeleton.project((landmarks + fidgets).astype(np.float32))
    return Dance(landmarks, stand(landmarks, time), time, TIMELINE.beats(time), f"take{number}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for number in range(4):
        write_clip(song(number), folder / f"song{number}.mid")
        write_dance(dance(number, 16.0), TIMELINE, folder / f"take{number}.npz")
    (folder / "broken.mid").write_bytes(b"MThd")
    return folder


@pytest.fixture(scope="module")
def corpus(folder: Path) -> studio_corpus.StudioCorpus:
    return studio_corpus.read([folder])


@pytest.fixture(scope="module")
def trained(
    corpus: studio_corpus.StudioCorpus, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, float]]:
    heard: dict[str, float] = {}

    def watch(name: str, done: float, figures: dict[str, float]) -> None:
        heard[name] = done

    model = tmp_path_factory.mktemp("models") / "tiny"
    return version.train(corpus, TINY, 3, model, watch), heard


def test_songs_and_takes_are_split_whole_and_what_cannot_be_read_is_told(
    corpus: studio_corpus.StudioCorpus, folder: Path
) -> None:
    for kind in ("songs", "takes"):
        counts = {part: len(keys) for part, keys in corpus.split[kind].items()}
        assert counts["test"] == 1 and counts["train"] >= 2 and sum(counts.values()) == 4
    assert len(corpus.skipped) == 1 and "broken.mid" in corpus.skipped[0]
    names = {part: set(windows.song) for part, windows in corpus.music.items()}
    assert not names["train"] & (names["validation"] | names["test"])
    assert sum(s.songs for s in corpus.sources) == 4
    again = studio_corpus.read([folder], before=corpus.split)
    assert again.split == corpus.split


def test_too_little_is_said_so(tmp_path: Path) -> None:
    write_clip(song(1), tmp_path / "one.mid")
    with pytest.raises(NothingToLearnError, match="songs"):
        studio_corpus.read([tmp_path])
    with pytest.raises(FileError, match="no such file"):
        studio_corpus.read([tmp_path / "nowhere"])


def test_a_trained_version_serves_and_says_what_it_is(
    trained: tuple[Path, dict[str, float]], corpus: studio_corpus.StudioCorpus
) -> None:
    folder, heard = trained
    assert heard == dict.fromkeys(NAMES, 1.0)
    card = model_files.verify(folder)
    assert (card.name, card.version, card.preset, card.seed) == ("tiny", 1, "studio", 3)
    assert card.recipe["split"] == corpus.split
    assert {"music", "dance, decoded"} <= card.metrics.keys()
    assert not (folder.parent / "unfinished").exists(), "the training is over"
    bridge = load(folder)
    clip = bridge.generate(bars=2, tempo=120.0, sampling=Sampling(1, 1.0))
    assert clip.length == 8.0
    assert bridge.dance_of(song(1)).frames == 16 * song(1).length


def test_what_is_known_of_the_training_windows_survives_its_file(
    trained: tuple[Path, dict[str, float]],
) -> None:
    stored = Known.of(model_files.read_latents(trained[0]))
    again = Known.of(stored.arrays())
    assert again.arrays().keys() == stored.arrays().keys()
    assert all(np.allclose(v, stored.arrays()[k]) for k, v in again.arrays().items())
    rank = np.array([0.0, 0.5, 1.0])
    assert (np.diff(stored.energy("dance", rank)) >= 0).all()
    assert (np.diff(stored.onsets(rank), axis=0) >= 0).all()


def test_an_evaluation_measures_what_is_served(
    trained: tuple[Path, dict[str, float]],
    corpus: studio_corpus.StudioCorpus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(served, "GENERATED", 4)
    made = served.samples(load(trained[0]), corpus, "tiny")
    assert set(made.music) == {
        "real", "reconstructed", "generated", "translated", "random", "known"
    }  # fmt: skip
    windows = len(corpus.music["test"].on_bars())
    assert len(made.songs) == len(made.music["reconstructed"]["drums"].onsets) == windows
    assert len(made.takes) == len(made.dance["translated"]) or windows == len(
        made.dance["translated"]
    )
    rows = measuring.bridge_rows(Trained.load(trained[0]), corpus, "test")
    titles = [table.title for table in studio_tables.bridge_tables(rows)]
    assert titles == ["Bridge: mates", "Bridge: music to dance", "Bridge: dance to music"]


def test_a_store_is_read_as_the_recordings_it_was_built_from(folder: Path, tmp_path: Path) -> None:
    whole, store = tmp_path / "whole", tmp_path / "store"
    shutil.copytree(folder, whole, ignore=shutil.ignore_patterns("broken*"))
    corpus = studio_corpus.read([whole])
    done = CliRunner().invoke(data_command, ["build", str(whole), "-o", str(store)])
    assert done.exit_code == 0, done.output
    assert studio_store.is_store(store) and not studio_store.is_store(whole)
    stored = studio_store.read(store)
    assert stored.split == corpus.split
    for part, windows in corpus.music.items():
        assert len(stored.music[part]) == len(windows)
        assert np.array_equal(stored.music[part].in_c().melody_pitch, windows.in_c().melody_pitch)
    ours, theirs = stored.dance.train, corpus.dance.train
    assert len(ours) == len(theirs)
    assert np.abs(ours.poses - theirs.poses).max() < 1e-3
    assert np.abs(ours.roots() - theirs.roots()).max() < 0.02
    with pytest.raises(StoreError, match="split otherwise"):
        studio_store.read(store, {"songs": {}, "takes": {}})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    write_clip(song(7, 14), folder / "take1.mid")
    write_dance(dance(1, 56.0), TIMELINE, folder / "take1.npz")
    write_clip(song(8), folder / "alone.mid")
    return folder


def test_a_session_is_a_song_and_a_dance_of_one_name(recorded: Path, tmp_path: Path) -> None:
    ((song_file, dance_file),) = sessions.find([recorded])
    assert (song_file.name, dance_file.name) == ("take1.mid", "take1.npz")
    write_clip(song(8), tmp_path / "alone.mid")
    with pytest.raises(FileError, match=r"take1\.npz"):
        sessions.find([tmp_path])


@pytest.mark.parametrize("kind", ["npz", "csv", "bvh"])
def test_a_dance_lies_on_the_beats_of_its_song(tmp_path: Path, kind: str) -> None:
    faster = Timeline.steady(150.0)
    write_clip(replace(song(7, 14), timeline=faster), tmp_path / "a.mid")
    moved = dance(1, 30.0)
    moved = replace(moved, beat=faster.beats(moved.time))
    write_dance(moved, faster, tmp_path / f"a.{kind}")
    read = sessions.read(tmp_path / "a.mid", tmp_path / f"a.{kind}")
    assert read.clip.timeline.tempos[0].bpm == pytest.approx(150.0)
    assert read.dance.beat[-1] == pytest.approx(moved.beat[-1], abs=0.2)


def test_sessions_stay_whole_in_a_store_and_their_windows_are_pairs(tmp_path: Path) -> None:
    recordings, store = tmp_path / "sessions", tmp_path / "store"
    recordings.mkdir()
    faster = Timeline.steady(150.0)
    for number in range(5):
        write_clip(replace(song(number, 6), timeline=faster), recordings / f"take{number}.mid")
        danced = dance(number, 18.0)
        danced = replace(danced, beat=faster.beats(danced.time))
        write_dance(danced, faster, recordings / f"take{number}.bvh", fps=30.0)
    done = CliRunner().invoke(data_command, ["build", str(recordings), "-o", str(store)])
    assert done.exit_code == 0, done.output
    opened = open_store(store)
    parts: dict[str, set[str]] = {}
    for r in opened.recordings:
        other = {".mid": ".bvh", ".bvh": ".mid"}[Path(r["name"]).suffix]
        assert r["mate"] == Path(r["name"]).stem + other
        parts.setdefault(Path(r["name"]).stem, set()).add(r["part"])
    assert all(len(sides) == 1 for sides in parts.values()), "never split"
    assert {side for sides in parts.values() for side in sides} == {"train", "validation", "test"}
    assert np.allclose(opened["dance"]["tempo"], 150.0), "the dance lies on its song's beats"
    starts = {table: set(opened[table]["start"].tolist()) for table in ("music", "dance")}
    assert starts["music"] & starts["dance"]


def test_windows_are_true_pairs_and_held_out_bars_share_no_beat_with_the_others(
    recorded: Path,
) -> None:
    paired = sessions.windows([sessions.read(*pair) for pair in sessions.find([recorded])])
    assert np.array_equal(paired.music.beat, paired.dance.beat)
    held, learnt = (set(paired.music.beat[paired.held_out == flag]) for flag in (True, False))
    assert held and learnt
    assert min(abs(h - one) for h in held for one in learnt) >= 8
    original = scores.from_clip(read_clip(recorded / "take1.mid"))
    at = 4 * int(paired.music.beat[3])
    third = next(iter(paired.music.take(np.array([3])).score.drums.reshape(1, 32, -1)))
    assert np.array_equal(third, original.cut(at, at + 32).drums)


def test_a_person_teaches_a_version_their_own(
    trained: tuple[Path, dict[str, float]],
    recorded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(personal_version.personal, "REHEARSED", 12)
    paired = sessions.windows([sessions.read(*pair) for pair in sessions.find([recorded])])
    before = model_files.sha256(trained[0] / "midi_vae.safetensors")
    folder, table = personal_version.train(
        trained[0], paired, ["take1"], TINY, 1, tmp_path / "mine", lambda *at: None
    )
    assert table.columns == ("tiny", "mine")
    card = model_files.verify(folder)
    assert (card.name, card.version, card.recipe["from"]) == ("mine", 1, "tiny 1")
    assert card.files["midi_vae.safetensors"] != before, "it learnt"
    assert load(folder).dance_of(song(7)).frames == 16 * song(7).length
    assert model_files.sha256(trained[0] / "midi_vae.safetensors") == before
