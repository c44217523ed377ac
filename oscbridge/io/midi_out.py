"""Notes and clock to a MIDI port, each at its time, by a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Iterable, Mapping
from time import perf_counter, sleep

from oscbridge.domain.clock_out import ClockOut
from oscbridge.domain.music import Part
from oscbridge.domain.sounding import Sounding, Strike
from oscbridge.domain.transport import Transport
from oscbridge.io.midi_file import CHANNEL
from oscbridge.io.midi_kept import DELIVERY, Kept, OnState
from oscbridge.io.midi_ports import Port
from oscbridge.io.midi_watch import MidiWatch

NOTE_ON, NOTE_OFF, CONTROL = 0x90, 0x80, 0xB0
ALL_SOUND_OFF, ALL_NOTES_OFF = 120, 123
RELEASE = 64
MOST_UNSEEN = 1000
"""Messages to a port of which it was not seen since that it lives: once rtmidi's buffer of 16 KiB
for a dead JACK server is full, it waits for ever, and the whole program with it.
"""


class MidiOut:
    """A port that is played to. `channels` (from 0) by part; `name` is part of a port's name, or
    the name of the `virtual` port to make. Made on the loop; `play`, `panic`, `clear` and `follow`
    may be called from any thread, and do not wait.
    """

    def __init__(
        self, watch: MidiWatch, name: str, on_state: OnState, *, virtual: bool = False,
        channels: Mapping[Part, int] = CHANNEL, clock: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self._channels = {int(part): channel for part, channel in channels.items()}
        self._loop = asyncio.get_running_loop()
        self._wake = threading.Condition()  # of an RLock
        self._sounding = Sounding()
        self._clock = ClockOut() if clock else None
        self._transport = Transport(playing=False)
        self._port: Port | None = None
        self._unseen = 0
        self._over = False
        self.sent = self.unsent = 0
        self._kept = Kept(
            watch, name, out=True, virtual=virtual, taken=self._taken, on_state=on_state
        )
        self._thread = threading.Thread(target=self._run, name=f"midi {name}", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    @property
    def port(self) -> str:
        """The name of the port that is open, else nothing."""
        return self._kept.port

    def play(self, part: int, pitch: int, velocity: int, at: float, until: float) -> None:
        """A note between two moments, seconds; it is left out where too many wait, or the part has
        no channel.
        """
        if part not in self._channels:
            return
        strike = Strike(self._channels[part], pitch, velocity)
        with self._wake:
            if self._sounding.add(strike, at, until):
                self._wake.notify()

    def follow(self, transport: Transport) -> None:
        """Tell this transport as MIDI clock, where the port is to have one."""
        with self._wake:
            self._transport = transport
            if self._clock:
                self._send(self._clock.follow(transport, perf_counter()))
                self._wake.notify()

    def clear(self) -> None:
        """Forget what does not sound yet."""
        with self._wake:
            self._sounding.clear()

    def panic(self) -> None:
        """End every note now, and forget what was to sound."""
        with self._wake:
            self._send(map(_message, self._sounding.end()))
            for channel in sorted(set(self._channels.values())):
                for control in (ALL_NOTES_OFF, ALL_SOUND_OFF):
                    self._send([bytes([CONTROL | channel, control, 0])])

    async def close(self) -> None:
        """Silence, then let the port go."""
        atexit.unregister(self._at_exit)
        self._silence()
        await asyncio.to_thread(self._thread.join)
        await self._kept.close()

    def _at_exit(self) -> None:
        self._silence()
        sleep(DELIVERY)

    def _silence(self) -> None:
        with self._wake:
            if self._clock:
                self._send(self._clock.follow(Transport(playing=False), perf_counter()))
            self.panic()
            self._over = True
            self._wake.notify()

    def _run(self) -> None:
        with self._wake:
            while not self._over:
                now = perf_counter()
                self._send(map(_message, self._sounding.due(now)))
                following = self._sounding.next
                if self._clock:
                    self._send(self._clock.due(now))
                    following = min(following, self._clock.next)
                wait = following - perf_counter()
                if wait > 0:
                    self._wake.wait(min(wait, threading.TIMEOUT_MAX))

    def _send(self, messages: Iterable[bytes]) -> None:
        """Held by the lock, as all that reads or changes what sounds."""
        for message in messages:
            if self._port is None or self._unseen >= MOST_UNSEEN:
                self.unsent += 1
                continue
            try:
                self._port.rt.send_message(message)
            except (OSError, RuntimeError) as error:
                self.unsent += 1
                self._port = None
                self._tell(f"MIDI port {self.name!r} cannot be played to: {error}")
            else:
                self._unseen += 1
                self.sent += 1

    def _tell(self, text: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._kept.fail, text)

    def _taken(self, port: Port | None) -> None:
        with self._wake:
            anew = port is not self._port
            self._port, self._unseen = port, 0
            if not anew:
                return
            self._sounding = Sounding()  # nothing sounds there yet
            if self._clock:
                self._clock = ClockOut()
                self._send(self._clock.follow(self._transport, perf_counter()))
                self._wake.notify()


def _message(strike: Strike) -> bytes:
    if strike.velocity:
        return bytes([NOTE_ON | strike.channel, strike.pitch, strike.velocity])
    return bytes([NOTE_OFF | strike.channel, strike.pitch, RELEASE])
