"""The card of a trained model: what it is, what it was made from, what it measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from oscbridge.domain.graphs import GRAPHS, Tensor, nets

SCHEMA = 1
"""Version of the card's own format."""
GOLDEN = "golden.npz"
"""Stored inputs and outputs of every graph: arrays `<graph>.<tensor>`."""

LATENTS = "latents.npz"
"""What is known of latents over the training windows: spreads (`domain.latents.SPREADS`) as
`<name>.mean` and `<name>.std`, and what the preset needs besides."""


def files_of(preset: str) -> tuple[str, ...]:
    """Every file a card of that preset has a hash of. Raises KeyError."""
    weights, graphs = nets(preset), GRAPHS[preset]
    return (
        *(f"{net}.safetensors" for net in weights),
        *(f"{graph}.onnx" for graph in graphs),
        GOLDEN,
        LATENTS,
    )


@dataclass(frozen=True)
class Source:
    """A collection the model was trained on: its licence and the notice that goes with it."""

    name: str
    licence: str
    notice: str
    songs: int = 0
    takes: int = 0


@dataclass(frozen=True)
class Card:
    """What a model version says about itself.

    `config`: each net's Config; `window` in steps, `latent` and `bridge_latent` in dimensions;
    `files`: sha256 (hex) of each of `files_of(preset)`; `recipe`: how it was trained, and
    its split;
    `metrics`: section -> figure -> value, on the test split; `golden`: the tolerance within which
    the graphs must answer the inputs stored in `golden.npz`.
    """

    name: str
    version: int
    preset: str
    config: Mapping[str, Mapping[str, Any]]
    window: int
    latent: int
    bridge_latent: int
    files: Mapping[str, str]
    sources: tuple[Source, ...]
    seed: int
    recipe: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, float]]
    golden: Mapping[str, float]
    schema: int = SCHEMA

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """The tensor's dimensions after the batch."""
        return tuple(s if isinstance(s, int) else int(getattr(self, s)) for s in tensor.shape)

    def to_json(self) -> dict[str, Any]:
        """JSON-able values; `from_json` reads them back."""
        return {**asdict(self), "sources": [asdict(source) for source in self.sources]}

    @classmethod
    def from_json(cls, values: object) -> Card:
        """The card those values are. Raises ValueError that says which field is wrong and how."""
        if not isinstance(values, dict):
            raise ValueError("a card is a JSON object")
        if values.get("schema") != SCHEMA:
            raise ValueError(
                f"its schema is {values.get('schema')!r}, this oscbridge reads {SCHEMA}: "
                "use the oscbridge it was trained with, or train it again"
            )
        _check_fields(values)
        return cls(**values | {"sources": tuple(_source(s) for s in values["sources"])})


_KINDS: dict[str, type] = {
    "name": str, "version": int, "preset": str, "config": dict, "window": int, "latent": int,
    "bridge_latent": int, "files": dict, "sources": list, "seed": int, "recipe": dict,
    "metrics": dict, "golden": dict, "schema": int,
}  # fmt: skip


def _check_fields(values: dict[str, Any]) -> None:
    if missing := sorted(_KINDS.keys() - values.keys()):
        raise ValueError(f"it lacks {', '.join(missing)}")
    if unknown := sorted(values.keys() - _KINDS.keys()):
        raise ValueError(f"it has fields that schema {SCHEMA} does not know: {', '.join(unknown)}")
    for name, kind in _KINDS.items():
        value = values[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{name} is {value!r}, which is not of type {kind.__name__}")
    for name in ("version", "window", "latent", "bridge_latent"):
        if values[name] < 1:
            raise ValueError(f"{name} is {values[name]}, it must be at least 1")
    if values["preset"] not in GRAPHS:
        raise ValueError(
            f"its preset is {values['preset']!r}, this oscbridge knows {', '.join(GRAPHS)}"
        )
    if missing := [file for file in files_of(values["preset"]) if file not in values["files"]]:
        raise ValueError(f"files has no hash of {', '.join(missing)}")


def _source(values: object) -> Source:
    names = {f.name for f in fields(Source)}
    if not isinstance(values, dict) or not {"name", "licence", "notice"} <= values.keys() <= names:
        raise ValueError(f"a source must have {', '.join(sorted(names))}; it is {values!r}")
    return Source(**values)
