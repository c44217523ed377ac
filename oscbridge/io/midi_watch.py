"""Which MIDI ports there are, looked up each second by a process of its own.

rtmidi holds the interpreter's lock while it makes a client (20 ms with JACK), which would make
notes late, and a client that is kept does not notice that its JACK server has died.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable

from oscbridge.io.midi_ports import Listing, MidiError, look

PAUSE = 1.0
"""Seconds between two looks."""
SILENT = 10.0
"""Seconds without an answer after which the process is ended and begun again."""
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
            with contextlib.suppress(TimeoutError, OSError, ValueError):
                await self._watch()
            self._tell(MidiError("the look for MIDI ports failed; it is tried again"))
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
    """What the process says. Raises ValueError where it has ended."""
    told = json.loads(line)
    if isinstance(told, str):
        return MidiError(told)
    api, inputs, outputs = told
    return Listing(api, tuple(inputs), tuple(outputs))


def _say(api: str | None) -> None:
    """The process: a line of JSON for each line that comes in, until there are no more."""
    for _ in sys.stdin:
        try:
            found = look(api)
            told: object = [found.api, found.inputs, found.outputs]
        except MidiError as error:
            told = str(error)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _say(sys.argv[1] or None)
