"""The MIDI ports of a show: what is heard from them, and what is played to them."""

from __future__ import annotations

from collections.abc import Iterator

from oscbridge.daemon.live.clock import Clock
from oscbridge.daemon.live.stage import Stage
from oscbridge.domain.transport import Transport
from oscbridge.io.midi_file import CHANNEL
from oscbridge.io.midi_in import MidiIn
from oscbridge.io.midi_out import MidiOut
from oscbridge.io.midi_watch import MidiWatch
from oscbridge.show_file import Show


class Midi:
    """Owned by the loop. A port that is not there is a trouble until it comes."""

    def __init__(self, stage: Stage, clock: Clock, show: Show) -> None:
        self._stage = stage
        self._watch = MidiWatch()
        self.ins: list[MidiIn] = []
        self.outs: list[MidiOut] = []
        of_clock = show.transport.midi
        for port in show.midi_in:
            names = ("", port.port, port.virtual, port.name)
            parts = {channel - 1: part for channel, part in port.parts.items()}
            self.ins.append(
                MidiIn(
                    self._watch, port.virtual or port.port, self._state,
                    stage.play_from(port.name), clock.midi if of_clock in names else None,
                    virtual=bool(port.virtual), parts=parts,
                )
            )  # fmt: skip
        if of_clock and all(of_clock not in (p.port, p.virtual, p.name) for p in show.midi_in):
            deaf = MidiIn(self._watch, of_clock, self._state, lambda played: None, clock.midi)
            self.ins.append(deaf)
        for out in show.midi_out:
            channels = CHANNEL | {part: channel - 1 for part, channel in out.channels.items()}
            opened = MidiOut(
                self._watch, out.virtual or out.port, self._state,
                virtual=bool(out.virtual), channels=channels, clock=out.clock,
            )  # fmt: skip
            self.outs.append(opened)
            stage.outs[out.name] = opened
        self.moved(clock.transport, jumped=False)

    def _state(self, name: str, text: str) -> None:
        self._stage.troubles.set(f"midi {name}", text)

    def moved(self, transport: Transport, *, jumped: bool) -> None:
        """The transport goes on like this."""
        for out in self.outs:
            if jumped or not transport.playing:
                out.clear()
            out.follow(transport)

    def told(self) -> Iterator[tuple[str, str, str]]:
        """Kind, name and state of every port."""
        for port in self.ins:
            yield "midi in", port.name, f"{port.port or 'not there'}{_lost(port.dropped)}"
        for out in self.outs:
            sent = f"{out.sent} messages{_lost(out.unsent)}"
            yield "midi out", out.name, f"{out.port or 'not there'}, {sent}"

    async def close(self) -> None:
        """Silence, and let the ports go."""
        for out in self.outs:
            await out.close()
        for port in self.ins:
            await port.close()
        await self._watch.close()


def _lost(count: int) -> str:
    return f", {count} lost" if count else ""
