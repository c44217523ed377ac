"""A mixture of Gaussians over latents: where real windows lie, to draw new ones from.

Latents of real windows fill the unit ball unevenly; what is drawn from the whole of it moves wilder
than people do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 30
_TRUST = 256
"""Latents a part must hold for its own covariance to count as much as that of all."""
_TIGHTER = 0.5
"""How much narrower than all latents a part is taken to be where its own say nothing."""
_RIDGE = 1e-5


@dataclass(frozen=True)
class Mixture:
    """`weights` (parts,), `means` (parts, latent), and `factors` (parts, latent, latent), the
    Cholesky factors of the covariances.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.floating]
    factors: NDArray[np.floating]

    def draw(
        self, count: int, rng: np.random.Generator, temperature: float = 1.0
    ) -> NDArray[np.float32]:
        """New latents (count, latent); `temperature` scales how far from a part's mean."""
        parts = rng.choice(len(self.weights), count, p=self.weights)
        noise = rng.standard_normal((count, self.means.shape[1])) * temperature
        drawn = self.means[parts] + np.einsum("nij,nj->ni", self.factors[parts], noise)
        return np.asarray(drawn, np.float32)

    def along(self, noise: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Latents (count, latent) that lie in one part, drawn, as unit normal `noise` (count,
        latent) goes: akin where the noise is.
        """
        part = int(rng.choice(len(self.weights), p=self.weights))
        return np.asarray(self.means[part] + noise @ self.factors[part].T, np.float32)

    def widest(self, count: int) -> NDArray[np.float32]:
        """The directions (count, latent) in which it is widest, each as long as it is wide there
        (a standard deviation), its largest number positive.
        """
        mean = self.weights @ self.means
        apart = self.means - mean
        spread = np.einsum("n,nij,nkj->ik", self.weights, self.factors, self.factors)
        spread = spread + np.einsum("n,ni,nj->ij", self.weights, apart, apart)
        variance, axes = np.linalg.eigh(spread)
        found = (axes * np.sqrt(np.maximum(variance, 0))).T[::-1][:count]
        largest = np.take_along_axis(found, np.abs(found).argmax(axis=1)[:, None], axis=1)
        return np.asarray(found * np.sign(largest), np.float32)


def fit(latents: NDArray[np.float32], parts: int, rng: np.random.Generator) -> Mixture:
    """The mixture of so many parts over latents (N, latent), N >= parts: k-means, each part's
    covariance drawn towards that of all latents the more the fewer it holds.
    """
    z = latents.astype(np.float64)
    means = z[rng.permutation(len(z))[:parts]]
    for _ in range(_ROUNDS):
        part = _nearest(z, means)
        means = np.stack(
            [z[part == i].mean(axis=0) if (part == i).any() else means[i] for i in range(parts)]
        )
    part = _nearest(z, means)
    everywhere = np.cov(z.T) * _TIGHTER
    ridge = _RIDGE * np.eye(z.shape[1])
    factors = []
    for i in range(parts):
        own = z[part == i]
        trust = len(own) / (len(own) + _TRUST) if len(own) > 1 else 0.0
        spread = np.cov(own.T) if trust else everywhere
        factors.append(np.linalg.cholesky(trust * spread + (1 - trust) * everywhere + ridge))
    counts = np.bincount(part, minlength=parts)
    return Mixture(counts / counts.sum(), means, np.stack(factors))


def _nearest(z: NDArray[np.float64], means: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.asarray(((means**2).sum(axis=1) - 2 * z @ means.T).argmin(axis=1))
