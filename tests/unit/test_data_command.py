"""A store built, shown, checked, broken and resumed through the command."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from dancers import dance

from oscbridge.cli.data import data
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.io.dance_file import write_dance
from oscbridge.io.midi_file import write_clip
from oscbridge.training import store_build
from oscbridge.training.store import open_store


def song(seed, parts=tuple(Part)):
    rng = np.random.default_rng(seed)
    base = {Part.DRUMS: 36, Part.BASS: 40, Part.MELODY: 60}
    notes = [Note(b / 2, p, base[p] + int(rng.integers(8)), 0.5, int(rng.integers(40, 120)))
             for b in range(48) for p in parts]  # fmt: skip
    return Clip(tuple(sorted(notes)), 24.0)


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "own"
    home.mkdir()
    for i in range(5):
        write_clip(song(i), home / f"song{i}.mid")
        moved, timeline = dance(seconds=6.0, fps=60.0, bpm=110.0 + 5 * i)
        write_dance(moved, timeline, home / f"take{i}.npz")
    write_clip(song(9, (Part.DRUMS,)), home / "drums.mid")
    (home / "broken.mid").write_bytes(b"MThd no song")
    return home


def call(*arguments):
    return CliRunner().invoke(data, [str(a) for a in arguments])


def test_a_store_is_built_shown_and_checked(folder, tmp_path):
    out = tmp_path / "store"
    built = call("build", folder, "-o", out, "--json")
    assert built.exit_code == 0, built.output
    store = open_store(out)
    assert len(store["music"]) and len(store["dance"]) and len(store["drums"])
    assert store["dance"]["landmarks"].shape[1:] == (128, 33, 3)
    assert any("broken.mid" in r["name"] and r["skipped"] for r in store.recordings)
    batch = next(store["music"].batches("train", 4, np.random.default_rng(1), "drums"))
    assert batch["drums"].shape == (4, 32, 12)
    assert "music" in json.loads(call("show", out, "--json").stdout)["tables"]
    assert call("check", out).exit_code == 0, call("check", out).output


def test_a_store_changed_by_hand_is_found_out(folder, tmp_path):
    out = tmp_path / "store"
    call("build", folder, "-o", out)
    path = out / "music" / "drums.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    checked = call("check", out)
    assert checked.exit_code == 1 and "music/drums.npy was changed" in checked.output
    path.write_bytes(content[:-5])
    assert call("show", out).exit_code == 1
    facts = json.loads((out / "store.json").read_text())
    (out / "store.json").write_text(json.dumps(facts | {"schema": 99}))
    shown = call("show", out)
    assert shown.exit_code == 1 and "format 99" in shown.output


def test_an_interrupted_build_goes_on_and_ends_the_same(folder, tmp_path):
    whole = store_build.build([folder], tmp_path / "whole")
    calls = []

    def kill(recording, count):
        calls.append(recording)
        if len(calls) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_build.build([folder], tmp_path / "again", kill)
    assert not (tmp_path / "again").exists()
    again = store_build.build([folder], tmp_path / "again")
    assert again["content"] == whole["content"]


def test_what_is_no_store_is_not_overwritten(folder, tmp_path):
    refused = call("build", folder, "-o", folder)
    assert refused.exit_code == 1 and "no store" in refused.output
