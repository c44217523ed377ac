"""What commands that train and measure share: their progress, and reading what they are given."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

INSTALL = 'python3 -m pip install -c constraints.txt ".[train]"'


_TOLD = 12
_GRAIN = 1000
"""Marks of the bar that each net's training is worth."""


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


def heard() -> Any:
    """Where progress goes: of several processes of one training the first alone speaks."""
    return sys.stderr if os.environ.get("RANK", "0") == "0" else io.StringIO()


class Progress:
    """A progress bar over the nets of one training; what must be said, above it."""

    def __init__(
        self, nets: int = 3, epochs: int = 1, label: str = "training", *, warns: bool = True
    ) -> None:
        self.epochs = epochs
        self.warns = warns
        self.bar: Any = click.progressbar(
            length=_GRAIN * nets,
            label=label,
            item_show_func=_as_told,
            file=heard(),
        )
        self.names: list[str] = []

    def __enter__(self) -> Progress:
        self.bar.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.bar.__exit__(*error)

    def epoch(self, name: str, done: int, figures: dict[str, float]) -> None:
        """The bar moves to this epoch of this VAE."""
        self.at(name, done / self.epochs, figures)

    def at(self, name: str, fraction: float, figures: dict[str, float]) -> None:
        """The bar moves to where this net's training is, 0 to 1."""
        if name not in self.names:
            self.names.append(name)
        told = ", ".join(f"{key} {figures[key]:.4g}" for key in ("loss", "kl") if key in figures)
        place = round(_GRAIN * (self.names.index(name) + fraction))
        self.bar.update(place - self.bar.pos, f"{name} {fraction:.0%}: {told}")

    def warn(self, text: str) -> None:
        """Say it on a line of its own; the bar goes on below."""
        if self.warns:
            click.echo(click.style(f"\nwarning: {text}", fg="yellow"), err=True)


def reading(read: Callable[[Callable[[Any, int], None]], Any]) -> Any:
    """What `read` makes of recordings, a bar over them as it hears of each."""
    shown: list[Any] = []
    bar: Any = click.progressbar(
        length=1,
        label="reading ",
        item_show_func=_as_told,
        file=heard(),
    )

    def each(recording: Any, count: int) -> None:
        bar.length = count
        bar.update(1 if shown else 0, recording.path.name)
        shown.append(recording)

    with bar:
        made = read(each)
        bar.update(1)
    return made


def tell_skipped(skipped: Sequence[str]) -> None:
    """Say what was left out and why."""
    for line in skipped[:_TOLD]:
        click.echo(f"left out: {line}", err=True)
    if len(skipped) > _TOLD:
        click.echo(f"left out: {len(skipped) - _TOLD} more", err=True)


def read_corpus(paths: tuple[Path, ...]) -> tuple[list[Any], list[str]]:
    """The readings of the folders for `paper`, and what was left out, told."""
    from oscbridge.training import corpus

    readings, skipped = reading(lambda each: corpus.read(paths, each))
    tell_skipped(skipped)
    return readings, skipped


def read_studio(paths: tuple[Path, ...], before: Any = None) -> Any:
    """The corpus of the folders for `studio`, what was left out told."""
    from oscbridge.training import studio_corpus, studio_store

    if len(paths) == 1 and studio_store.is_store(paths[0]):
        return studio_store.read(paths[0], before)
    corpus = reading(lambda each: studio_corpus.read(paths, each, before))
    tell_skipped(corpus.skipped)
    return corpus
