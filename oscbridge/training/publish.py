"""From trained nets to a model version in its folder."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from oscbridge.domain.card import Card
from oscbridge.engine.graphs import Graphs
from oscbridge.errors import FileError, ModelError
from oscbridge.io import model_files
from oscbridge.training import export
from oscbridge.vae.nets import Nets

UNFINISHED = "unfinished"
"""Folder inside a model's own in which a training's checkpoints lie until it is over."""
WORST, MARGIN = 0.02, 4.0
"""Difference of an exported graph from its net beyond which the export is taken for broken, and how
much more than what is met here is allowed on other machines."""
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
        settle(draft)
        (draft / model_files.NOTICES).write_text(notices, "utf-8")
        model_files.publish(draft, model / str(version))
    return model / str(version)


def settle(draft: Path) -> None:
    """See that the version loads where it is served, before anybody may want it; nets whose
    answers depend on small differences are allowed more of a difference. Raises ModelError.
    """
    graphs = Graphs(draft, check=False)
    name, tensor, off = max(graphs.differences(draft), key=lambda found: found[2])
    if off > WORST:
        raise ModelError(f"{name} as exported is off by {off:.2g} in {tensor}: a broken export")
    tolerance = max(float(graphs.card.golden["tolerance"]), MARGIN * off)
    model_files.write_card(draft, replace(graphs.card, golden={"tolerance": tolerance}))


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
