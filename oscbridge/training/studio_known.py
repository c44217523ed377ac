"""What a trained `studio` bridge is to know of its training windows when it serves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain import mixture
from oscbridge.domain.descriptors import Descriptors
from oscbridge.domain.graphs import DOMAINS, TRAITS
from oscbridge.domain.known import Known, quantiles
from oscbridge.domain.latents import TRANSLATIONS, Spread
from oscbridge.domain.new_music import MusicPrior
from oscbridge.domain.rhythm import Floats
from oscbridge.training.studio_bridge import Material
from oscbridge.training.studio_translation import Translation
from oscbridge.vae.studio.midi_prior import MidiPrior

PARTS = 8
"""Gaussians in each prior."""


ANCHORS = 1024
"""Windows of music that new music begins from."""


def known(
    translation: Translation,
    material: Material,
    counts: NDArray[np.intp],
    bars: Tensor,
    prior: MidiPrior,
    seed: int,
) -> Known:
    """From the training windows the bridge was trained on; `counts` (N, 3): onsets of each part in
    the windows of music; `bars` (M, 128): z of those that start with a bar.
    """
    rng = np.random.default_rng(seed)
    spreads = dict(zip(DOMAINS, translation.real, strict=True))
    for name in TRANSLATIONS:
        spreads[name] = translation.made[DOMAINS.index(name.rpartition("_")[2])]
    shared = np.concatenate([z.numpy() for z in translation.shared_of(material)])
    sides = (material.music, material.dance)
    return Known(
        spreads,
        {d: _traits(side.about) for d, side in zip(DOMAINS, sides, strict=True)},
        quantiles(counts),
        translation.apart.numpy(),
        mixture.fit(material.dance.mean.numpy(), min(PARTS, len(material.dance)), rng),
        mixture.fit(shared, min(PARTS, len(shared)), rng),
        MusicPrior(
            bars.numpy()[rng.permutation(len(bars))[:ANCHORS]],
            Spread(prior.centre.numpy(), prior.scale.numpy()),
        ),
    )


def _traits(about: Descriptors) -> Floats:
    return quantiles(np.stack([getattr(about, name) for name in TRAITS], axis=1))
