"""What every preset's set of nets has in common: names, configs, weights drawn from a seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Nets:
    """The nets of one model; each field is a module with a `config`, a frozen dataclass."""

    def items(self) -> tuple[tuple[str, nn.Module], ...]:
        """The nets with their names, in the order they are trained."""
        return tuple((f.name, getattr(self, f.name)) for f in fields(self))

    def config(self) -> dict[str, dict[str, Any]]:
        """Each net's Config as JSON-able values, by the net's name."""
        return {
            name: {k: list(v) if isinstance(v, tuple) else v for k, v in _values(net).items()}
            for name, net in self.items()
        }


def _values(net: nn.Module) -> dict[str, Any]:
    config: Any = net.config
    return asdict(config)


def told(config: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """The net's values of a config as read from JSON, as its Config takes them."""
    values = config.get(name, {})
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
