"""Writes the patches for Pure Data: `python3 max_patches/source/pd.py` (development only)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from pd_clip import clip  # noqa: E402
from pd_help import clip_help  # noqa: E402
from pd_wire import client  # noqa: E402

FOLDER = Path(__file__).parents[1] / "pd"
OBJECTS = (client, clip, clip_help)


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
