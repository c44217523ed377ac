"""mido's parser, made safe for strangers' files: bounded in events and in the numbers it builds,
and deaf to the meta events that nobody here reads and that real files often have wrong.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING

from oscbridge.errors import FileError
from oscbridge.io.midi_chunks import tidy

if TYPE_CHECKING:
    import mido

MOST_EVENTS = 500_000
LONGEST_WAIT = 0x0FFFFFFF
"""Ticks: the longest delta time the format can hold (four bytes of seven bits)."""
_READ_METAS = (0x03, 0x2F, 0x51, 0x58)
"""Track name, end of track, tempo, time signature."""
_HIGH_BIT = bytes(byte >> 7 for byte in range(256))
_ENDLESS_NUMBER = b"\x01" * 2048


class _TooManyEventsError(Exception):
    """More events than MOST_EVENTS."""


class _Counted(io.BytesIO):
    """Bytes that stop a parser after MOST_EVENTS: mido asks `tell` before each event."""

    events = 0

    def tell(self) -> int:
        self.events += 1
        if self.events > MOST_EVENTS:
            raise _TooManyEventsError
        return super().tell()


def parse(content: bytes, path: str | Path) -> mido.MidiFile:
    """The tracks of a type 0 or 1 file timed in beats; `path` names it in errors.

    Raises FileError for anything else, within seconds and 200 MB whatever the bytes are.
    """
    import mido

    _ignore_other_metas()
    content = tidy(content, path)
    # mido builds a number from every byte above 127 that follows: quadratic in a long run.
    if _ENDLESS_NUMBER in content.translate(_HIGH_BIT):
        raise FileError(path, "damaged MIDI data: a number without end; export it again")
    try:
        song = mido.MidiFile(file=_Counted(content), clip=True)
    except EOFError:
        raise FileError(path, "truncated: the file ends inside a track") from None
    except _TooManyEventsError:
        raise FileError(
            path, f"more than {MOST_EVENTS:,} events; cut it into shorter songs"
        ) from None
    # What mido raises for damaged bytes is not declared; these are all its parsers can raise.
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FileError(path, f"damaged MIDI data ({error}); export it again") from error
    if any(event.time > LONGEST_WAIT for track in song.tracks for event in track):
        raise FileError(path, "damaged MIDI data: a wait without end; export it again")
    return song


@functools.cache
def _ignore_other_metas() -> None:
    """Have mido skip the content of all metas but those read here, in this whole process.

    Of types it does not know mido loses the delta time (1.3.3), which shifts every later note;
    impossible key signatures and short metas of types it knows end its reading.
    """
    from mido.midifiles.meta import MetaSpec, add_meta_spec

    def decode(spec: object, message: object, content: list[int]) -> None:
        """Keep nothing but the event and its time."""

    for byte in set(range(256)) - set(_READ_METAS):
        traits = {
            "type_byte": byte,
            "type": f"ignored_{byte:02x}",
            "attributes": [],
            "defaults": [],
            "decode": decode,
            "encode": lambda spec, message: [],
        }
        add_meta_spec(type("IgnoredMeta", (MetaSpec,), traits))
