"""Drawing the codes of a window one after the other, as the music prior foresees each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
"""(B, beats, codes a beat)."""
Foresight = Callable[[Codes], NDArray[np.float32]]
"""Codes -> logits (B, beats, codes a beat, choices) of each, given those before it only."""


def draw(
    foresee: Foresight,
    shape: tuple[int, int, int],
    temperature: float,
    rng: np.random.Generator,
    nucleus: float = 1.0,
) -> Codes:
    """Codes of that shape (B, beats, codes a beat).

    `temperature` 0 takes the likeliest code each time, 1 draws as foreseen. Codes beyond the
    likeliest that have the share `nucleus` of the probability together are never drawn.
    """
    codes = np.zeros(shape, np.int64)
    for beat in range(shape[1]):
        for place in range(shape[2]):
            logits = foresee(codes)[:, beat, place].astype(np.float64)
            codes[:, beat, place] = _drawn(logits, temperature, nucleus, rng)
    return codes


def _drawn(
    logits: NDArray[np.float64], temperature: float, nucleus: float, rng: np.random.Generator
) -> NDArray[np.intp]:
    if temperature <= 0.0:
        return np.asarray(logits.argmax(axis=1))
    scaled = logits / temperature
    order = np.argsort(-scaled, axis=1)
    ranked = np.take_along_axis(scaled, order, axis=1)
    p = np.exp(ranked - ranked[:, :1])
    p /= p.sum(axis=1, keepdims=True)
    before = np.cumsum(p, axis=1) - p
    p = np.where(before < nucleus, p, 0.0)  # the likeliest always stays
    reach = np.cumsum(p, axis=1)
    rank = (reach < rng.random((len(p), 1)) * reach[:, -1:]).sum(axis=1)
    return np.asarray(np.take_along_axis(order, rank[:, None], axis=1)[:, 0])
