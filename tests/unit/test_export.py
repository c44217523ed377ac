"""What is served answers as what was trained: ONNX Runtime on the exported graphs beside torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from oscbridge.domain.card import FILES, GRAPHS, Card
from oscbridge.domain.latents import SPREADS, rescaled
from oscbridge.errors import ModelError
from oscbridge.io import model_files
from oscbridge.training import export
from oscbridge.training.spreads import spreads
from oscbridge.vae.presets import PRESETS, Trio

CLOSE = 1e-5


@pytest.fixture(scope="module")
def trio() -> Trio:
    return PRESETS["paper"].fresh("sum", 3)


@pytest.fixture(scope="module")
def folder(trio: Trio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version")
    generator = torch.Generator().manual_seed(4)
    music, dance = torch.rand(8, 32, 128, generator=generator), torch.rand(8, 32, 33, 3)
    files = export.write(trio, spreads(trio, music, dance), folder)
    model_files.write_card(
        folder,
        Card(
            name="fresh", version=1, preset="paper", config=trio.config(), window=32, latent=128,
            bridge_latent=32, files=files, sources=(), seed=3, recipe={}, metrics={},
            golden={"tolerance": export.GOLDEN_TOLERANCE},
        ),
    )  # fmt: skip
    return folder


def session(folder: Path, graph: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        folder / f"{graph}.onnx", providers=["CPUExecutionProvider"]
    )


def torch_answer(trio: Trio, graph: str, inputs: list[torch.Tensor]) -> list[np.ndarray]:
    vae = dict(trio.items())[GRAPHS[graph].vae]
    function = vae.encode if graph.endswith("encoder") else vae.decode
    with torch.no_grad():
        answer = vae.play(*inputs) if graph == "midi_decoder" else function(*inputs)
    return [a.numpy() for a in (answer if isinstance(answer, tuple) else (answer,))]


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_onnx_runtime_agrees_with_torch(trio: Trio, folder: Path, graph: str, batch: int) -> None:
    card = model_files.read_card(folder)
    generator = torch.Generator().manual_seed(batch)
    declared = GRAPHS[graph]
    inputs = [torch.randn(batch, *card.shape(t), generator=generator) for t in declared.inputs]
    answers = session(folder, graph).run(
        [t.name for t in declared.outputs],
        {t.name: x.numpy() for t, x in zip(declared.inputs, inputs, strict=True)},
    )
    for tensor, answer, expected in zip(
        declared.outputs, answers, torch_answer(trio, graph, inputs), strict=True
    ):
        assert answer.shape == (batch, *card.shape(tensor))
        assert np.abs(answer - expected).max() <= CLOSE


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_graph_has_the_names_and_shapes_the_card_declares(folder: Path, graph: str) -> None:
    card, opened, declared = model_files.read_card(folder), session(folder, graph), GRAPHS[graph]
    for held, tensors in (
        (opened.get_inputs(), declared.inputs),
        (opened.get_outputs(), declared.outputs),
    ):
        assert [h.name for h in held] == [t.name for t in tensors]
        assert [tuple(h.shape[1:]) for h in held] == [card.shape(t) for t in tensors]
        assert all(isinstance(h.shape[0], str) for h in held), "any batch size"


@pytest.mark.parametrize("graph", GRAPHS)
def test_weights_lie_once_in_the_safetensors_file(folder: Path, graph: str) -> None:
    proto = onnx.load(folder / f"{graph}.onnx", load_external_data=False)
    assert proto.opset_import[0].version >= 17
    outside = [t for t in proto.graph.initializer if t.external_data]
    places = {e.value for t in outside for e in t.external_data if e.key == "location"}
    assert places == {f"{GRAPHS[graph].vae}.safetensors"}
    inside = [t for t in proto.graph.initializer if not t.external_data]
    assert sum(len(t.raw_data) for t in inside) < 100, "only shapes and bounds stay in the graph"


def test_a_graph_tells_nothing_of_the_machine_it_was_made_on(folder: Path) -> None:
    for graph in GRAPHS:
        content = (folder / f"{graph}.onnx").read_bytes()
        assert b".py" not in content
        assert str(Path.home()).encode() not in content


def test_the_golden_answers_are_those_of_the_graphs(folder: Path) -> None:
    golden = model_files.read_golden(folder)
    for name, graph in GRAPHS.items():
        answers = session(folder, name).run(
            [t.name for t in graph.outputs],
            {t.name: golden[f"{name}.{t.name}"] for t in graph.inputs},
        )
        for tensor, answer in zip(graph.outputs, answers, strict=True):
            assert np.abs(answer - golden[f"{name}.{tensor.name}"]).max() <= CLOSE


def test_an_exported_version_is_whole_and_loads_back(trio: Trio, folder: Path) -> None:
    assert set(model_files.verify(folder).files) == set(FILES)
    again = export.load(folder)
    for (_, one), (_, other) in zip(trio.items(), again.items(), strict=True):
        state = other.state_dict()
        assert all(torch.equal(v, state[k]) for k, v in one.state_dict().items())
    assert again.config() == trio.config()


def test_a_translated_latent_is_given_the_spread_of_real_ones(folder: Path) -> None:
    known = model_files.read_spreads(folder)
    assert set(known) == set(SPREADS)
    made, real = known["music_to_dance"], known["dance"]
    rng = np.random.default_rng(0)
    z = (made.mean + made.std * rng.normal(size=(5000, 128))).astype(np.float32)
    again = rescaled(z, made, real)
    assert np.abs(again.mean(axis=0) - real.mean).max() < 0.1 * real.std.max()
    assert np.abs(again.std(axis=0) / real.std - 1).max() < 0.1


def test_a_version_of_an_unknown_preset_is_refused(folder: Path, tmp_path: Path) -> None:
    import shutil
    from dataclasses import replace

    copy = shutil.copytree(folder, tmp_path / "copy")
    model_files.write_card(copy, replace(model_files.read_card(folder), preset="studio2"))
    with pytest.raises(ModelError, match="studio2"):
        export.load(copy)
