"""Clips and dances the daemon holds, each under a number; the longest unused go first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from oscbridge.domain.dance import Dance
from oscbridge.domain.made import Made
from oscbridge.domain.music import Clip
from oscbridge.domain.timeline import Timeline
from oscbridge.errors import JobError

_MOST_ITEMS = 1024
_MOST_BYTES = 64 << 20
_NOTE_BYTES = 200
_CHANGE_BYTES = 150
"""Of a tempo or a meter, about."""


@dataclass(frozen=True)
class Danced:
    """A dance with the timeline its beats lie on."""

    dance: Dance
    timeline: Timeline


def _size(item: Clip | Danced) -> int:
    changes = len(item.timeline.tempos) + len(item.timeline.meters)
    plain = 1000 + _CHANGE_BYTES * changes
    if isinstance(item, Clip):
        return plain + _NOTE_BYTES * len(item.notes)
    return plain + item.dance.landmarks.nbytes + 28 * item.dance.frames


class Shelf:
    """Immutable items by handle; bounded in number and bytes."""

    def __init__(self) -> None:
        self._items: OrderedDict[int, Clip | Danced] = OrderedDict()
        self._made: dict[int, Made] = {}
        self._bytes = 0
        self._last = 0

    def put(self, item: Clip | Danced, made: Made | None = None) -> int:
        """The handle under which the item lies from now on, with how it was made."""
        self._last += 1
        if made:
            self._made[self._last] = made
        self._items[self._last] = item
        self._bytes += _size(item)
        while len(self._items) > 1 and (
            len(self._items) > _MOST_ITEMS or self._bytes > _MOST_BYTES
        ):
            handle, oldest = self._items.popitem(last=False)
            self._made.pop(handle, None)
            self._bytes -= _size(oldest)
        return self._last

    def item(self, handle: int) -> Clip | Danced:
        """What lies under the handle. Raises JobError."""
        if handle not in self._items:
            raise JobError("unknown", f"no clip or dance {handle} here; put or generate it again")
        self._items.move_to_end(handle)
        return self._items[handle]

    def made(self, handle: int) -> Made | None:
        """How that was made, where it is known."""
        return self._made.get(handle)

    def clip(self, handle: int) -> Clip:
        """The clip of the handle. Raises JobError."""
        item = self.item(handle)
        if not isinstance(item, Clip):
            raise JobError("unknown", f"{handle} is a dance; a clip is needed")
        return item

    def dance(self, handle: int) -> Danced:
        """The dance of the handle. Raises JobError."""
        item = self.item(handle)
        if not isinstance(item, Danced):
            raise JobError("unknown", f"{handle} is a clip; a dance is needed")
        return item

    def counts(self) -> tuple[int, int]:
        """How many clips and how many dances it holds."""
        clips = sum(isinstance(item, Clip) for item in self._items.values())
        return clips, len(self._items) - clips
