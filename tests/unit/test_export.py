"""What is served answers as what was trained: ONNX Runtime on the exported graphs beside torch."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from oscbridge.domain.card import GOLDEN, Card, files_of
from oscbridge.domain.graphs import GRAPHS
from oscbridge.domain.latents import SPREADS, rescaled, spread_arrays
from oscbridge.engine.graphs import Graphs
from oscbridge.errors import ModelError
from oscbridge.io import model_files
from oscbridge.training import export
from oscbridge.training import publish as publishing
from oscbridge.training.spreads import spreads
from oscbridge.vae.nets import Nets
from oscbridge.vae.presets import PRESETS, Trio, fresh_paper

CLOSE = 1e-5
IN_THE_GRAPH = {"paper": 100, "studio": 16_384}
"""Bytes that may lie in a graph beside its weights: shapes and bounds, and what studio's nets know
of pitches and landmarks."""
EVERY = [(preset, graph) for preset, graphs in GRAPHS.items() for graph in graphs]


def nets_of(preset: str) -> Nets:
    if preset == "paper":
        return fresh_paper("sum", 3)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        nets = PRESETS[preset]({})
        for _, net in nets.items():
            for parameter in net.parameters():  # what starts silent would agree whatever is wrong
                torch.nn.init.normal_(parameter, std=0.05)
            net.eval()
    return nets


def latents_of(nets: Nets) -> dict[str, np.ndarray]:
    if isinstance(nets, Trio):
        generator = torch.Generator().manual_seed(4)
        music, dance = torch.rand(8, 32, 128, generator=generator), torch.rand(8, 32, 33, 3)
        return spread_arrays(spreads(nets, music, dance))
    return {"anything": np.zeros(3, np.float32)}


class Version:
    """An exported version with the nets it is of."""

    def __init__(self, preset: str, folder: Path) -> None:
        self.preset, self.folder, self.nets = preset, folder, nets_of(preset)
        files = export.write(preset, self.nets, latents_of(self.nets), folder)
        bridge: Any = dict(self.nets.items())["bridge_vae"]
        model_files.write_card(
            folder,
            Card(
                name="fresh", version=1, preset=preset, config=self.nets.config(), window=32,
                latent=128, bridge_latent=bridge.config.latent, files=files, sources=(), seed=3,
                recipe={}, metrics={}, golden={"tolerance": export.GOLDEN_TOLERANCE},
            ),
        )  # fmt: skip


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Version]:
    return {preset: Version(preset, tmp_path_factory.mktemp(preset)) for preset in GRAPHS}


def session(folder: Path, graph: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        folder / f"{graph}.onnx", providers=["CPUExecutionProvider"]
    )


def torch_answer(version: Version, graph: str, inputs: list[torch.Tensor]) -> list[np.ndarray]:
    declared = GRAPHS[version.preset][graph]
    net = dict(version.nets.items())[declared.net]
    with torch.no_grad():
        answer = getattr(net, declared.method)(*inputs)
    return [a.numpy() for a in (answer if isinstance(answer, tuple) else (answer,))]


@pytest.mark.parametrize(("preset", "graph"), EVERY)
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_onnx_runtime_agrees_with_torch(
    versions: dict[str, Version], preset: str, graph: str, batch: int
) -> None:
    version, declared = versions[preset], GRAPHS[preset][graph]
    card = model_files.read_card(version.folder)
    generator = torch.Generator().manual_seed(batch)
    inputs = [torch.randn(batch, *card.shape(t), generator=generator) for t in declared.inputs]
    answers = session(version.folder, graph).run(
        [t.name for t in declared.outputs],
        {t.name: x.numpy() for t, x in zip(declared.inputs, inputs, strict=True)},
    )
    for tensor, answer, expected in zip(
        declared.outputs, answers, torch_answer(version, graph, inputs), strict=True
    ):
        assert answer.shape == (batch, *card.shape(tensor))
        assert np.abs(answer - expected).max() <= CLOSE * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize(("preset", "graph"), EVERY)
def test_the_graph_has_the_names_and_shapes_the_card_declares(
    versions: dict[str, Version], preset: str, graph: str
) -> None:
    folder, declared = versions[preset].folder, GRAPHS[preset][graph]
    card, opened = model_files.read_card(folder), session(folder, graph)
    for held, tensors in (
        (opened.get_inputs(), declared.inputs),
        (opened.get_outputs(), declared.outputs),
    ):
        assert [h.name for h in held] == [t.name for t in tensors]
        assert [tuple(h.shape[1:]) for h in held] == [card.shape(t) for t in tensors]
        assert all(isinstance(h.shape[0], str) for h in held), "any batch size"


@pytest.mark.parametrize(("preset", "graph"), EVERY)
def test_weights_lie_once_in_the_safetensors_file(
    versions: dict[str, Version], preset: str, graph: str
) -> None:
    proto = onnx.load(versions[preset].folder / f"{graph}.onnx", load_external_data=False)
    assert proto.opset_import[0].version >= 17
    outside = [t for t in proto.graph.initializer if t.external_data]
    places = {e.value for t in outside for e in t.external_data if e.key == "location"}
    assert places == {f"{GRAPHS[preset][graph].net}.safetensors"}
    inside = [t for t in proto.graph.initializer if not t.external_data]
    assert sum(len(t.raw_data) for t in inside) < IN_THE_GRAPH[preset]


@pytest.mark.parametrize(("preset", "graph"), EVERY)
def test_a_graph_tells_nothing_of_the_machine_it_was_made_on(
    versions: dict[str, Version], preset: str, graph: str
) -> None:
    content = (versions[preset].folder / f"{graph}.onnx").read_bytes()
    assert b".py" not in content
    assert str(Path.home()).encode() not in content


@pytest.mark.parametrize(("preset", "graph"), EVERY)
def test_the_golden_answers_are_those_of_the_graphs(
    versions: dict[str, Version], preset: str, graph: str
) -> None:
    folder, declared = versions[preset].folder, GRAPHS[preset][graph]
    golden = model_files.read_golden(folder)
    answers = session(folder, graph).run(
        [t.name for t in declared.outputs],
        {t.name: golden[f"{graph}.{t.name}"] for t in declared.inputs},
    )
    for tensor, answer in zip(declared.outputs, answers, strict=True):
        expected = golden[f"{graph}.{tensor.name}"]
        assert np.abs(answer - expected).max() <= CLOSE * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("preset", GRAPHS)
def test_an_exported_version_is_whole_and_loads_back(
    versions: dict[str, Version], preset: str
) -> None:
    version = versions[preset]
    assert set(model_files.verify(version.folder).files) == set(files_of(preset))
    again = export.load(version.folder)
    for (_, one), (_, other) in zip(version.nets.items(), again.items(), strict=True):
        state = other.state_dict()
        assert all(torch.equal(v, state[k]) for k, v in one.state_dict().items())
    assert again.config() == version.nets.config()


@pytest.mark.parametrize(("factor", "broken"), [(1.001, False), (1.5, True)])
def test_what_is_published_is_seen_to_load_first(
    versions: dict[str, Version], tmp_path: Path, factor: float, broken: bool
) -> None:
    folder = shutil.copytree(versions["paper"].folder, tmp_path / "copy")
    golden = model_files.read_golden(folder)
    golden["pose_decoder.poses"] = golden["pose_decoder.poses"] * factor
    model_files.write_golden(folder, golden)
    card = model_files.read_card(folder)
    files = {**card.files, GOLDEN: model_files.sha256(folder / GOLDEN)}
    model_files.write_card(folder, replace(card, files=files))
    with pytest.raises(ModelError, match="pose_decoder does not give its golden answer"):
        Graphs(folder)
    if broken:
        with pytest.raises(ModelError, match=r"pose_decoder as exported"):
            publishing.settle(folder)
        return
    publishing.settle(folder)
    assert 1e-4 < model_files.read_card(folder).golden["tolerance"] < 0.01
    Graphs(folder)


def test_a_translated_latent_is_given_the_spread_of_real_ones(
    versions: dict[str, Version],
) -> None:
    known = model_files.read_spreads(versions["paper"].folder)
    assert set(known) == set(SPREADS)
    made, real = known["music_to_dance"], known["dance"]
    rng = np.random.default_rng(0)
    z = (made.mean + made.std * rng.normal(size=(5000, 128))).astype(np.float32)
    again = rescaled(z, made, real)
    assert np.abs(again.mean(axis=0) - real.mean).max() < 0.1 * real.std.max()
    assert np.abs(again.std(axis=0) / real.std - 1).max() < 0.1


def test_a_version_of_an_unknown_preset_is_refused(
    versions: dict[str, Version], tmp_path: Path
) -> None:
    folder = versions["paper"].folder
    copy = shutil.copytree(folder, tmp_path / "copy")
    model_files.write_card(copy, replace(model_files.read_card(folder), preset="studio2"))
    with pytest.raises(ModelError, match="studio2"):
        export.load(copy)
