"""From torch to the files of a version: weights, graphs that point into them, golden answers."""

from __future__ import annotations

import json
import logging
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from oscbridge.domain.card import GRAPHS, Graph
from oscbridge.domain.latents import Spread
from oscbridge.errors import ModelError
from oscbridge.io import model_files
from oscbridge.vae.presets import PRESETS, Trio

OPSET = 18
GOLDEN_TOLERANCE = 1e-4
"""How far a graph's answers may be from the golden ones on another machine (basic-pitch's too)."""
_GOLDEN_BATCH = 2


class _Half(nn.Module):
    """One graph's function of its VAE; `vae.` before a weight's name is all this adds to it."""

    def __init__(self, vae: nn.Module, graph: Graph) -> None:
        super().__init__()
        self.vae = vae
        verb = "encode" if graph.name.endswith("encoder") else "decode"
        self.function = getattr(vae, "play" if graph.name == "midi_decoder" else verb)

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def write(trio: Trio, spreads: Mapping[str, Spread], folder: Path) -> dict[str, str]:
    """Write weights, graphs, golden answers and the latents' spreads of the trio; returns each
    file's sha256.
    """
    vaes = dict(trio.items())
    for name, vae in vaes.items():
        vae.eval()
        state = {k: v.contiguous() for k, v in vae.state_dict().items()}
        save_file(state, folder / f"{name}.safetensors")
    answers: dict[str, NDArray[np.float32]] = {}
    for graph in GRAPHS.values():
        half = _Half(vaes[graph.vae], graph)
        inputs = golden_inputs(trio, graph)
        _write_graph(half, graph, inputs, folder)
        with torch.no_grad():
            outputs = half(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        named = zip(graph.inputs + graph.outputs, (*inputs, *outputs), strict=True)
        answers |= {f"{graph.name}.{tensor.name}": value.numpy() for tensor, value in named}
    model_files.write_golden(folder, answers)
    model_files.write_spreads(folder, spreads)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors writes them for their owner only
    written = sorted(p for p in folder.iterdir() if p.suffix in {".safetensors", ".onnx", ".npz"})
    return {p.name: model_files.sha256(p) for p in written}


def load(folder: Path) -> Trio:
    """The trio of a version, to train or measure further. Raises ModelError if a file is off."""
    card = model_files.verify(folder)
    if card.preset not in PRESETS:
        raise ModelError(f"{folder}: its preset {card.preset!r} is not one of {sorted(PRESETS)}")
    trio = PRESETS[card.preset].build({k: dict(v) for k, v in card.config.items()})
    for name, vae in trio.items():
        vae.load_state_dict(load_file(folder / f"{name}.safetensors"))
        vae.eval()
    return trio


def golden_inputs(trio: Trio, graph: Graph) -> tuple[Tensor, ...]:
    """Inputs (2, ...) such as the graph meets in use: sparse rolls, decoded poses, unit normals."""
    generator = torch.Generator().manual_seed(0)

    def normal(size: int) -> Tensor:
        return torch.randn(_GOLDEN_BATCH, size, generator=generator)

    music, bridge = trio.midi_vae.config, trio.bridge_vae.config
    drawn = {
        "roll": (torch.rand(_GOLDEN_BATCH, music.steps, music.rows, generator=generator) < 0.03),
        "poses": trio.pose_vae.decode(normal(trio.pose_vae.config.latent)).detach(),
        "latent": normal(bridge.latent if graph.name == "bridge_decoder" else music.latent),
        "domain": torch.eye(2),
    }
    return tuple(drawn[tensor.name].float() for tensor in graph.inputs)


def _write_graph(half: nn.Module, graph: Graph, inputs: tuple[Tensor, ...], folder: Path) -> None:
    batch = torch.export.Dim("batch")
    with _quiet():
        program = torch.onnx.export(
            half.eval(),
            inputs,
            input_names=[t.name for t in graph.inputs],
            output_names=[t.name for t in graph.outputs],
            dynamic_shapes=(tuple({0: batch} for _ in inputs),),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    proto: onnx.ModelProto = program.model_proto  # type: ignore[union-attr]
    _strip(proto)
    _point_into(proto, folder / f"{graph.vae}.safetensors")
    onnx.save(proto, folder / f"{graph.name}.onnx")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks on packages it could use and does not need."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _strip(proto: onnx.ModelProto) -> None:
    """Drop what the exporter tells of the source code, its paths on this machine included."""
    del proto.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.graph.value_info[:]
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]


def _point_into(proto: onnx.ModelProto, weights: Path) -> None:
    """Replace the graph's weights by references into the `.safetensors` file beside it."""
    places = _places(weights)
    for tensor in proto.graph.initializer:
        place = places.get(tensor.name.removeprefix("vae."))
        if place is None:  # a shape or a bound: a few bytes, and no weight of the model
            continue
        start, length = place
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        del tensor.external_data[:]
        for key, value in (("location", weights.name), ("offset", start), ("length", length)):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)


def _places(weights: Path) -> dict[str, tuple[int, int]]:
    """Name -> (first byte, bytes) of each tensor: a safetensors file is the length of a JSON
    header (u64), that header, and the tensors end to end.
    """
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    body = 8 + length
    return {
        name: (body + entry["data_offsets"][0], entry["data_offsets"][1] - entry["data_offsets"][0])
        for name, entry in header.items()
        if name != "__metadata__"
    }
