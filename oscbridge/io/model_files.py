"""The folder of a model version, `models/<name>/<version>/`: card, weights, graphs, golden answers.

Weights lie once, in `.safetensors`; the `.onnx` graphs point into them. Nothing here is pickled
and nothing here runs a model.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.card import GOLDEN, LATENTS, Card
from oscbridge.domain.latents import Spread, spreads_of
from oscbridge.errors import ModelError

CARD = "card.json"
NOTICES = "NOTICES.md"
_LARGEST_CARD = 4 << 20


def sha256(path: Path) -> str:
    """Hash of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_card(folder: Path) -> Card:
    """The card of the version in `folder`. Raises ModelError."""
    path = folder / CARD
    try:
        if path.stat().st_size > _LARGEST_CARD:
            raise ModelError(f"{path}: larger than any card ({_LARGEST_CARD >> 20} MB)")
        return Card.from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise ModelError(
            f"{folder}: no model version here ({CARD} is missing); give a folder as "
            "`oscbridge train` leaves it, or a name `oscbridge models` lists"
        ) from None
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or not a card
        raise ModelError(f"{path}: {error}") from error


def write_card(folder: Path, card: Card) -> None:
    """Write `card.json`; a reader sees the old card or the new one, never half of it."""
    text = json.dumps(card.to_json(), indent=1, ensure_ascii=False) + "\n"
    draft = folder / f".{CARD}.draft"
    draft.write_text(text, "utf-8")
    draft.replace(folder / CARD)


def write_golden(folder: Path, arrays: Mapping[str, Any]) -> None:
    """Store inputs and outputs, `<graph>.<tensor>` (B, ...) float32, that the graphs are checked
    against when they are loaded.
    """
    np.savez_compressed(folder / GOLDEN, **arrays)


def read_golden(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The arrays `<graph>.<tensor>` (B, ...) of `golden.npz`. Raises ModelError."""
    return _arrays(folder / GOLDEN)


def write_latents(folder: Path, arrays: Mapping[str, Any]) -> None:
    """Store what is known of the latents, by name."""
    np.savez(folder / LATENTS, **arrays)


def read_latents(folder: Path) -> dict[str, NDArray[np.float32]]:
    """What is known of the latents, by name. Raises ModelError."""
    return _arrays(folder / LATENTS)


def read_spreads(folder: Path) -> dict[str, Spread]:
    """The spread of each of `domain.latents.SPREADS`. Raises ModelError."""
    try:
        return spreads_of(read_latents(folder))
    except KeyError as error:
        raise ModelError(f"{folder / LATENTS}: lacks {error}") from error


def _arrays(path: Path) -> dict[str, NDArray[np.float32]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: np.asarray(stored[name], np.float32) for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error


def verify(folder: Path) -> Card:
    """The card of a version all of whose files are those it was published with.

    Raises ModelError naming the file that is missing or whose hash is off.
    """
    card = read_card(folder)
    for name, expected in card.files.items():
        if Path(name).name != name:
            raise ModelError(f"{folder / CARD}: {name!r} is not the name of a file beside it")
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path}: missing; copy the whole folder again")
        if sha256(path) != expected:
            raise ModelError(
                f"{path}: not the file the card names (its sha256 is off): damaged, or changed "
                "by hand; copy the whole folder again"
            )
    return card


def versions(models: Path) -> dict[tuple[str, int], Path]:
    """(name, version) -> folder of every version with a card under a folder of models."""
    found: dict[tuple[str, int], Path] = {}
    if not models.is_dir():
        return found
    for card in sorted(models.glob(f"*/*/{CARD}")):
        folder = card.parent
        if folder.name.isascii() and folder.name.isdigit():
            found[folder.parent.name, int(folder.name)] = folder
    return found


def installed(models_folders: Iterable[Path]) -> list[tuple[str, int, Path]]:
    """Every version in the folders, sorted by name and version; the first folder has precedence."""
    found: dict[tuple[str, int], Path] = {}
    for models in models_folders:
        found = versions(models) | found
    return [(name, version, folder) for (name, version), folder in sorted(found.items())]


def find(models_folders: Iterable[Path], name: str, version: int | None = None) -> Path:
    """Folder of that version of the model, or of its newest. Raises ModelError."""
    known = installed(models_folders)
    matching = [folder for n, v, folder in known if n == name and version in (None, v)]
    if matching:
        return matching[-1]
    wanted = name if version is None else f"{name} version {version}"
    there = ", ".join(f"{n} {v}" for n, v, _ in known) or "none"
    raise ModelError(f"no model {wanted}; installed: {there}")


def next_version(model: Path) -> int:
    """The number a new version in `models/<name>` gets: one above the newest."""
    if not model.is_dir():
        return 1
    taken = [int(p.name) for p in model.iterdir() if p.name.isascii() and p.name.isdigit()]
    return max(taken, default=0) + 1


def publish(draft: Path, folder: Path) -> None:
    """Move a finished version to its place, all at once. Raises ModelError if one stands there."""
    if folder.exists():
        raise ModelError(f"{folder}: there already; nothing is overwritten")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(folder)
