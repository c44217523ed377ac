"""MIDI files that say in themselves how they were made, in a text event no program sings."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from oscbridge.domain.clip_facts import Facts
from oscbridge.domain.made import DEEPEST, Made, digest
from oscbridge.domain.music import Clip
from oscbridge.errors import FileError
from oscbridge.io.files import read_limited
from oscbridge.io.midi_file import LARGEST, clip_from_bytes, clip_to_bytes

# The @ is that of karaoke files for what is not sung: MuseScore shows other text as lyrics.
_MARK = b"@oscbridge "
_TEXT = re.compile(rb"\xff\x01([\x80-\xff]{0,3}[\x00-\x7f])" + re.escape(_MARK))
_FIRST = 22
"""Where the first event of a file begins: after the header and the head of the first track."""
_LONGEST = 48_000
"""Bytes of the text beyond which earlier generations are left out."""
_MOST = 1_000_000
"""Bytes of a text beyond which it is none of ours."""


@dataclass(frozen=True)
class Told:
    """What a file says: its `facts`, how it was `made`, the `digest` of the clip that was saved,
    `content`, which knows the file again under another name, and what is wrong with it.
    """

    content: str
    facts: Facts | None = None
    made: Made | None = None
    digest: str = ""
    problem: str = ""


def to_bytes(clip: Clip, made: Made) -> bytes:
    """The MIDI file of a clip that says how it was made."""
    plain = clip_to_bytes(clip)
    values = {"facts": Facts.of(clip).to_json(), "digest": digest(clip), "rest": _hash(plain)}
    for deepest in range(DEEPEST, -1, -1):
        said = {"made": made.cut(deepest).to_json(), **values}
        text = _MARK + json.dumps(said, separators=(",", ":")).encode("ascii")
        if len(text) <= _LONGEST:
            break
    return _spliced(plain, 0, b"\0\xff\x01" + _varlen(len(text)) + text)


def told(content: bytes, path: str | Path) -> Told:
    """What the bytes of a MIDI file say; of one of another program, what can be seen in it."""
    known = _hash(content)
    facts, made, saved, problem = None, None, "", ""
    found = _TEXT.search(content)
    if found:
        try:
            text, end = _text(content, found)
            said = json.loads(text)
            made, saved = Made.from_json(said.get("made")), str(said.get("digest", ""))
            at = found.start() - 1
            if at == _FIRST and _hash(_spliced(content, end - at)) == said.get("rest"):
                facts = Facts.from_json(said.get("facts"))
        except (ValueError, RecursionError, AttributeError, OverflowError):
            made, saved = None, ""  # it says nothing that could be trusted
    if facts is None:
        try:
            facts = Facts.of(clip_from_bytes(content, path))
        except FileError as error:
            problem = error.cause
    return Told(known, facts, made, saved, problem)


def read(path: str | Path) -> tuple[bytes, Told]:
    """A file and what it says. Raises FileError where it cannot be read at all."""
    content = read_limited(path, LARGEST, "a MIDI file")
    return content, told(content, path)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _varlen(number: int) -> bytes:
    """A number as MIDI files write it, seven bits a byte."""
    made = [number & 0x7F]
    while number := number >> 7:
        made.append(number & 0x7F | 0x80)
    return bytes(reversed(made))


def _text(content: bytes, found: re.Match[bytes]) -> tuple[bytes, int]:
    """The text after the mark and where its event ends. Raises ValueError."""
    size = 0
    for byte in found[1]:
        size = size << 7 | byte & 0x7F
    begin = found.end(1)
    if size > _MOST or begin + size > len(content):
        raise ValueError("its length is wrong")
    return content[found.end() : begin + size], begin + size


def _spliced(content: bytes, cut: int, put: bytes = b"") -> bytes:
    """The file with so many bytes taken from where its first track begins, and others put there."""
    size = int.from_bytes(content[_FIRST - 4 : _FIRST]) - cut + len(put)
    if not 0 <= size < 1 << 32:
        raise ValueError("its first track has no such length")
    return content[: _FIRST - 4] + size.to_bytes(4) + put + content[_FIRST + cut :]


def content_of(path: str | Path) -> str:
    """What knows a file again under another name. Raises FileError."""
    return _hash(read_limited(path, LARGEST, "a MIDI file"))
