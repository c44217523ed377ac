"""From a corpus to a model version in its folder: fit, measure, export, card, notices."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from oscbridge.domain.card import Card
from oscbridge.domain.latents import spread_arrays
from oscbridge.errors import FileError
from oscbridge.io import model_files
from oscbridge.training import export
from oscbridge.training.checkpoints import forget
from oscbridge.training.corpus import Corpus
from oscbridge.training.evaluate import Held, Sections, measure
from oscbridge.training.fit import Log, Settings, Watch, fit
from oscbridge.training.spreads import spreads
from oscbridge.vae.presets import Trio

UNFINISHED = "unfinished"
"""Folder inside a model's own in which a training's checkpoints lie until it is over."""
_DIGITS = 5


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
    version = model_files.next_version(model)
    with _draft(model) as draft:
        files = export.write(
            settings.preset, trio,
            spread_arrays(spreads(trio, material.music, material.dance)), draft,
        )  # fmt: skip
        model_files.write_card(
            draft, card(trio, corpus, settings, files, sections, logs, model.name, version, seconds)
        )
        (draft / model_files.NOTICES).write_text(corpus.notices, "utf-8")
        model_files.publish(draft, model / str(version))
    forget(unfinished)
    return model / str(version)


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
        preset=settings.preset,
        config=trio.config(),
        window=music.steps,
        latent=music.latent,
        bridge_latent=bridge.latent,
        files=files,
        sources=corpus.sources,
        seed=settings.seed,
        recipe={
            **asdict(settings.recipe),
            "reduction": settings.reduction,
            "windows": {
                domain: {p: len(getattr(d, p)) for p in ("train", "validation", "test")}
                for domain, d in (("music", corpus.music), ("dance", corpus.dance))
            },
            "beats": corpus.beats,
            "pairs": "none: the bridge saw unpaired minibatches",
            "split": corpus.split(),
            "seconds": round(seconds, 1),
            "last_epoch": {vae: _rounded(log[-1]) for vae, log in logs.items()},
        },
        metrics={section: _rounded(figures) for section, figures in sections.items()},
        golden={"tolerance": export.GOLDEN_TOLERANCE},
    )


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.{_DIGITS}g}") for name, value in figures.items()}


@contextlib.contextmanager
def _draft(model: Path) -> Iterator[Path]:
    """A folder beside the versions, gone if what is written in it does not become one."""
    try:
        model.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=model))
        draft.chmod(0o755)
    except OSError as error:
        raise FileError(model, f"cannot be written: {error.strerror or error}") from error
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
