"""From trained nets to a model version in its folder."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from oscbridge.domain.card import Card
from oscbridge.errors import FileError
from oscbridge.io import model_files
from oscbridge.training import export
from oscbridge.vae.nets import Nets

UNFINISHED = "unfinished"
"""Folder inside a model's own in which a training's checkpoints lie until it is over."""
_DIGITS = 5


def publish(
    model: Path,
    preset: str,
    nets: Nets,
    latents: Mapping[str, Any],
    notices: str,
    card: Callable[[dict[str, str], int], Card],
) -> Path:
    """Write the next version in `models/<name>`, all at once; returns its folder.

    `card` makes the card from each file's hash and the version. Raises FileError where the folder
    cannot be written.
    """
    version = model_files.next_version(model)
    with _draft(model) as draft:
        files = export.write(preset, nets, latents, draft)
        model_files.write_card(draft, card(files, version))
        (draft / model_files.NOTICES).write_text(notices, "utf-8")
        model_files.publish(draft, model / str(version))
    return model / str(version)


def rounded(figures: Mapping[str, float]) -> dict[str, float]:
    """Figures as a card holds them."""
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
