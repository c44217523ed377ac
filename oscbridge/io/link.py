"""Ableton Link: one tempo, one beat and, for those who want it, one start and stop for a room."""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple

from oscbridge.errors import OscbridgeError

INSTALL = 'python3 -m pip install -c constraints.txt ".[link]"'


class LinkError(OscbridgeError):
    """Link cannot be had."""

    code = "link"


class Heard(NamedTuple):
    """Where the session is: at `time` (seconds, `perf_counter`) at `beat`, at `bpm`."""

    time: float
    beat: float
    bpm: float
    playing: bool
    peers: int


class LinkSession:
    """Ours among the peers of this network; needs a running loop. Raises LinkError."""

    def __init__(self, bpm: float, bar: float) -> None:
        try:
            from aalink import Link
        except ImportError as error:
            raise LinkError(f"Link needs aalink ({error}): {INSTALL}") from error
        self._link: Any = Link(bpm)
        self._link.quantum = bar
        self._link.start_stop_sync_enabled = True
        self._link.enabled = True

    def read(self) -> Heard:
        """Where the session is now."""
        link = self._link
        before = perf_counter()
        beat = link.beat
        time = (before + perf_counter()) / 2
        return Heard(time, beat, link.tempo, link.playing, link.num_peers)

    def set_tempo(self, bpm: float) -> None:
        """Propose another tempo."""
        self._link.tempo = bpm

    def play(self, on: bool) -> None:
        """Propose to start or to stop."""
        self._link.playing = on

    def set_bar(self, beats: float) -> None:
        """The length of a bar, on which peers agree where it starts."""
        self._link.quantum = beats

    def close(self) -> None:
        """Leave the session."""
        self._link.enabled = False
