"""Model folders: found by name, checked file by file, refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from oscbridge.domain.card import GOLDEN, Card, files_of
from oscbridge.errors import ModelError
from oscbridge.io import model_files


def version(models: Path, name: str = "mine", number: int = 1) -> Path:
    folder = models / name / str(number)
    folder.mkdir(parents=True)
    for file in files_of("paper"):
        (folder / file).write_bytes(f"{file} {number}".encode())
    model_files.write_golden(folder, {"midi_decoder.latent": np.zeros((2, 128), np.float32)})
    model_files.write_card(
        folder,
        Card(
            name=name, version=number, preset="paper", config={}, window=32, latent=128,
            bridge_latent=32, files={f: model_files.sha256(folder / f) for f in files_of("paper")},
            sources=(), seed=1, recipe={}, metrics={}, golden={"tolerance": 1e-4},
        ),
    )  # fmt: skip
    return folder


def test_a_whole_version_is_verified_and_its_card_comes_back(tmp_path: Path) -> None:
    card = model_files.verify(version(tmp_path, number=2))
    assert (card.name, card.version) == ("mine", 2)


@pytest.mark.parametrize("file", ["pose_vae.safetensors", "midi_encoder.onnx", GOLDEN])
def test_a_file_whose_hash_is_off_is_named(tmp_path: Path, file: str) -> None:
    folder = version(tmp_path)
    with (folder / file).open("r+b") as opened:
        first = opened.read(1)[0]
        opened.seek(0)
        opened.write(bytes([first ^ 1]))
    with pytest.raises(ModelError, match=f"{file}: not the file the card names"):
        model_files.verify(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = version(tmp_path)
    (folder / "bridge_decoder.onnx").unlink()
    with pytest.raises(ModelError, match=r"bridge_decoder\.onnx: missing"):
        model_files.verify(folder)


def test_a_card_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    folder = version(tmp_path)
    values = json.loads((folder / "card.json").read_text())
    values["files"]["../../secret"] = "0" * 64
    (folder / "card.json").write_text(json.dumps(values))
    with pytest.raises(ModelError, match="not the name of a file beside it"):
        model_files.verify(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"{}", b"[" * 100_000])
def test_a_broken_card_is_named(tmp_path: Path, content: bytes) -> None:
    folder = version(tmp_path)
    (folder / "card.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"card\.json"):
        model_files.read_card(folder)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model version here"):
        model_files.read_card(tmp_path)


def test_the_newest_version_is_found_by_number_not_by_spelling(tmp_path: Path) -> None:
    for number in (2, 10, 9):
        version(tmp_path, number=number)
    assert model_files.find([tmp_path], "mine").name == "10"
    assert model_files.find([tmp_path], "mine", 9).name == "9"
    assert model_files.next_version(tmp_path / "mine") == 11
    assert model_files.next_version(tmp_path / "new") == 1


def test_what_is_not_installed_is_said_beside_what_is(tmp_path: Path) -> None:
    version(tmp_path)
    (tmp_path / "mine" / "unfinished").mkdir()
    with pytest.raises(ModelError, match="no model other; installed: mine 1"):
        model_files.find([tmp_path, tmp_path / "absent"], "other")
    with pytest.raises(ModelError, match="no model mine version 4"):
        model_files.find([tmp_path], "mine", 4)


def test_the_first_of_several_folders_has_precedence(tmp_path: Path) -> None:
    own, shipped = version(tmp_path / "own"), version(tmp_path / "shipped")
    other = version(tmp_path / "shipped", number=2)
    listed = model_files.installed([tmp_path / "own", tmp_path / "shipped"])
    assert listed == [("mine", 1, own), ("mine", 2, other)]
    assert shipped not in [folder for _, _, folder in listed]


def test_golden_answers_come_back_and_a_broken_file_is_named(tmp_path: Path) -> None:
    folder = version(tmp_path)
    assert model_files.read_golden(folder)["midi_decoder.latent"].shape == (2, 128)
    (folder / GOLDEN).write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(ModelError, match=GOLDEN):
        model_files.read_golden(folder)


def test_nothing_published_is_overwritten(tmp_path: Path) -> None:
    folder = version(tmp_path)
    with pytest.raises(ModelError, match="nothing is overwritten"):
        model_files.publish(version(tmp_path, "draft"), folder)
