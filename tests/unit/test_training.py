"""Training on a few made-up songs and dances: splits, windows, resuming, the report of collapse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from oscbridge.domain import pose
from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import Timeline
from oscbridge.errors import FileError
from oscbridge.training import fit as fitting
from oscbridge.training import notices, sources, split, windows
from oscbridge.training.corpus import Corpus, NothingToLearnError, Reading, check_trainable, gather
from oscbridge.training.evaluate import Held, measure
from oscbridge.training.fit import Material, Settings, fit
from oscbridge.training.sources import Recording
from oscbridge.training.train import UNFINISHED, train
from oscbridge.vae.presets import Recipe, Trio

SHORT = Recipe(epochs=6, batch=16)


class Listener:
    """A watch that keeps what it is told, and can be killed at an epoch."""

    def __init__(self, kill: Callable[[str, int], bool] = lambda name, done: False) -> None:
        self.epochs: list[tuple[str, int]] = []
        self.warnings: list[str] = []
        self.kill = kill

    def epoch(self, name: str, done: int, figures: dict[str, float]) -> None:
        self.epochs.append((name, done))
        if self.kill(name, done):
            raise KeyboardInterrupt

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def rolls(count: int, seed: int) -> np.ndarray:
    """Rolls that share a beat and differ in everything else."""
    rng = np.random.default_rng(seed)
    held = rng.random((count, 32, 128)) < 0.04
    held[:, ::4, 0] = True
    return held


def poses(count: int, seed: int) -> np.ndarray:
    """Bodies that sway, each in its own way."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 2 * np.pi, 32)[None, :, None, None]
    sway = rng.normal(size=(count, 1, 33, 3)) * np.sin(time + rng.normal(size=(count, 1, 33, 3)))
    return (0.3 * sway + rng.normal(size=(1, 1, 33, 3)) * 0.3).astype(np.float32)


@pytest.fixture(scope="module")
def material() -> Material:
    torch.set_num_threads(1)
    return Material.of(rolls(64, 1), poses(80, 2), rolls(16, 3), poses(16, 4))


def weights(trio: Trio) -> dict[str, torch.Tensor]:
    return {f"{n}.{k}": v for n, vae in trio.items() for k, v in vae.state_dict().items()}


@pytest.mark.parametrize("killed_at", [("midi_vae", 6), ("pose_vae", 2), ("bridge_vae", 6)])
def test_a_training_that_was_killed_ends_as_if_it_had_not_been(
    material: Material, tmp_path: Path, killed_at: tuple[str, int]
) -> None:
    settings = Settings(recipe=SHORT)
    whole, log = fit(material, settings, Listener())
    with pytest.raises(KeyboardInterrupt):
        fit(material, settings, Listener(lambda *at: at == killed_at), tmp_path)
    second = Listener()
    resumed, resumed_log = fit(material, settings, second, tmp_path)
    assert len(second.epochs) < 3 * SHORT.epochs, "it did not start over"
    assert resumed_log == log
    one, other = weights(whole), weights(resumed)
    assert all(torch.equal(one[k], other[k]) for k in one)


def test_a_seed_gives_one_model_and_another_seed_another(material: Material) -> None:
    recipe = Recipe(epochs=1, batch=16)
    first, again, other = (
        weights(fit(material, Settings(seed=s, recipe=recipe), Listener())[0]) for s in (1, 1, 2)
    )
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not torch.equal(first["midi_vae.decoder.0.weight"], other["midi_vae.decoder.0.weight"])


