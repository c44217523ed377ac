"""How latents are spread, and giving a translated latent the spread of real ones.

A bridge answers near the middle of what it knows: music of no bass, dances that hardly move.
Rescaling each dimension to the spread that real latents have costs nothing and gives both back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.graphs import DOMAINS

TRANSLATIONS = tuple(f"{a}_to_{b}" for a in DOMAINS for b in DOMAINS if a != b)
SPREADS = (*DOMAINS, *TRANSLATIONS)
"""Populations of z a model knows the spread of: of encoded training windows, and of what the
bridge makes of them in the other domain."""
_TINY = 1e-6
_ALIKE = 1e-3
"""Radians between two latents below which a straight way is as good."""
KINSHIP = 0.8
"""Correlation of the latents of neighbouring windows of what is generated longer than one."""


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of each dimension of a population of latents: (latent,) each."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]


def akin(noise: NDArray[Any]) -> NDArray[Any]:
    """Unit normal noise (N, latent), each row made akin to the one before it."""
    made = np.array(noise)
    for i in range(1, len(made)):
        made[i] = KINSHIP * made[i - 1] + np.sqrt(1 - KINSHIP**2) * made[i]
    return made


def spread_arrays(spreads: Mapping[str, Spread]) -> dict[str, NDArray[np.float32]]:
    """The spreads as arrays by name, as a model version stores them."""
    arrays: dict[str, NDArray[np.float32]] = {}
    for name, spread in spreads.items():
        arrays |= {f"{name}.mean": spread.mean, f"{name}.std": spread.std}
    return arrays


def spreads_of(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, Spread]:
    """The spread of each of `SPREADS` from such arrays. Raises KeyError for one that is missing."""
    return {n: Spread(arrays[f"{n}.mean"], arrays[f"{n}.std"]) for n in SPREADS}


def rescaled(z: NDArray[np.float32], made: Spread, real: Spread) -> NDArray[np.float32]:
    """z (..., latent) of the population `made`, with the mean and spread of the `real` one."""
    unit = (z - made.mean) / np.maximum(made.std, _TINY)
    return np.asarray(unit * real.std + real.mean, np.float32)


def mixed(
    z: NDArray[np.float32], other: NDArray[np.float32], share: float, middle: Spread
) -> NDArray[np.float32]:
    """z (N, latent) with so much of another, unrelated, as leaves it as far from the `middle` as
    either was: 0 for z itself, 1 for the other.
    """
    scale = np.maximum(middle.std, _TINY)
    a, b = (z - middle.mean) / scale, (other - middle.mean) / scale
    made = np.sqrt(1 - share**2) * a + share * b
    return np.asarray(made * scale + middle.mean, np.float32)


def between(
    a: NDArray[np.float32], b: NDArray[np.float32], at: float, middle: Spread
) -> NDArray[np.float32]:
    """The latents (N, latent) a part `at` of the way from a to b, about the `middle` rather than
    through it, where little is known: direction and distance change evenly (White 2016).
    """
    scale = np.maximum(middle.std, _TINY)
    one, two = (a - middle.mean) / scale, (b - middle.mean) / scale
    near, far = (np.linalg.norm(v, axis=-1, keepdims=True) for v in (one, two))
    units = one / np.maximum(near, _TINY), two / np.maximum(far, _TINY)
    angle = np.arccos(np.clip((units[0] * units[1]).sum(axis=-1, keepdims=True), -1, 1))
    sine = np.maximum(np.sin(angle), _TINY)
    turned = (np.sin((1 - at) * angle) * units[0] + np.sin(at * angle) * units[1]) / sine
    straight = (1 - at) * units[0] + at * units[1]
    made = np.where(angle < _ALIKE, straight, turned) * ((1 - at) * near + at * far)
    return np.asarray(made * scale + middle.mean, np.float32)
