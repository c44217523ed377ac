"""From a corpus to a version of `studio` in its folder: fit, measure, publish with its card."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from oscbridge.domain.card import Card
from oscbridge.training import export, studio_measure, together
from oscbridge.training.checkpoints import forget
from oscbridge.training.publish import UNFINISHED, publish, rounded
from oscbridge.training.split import PARTS
from oscbridge.training.studio_corpus import StudioCorpus
from oscbridge.training.studio_train import Recipe, Trained, Watch, fit

PAIRS = "pseudo-pairs: windows that never met, matched by energy, contour, rhythm and tempo"


def train(
    corpus: StudioCorpus,
    recipe: Recipe,
    seed: int,
    model: Path,
    watch: Watch,
    *,
    fresh: bool = False,
) -> Path:
    """Train on the corpus and publish the next version in `models/<name>`; returns its folder.

    An unfinished training of the same command goes on where it was, unless it is to be `fresh`.
    Of several processes (`together`) the leading one publishes. Raises FileError where the folder
    cannot be written or holds another unfinished training.
    """
    unfinished = model / UNFINISHED
    if fresh:
        forget(unfinished)
    start = time.monotonic()
    trained = fit(corpus, recipe, watch, unfinished)
    if not together.leads():
        return model
    facts = {
        "seconds": round(time.monotonic() - start, 1),
        "pairs": PAIRS,
        "split": corpus.split,
        "windows": {
            domain: {part: len(windows[part]) for part in PARTS}
            for domain, windows in (("music", corpus.music), ("dance", corpus.dance.parts()))
        },
        **recipe.told(),
        "last": {net: rounded(figures) for net, figures in trained.last.items()},
    }
    metrics = studio_measure.figures(trained, corpus)
    folder = publish(
        model, "studio", trained.nets, trained.known.arrays(), corpus.notices,
        lambda files, version: card(
            trained, corpus, seed, facts, metrics, files, model.name, version
        ),
    )  # fmt: skip
    forget(unfinished)
    return folder


def card(
    trained: Trained,
    corpus: StudioCorpus,
    seed: int,
    facts: dict[str, Any],
    metrics: dict[str, dict[str, float]],
    files: dict[str, str],
    name: str,
    version: int,
) -> Card:
    """The card of nets that were just trained."""
    nets = trained.nets
    return Card(
        name=name,
        version=version,
        preset="studio",
        config=nets.config(),
        window=nets.midi_vae.config.steps,
        latent=nets.midi_vae.config.latent,
        bridge_latent=nets.bridge_vae.config.latent,
        files=files,
        sources=corpus.sources,
        seed=seed,
        recipe=facts,
        metrics={section: rounded(values) for section, values in metrics.items()},
        golden={"tolerance": export.GOLDEN_TOLERANCE},
    )
