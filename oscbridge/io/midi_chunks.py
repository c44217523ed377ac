"""The chunks a Standard MIDI File is made of: what is wrong outside the tracks is put right here,
so that the parser sees a header and whole tracks only.
"""

from __future__ import annotations

import struct
from pathlib import Path

from oscbridge.errors import FileError

_HEADER = struct.Struct(">4sIHHH")
_CHUNK = struct.Struct(">4sI")
MOST_TRACKS = 1_000


def tidy(content: bytes, path: str | Path) -> bytes:
    """The file with its RIFF wrapping, alien chunks and trailing garbage removed and its count of
    tracks true. Raises FileError when it is no MIDI file or ends inside a track.
    """
    if content[:4] == b"RIFF" and content[8:12] == b"RMID":
        content = content[content.find(b"MThd") :] if b"MThd" in content else content
    if content[:4] != b"MThd":
        raise FileError(path, "not a MIDI file: it does not begin with MThd; export it as .mid")
    if len(content) < _HEADER.size:
        raise FileError(path, "truncated: the file ends inside its header")
    _, size, kind, _, division = _HEADER.unpack_from(content)
    if kind == 2:
        raise FileError(path, "a type 2 MIDI file (loose patterns); save it as type 0 or 1")
    if division & 0x8000 or division == 0:
        raise FileError(path, "timed in SMPTE frames, which have no beats; save it with a PPQ")
    tracks = _tracks(content, 8 + size, path)
    if not tracks:
        raise FileError(path, "a MIDI file without a track; nothing can be made of it")
    if len(tracks) > MOST_TRACKS:
        raise FileError(path, f"more than {MOST_TRACKS:,} tracks; cut it into smaller files")
    return _HEADER.pack(b"MThd", 6, 1, len(tracks), division) + b"".join(tracks)


def _tracks(content: bytes, at: int, path: str | Path) -> list[bytes]:
    tracks: list[bytes] = []
    while at + _CHUNK.size <= len(content):
        name, size = _CHUNK.unpack_from(content, at)
        if not all(32 <= letter < 127 for letter in name):
            break
        end = at + _CHUNK.size + size
        if name == b"MTrk":
            if end > len(content):
                raise FileError(
                    path,
                    f"truncated: track {len(tracks) + 1} says {size} bytes, "
                    f"{len(content) - at - _CHUNK.size} are there; export it again",
                )
            tracks.append(content[at:end])
        at = end
    return tracks
