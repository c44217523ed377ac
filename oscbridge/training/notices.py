"""The licences of collections: texts found beside the files, and what is known of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oscbridge.domain.card import Source

PATTERNS = ("COPYING*", "CREDITS*", "LICEN[CS]E*", "NOTICE*", "README*")
_LONGEST = 1 << 18
"""Bytes read of a notice; the longest licences are an eighth of this."""


@dataclass(frozen=True)
class _Known:
    mark: str
    name: str
    licence: str
    notice: str


KNOWN = (
    _Known(
        "Freedoom project",
        "Freedoom music",
        "BSD-3-Clause",
        "Copyright © 2001-2024 Contributors to the Freedoom project. All rights reserved. "
        "Composers: see CREDITS-MUSIC.",
    ),
    _Known(
        "mocap.cs.cmu.edu",
        "CMU Graphics Lab Motion Capture Database",
        "free for all uses; the motions themselves may not be resold, even converted",
        "The data used in this project was obtained from mocap.cs.cmu.edu. The database was "
        "created with funding from NSF EIA-0196217.",
    ),
    _Known(
        "magenta.tensorflow.org/datasets/groove",
        "Groove MIDI Dataset",
        "CC BY 4.0",
        "Jon Gillick, Adam Roberts, Jesse Engel, Douglas Eck, David Bamman: Learning to Groove "
        "with Inverse Sequence Transformations, ICML 2019. Magenta, Google.",
    ),
)
"""Collections recognised by a phrase in a text beside their files."""


@dataclass(frozen=True)
class Collection:
    """A folder whose files came together, with the texts (name, content) that lie in it."""

    folder: Path
    texts: tuple[tuple[str, str], ...]

    @property
    def known(self) -> _Known | None:
        """What is known of it, if a text of its own names it."""
        whole = "\n".join(text for _, text in self.texts)
        return next((k for k in KNOWN if k.mark in whole), None)

    def source(self, songs: int, takes: int) -> Source:
        """The entry of the card."""
        if (known := self.known) is not None:
            return Source(known.name, known.licence, known.notice, songs, takes)
        files = ", ".join(name for name, _ in self.texts)
        licence = f"see {files} in NOTICES.md" if files else "not stated beside the files"
        return Source(self.folder.name, licence, "", songs, takes)


def collection(folder: Path) -> Collection:
    """The collection in `folder`, with the notices that lie in it."""
    paths = sorted({p for pattern in PATTERNS for p in folder.glob(pattern) if p.is_file()})
    return Collection(folder, tuple((p.name, _text(p)) for p in paths))


def has_notice(folder: Path) -> bool:
    """Whether a notice lies directly in the folder."""
    return any(p.is_file() for pattern in PATTERNS for p in folder.glob(pattern))


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_LONGEST).decode("utf-8", "replace")


def as_markdown(sources: Sequence[Source], collections: Iterable[Collection]) -> str:
    """The NOTICES.md of a model: each collection's licence and notice, and the texts in full."""
    parts = ["# Notices of the data this model was trained on\n"]
    for source, held in zip(sources, collections, strict=True):
        parts.append(f"## {source.name}\n\nLicence: {source.licence}\n\n{source.notice}\n")
        parts += [f"### {name}\n\n```\n{text.rstrip()}\n```\n" for name, text in held.texts]
    return "\n".join(parts)
