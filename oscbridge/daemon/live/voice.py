"""A voice: the music one person's body makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.course import Course
from oscbridge.domain.graphs import FRAMES_PER_STEP
from oscbridge.domain.live_window import first_step, phrase, sources
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.parameters import Parameters
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import STEPS_PER_BEAT
from oscbridge.domain.transport import Transport

LATE = 1
"""Steps by which what is seen comes after what it is played to: bars are counted as music does."""

Mode = Literal["follow", "loop"]


class Body(Protocol):
    """Somebody who is or was seen."""

    def looks(self, times: NDArray[np.float64]) -> Callable[[], NDArray[np.float32]]:
        """What gives, on any thread, the landmarks (n, 33, 3) at `times` (n,), rising."""


@dataclass(frozen=True)
class Question:
    """What the bridge is asked: the music to a window of dance. `poses()` gives it, (128, 33, 3),
    four a step; it takes a while, so it is for the bridge's thread.
    """

    poses: Callable[[], NDArray[np.float32]]
    sampling: Sampling
    origin: int
    """The step of the transport at which the window's step 0 is played."""


class Voice:
    """Asks for music when it needs some, and says which notes a step has."""

    def __init__(
        self, name: str, person: int = 0, mode: Mode = "follow",
        parts: frozenset[Part] = frozenset(Part), outs: tuple[str, ...] = (),
        parameters: Parameters | None = None,
    ) -> None:  # fmt: skip
        self.name, self.person, self.mode = name, person, mode
        self.parts, self.outs = parts, outs
        self.parameters = parameters or Parameters("voice")
        self._clip, self._origin = Clip((), 8.0), 0
        self._came = -1
        """The step at which the person who is heard came, -1 while nobody is."""

    def question(self, step: int, course: Course, body: Body | None, now: float) -> Question | None:
        """What to ask so that `step` can be played; None where nothing new is needed."""
        transport = course.transport
        if body is None:
            self._came, self._clip = -1, Clip((), 8.0)
            return None
        if self._came < 0:
            self._came = step
        if self.parameters.value("hold", now) >= 0.5 and self._clip.notes:
            return None
        bar = round(transport.meter.bar * STEPS_PER_BEAT)
        if self.mode == "follow":
            origin = first_step(transport, step, bars_before=1)
            seen = sources(origin - LATE, step - LATE, phrase(transport))
        elif self._clip.notes and (step - round(transport.meter.beat * STEPS_PER_BEAT)) % bar:
            return None
        else:
            # The bar just gone is the window's last; it is played in the bar that begins.
            start = step - (step - round(transport.meter.beat * STEPS_PER_BEAT)) % bar
            seen = sources(start - phrase(transport), step - LATE, phrase(transport))
            origin = start - phrase(transport) + bar
        return Question(_danced(body, seen, course), self._sampling(now), origin)

    def _sampling(self, now: float) -> Sampling:
        asked = self.parameters.sampling(now)
        missing = {part.name.lower(): 0.0 for part in Part if part not in self.parts}
        return replace(asked, **missing)  # type: ignore[arg-type]

    def answer(self, question: Question, clip: Clip) -> None:
        """The music that was asked for."""
        self._clip, self._origin = clip, question.origin

    def notes(self, step: int, transport: Transport, now: float) -> list[Note]:
        """The notes of a step, at their beats on the transport."""
        if self._came < 0:
            return []
        bar = transport.meter.bar * STEPS_PER_BEAT
        level = self.parameters.value("intensity", now) * min(1.0, (step - self._came + 1) / bar)
        place = step - self._origin
        if self.mode == "loop" or self.parameters.value("hold", now) >= 0.5:
            place %= phrase(transport)
        found = []
        for note in self._clip.notes:
            velocity = round(note.velocity * level)
            if round(note.start * STEPS_PER_BEAT) == place and velocity > 0:
                beat = step / STEPS_PER_BEAT + note.start - place / STEPS_PER_BEAT
                found.append(replace(note, start=beat, velocity=velocity))
        return found


def _danced(
    body: Body, steps: NDArray[np.intp], course: Course
) -> Callable[[], NDArray[np.float32]]:
    """What gives what was danced in the steps (32,), one after another, four poses a step."""
    within = np.arange(FRAMES_PER_STEP) / FRAMES_PER_STEP
    beats = ((steps[:, None] + within) / STEPS_PER_BEAT).ravel()
    times, place = np.unique(course.times_of(beats), return_inverse=True)
    looks = body.looks(times)
    return lambda: looks()[place]
