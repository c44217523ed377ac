"""The pulse: every step of the transport, a little before it is reached."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from time import perf_counter

from oscbridge.domain.timeline import STEPS_PER_BEAT
from oscbridge.domain.transport import Transport, step_of

_LOG = logging.getLogger(__name__)
LEAST_LEAD, MOST_LEAD = 0.03, 0.09
"""Seconds before a step at which it is prepared, the longer the longer answers take. A drummer's
notes may come that much before their step.
"""
MARGIN = 0.008
"""Seconds to spare."""
_FORGETS = 0.98
"""Share of the slowest answer that is remembered from step to step."""


class Pulse:
    """Calls `prepare(step)` once for each step that comes, while the transport plays."""

    def __init__(self, transport: Transport, prepare: Callable[[int], Awaitable[None]]) -> None:
        self._transport, self._prepare = transport, prepare
        self._changed = asyncio.Event()
        self._last = self._step_now() - 1
        self._slowest = 0.0

    def _step_now(self) -> int:
        return step_of(self._transport.beat_at(perf_counter()))

    @property
    def lead(self) -> float:
        """Seconds before a step at which it is prepared."""
        return min(MOST_LEAD, max(LEAST_LEAD, self._slowest + MARGIN))

    def follow(self, transport: Transport, jumped: bool) -> None:
        """Go by this transport from now on."""
        self._transport = transport
        if jumped:
            self._last = self._step_now()
        self._changed.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            self._changed.clear()
            # A step that could not be prepared in time is left out rather than played late.
            step = max(self._last + 1, self._step_now())
            wait = self._transport.time_of(step / STEPS_PER_BEAT) - self.lead - perf_counter()
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    forever = wait == float("inf")
                    await asyncio.wait_for(self._changed.wait(), None if forever else wait)
                continue
            self._last = step
            begun = perf_counter()
            try:
                await self._prepare(step)
            except Exception:  # a fault of ours must not end the music
                _LOG.exception("step %d failed", step)
            self._slowest = max(self._slowest * _FORGETS, perf_counter() - begun)
