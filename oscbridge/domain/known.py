"""What a `studio` model knows of its training windows besides its weights: how latents are spread
and where they lie, and how energy, contour and onsets are distributed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.descriptors import Descriptors, ranks
from oscbridge.domain.graphs import DOMAINS, TRAITS
from oscbridge.domain.latents import Spread, spread_arrays, spreads_of
from oscbridge.domain.mixture import Mixture
from oscbridge.domain.new_music import MusicPrior
from oscbridge.domain.rhythm import Floats
from oscbridge.domain.sampling import DIRECTIONS

GRAIN = 201
"""Quantiles a distribution is kept as."""
_PRIORS = ("dance_prior", "bridge_prior")

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Known:
    """`spreads` of `domain.latents.SPREADS`; `traits` (GRAIN, 2): quantiles of energy and contour
    of each domain's windows; `counts` (GRAIN, 3): of the onsets of each part in a window; `apart`
    (bridge latent,): spread of the difference of z' of pairs; `dance_prior` over z of dances,
    `bridge_prior` over z' of both domains; `music_prior` over z of music.
    """

    spreads: Mapping[str, Spread]
    traits: Mapping[str, Floats]
    counts: Floats
    apart: NDArray[np.float32]
    dance_prior: Mixture
    bridge_prior: Mixture
    music_prior: MusicPrior

    def ranks(self, domain: str, about: Descriptors) -> NDArray[np.float32]:
        """Energy and contour (N, 2) of windows among the training windows of their domain."""
        known = self.traits[domain]
        each = [ranks(getattr(about, name), known[:, i]) for i, name in enumerate(TRAITS)]
        return np.stack(each, axis=1).astype(np.float32)

    def energy(self, domain: str, rank: NDArray[np.floating]) -> Floats:
        """The energy (N,) of that rank (N,) in a domain."""
        return _at(self.traits[domain][:, 0], rank)

    def onsets(self, rank: NDArray[np.floating]) -> Floats:
        """Onsets of each part (N, 3) in a window whose energy has that rank (N,)."""
        return np.stack([_at(column, rank) for column in self.counts.T], axis=1)

    @cached_property
    def directions(self) -> NDArray[np.float32]:
        """The widest directions (DIRECTIONS, bridge latent) of z', a standard deviation long."""
        return self.bridge_prior.widest(DIRECTIONS)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """By name, as a model version stores them; `of` reads them back."""
        found = spread_arrays(self.spreads)
        found |= {f"{domain}.traits": _single(self.traits[domain]) for domain in DOMAINS}
        found |= {"counts": _single(self.counts), "apart": _single(self.apart)}
        found["music_prior.anchors"] = self.music_prior.anchors
        found["music_prior.mean"] = self.music_prior.spread.mean
        found["music_prior.std"] = self.music_prior.spread.std
        for name in _PRIORS:
            prior: Mixture = getattr(self, name)
            for field in ("weights", "means", "factors"):
                found[f"{name}.{field}"] = _single(getattr(prior, field))
        return found

    @classmethod
    def of(cls, arrays: Arrays) -> Known:
        """From the arrays. Raises KeyError for one that is missing."""
        dance_prior, bridge_prior = (_mixture(arrays, name) for name in _PRIORS)
        return cls(
            spreads_of(arrays),
            {domain: np.asarray(arrays[f"{domain}.traits"], np.float64) for domain in DOMAINS},
            np.asarray(arrays["counts"], np.float64),
            arrays["apart"],
            dance_prior,
            bridge_prior,
            MusicPrior(
                arrays["music_prior.anchors"],
                Spread(arrays["music_prior.mean"], arrays["music_prior.std"]),
            ),
        )


def quantiles(values: NDArray[np.generic]) -> Floats:
    """Values (N, ...) as GRAIN quantiles of each column (GRAIN, ...)."""
    return np.asarray(np.quantile(np.asarray(values, np.float64), np.linspace(0, 1, GRAIN), axis=0))


def _at(column: Floats, rank: NDArray[np.floating]) -> Floats:
    return np.asarray(np.interp(rank, np.linspace(0, 1, len(column)), column))


def _mixture(arrays: Arrays, name: str) -> Mixture:
    weights = np.asarray(arrays[f"{name}.weights"], np.float64)
    return Mixture(weights / weights.sum(), arrays[f"{name}.means"], arrays[f"{name}.factors"])


def _single(values: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
