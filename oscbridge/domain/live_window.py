"""Windows while they happen: two bars of which the end is not yet there.

A window starts at a bar, as the windows a model has learnt from do. For steps that are still to
come stand those of the phrase before: dance and music repeat, so what was there two bars ago says
more of what will be there than silence does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW
from oscbridge.domain.transport import Transport, step_of

PHRASE_BARS = 2


def phrase(transport: Transport) -> int:
    """Steps of a phrase: two bars of the meter, at least a beat."""
    return max(STEPS_PER_BEAT, round(PHRASE_BARS * transport.meter.bar * STEPS_PER_BEAT))


def first_step(transport: Transport, step: int, bars_before: int) -> int:
    """The step at which the window for `step` starts: its bar, or the one so many bars before it,
    as long as the window still holds `step`.
    """
    bar = round(transport.meter.bar * STEPS_PER_BEAT)
    start = step_of(transport.bar_at(step / STEPS_PER_BEAT)) - bars_before * bar
    # Of a bar longer than a window the half window that holds the step is taken.
    half = WINDOW // 2
    return start + max(0, (step - start) // half - 1) * half if step - start >= WINDOW else start


def sources(first: int, newest: int, period: int) -> NDArray[np.intp]:
    """For each step of the window that starts at `first`, the step (32,) that stands there: itself
    up to `newest`, then the latest one a whole number of periods before it.
    """
    steps = np.arange(first, first + WINDOW)
    late = np.maximum(0, -((newest - steps) // period))
    return np.asarray(steps - late * period, np.intp)
