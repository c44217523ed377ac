"""Writes the patches for Pure Data: `python3 max_patches/build/pd.py` (development only)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from pd_clip import clip
from pd_wire import client

FOLDER = Path(__file__).parents[1] / "pd"
OBJECTS = (client, clip)


def files() -> dict[str, str]:
    """Name -> text of every patch."""
    patches = [make() for make in OBJECTS]
    return {f"{patch.name}.pd": patch.file() for patch in patches}


def main() -> None:
    """Write them where they ship."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
