"""The grid of a search: which values of what are tried for each VAE, and their combinations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from oscbridge.errors import FileError
from oscbridge.training.net_settings import SETTABLE, SettingsError, read_json, value

NETS = ("midi_vae", "pose_vae", "bridge_vae")
"""In the order they are searched: the bridge is trained on the best of the other two."""

Space = dict[str, dict[str, tuple[Any, ...]]]
"""VAE -> name -> values."""

_HIDDEN = ((512, 256, 128), (256, 128), (1024, 512, 256, 128))
_RATES = (1e-3, 3e-4, 3e-3)
_MLP: dict[str, tuple[Any, ...]] = {
    "hidden": _HIDDEN,
    "dropout": (0.0, 0.1, 0.3),
    "learning_rate": _RATES,
    "kl_weight": (0.1, 0.01, 1.0),
}
GRIDS: dict[str, Space] = {
    "paper": {
        "midi_vae": _MLP | {"latent": (128, 32, 64, 256)},
        "pose_vae": _MLP,
        "bridge_vae": {
            "hidden": ((256, 128), (128,), (512, 256, 128)),
            "latent": (32, 16, 64),
            "dropout": (0.0, 0.1),
            "learning_rate": _RATES,
            "kl_weight": (0.005, 0.05, 0.5),
            "swd_weight": (10.0, 1.0, 100.0),
        },
    },
    "studio": {
        "midi_vae": {
            "widths": ((128, 128, 192), (96, 96, 128), (192, 192, 256)),
            "latents": ((4, 5, 7), (3, 4, 5), (5, 6, 9)),
            "blocks": (2, 1, 3),
            "dropout": (0.1, 0.0, 0.2),
            "learning_rate": (1.5e-3, 7e-4, 3e-3),
            "kl_weight": (0.1, 0.05, 0.2),
        },
        "pose_vae": {
            "width": (192, 128, 256),
            "token_latent": (48, 24),
            "blocks": (2, 1, 3),
            "dropout": (0.1, 0.0),
            "learning_rate": (1e-3, 3e-4, 3e-3),
            "kl_weight": (0.1, 0.03, 0.3),
        },
        "bridge_vae": {
            "width": (192, 128, 256),
            "blocks": (2, 1, 3),
            "latent": (64, 48, 96),
            "dropout": (0.1, 0.0, 0.2),
            "learning_rate": (2e-3, 1e-3),
            "kl_weight": (0.05, 0.01, 0.2),
            "swd_weight": (10.0, 1.0),
        },
    },
}
"""Preset -> the grid that is searched; the first value of each is the preset's own."""


def read(preset: str, path: Path) -> Space:
    """The grid of a JSON file: VAE -> name -> list of values; a VAE it does not name is searched as
    the preset's grid says, a name it leaves out stays as the preset has it.

    Raises FileError if it is no such file, SettingsError for a name or a value that cannot be.
    """
    given = read_json(path)
    try:
        return GRIDS[preset] | parse(preset, given)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None
    except ValueError as error:
        raise FileError(path, str(error)) from None


def parse(preset: str, given: Mapping[str, Any]) -> Space:
    """The same, of what the JSON holds. Raises ValueError where it is not shaped so."""
    space: Space = {}
    for net, names in given.items():
        if net not in NETS:
            raise SettingsError(f"no VAE {net!r} to search; there are {', '.join(NETS)}")
        if not isinstance(names, dict):
            raise ValueError(f'"{net}" must be an object of names and lists of values')
        space[net] = {}
        for name, values in names.items():
            if not isinstance(values, list) or not values:
                raise ValueError(f'"{net}": "{name}" must be a list of values')
            space[net][name] = tuple(dict.fromkeys(value(preset, net, name, v) for v in values))
    return space


def count(names: Mapping[str, Sequence[Any]]) -> int:
    """Combinations of one VAE's grid."""
    return math.prod(len(values) for values in names.values())


def combinations(
    names: Mapping[str, Sequence[Any]], samples: int | None = None, seed: int = 1
) -> list[dict[str, Any]]:
    """All combinations of one VAE's grid, or so many drawn by chance: first the first values of
    all, which in the preset's own grid are the preset's, then others, none twice.
    """
    whole = count(names)
    if samples is None or samples >= whole:
        return [dict(zip(names, values, strict=True)) for values in product(*names.values())]
    rest = 1 + np.random.default_rng(seed).choice(whole - 1, samples - 1, replace=False)
    shape = [len(values) for values in names.values()] or [1]
    places = np.stack(np.unravel_index([0, *rest], shape), axis=1)
    return [
        {name: values[i] for (name, values), i in zip(names.items(), place, strict=False)}
        for place in places
    ]


def own(preset: str, net: str, settings: Mapping[str, Any]) -> bool:
    """Whether these settings are the preset's own."""
    known = SETTABLE[preset][net]
    return all(known.default(name) == one for name, one in settings.items())
