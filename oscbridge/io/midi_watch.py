"""Which MIDI ports there are, looked up each second by a process of its own.

rtmidi holds the interpreter's lock while it makes a client (20 ms with JACK), which would make
notes late; and where a JACK server has died, only a process that ends is rid of its clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable

from oscbridge.io.midi_ports import JACK, WATCH, Listing, MidiError, library, look, names_of

PAUSE = 1.0
"""Seconds between two looks."""
SILENT = 10.0
"""Seconds without an answer after which the process is ended and begun again."""
_TRIES, _ECHO = 3, 0.5
"""Times a message is sent to see whether a server lives, and seconds it has to come back."""
_ACTIVE_SENSING = (0xFE,)
Hear = Callable[[Listing | MidiError], None]


class MidiWatch:
    """Tells every listener, on the loop, what there is after each look. `api` as in `look`."""

    def __init__(self, api: str | None = None) -> None:
        self._api = api
        self._listeners: list[Hear] = []
        self._task: asyncio.Task[None] | None = None
        self.latest: Listing | MidiError | None = None

    def listen(self, hear: Hear) -> None:
        """Hear of each look from now on, and of the last one at once."""
        self._listeners.append(hear)
        if self.latest is not None:
            hear(self.latest)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def forget(self, hear: Hear) -> None:
        """Hear no more."""
        self._listeners.remove(hear)

    async def _run(self) -> None:
        while True:
            try:
                await self._watch()
            except (TimeoutError, OSError, ValueError) as error:
                self._tell(MidiError(f"MIDI ports cannot be looked for ({error}); trying again"))
            await asyncio.sleep(PAUSE)

    async def _watch(self) -> None:
        command = (sys.executable, "-m", __name__, self._api or "")
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while process.stdin and process.stdout:
                process.stdin.write(b"\n")
                line = await asyncio.wait_for(process.stdout.readline(), SILENT)
                if not line:
                    return
                self._tell(_read(line))
                await asyncio.sleep(PAUSE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _tell(self, told: Listing | MidiError) -> None:
        self.latest = told
        for hear in tuple(self._listeners):
            hear(told)

    async def close(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


def _read(line: bytes) -> Listing | MidiError:
    """What the process says. Raises ValueError where that is no answer."""
    told = json.loads(line)
    if isinstance(told, str):
        return MidiError(told)
    api, inputs, outputs = told
    return Listing(api, tuple(inputs), tuple(outputs))


class _Jack:
    """Clients that stay: a server loses what is sent in the moment in which it takes in or lets go
    of one. It lives as long as a message comes back; a client of a dead one lists ports for ever.
    """

    def __init__(self) -> None:
        rtmidi = library()
        self._echo = threading.Event()
        self._ears = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, WATCH)
        self._ears.open_virtual_port(echo := f"echo-{os.getpid()}")
        self._ears.ignore_types(active_sense=False)
        self._ears.set_callback(lambda *_: self._echo.set())
        self._mouth = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, WATCH)
        names = self._mouth.get_ports()
        ours = next(n for n, name in enumerate(names) if name.endswith(echo))
        self._mouth.open_port(ours, "echo")

    def lives(self) -> bool:
        """Whether one of a few messages comes back."""
        self._echo.clear()
        for _ in range(_TRIES):
            self._mouth.send_message(_ACTIVE_SENSING)
            if self._echo.wait(_ECHO):
                return True
        return False

    def look(self) -> Listing:
        """The ports there are."""
        return Listing(JACK, names_of(self._ears), names_of(self._mouth))


def _look(api: str | None, jack: _Jack | None) -> tuple[Listing, _Jack | None]:
    if jack:
        return jack.look(), jack
    found = look(api)
    return found, _Jack() if found.api == JACK else None


def _say(api: str | None) -> None:
    """The process: a line of JSON for each line that comes in, until there are no more."""
    jack = None
    for _ in sys.stdin:
        dead = jack is not None and not jack.lives()
        told: object = "the JACK server has ended; it is waited for"
        try:
            if not dead:
                found, jack = _look(api, jack)
                told = [found.api, found.inputs, found.outputs]
        except (MidiError, OSError, StopIteration) as error:
            told = str(error)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        if dead:
            os._exit(0)  # its clients cannot be closed any more; another process begins anew


if __name__ == "__main__":
    _say(sys.argv[1] or None)
