"""The graphs of a model version as ONNX Runtime sessions: one thread each, no spinning.

Two threads collapse when the machine is busy, and a spinning one takes a core from the music.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.card import Card
from oscbridge.domain.graphs import GRAPHS
from oscbridge.errors import ModelError
from oscbridge.io import model_files


class Graphs:
    """Every graph of a model version, checked and warm. Use from one thread at a time."""

    def __init__(self, folder: Path, *, check: bool = True) -> None:
        """Load and check the version in `folder`: hashes, then its golden answers unless told not.

        Raises ModelError with the file and the reason.
        """
        self.card: Card = model_files.verify(folder)
        self._declared = GRAPHS[self.card.preset]
        self._sessions = {name: _session(folder / f"{name}.onnx") for name in self._declared}
        if check:
            self._check(folder)

    def run(self, graph: str, *inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The graph's outputs (B, ...), in the order of `domain.graphs.GRAPHS`."""
        names = [tensor.name for tensor in self._declared[graph].inputs]
        feed = {n: np.ascontiguousarray(v, np.float32) for n, v in zip(names, inputs, strict=True)}
        outputs = [tensor.name for tensor in self._declared[graph].outputs]
        return list(self._sessions[graph].run(outputs, feed))

    def differences(self, folder: Path) -> Iterator[tuple[str, str, float]]:
        """Graph, output, and how far its answers are from the golden ones in `folder`, as a share
        of the largest of them where that is above 1. Raises ModelError for what is missing.
        """
        golden = model_files.read_golden(folder)
        for name, graph in self._declared.items():
            try:
                inputs = [golden[f"{name}.{tensor.name}"] for tensor in graph.inputs]
                stored = [golden[f"{name}.{tensor.name}"] for tensor in graph.outputs]
            except KeyError as error:
                raise ModelError(f"{folder}: its golden answers lack {error}") from error
            for tensor, got, want in zip(
                graph.outputs, self.run(name, *inputs), stored, strict=True
            ):
                if got.shape != want.shape:
                    yield name, tensor.name, math.inf
                    continue
                off = np.abs(got - want).max() / max(1.0, float(np.abs(want).max()))
                yield name, tensor.name, float(np.nan_to_num(off, nan=math.inf))

    def _check(self, folder: Path) -> None:
        tolerance = float(self.card.golden.get("tolerance", 1e-4))
        for name, tensor, off in self.differences(folder):
            if off > tolerance:
                raise ModelError(
                    f"{folder}: {name} does not give its golden answer for {tensor}; "
                    "the old model keeps serving"
                )


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        raise ModelError(f"{path}: cannot be loaded: {error}") from error
