"""Notes and clock from a MIDI port, told on the loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

from oscbridge.domain.live import Played
from oscbridge.domain.music import Part
from oscbridge.domain.parts import BASS_PROGRAMS
from oscbridge.io.midi_file import CHANNEL
from oscbridge.io.midi_kept import Kept, OnState
from oscbridge.io.midi_ports import Port
from oscbridge.io.midi_watch import MidiWatch

MOST_WAITING = 2000
"""Messages that may wait for the loop; what comes beyond is dropped and counted."""
PARTS: Mapping[int, Part] = {CHANNEL[part]: part for part in (Part.DRUMS, Part.BASS)}
_CLOCK = {0xF8: "clock", 0xFA: "start", 0xFB: "continue", 0xFC: "stop", 0xF2: "songpos"}
_NOTE_OFF, _NOTE_ON, _CONTROL, _PROGRAM = 0x80, 0x90, 0xB0, 0xC0
_SOUND_OFF, _NOTES_OFF = 120, 123
OnPlayed = Callable[[Played], None]
OnClock = Callable[[str, float, int], None]


class Channels:
    """Which part plays on each channel (from 0), as a MIDI file is read: drums on the tenth, bass
    on the second or by its program, melody else. `parts` says otherwise for some channels.
    """

    def __init__(self, parts: Mapping[int, Part], source: str) -> None:
        self._told = dict(parts)
        self._parts = {**PARTS, **parts}
        self._source = source
        self._held: dict[tuple[int, int], Part] = {}

    def take(self, message: Sequence[int], time: float) -> list[Played]:
        """The notes a message begins or ends."""
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        if kind in (_NOTE_ON, _NOTE_OFF) and len(message) == 3:
            return self._note(channel, message[1], message[2] if kind == _NOTE_ON else 0, time)
        if kind == _CONTROL and len(message) == 3 and message[1] in (_SOUND_OFF, _NOTES_OFF):
            return self.end(time, channel)
        if kind == _PROGRAM and len(message) == 2 and channel not in self._told:
            self._program(channel, message[1])
        return []

    def _program(self, channel: int, program: int) -> None:
        if self._parts.get(channel) is not Part.DRUMS:
            if program in BASS_PROGRAMS:
                self._parts[channel] = Part.BASS
            elif channel not in PARTS:
                self._parts[channel] = Part.MELODY

    def _note(self, channel: int, pitch: int, velocity: int, time: float) -> list[Played]:
        key = channel, pitch
        begun = self._held.pop(key, None)
        if velocity:
            part = self._held[key] = self._parts.get(channel, Part.MELODY)
            return [Played(part, pitch, velocity, time, self._source)]
        return [] if begun is None else [Played(begun, pitch, 0, time, self._source)]

    def end(self, time: float, channel: int | None = None) -> list[Played]:
        """End what is held, on one channel or on all."""
        keys = [key for key in self._held if channel in (None, key[0])]
        return [Played(self._held.pop(key), key[1], 0, time, self._source) for key in keys]


class MidiIn:
    """A port that is listened to: `name` is part of a port's name, or the name of the `virtual`
    port to make. `on_clock(kind, time, position)` hears clock, start, stop, continue and songpos,
    whose position is in sixteenths. Made on the loop.
    """

    def __init__(
        self, watch: MidiWatch, name: str, on_state: OnState, on_played: OnPlayed,
        on_clock: OnClock | None = None, *, virtual: bool = False,
        parts: Mapping[int, Part] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self._loop = asyncio.get_running_loop()
        self._on_played, self._on_clock = on_played, on_clock
        self._channels = Channels(parts or {}, name)
        self._waiting: deque[tuple[float, Sequence[int]]] = deque()
        self._port: Port | None = None
        self.dropped = self._told_dropped = 0
        self._kept = Kept(
            watch, name, out=False, virtual=virtual, taken=self._taken, on_state=on_state
        )

    @property
    def port(self) -> str:
        """The name of the port that is open, else nothing."""
        return self._kept.port

    def _taken(self, port: Port | None) -> None:
        if port is self._port:
            return
        if self._port:
            self._port.rt.cancel_callback()
            self._tell(self._channels.end(perf_counter()))
        self._port = port
        if port:
            port.rt.ignore_types(sysex=True, timing=False, active_sense=True)
            port.rt.set_callback(self._came)

    def _came(self, event: tuple[Sequence[int], float], _: object = None) -> None:
        """In rtmidi's thread."""
        now = perf_counter()
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append((now, event[0]))
        if len(self._waiting) == 1:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        while self._waiting:
            time, message = self._waiting.popleft()
            if message and message[0] < 0xF0:
                self._tell(self._channels.take(message, time))
            elif message and self._on_clock and (kind := _CLOCK.get(message[0])):
                position = message[1] | message[2] << 7 if len(message) == 3 else 0
                self._on_clock(kind, time, position)
        if self.dropped > self._told_dropped:
            # The end of a note may have been among them.
            self._told_dropped = self.dropped
            self._tell(self._channels.end(perf_counter()))

    def _tell(self, played: list[Played]) -> None:
        for one in played:
            self._on_played(one)

    async def close(self) -> None:
        """Listen no more; what is held ends."""
        await self._kept.close()
