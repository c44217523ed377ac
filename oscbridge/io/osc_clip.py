"""Clips in the chunks of the wire: cut for either end to send, their tempo map put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from oscbridge.domain.music import Clip, Note
from oscbridge.domain.timeline import Meter, Tempo, Timeline

A_CHUNK = {"chunk": 40, "tempos": 100, "meters": 66}
"""Notes, tempos and meters in one chunk, by the last word of its address: 200 atoms or less, about
1,050 bytes, fit Max's 256 atoms and UDP's 1,400 bytes.
"""


class Cut:
    """A clip as numbered chunks: its notes, then its tempos and then its meters, each kind only
    where there are more than the first, which the clip's begin tells. An empty clip has one chunk
    of no notes.
    """

    def __init__(self, clip: Clip) -> None:
        tempos, meters = clip.timeline.tempos, clip.timeline.meters
        self._items: dict[str, Sequence[Any]] = {
            "chunk": clip.notes,
            "tempos": tempos if len(tempos) > 1 else (),
            "meters": meters if len(meters) > 1 else (),
        }
        self._places = [
            (kind, first)
            for kind, items in self._items.items()
            for first in range(0, len(items), A_CHUNK[kind])
        ]
        if not clip.notes:
            self._places.insert(0, ("chunk", 0))

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> tuple[str, list[Any]]:
        """The last word of a chunk's address, and its atoms."""
        kind, first = self._places[index]
        items = self._items[kind][first : first + A_CHUNK[kind]]
        return kind, [atom for item in items for atom in _atoms(item)]


def _atoms(item: Note | Tempo | Meter) -> tuple[float, ...]:
    if isinstance(item, Note):
        start, duration = float(item.start), float(item.duration)
        return int(item.part), item.pitch, start, duration, item.velocity
    if isinstance(item, Tempo):
        return float(item.beat), float(item.bpm)
    return float(item.beat), item.numerator, item.denominator


def timeline_of(
    first: Timeline, tempos: Iterable[Sequence[float]], meters: Iterable[Sequence[float]]
) -> Timeline:
    """The map of tempos (beat, bpm) and meters (beat, numerator, denominator) in any order; `first`
    holds until they begin, and of several at one beat the last counts.
    """
    pace = {0.0: first.tempos[0].bpm} | {float(beat): float(bpm) for beat, bpm in tempos}
    meter = {0.0: first.meters[0]} | {
        float(beat): Meter(float(beat), int(top), int(bottom)) for beat, top, bottom in meters
    }
    return Timeline(
        tuple(Tempo(beat, bpm) for beat, bpm in sorted(pace.items())),
        tuple(meter[beat] for beat in sorted(meter)),
    )
