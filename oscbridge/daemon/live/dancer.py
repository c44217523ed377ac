"""A dancer: a figure that dances to what it hears."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.dance import Dance
from oscbridge.domain.graphs import FRAMES_PER_STEP, PER_BEAT
from oscbridge.domain.live_window import first_step, phrase, sources
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.parameters import Parameters
from oscbridge.domain.phrase import Phrase
from oscbridge.domain.rolling import Rolling, standing
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import STEPS_PER_BEAT
from oscbridge.domain.transport import Transport

Steps = frozenset[tuple[Part, int, int]]
"""Part, pitch and step of notes."""


@dataclass(frozen=True)
class Question:
    """What the bridge is asked: the dance to a clip of one window that starts at step `first`."""

    clip: Clip
    sampling: Sampling
    first: int
    step: int


class Dancer:
    """Hears notes, asks for a dance to them each beat, and knows its pose at any moment."""

    def __init__(
        self, name: str, person: int, source: str = "", parameters: Parameters | None = None
    ) -> None:
        self.name, self.person, self.source = name, person, source
        self.parameters = parameters or Parameters("dancer")
        self._heard = Phrase()
        self._rolling = Rolling()
        self._last: tuple[Steps, Sampling] | None = None
        self._held = -1

    def hears(self, source: str, played_in: bool) -> bool:
        """Whether notes of that source are for it."""
        return self.source == source or (not self.source and played_in)

    def hear(self, note: Note) -> None:
        """A note of a known length."""
        if self._held < 0:
            self._heard.add(note)

    def begin(self, source: str, note: Note) -> None:
        """A note that sounds until `end`."""
        if self._held < 0:
            self._heard.begin(source, note)

    def end(self, source: str, part: Part, pitch: int, beat: float) -> None:
        """That note ends."""
        self._heard.end(source, part, pitch, beat)

    def question(self, step: int, transport: Transport, now: float) -> Question | None:
        """What to ask at a step; None where the dance goes on as it is."""
        if step % STEPS_PER_BEAT:
            return None
        hold = self.parameters.value("hold", now) >= 0.5
        self._held = (self._held if self._held >= 0 else step - 1) if hold else -1
        newest = self._held if hold else step - 1
        first = first_step(transport, step, bars_before=0)
        seen = sources(first, newest, phrase(transport)).tolist()
        clip = self._heard.window(seen, transport.bpm)
        sampling = self.parameters.sampling(now)
        if not clip.notes:
            self._rest(step)
            return None
        asked = _steps_of(clip), sampling
        if self._last == asked and step > first:
            return None  # what was expected came
        self._last = asked
        return Question(clip, sampling, first, step)

    def _rest(self, step: int) -> None:
        if self._last is not None:
            frame = step * FRAMES_PER_STEP
            self._rolling.take(standing(), frame, frame)
        self._last = None

    def answer(self, question: Question, dance: Dance, beat: float) -> None:
        """The dance that was asked for, at the position `beat`."""
        now = max(question.step * FRAMES_PER_STEP, math.ceil(beat * PER_BEAT))
        if now < question.first * FRAMES_PER_STEP + dance.beat[-1] * PER_BEAT:
            self._rolling.take(dance, question.first * FRAMES_PER_STEP, now)

    def pose(self, beat: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Landmarks (33, 3) and root (3,) at a position."""
        return self._rolling.at(beat * PER_BEAT)

    def restart(self, beat: float, left: float) -> None:
        """The position jumped from `left` to `beat`: what was heard lies elsewhere now."""
        self._heard.clear()
        self._rolling.restart(round(beat * PER_BEAT), left * PER_BEAT)
        self._last, self._held = None, -1


def _steps_of(clip: Clip) -> Steps:
    """What of a clip makes another dance; nobody plays a note twice to the millisecond."""
    return frozenset((n.part, n.pitch, round(n.start * STEPS_PER_BEAT)) for n in clip.notes)
