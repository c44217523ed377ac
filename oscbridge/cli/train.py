"""`oscbridge train`: a model version from folders of songs and dances."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from oscbridge.errors import OscbridgeError

INSTALL = 'python3 -m pip install -c constraints.txt ".[train]"'


_TOLD = 12
_VAES = 3


def need_torch() -> None:
    """Raises a ClickException with the install line where torch is not installed."""
    try:
        import onnx  # noqa: F401
        import safetensors  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise click.ClickException(
            f"training needs {error.name or 'torch'}, which is not installed: {INSTALL}"
        ) from error


def _as_told(item: str | None) -> str | None:
    return item


class Progress:
    """A progress bar over the epochs of all VAEs of one training; what must be said, above it."""

    def __init__(self, epochs: int, label: str = "training", *, warns: bool = True) -> None:
        self.epochs = epochs
        self.warns = warns
        self.bar: Any = click.progressbar(
            length=epochs * _VAES,
            label=label,
            item_show_func=_as_told,
            file=sys.stderr,
        )
        self.done = 0
        self.before = 0
        self.name = ""

    def __enter__(self) -> Progress:
        self.bar.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.bar.__exit__(*error)

    def epoch(self, name: str, done: int, figures: dict[str, float]) -> None:
        """The bar moves to this epoch of this VAE."""
        if name != self.name:
            self.before, self.name = self.before + (self.epochs if self.name else 0), name
        at = self.before + done
        told = f"{name} {done}/{self.epochs}: loss {figures['loss']:.4g}, KL {figures['kl']:.3g}"
        self.bar.update(at - self.done, told)
        self.done = at

    def warn(self, text: str) -> None:
        """Say it on a line of its own; the bar goes on below."""
        if self.warns:
            click.echo(click.style(f"\nwarning: {text}", fg="yellow"), err=True)


def read_corpus(paths: tuple[Path, ...]) -> tuple[list[Any], list[str]]:
    """The readings of the folders, a bar over their files, and what was left out, told."""
    from oscbridge.training import corpus

    shown: list[Any] = []
    bar: Any = click.progressbar(
        length=1,
        label="reading ",
        item_show_func=_as_told,
        file=sys.stderr,
    )

    def each(recording: Any, count: int) -> None:
        bar.length = count
        bar.update(1 if shown else 0, recording.path.name)
        shown.append(recording)

    with bar:
        readings, skipped = corpus.read(paths, each)
        bar.update(1)
    for line in skipped[:_TOLD]:
        click.echo(f"left out: {line}", err=True)
    if len(skipped) > _TOLD:
        click.echo(f"left out: {len(skipped) - _TOLD} more", err=True)
    return readings, skipped


@click.command()
@click.argument(
    "data", nargs=-1, required=True, type=click.Path(exists=True, readable=True, path_type=Path)
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the model; the new version becomes its next numbered folder.",
)
@click.option("--preset", default="paper", show_default=True, help="Architecture and recipe.")
@click.option(
    "--reduction",
    type=click.Choice(["sum", "mean"]),
    default="sum",
    show_default=True,
    help="Scale of the squared error; mean is the paper's loss to the letter.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of the preset's.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option(
    "--resume/--fresh",
    default=True,
    show_default=True,
    help="Go on with an unfinished training in the output folder, or drop it.",
)
def train(
    data: tuple[Path, ...],
    output: Path,
    preset: str,
    reduction: str,
    epochs: int | None,
    seed: int,
    resume: bool,
) -> None:
    """Train the three VAEs on folders of songs (.mid) and dances (.bvh .npz .json .csv).

    Songs and dances need not belong together. A tenth of them is kept aside to measure with.
    An interrupted training goes on when the same command is given again.
    """
    need_torch()
    try:
        folder, seconds = _train(data, output, preset, reduction, epochs, seed, resume)
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder}: trained in {seconds:.0f} s")
    click.echo(f"measure it: oscbridge evaluate --model {folder} {' '.join(map(str, data))}")


def _train(
    data: tuple[Path, ...],
    output: Path,
    preset: str,
    reduction: Any,
    epochs: int | None,
    seed: int,
    resume: bool,
) -> tuple[Path, float]:
    from dataclasses import replace

    from oscbridge.training import corpus as corpora
    from oscbridge.training import train as training
    from oscbridge.training.fit import Settings
    from oscbridge.vae.presets import PRESETS

    if preset not in PRESETS:
        raise click.BadParameter(f"{preset!r} is not one of {', '.join(PRESETS)}")
    recipe = PRESETS[preset].recipe
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    start = time.monotonic()
    corpus = corpora.gather(*read_corpus(data))
    corpora.check_trainable(corpus)
    for name, domain in (("songs", corpus.music), ("takes", corpus.dance)):
        counts = [
            f"{len(k)} {p} ({len(getattr(domain, p))} windows)" for p, k in domain.keys.items()
        ]
        click.echo(f"{name}: {', '.join(counts)}", err=True)
    settings = Settings(preset, reduction, seed, recipe)
    with Progress(recipe.epochs) as watch:
        folder = training.train(corpus, settings, output, watch, fresh=not resume)
    return folder, time.monotonic() - start
