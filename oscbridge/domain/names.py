"""Names that are to be names of files too, on every system."""

from __future__ import annotations

import re

_FORBIDDEN = set('/\\:*?"<>|')
LONGEST = 200
"""Bytes of a name in UTF-8; a file's may have 255, some of which an ending takes."""


_IN_PATTERNS = re.compile(r"[ #*,/?\[\]{}]")


def as_address(name: str) -> str:
    """The name as a part of an OSC address, which has no blanks and no signs of patterns."""
    return _IN_PATTERNS.sub("_", name)


def is_name(name: str) -> bool:
    """Whether a file may bear that name."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return False
    plain = name.isprintable() and not _FORBIDDEN & set(name) and name == name.strip()
    return plain and 0 < size <= LONGEST and not name.startswith(".") and not name.endswith(".")
