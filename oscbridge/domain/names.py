"""Names that are to be names of files too, on every system."""

from __future__ import annotations

import re

_FORBIDDEN = set('/\\:*?"<>|')
LONGEST = 200
"""Bytes of a name in UTF-8; a file's may have 255, some of which an ending takes."""


_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
"""What Windows takes for a device, whatever the ending."""
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
    device = name.partition(".")[0].rstrip().lower() in _DEVICES
    return plain and not device and 0 < size <= LONGEST and name[0] != "." and name[-1] != "."
