"""From a corpus to a version of `paper` in its folder: fit, measure, publish with its card."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from oscbridge.domain.card import Card
from oscbridge.domain.latents import spread_arrays
from oscbridge.training import export
from oscbridge.training.checkpoints import forget
from oscbridge.training.corpus import Corpus
from oscbridge.training.evaluate import Held, Sections, measure
from oscbridge.training.fit import Log, Settings, Watch, fit
from oscbridge.training.publish import UNFINISHED, publish, rounded
from oscbridge.training.spreads import spreads
from oscbridge.vae.presets import Trio


def train(
    corpus: Corpus, settings: Settings, model: Path, watch: Watch, *, fresh: bool = False
) -> Path:
    """Train on the corpus and publish the next version in `models/<name>`; returns its folder.

    An unfinished training of the same command goes on where it was, unless it is to be `fresh`.
    Raises FileError where the folder cannot be written or holds another unfinished training.
    """
    unfinished = model / UNFINISHED
    if fresh:
        forget(unfinished)
    start = time.monotonic()
    material = corpus.material()
    trio, logs = fit(material, settings, watch, unfinished)
    seconds = time.monotonic() - start
    sections = measure(trio, Held.of(corpus, trio.pose_vae.config.metres_per_unit))
    folder = publish(
        model, "paper", trio, spread_arrays(spreads(trio, material.music, material.dance)),
        corpus.notices,
        lambda files, version: card(
            trio, corpus, settings, files, sections, logs, model.name, version, seconds
        ),
    )  # fmt: skip
    forget(unfinished)
    return folder


def card(
    trio: Trio,
    corpus: Corpus,
    settings: Settings,
    files: dict[str, str],
    sections: Sections,
    logs: dict[str, Log],
    name: str,
    version: int,
    seconds: float,
) -> Card:
    """The card of a trio that was just trained."""
    music, bridge = trio.midi_vae.config, trio.bridge_vae.config
    return Card(
        name=name,
        version=version,
        preset="paper",
        config=trio.config(),
        window=music.steps,
        latent=music.latent,
        bridge_latent=bridge.latent,
        files=files,
        sources=corpus.sources,
        seed=settings.seed,
        recipe={
            **asdict(settings.recipe),
            "nets": {name: asdict(recipe) for name, recipe in settings.recipes.items()},
            "reduction": settings.reduction,
            "windows": {
                domain: {p: len(getattr(d, p)) for p in ("train", "validation", "test")}
                for domain, d in (("music", corpus.music), ("dance", corpus.dance))
            },
            "beats": corpus.beats,
            "pairs": "none: the bridge saw unpaired minibatches",
            "split": corpus.split(),
            "seconds": round(seconds, 1),
            "last_epoch": {vae: rounded(log[-1]) for vae, log in logs.items()},
        },
        metrics={section: rounded(figures) for section, figures in sections.items()},
        golden={"tolerance": export.GOLDEN_TOLERANCE},
    )
