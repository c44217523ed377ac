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

from oscbridge.domain.graphs import GRAPHS, Graph
from oscbridge.domain.graphs import Tensor as Declared
from oscbridge.io import model_files
from oscbridge.vae.nets import Nets
from oscbridge.vae.presets import PRESETS

OPSET = 18
GOLDEN_TOLERANCE = 1e-4
"""How far a graph's answers may be from the golden ones on another machine (basic-pitch's too), as
a share of the largest where that is above 1."""
_GOLDEN_BATCH = 2
_SPARSE = 0.03
"""Share of cells that sound in a made-up score."""


class _Half(nn.Module):
    """One graph's function of its net; `net.` before a weight's name is all this adds to it."""

    def __init__(self, net: nn.Module, graph: Graph) -> None:
        super().__init__()
        self.net = net
        self.function = getattr(net, graph.method)

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def write(preset: str, nets: Nets, latents: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Write weights, graphs, golden answers and what is known of the `latents` (arrays by name);
    returns each file's sha256.
    """
    modules = dict(nets.items())
    for name, net in modules.items():
        net.eval()
        state = {k: v.contiguous() for k, v in net.state_dict().items()}
        save_file(state, folder / f"{name}.safetensors")
    answers: dict[str, NDArray[np.float32]] = {}
    for graph in GRAPHS[preset].values():
        half = _Half(modules[graph.net], graph)
        inputs = golden_inputs(nets, graph)
        _write_graph(half, graph, inputs, folder)
        with torch.no_grad():
            outputs = half(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        for tensor, value in zip(graph.inputs, inputs, strict=True):
            answers[f"{graph.name}.{tensor.name}"] = value.numpy()
        for tensor, value in zip(graph.outputs, outputs, strict=True):
            answers[f"{graph.name}.{tensor.name}"] = value.numpy()
    model_files.write_golden(folder, answers)
    model_files.write_latents(folder, latents)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors writes them for their owner only
    written = sorted(p for p in folder.iterdir() if p.suffix in {".safetensors", ".onnx", ".npz"})
    return {p.name: model_files.sha256(p) for p in written}


def load(folder: Path) -> Nets:
    """The nets of a version, to train or measure further. Raises ModelError if a file is off."""
    card = model_files.verify(folder)
    nets = PRESETS[card.preset]({k: dict(v) for k, v in card.config.items()})
    for name, net in nets.items():
        net.load_state_dict(load_file(folder / f"{name}.safetensors"))
        net.eval()
    return nets


def golden_inputs(nets: Nets, graph: Graph) -> tuple[Tensor, ...]:
    """Inputs (2, ...) such as the graph meets in use: sparse notes, decoded poses, unit normals."""
    generator = torch.Generator().manual_seed(0)
    modules: dict[str, Any] = dict(nets.items())
    music, bridge = modules["midi_vae"].config, modules["bridge_vae"].config
    sizes = {"window": music.steps, "latent": music.latent, "bridge_latent": bridge.latent}

    def drawn(tensor: Declared) -> Tensor:
        shape = (_GOLDEN_BATCH, *(s if isinstance(s, int) else sizes[s] for s in tensor.shape))
        if tensor.name == "domain":
            return torch.eye(_GOLDEN_BATCH)
        if tensor.name == "poses":
            return _poses(modules["pose_vae"], generator)
        if tensor.name in ("roll", "score"):
            return (torch.rand(shape, generator=generator) < _SPARSE).float()
        if tensor.name in ("time", "traits"):
            return torch.rand(shape, generator=generator)
        return torch.randn(shape, generator=generator)

    return tuple(drawn(tensor) for tensor in graph.inputs)


@torch.no_grad()
def _poses(pose_vae: Any, generator: torch.Generator) -> Tensor:
    latent = torch.randn(_GOLDEN_BATCH, pose_vae.config.latent, generator=generator)
    made = pose_vae.decode(latent)
    poses: Tensor = made[0] if isinstance(made, tuple) else made
    return poses


def _write_graph(half: nn.Module, graph: Graph, inputs: tuple[Tensor, ...], folder: Path) -> None:
    batch = torch.export.Dim("batch")
    with _quiet():
        program = torch.onnx.export(
            half.eval(),
            inputs,
            input_names=[t.name for t in graph.inputs],
            dynamic_shapes=(tuple({0: batch} for _ in inputs),),
            opset_version=OPSET,
            dynamo=True,
            optimize=False,  # folding would put transposed copies of weights into the graph
            verbose=False,
        )
    proto: onnx.ModelProto = program.model_proto  # type: ignore[union-attr]
    _name(proto, [t.name for t in graph.outputs])
    _strip(proto)
    _point_into(proto, folder / f"{graph.net}.safetensors")
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


def _name(proto: onnx.ModelProto, outputs: list[str]) -> None:
    """Give the outputs their names and what lies between numbers: the exporter names some values
    after functions, and an output called `mean` would be one of two.
    """
    taken = {value.name for value in (*proto.graph.input, *proto.graph.initializer)}
    made = dict.fromkeys(name for node in proto.graph.node for name in node.output if name)
    names = {name: f"value.{number}" for number, name in enumerate(made) if name not in taken}
    for value, name in zip(proto.graph.output, outputs, strict=True):
        names[value.name] = value.name = name
    for node in proto.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


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
        place = places.get(tensor.name.removeprefix("net."))
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
