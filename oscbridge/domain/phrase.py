"""The notes of the last bars while they are played: what a dancer hears."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from oscbridge.domain.music import Clip, Note, Part, without_overlaps
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline

UNKNOWN = 0.25
"""Beats a note is taken to last while it still sounds."""
MOST_A_STEP = 32
KEPT = 4 * WINDOW
"""Steps that are remembered."""

Held = tuple[str, Part, int]
"""Who plays it, part and pitch of a note that sounds."""


class Phrase:
    """Notes by the step they start nearest to; positions are beats of the transport."""

    def __init__(self) -> None:
        self._steps: dict[int, list[Note]] = {}
        self._sounding: dict[Held, tuple[int, Note]] = {}
        self.newest = -1
        """The last step in which a note started, -1 before the first."""

    def add(self, note: Note) -> None:
        """A note whose length is known."""
        step = round(note.start * STEPS_PER_BEAT)
        notes = self._steps.setdefault(step, [])
        if len(notes) < MOST_A_STEP:
            notes.append(note)
        if step > self.newest:
            self.newest = step
            self._forget(step - KEPT)

    def begin(self, who: str, note: Note) -> None:
        """A note that sounds until `end`."""
        self.end(who, note.part, note.pitch, note.start)
        held = replace(note, duration=UNKNOWN)
        self._sounding[who, note.part, note.pitch] = (round(note.start * STEPS_PER_BEAT), held)
        self.add(held)

    def end(self, who: str, part: Part, pitch: int, beat: float) -> None:
        """The note of that pitch sounds no more."""
        step, held = self._sounding.pop((who, part, pitch), (0, None))
        if held and held in (notes := self._steps.get(step, [])):
            notes[notes.index(held)] = replace(held, duration=max(1 / 64, beat - held.start))

    def silent_since(self, step: int) -> bool:
        """Whether no note has started from that step on."""
        return self.newest < step

    def window(self, sources: Iterable[int], bpm: float) -> Clip:
        """The notes that start in the steps `sources` (32,), set one after another, as a clip of 32
        steps in 4/4.
        """
        length = WINDOW / STEPS_PER_BEAT
        notes = []
        for step, source in enumerate(sources):
            for note in self._steps.get(int(source), ()):
                start = max(0.0, note.start + (step - int(source)) / STEPS_PER_BEAT)
                if start < length:
                    lasting = min(note.duration, length - start)
                    notes.append(replace(note, start=start, duration=lasting))
        return Clip(without_overlaps(notes), length, Timeline.steady(bpm))

    def clear(self) -> None:
        """Forget everything: the position was moved."""
        self._steps.clear()
        self._sounding.clear()
        self.newest = -1

    def _forget(self, before: int) -> None:
        for step in [s for s in self._steps if s < before]:
            del self._steps[step]
        for key in [k for k, (step, _) in self._sounding.items() if step < before]:
            del self._sounding[key]