def test_another_training_is_not_mistaken_for_the_unfinished_one(
    material: Material, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(material, Settings(recipe=SHORT), Listener(lambda *at: True), tmp_path)
    with pytest.raises(FileError, match="--fresh"):
        fit(material, Settings(seed=9, recipe=SHORT), Listener(), tmp_path)
    other = replace(material, music=material.music.flip(0))
    with pytest.raises(FileError, match="--fresh"):
        fit(other, Settings(recipe=SHORT), Listener(), tmp_path)


def test_a_damaged_checkpoint_is_named(material: Material, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(material, Settings(recipe=SHORT), Listener(lambda *at: at[0] == "pose_vae"), tmp_path)
    (tmp_path / "midi_vae.checkpoint").write_bytes(b"not safetensors")
    with pytest.raises(FileError, match=r"midi_vae\.checkpoint.*--fresh"):
        fit(material, Settings(recipe=SHORT), Listener(), tmp_path)


def test_the_literal_loss_is_reported_as_collapsing_and_the_summed_one_is_not() -> None:
    few = np.arange(96) % 4  # four songs and four dances over and over: soon learnt
    loops = Material.of(rolls(4, 1)[few], poses(4, 2)[few], rolls(4, 1), poses(4, 2))
    recipe = Recipe(epochs=fitting.EARLY_EPOCHS + 15, batch=16)
    literal, summed = Listener(), Listener()
    fit(loops, Settings(reduction="mean", recipe=recipe), literal)
    fit(loops, Settings(reduction="sum", recipe=recipe), summed)
    assert "midi_vae is collapsing: after epoch 17" in literal.warnings[0], "100 minibatches"
    assert "--reduction sum" in literal.warnings[0]
    assert summed.warnings == []


def test_windows_need_all_three_parts_and_start_at_bars() -> None:
    def song(*parts: Part) -> Clip:
        notes = [Note(float(b), p, 40, 0.5) for p in parts for b in range(16)]
        return Clip(tuple(sorted(notes)), 16.0)

    assert windows.music_windows(song(*Part)).shape == (3, 32, 128)
    assert len(windows.music_windows(song(Part.DRUMS, Part.BASS))) == 0
    waltz = replace(song(*Part), timeline=Timeline.steady(120, 3, 4))
    assert len(windows.music_windows(waltz)) == 3, "bars at beats 0, 3 and 6 leave two bars of 4/4"


def test_pose_windows_start_at_beats_and_face_the_front() -> None:
    body = np.random.default_rng(0).normal(size=(33, 3)).astype(np.float32)
    body -= pose.middle(body, "hip")
    turned = pose.turn(body, 1.0)
    time = np.arange(0, 6.5, 1 / 60)
    timeline = Timeline.steady(120)
    still = np.repeat(turned[None], len(time), axis=0)
    dance = Dance(still, np.zeros((len(time), 3), np.float32), time, timeline.beats(time))
    cut = windows.pose_windows(dance, timeline)
    assert cut.shape == (6, 32, 33, 3), "52 steps hold 6 windows of 32 at a hop of 4"
    assert np.abs(pose.facing(cut)).max() < 1e-5
    late = replace(dance, time=time + 0.2, beat=timeline.beats(time + 0.2))
    assert len(windows.pose_windows(late, timeline)) == 5, "beat 0, before its first frame, is left"


def test_repeats_go_and_near_duplicates_leave_the_training_side() -> None:
    held = rolls(6, 5)
    twice = np.concatenate([held, held[:2]])
    assert np.array_equal(windows.distinct(twice), held)
    near = held[:2].copy()
    near[:, 5, 3] ^= True
    assert np.array_equal(windows.unlike(held, near), held[2:])
    body = poses(5, 6)
    assert np.array_equal(windows.unlike(body, body[3:] + 0.005), body[:3])
    assert len(windows.unlike(body, body[:0])) == 5


def recording(
    name: str, kind: sources.Kind = "song", stratum: str = "s", group: str = ""
) -> Recording:
    return Recording(Path(name), kind, Path("folder"), group or name, stratum)


def test_groups_are_split_whole_the_same_way_each_time_and_by_stratum() -> None:
    salsa = [
        recording(f"{s}_{k}", "take", "salsa", f"couple {k}") for s in (60, 61) for k in range(12)
    ]
    others = [recording(f"94_{k}", "take", "indian") for k in range(6)]
    parts = split.split([*salsa, *others])
    assert parts == split.split([*reversed(others), *reversed(salsa)])
    for name, groups in (("couple", 12), ("94", 6)):
        of = [part for group, part in parts.items() if group.startswith(name)]
        assert len(of) == groups
        assert of.count("test") == of.count("validation") == 1


def test_small_strata_are_drawn_from_together_and_two_songs_are_all_trained_on() -> None:
    parts = split.split([recording(f"{i}", stratum=f"{i}") for i in range(10)])
    assert sorted(parts.values()) == ["test"] + ["train"] * 8 + ["validation"]
    assert set(split.split([recording("a"), recording("b")]).values()) == {"train"}


def test_a_model_is_measured_on_what_it_has_not_seen() -> None:
    before = {"train": ["a 1"], "validation": ["b 2"], "test": ["c 3"]}
    parts = split.as_before(["a 1", "b 2", "c 3", "new 4"], before)
    assert list(parts.values()) == ["train", "validation", "test", "test"]


def test_salsa_takes_are_known_by_name_and_header(tmp_path: Path) -> None:
    for name, header in (
        ("60_02.bvh", "0.008333"), ("61_02.bvh", "0.0083333"),
        ("60_03.bvh", "0.016667"), ("05_01.bvh", "0.008333"),
    ):  # fmt: skip
        (tmp_path / name).write_text(f"HIERARCHY\nMOTION\nFrames: 2\nFrame Time: {header}\n")
    found = {r.path.name: r for r in sources.find([tmp_path, tmp_path])}
    assert len(found) == 4, "a folder given twice is read once"
    assert found["60_02.bvh"].fps == found["61_02.bvh"].fps == 60.0
    assert found["60_02.bvh"].group == found["61_02.bvh"].group
    assert found["60_03.bvh"].fps is None, "already put right"
    assert found["05_01.bvh"].fps is None
    assert not found["05_01.bvh"].dances_to_beat


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file or folder"):
        sources.find([tmp_path / "absent"])


def test_licences_beside_the_files_reach_the_notices(tmp_path: Path) -> None:
    inner = tmp_path / "cmu" / "salsa"
    inner.mkdir(parents=True)
    (tmp_path / "cmu" / "README.md").write_text("obtained from mocap.cs.cmu.edu, with thanks")
    (inner / "x.bvh").write_text("")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "LICENSE").write_text("All mine.")
    (tmp_path / "own" / "song.mid").write_text("")
    folders = sources.collections(sources.find([tmp_path]))
    held = [notices.collection(folder) for folder in folders]
    entries = [c.source(1, 1) for c in held]
    assert [e.name for e in entries] == ["CMU Graphics Lab Motion Capture Database", "own"]
    assert "NSF EIA-0196217" in entries[0].notice
    assert "LICENSE" in entries[1].licence
    text = notices.as_markdown(entries, held)
    assert "All mine." in text
    assert "with thanks" in text


def corpus(songs: int = 5, takes: int = 5) -> Corpus:
    readings = [
        Reading(recording(f"song{i}"), f"song{i} 0", rolls(12, i), "") for i in range(songs)
    ] + [
        Reading(recording(f"take{i}", "take"), f"take{i} 0", poses(12, i), "nominal 120 BPM")
        for i in range(takes)
    ]
    return gather(readings)


def test_a_corpus_mirrors_the_training_dances_only() -> None:
    gathered = corpus()
    assert len(gathered.music.train) == 3 * 12
    assert len(gathered.dance.train) == 2 * 3 * 12
    assert len(gathered.dance.test) == 12
    assert gathered.split()["takes"]["test"] == gathered.dance.keys["test"]


@pytest.mark.parametrize(("songs", "takes", "what"), [(2, 5, "songs"), (5, 0, "dances")])
def test_too_little_to_learn_from_is_said(songs: int, takes: int, what: str) -> None:
    with pytest.raises(NothingToLearnError, match=f"of the {what} given"):
        check_trainable(corpus(songs, takes))


def test_a_training_leaves_a_version_with_its_card_and_nothing_else(tmp_path: Path) -> None:
    settings = Settings(recipe=Recipe(epochs=1, batch=16))
    gathered = corpus()
    folder = train(gathered, settings, tmp_path / "mine", Listener())
    second = train(gathered, settings, tmp_path / "mine", Listener())
    assert (folder.name, second.name) == ("1", "2")
    assert not (tmp_path / "mine" / UNFINISHED).exists()
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == ["1", "2"]

    from oscbridge.io.model_files import verify
    from oscbridge.training.export import load

    card = verify(folder)
    assert (card.name, card.version, card.recipe["reduction"]) == ("mine", 1, "sum")
    assert card.recipe["split"] == gathered.split()
    assert card.files["midi_vae.safetensors"] == verify(second).files["midi_vae.safetensors"]
    trio = load(folder)
    again = measure(trio, Held.of(gathered, trio.pose_vae.config.metres_per_unit))
    assert again["table_1"] == pytest.approx(dict(card.metrics["table_1"]), rel=1e-4)
