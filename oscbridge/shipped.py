"""Where the folders that ship with oscbridge lie: inside the package when installed, beside it in
a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The shipped folder of that name (`models`, `examples`)."""
    installed = PACKAGE / "share" / name
    return installed if installed.is_dir() else PACKAGE.parent / name


MODELS = folder("models")
EXAMPLE_SONG = folder("examples") / "two-step.mid"
