"""A grid search: its space, its trials on disk, what is chosen, how it is shown, and a real one."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from test_training import poses, rolls

from oscbridge.cli import main
from oscbridge.errors import FileError
from oscbridge.training import net_settings, search_report, search_space, tables
from oscbridge.training.fit import Material, Settings, fingerprint, fit_one
from oscbridge.training.net_settings import SettingsError
from oscbridge.training.search import SETTINGS, Plan, Result, search
from oscbridge.training.search_bench import Unwatched
from oscbridge.training.search_paper import PaperBenches
from oscbridge.training.search_space import GRIDS, NETS, combinations, count, own, parse
from oscbridge.training.search_trials import NoneLeftError, Outcome, Shelf, Trial, best, ordered
from oscbridge.training.studio_train import Recipe as StudioRecipe
from oscbridge.vae.paper import midi_vae
from oscbridge.vae.presets import Recipe

SMALL = {
    "midi_vae": {"latent": [8, 16], "kl_weight": [0.1, 1]},
    "pose_vae": {"hidden": [[32], [64, 32]]},
    "bridge_vae": {"swd_weight": [10, 1]},
}


@pytest.mark.parametrize("preset", GRIDS)
def test_every_value_of_a_presets_grid_can_be_set_and_its_own_come_first(preset: str) -> None:
    for net, names in GRIDS[preset].items():
        for name, values in names.items():
            assert len(set(values)) == len(values)
            assert [net_settings.value(preset, net, name, v) for v in values] == list(values)
        assert own(preset, net, combinations(names, 1)[0])


def test_a_grid_is_all_combinations() -> None:
    names = {"hidden": ((256, 128), (128,)), "latent": (8, 16, 32), "dropout": (0.0,)}
    every = combinations(names)
    assert len(every) == count(names) == 6
    assert len({json.dumps(c) for c in every}) == 6
    assert every[0] == {"hidden": (256, 128), "latent": 8, "dropout": 0.0}
    assert combinations({}) == [{}], "a VAE with nothing to search is trained once"


def test_samples_are_different_combinations_the_same_for_a_seed() -> None:
    names = GRIDS["paper"]["bridge_vae"]
    drawn = combinations(names, 20, seed=3)
    assert len({json.dumps(c) for c in drawn}) == 20
    assert drawn == combinations(names, 20, seed=3) != combinations(names, 20, seed=4)
    assert all(c[name] in names[name] for c in drawn for name in names)
    assert len(combinations(names, 10**6)) == count(names)


def test_a_space_is_read_and_what_it_leaves_out_is_the_presets(tmp_path: Path) -> None:
    path = tmp_path / "space.json"
    path.write_text(json.dumps({"midi_vae": {"hidden": [[64], [32, 16]], "dropout": [0, 0.1, 0]}}))
    space = search_space.read("paper", path)
    assert space["midi_vae"] == {"hidden": ((64,), (32, 16)), "dropout": (0.0, 0.1)}
    assert space["bridge_vae"] == GRIDS["paper"]["bridge_vae"]


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"midi_vae": {"layers": [2]}}, "nothing called 'layers'.*hidden, latent"),
        ({"pose_vae": {"latent": [64]}}, "as large as the music VAE's"),
        ({"midi_prior": {"width": [64]}}, "no VAE 'midi_prior'"),
        ({"midi_vae": {"hidden": [128]}}, r"hidden is 128, but must be a list"),
        ({"midi_vae": {"hidden": [[128, 0]]}}, "whole numbers from 1 up"),
        ({"midi_vae": {"latent": [12.5]}}, "must be a whole number"),
        ({"midi_vae": {"dropout": [1.0]}}, "number from 0 to 1"),
        ({"midi_vae": {"learning_rate": [0]}}, "number above 0"),
        ({"midi_vae": {"kl_weight": ["much"]}}, "must be a number"),
    ],
)
def test_a_name_or_value_that_cannot_be_is_refused(space: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse("paper", space)


def test_a_space_of_another_shape_is_refused_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "space.json"
    for text, said in (("{", "not JSON"), ("[]", "not a JSON object"),
                       ('{"midi_vae": {"latent": 8}}', "must be a list")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(FileError, match=said):
            search_space.read("paper", path)
    with pytest.raises(SettingsError, match="must be a list of 3 whole numbers"):
        parse("studio", {"midi_vae": {"latents": [[4, 5]]}})
    with pytest.raises(SettingsError, match="whole number from 33 up"):
        parse("studio", {"bridge_vae": {"latent": [32]}})


def test_settings_reach_the_nets_and_their_training() -> None:
    told = net_settings.paper(
        {"midi_vae": {"latent": 16, "hidden": (32,), "dropout": 0.2, "learning_rate": 0.01}},
        Settings(recipe=Recipe(epochs=3)),
    )
    trio = told.fresh()
    assert trio.midi_vae.config == midi_vae.Config(hidden=(32,), latent=16, dropout=0.2)
    assert trio.pose_vae.config.latent == trio.bridge_vae.config.latent_in == 16
    assert told.recipe_of("midi_vae") == Recipe(epochs=3, learning_rate=0.01)
    assert told.recipe_of("bridge_vae") == Recipe(epochs=3)
    assert net_settings.studio({}) == StudioRecipe()
    other = net_settings.studio(
        {"midi_vae": {"latents": (3, 4, 5), "learning_rate": 0.002}, "bridge_vae": {"width": 96}}
    )
    assert (other.music.rate, other.prior.latents, other.prior.config.latent) == (
        0.002, (3, 4, 5), 96
    )  # fmt: skip
    assert other.pose_vae.latent == other.bridge_vae.latent_in == 96
    assert other.bridge_vae.width == 96


def test_dropout_drops_in_training_only_and_a_seed_gives_one_model() -> None:
    few = np.arange(32) % 4
    material = Material.of(rolls(4, 1)[few], poses(4, 2)[few], rolls(4, 1), poses(4, 2))
    made = []
    for dropout in (0.0, 0.5, 0.5):
        told = net_settings.paper(
            {"midi_vae": {"hidden": (16,), "latent": 4, "dropout": dropout}},
            Settings(recipe=Recipe(epochs=2, batch=16)),
        )
        trio = told.fresh()
        fit_one("midi_vae", trio, material, told, Unwatched())
        assert not trio.midi_vae.training
        made.append(trio.midi_vae.encode(material.music)[0])
    assert torch.equal(made[1], made[2])
    assert not torch.equal(made[0], made[1])


class MadeUp:
    """Benches whose trials cost nothing; `found` says what comes of settings."""

    preset = "paper"
    fingerprint = "made up"

    def __init__(self, found: Callable[[str, dict[str, Any]], Outcome]) -> None:
        self.found = found
        self.ran: list[tuple[str, dict[str, Any]]] = []
        self.frozen: dict[str, Any] = {}

    def bench(self, net: str, chosen: Any, frozen: Any) -> Any:
        self.frozen = dict(frozen)
        return net

    def run(self, net: Any, trials: Sequence[Any], heard: Callable[[int, Outcome], None]) -> None:
        for number, settings in enumerate(trials):
            self.ran.append((net, settings))
            heard(number, self.found(net, settings))


class Silent:
    def starts(self, net: str, trials: int, known: int) -> None: ...
    def ended(self, trial: Trial, done: int, trials: int) -> None: ...


def outcome(error: float, quality: float = 0.5, collapsed: bool = False) -> Outcome:
    figures = {"error": error, "macro F1": quality, "MPJPE, mm": quality, "swd / spread": quality}
    return Outcome(figures, collapsed, {"w": np.full(3, error, np.float32)}, 1.0)


def by_size(net: str, settings: dict[str, Any]) -> Outcome:
    """The smaller the worse; a KL weight of 1 collapses, with the least error of all."""
    if settings.get("kl_weight") == 1:
        return outcome(0.001, 0.9, collapsed=True)
    size = settings.get("latent") or sum(settings.get("hidden", [settings.get("swd_weight", 1)]))
    return outcome(1 / size, size / 100)


def searched(benches: MadeUp, folder: Path, **plan: Any) -> list[Result]:
    space = parse("paper", SMALL)
    return search(benches, Plan(space, **plan), folder, benches.run, Silent(), lambda r: None)


def test_the_best_is_chosen_and_never_a_collapsed_one(tmp_path: Path) -> None:
    benches = MadeUp(by_size)
    results = searched(benches, tmp_path)
    assert [r.net for r in results] == list(NETS)
    assert results[0].chosen and results[0].chosen.settings == {"latent": 16, "kl_weight": 0.1}
    told = json.loads((tmp_path / SETTINGS).read_text())
    assert told == {
        "preset": "paper",
        "midi_vae": {"latent": 16, "kl_weight": 0.1},
        "pose_vae": {"hidden": [64, 32]},
        "bridge_vae": {"swd_weight": 10.0},
    }
    assert net_settings.read(tmp_path / SETTINGS)[1]["pose_vae"]["hidden"] == (64, 32)
    assert benches.frozen["midi_vae"]["w"][0] == np.float32(1 / 16), "the best's weights"
    assert benches.frozen["pose_vae"]["w"][0] == np.float32(1 / 96)


def test_a_search_in_which_all_collapse_says_so(tmp_path: Path) -> None:
    benches = MadeUp(lambda net, settings: outcome(0.1, collapsed=net == "pose_vae"))
    with pytest.raises(NoneLeftError, match=r"of 2 trials of pose_vae, 2 collapsed"):
        searched(benches, tmp_path)
    assert not (tmp_path / SETTINGS).exists()


def test_finished_trials_are_not_run_again(tmp_path: Path) -> None:
    class KilledError(Exception):
        pass

    def dies(net: str, settings: dict[str, Any]) -> Outcome:
        if net == "pose_vae" and settings["hidden"] == (64, 32):
            raise KilledError
        return by_size(net, settings)

    with pytest.raises(KilledError):
        searched(MadeUp(dies), tmp_path)
    again = MadeUp(by_size)
    results = searched(again, tmp_path)
    assert again.ran[0] == ("pose_vae", {"hidden": (64, 32)}), "it went on where it was"
    assert len(again.ran) == 1 + 2
    third = MadeUp(by_size)
    assert searched(third, tmp_path) == results
    assert third.ran == []
    other = MadeUp(by_size)
    searched(other, tmp_path, seed=2)
    assert len(other.ran) == 4 + 2 + 2, "another seed is another search"


def test_what_failed_is_not_chosen_and_tried_again(tmp_path: Path) -> None:
    def fails(net: str, settings: dict[str, Any]) -> Outcome:
        if settings.get("latent") == 16:
            return Outcome.failure("out of memory")
        return outcome(float("nan")) if settings == {"swd_weight": 10.0} else by_size(net, settings)

    first = searched(MadeUp(fails), tmp_path)
    assert first[0].chosen and first[0].chosen.settings["latent"] == 8
    assert first[2].chosen and first[2].chosen.settings == {"swd_weight": 1.0}, "one diverged"
    again = MadeUp(by_size)
    second = searched(again, tmp_path)
    assert [s["latent"] for net, s in again.ran if net == "midi_vae"] == [16, 16]
    assert second[0].chosen and second[0].chosen.settings["latent"] == 16


def test_another_metric_chooses_anew_from_the_same_trials(tmp_path: Path) -> None:
    def found(net: str, settings: dict[str, Any]) -> Outcome:
        size = settings.get("latent", 1)
        return outcome(1 / size, 1 / size, collapsed=settings.get("kl_weight") == 1)

    searched(MadeUp(found), tmp_path)
    benches = MadeUp(found)
    results = searched(benches, tmp_path, by="quality")
    assert results[0].figure == "macro F1"
    assert results[0].chosen and results[0].chosen.settings["latent"] == 8
    first = [settings for net, settings in benches.ran if net == "midi_vae"]
    assert first == [{"latent": 8, "kl_weight": 0.1}], "only its weights were not kept"
    assert benches.frozen["midi_vae"]["w"][0] == np.float32(1 / 8)


def test_a_damaged_trial_is_named(tmp_path: Path) -> None:
    searched(MadeUp(by_size), tmp_path)
    path = next((tmp_path / "trials").glob("*.json"))
    path.write_text("{}")
    with pytest.raises(FileError, match=path.name):
        searched(MadeUp(by_size), tmp_path)
    planned = Trial("midi_vae", "absent", {}, {})
    assert Shelf(tmp_path).finished(planned) is None


def trial(error: float, collapsed: bool = False, failed: str = "", **settings: Any) -> Trial:
    figures = {} if failed else {"error": error, "KL nats": 0.0 if collapsed else 20.0}
    return Trial("midi_vae", f"{error}", settings, figures, collapsed, 2.5, failed)


def test_the_table_is_in_order_and_marks_what_is_what() -> None:
    trials = (
        trial(0.5, latent=32, dropout=0.0), trial(0.1, True, latent=64, dropout=0.0),
        trial(0.2, latent=128, dropout=0.0), trial(0, failed="no memory", latent=256, dropout=0.0),
    )  # fmt: skip
    assert [t.settings["latent"] for t in ordered(trials, "error")] == [128, 32, 64, 256]
    result = Result("midi_vae", "error", trials, best(trials, "error"))
    (table,) = search_report.tables("paper", [result])
    assert [name for name, _ in table.rows] == [
        "latent 128 * (the preset's own)", "latent 32", "latent 64 COLLAPSED", "latent 256 FAILED",
    ]  # fmt: skip
    assert "All with dropout 0." in table.note
    assert "no memory" in table.note
    (short,) = search_report.tables("paper", [result], 2)
    assert len(short.rows) == 2
    assert "2 more" in short.note
    assert "| latent 32 | 0.500 | 20 | 2.500 |" in tables.markdown([table], "x")


def test_results_are_written_with_a_picture(tmp_path: Path) -> None:
    trials = tuple(
        trial(1 / n, n == 64, latent=n, dropout=d) for n in (16, 32, 64) for d in (0.0, 0.1)
    )
    lone = Result("pose_vae", "error", (trial(0.3),), None)
    result = Result("midi_vae", "error", trials, best(trials, "error"))
    search_report.write(tmp_path, "paper", [result, lone], "oscbridge search", {"seed": 1})
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")
    told = json.loads((tmp_path / "search.json").read_text())
    assert told["vaes"][0]["chosen"] == {"latent": 32, "dropout": 0.0}
    assert sum(t["chosen"] for t in told["vaes"][0]["trials"]) == 1
    assert told["vaes"][1]["chosen"] is None
    figure = search_report.picture([result, lone])
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels[:2] == ["latent", "dropout"]
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert len(crosses) == 2


def test_train_refuses_settings_of_another_preset_or_with_unknown_names(tmp_path: Path) -> None:
    path = tmp_path / "best.json"
    path.write_text(json.dumps({"preset": "paper", "midi_vae": {"hiden": [64]}}))
    words = ["train", str(tmp_path), "-o", str(tmp_path / "m"), "--settings", str(path)]
    ended = CliRunner().invoke(main, words)
    assert ended.exit_code == 1
    assert "best.json: midi_vae: nothing called 'hiden' may be set" in ended.output
    path.write_text(json.dumps({"preset": "paper"}))
    ended = CliRunner().invoke(main, [*words, "--preset", "studio"])
    assert ended.exit_code == 2
    assert "is of --preset paper" in ended.output


def test_without_ray_a_search_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray.tune", None)
    monkeypatch.setitem(sys.modules, "ray", None)
    ended = CliRunner().invoke(main, ["search", str(tmp_path), "-o", str(tmp_path / "found")])
    assert ended.exit_code == 1
    assert '".[search]"' in ended.output
    assert not (tmp_path / "found").exists()


def test_a_real_search_on_ray_ends_with_settings_and_no_process(tmp_path: Path) -> None:
    pytest.importorskip("ray.tune", reason='python3 -m pip install -c constraints.txt ".[search]"')
    import psutil

    from oscbridge.training import search_ray

    few = np.arange(96) % 4  # four songs and four dances over and over: soon learnt
    material = Material.of(rolls(4, 1)[few], poses(4, 2)[few], rolls(4, 1), poses(4, 2))
    windows = fingerprint(material.music, material.dance)
    benches = PaperBenches(material, Settings(recipe=Recipe(epochs=20, batch=16)), windows)
    space = parse(
        "paper",
        {
            "midi_vae": {"hidden": [[64]], "latent": [16], "kl_weight": [0.1, 10000]},
            "pose_vae": {"hidden": [[64]]},
            "bridge_vae": {"hidden": [[32]], "latent": [8]},
        },
    )
    before = set(psutil.Process().children(recursive=True))
    with search_ray.session(2, None) as run:
        results = search(benches, Plan(space), tmp_path, run, Silent(), lambda results: None)
    left = set(psutil.Process().children(recursive=True)) - before
    assert not psutil.wait_procs(left, timeout=10)[1]
    light, heavy = results[0].trials
    assert heavy.collapsed and not light.collapsed, "a KL weight like the paper's mean loss"
    assert results[0].chosen == light
    assert all(r.chosen and not r.chosen.failed for r in results)
    # A worker trains what training here does.
    alone = benches.bench("midi_vae", {}, {}).run(light.settings)
    assert alone.figures == pytest.approx(light.figures, rel=1e-4)
