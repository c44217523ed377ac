"""One MIDI port kept open: taken up when it is there, let go when it vanishes, taken up again."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import logging
import os
from collections.abc import Callable

from oscbridge.io.midi_ports import JACK, Listing, MidiError, Port, open_port, pick
from oscbridge.io.midi_watch import MidiWatch

_LOG = logging.getLogger(__name__)
_NUMBERS = itertools.count(1)
DELIVERY = 0.02
"""Seconds left to the last messages: rtmidi holds the interpreter's lock while it closes a port,
and one of our own that is to hear them needs it.
"""
OnState = Callable[[str, str], None]


class Kept:
    """Owned by the loop. `taken` hears after each look of the port that is open, and of None when
    it has gone; `on_state(name, text)` of what is wrong, with an empty text when all is well.
    """

    def __init__(
        self, watch: MidiWatch, name: str, *, out: bool, virtual: bool,
        taken: Callable[[Port | None], None], on_state: OnState,
    ) -> None:  # fmt: skip
        self.name = name
        self._watch, self._out, self._virtual = watch, out, virtual
        self._taken, self._on_state = taken, on_state
        self._own = f"{os.getpid()}-{next(_NUMBERS)}"
        self._state: str | None = None
        self._port: Port | None = None
        self._opening: asyncio.Task[None] | None = None
        watch.listen(self._looked)

    @property
    def port(self) -> str:
        """The name of the port that is open, else nothing."""
        return self._port.name if self._port else ""

    def say(self, text: str) -> None:
        """Tell a state if it is another than before."""
        if text != self._state:
            self._state = text
            self._on_state(self.name, text)

    def _looked(self, told: Listing | MidiError) -> None:
        if self._opening is not None:
            return
        try:
            if isinstance(told, MidiError):
                raise told
            if self._port and self._lives(self._port, told):
                self._taken(self._port)
                self.say("")
                return
            name = self._choose(told)
        except MidiError as error:
            self._let_go(told)
            self.say(str(error))
            return
        self._let_go(told)
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(self._open(told, name))

    def _choose(self, listing: Listing) -> str:
        if self._virtual:
            return self.name
        return pick(listing.outputs if self._out else listing.inputs, self.name)

    def _lives(self, port: Port, listing: Listing) -> bool:
        """Whether the other end is there and, with JACK, ours too: a server that was restarted
        meanwhile lists the same names, but not the ports of the clients it had.
        """
        others = listing.outputs if self._out else listing.inputs
        there = port.api == listing.api and (self._virtual or port.name in others)
        return there and (listing.api != JACK or self._ours(port, listing))

    async def _open(self, listing: Listing, name: str) -> None:
        try:
            self._port = await asyncio.to_thread(
                open_port, listing, name, out=self._out, virtual=self._virtual, own=self._own
            )
        except MidiError as error:
            self.say(str(error))
        else:
            _LOG.info("MIDI %s %s: %s", "out" if self._out else "in", self.name, name)
            self._taken(self._port)
            self.say("")
        finally:
            self._opening = None

    def fail(self, text: str) -> None:
        """The port does not work: let it go until the next look."""
        self.say(text)
        self._let_go(self._watch.latest)

    def _let_go(self, told: Listing | MidiError | None) -> None:
        port, self._port = self._port, None
        if port is None:
            return
        self._taken(None)
        if port.api == JACK and not (isinstance(told, Listing) and self._ours(port, told)):
            # The client of a dead server cannot be closed without risk, so it is left for ever.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(port.rt))
        else:
            port.close()

    def _ours(self, port: Port, listing: Listing) -> bool:
        """Whether our own end is listed, as JACK does: others see an output as an input."""
        names = listing.inputs if self._out else listing.outputs
        return any(name.endswith(f":{port.own}") for name in names)

    async def close(self) -> None:
        """Let the port go for good."""
        self._watch.forget(self._looked)
        if self._opening:
            await self._opening
        port, self._port = self._port, None
        if port:
            self._taken(None)
            await asyncio.sleep(DELIVERY)
            await asyncio.to_thread(port.close)
