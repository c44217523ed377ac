"""What commands share: finding and loading a model, progress, errors as click shows them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oscbridge.config import DEFAULT_MODEL
from oscbridge.errors import OscbridgeError

if TYPE_CHECKING:
    from oscbridge.engine.bridge import Bridge

model_option = click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="Model name, or a version's folder."
)
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, help="Same seed, same answer."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@contextmanager
def clear_errors() -> Iterator[None]:
    """Deliberate errors become click's: one line, exit status 1."""
    try:
        yield
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error


def load(model: str) -> Bridge:
    """The model of that name among the shipped ones, or the version in that folder."""
    from oscbridge.engine.loading import load as load_version
    from oscbridge.io import model_files
    from oscbridge.shipped import MODELS

    folder = Path(model)
    if not (folder / model_files.CARD).is_file():
        folder = model_files.find([MODELS], model)
    return load_version(folder)


@contextmanager
def progress(label: str) -> Iterator[Callable[[float], None]]:
    """A bar on the terminal, moved by fractions from 0 to 1."""
    with click.progressbar(length=1000, label=label, file=sys.stderr) as bar:

        def reach(fraction: float) -> None:
            bar.update(round(fraction * 1000) - bar.pos)

        yield reach


def tell(as_json: bool, facts: dict[str, Any], text: str) -> None:
    """The result, as JSON for a script or as text for a person."""
    click.echo(json.dumps(facts) if as_json else text)
