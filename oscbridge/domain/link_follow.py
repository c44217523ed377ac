"""A transport that follows a Link session. Pure."""

from __future__ import annotations

from dataclasses import replace

from oscbridge.domain.timeline import Meter
from oscbridge.domain.transport import Transport

OFF = 0.001
"""Seconds by which positions may differ before the transport is moved."""
ALONE = "no Link peer any more; going on alone"


class LinkFollower:
    """Start and stop are taken over when they change: most peers share no start and stop, and
    then a session stands for ever.
    """

    def __init__(self) -> None:
        self._playing = False
        self._begun = False
        self.peers = 0
        self.trouble = ""

    def take(
        self, now: Transport, time: float, beat: float, bpm: float, playing: bool, peers: int
    ) -> Transport | None:
        """How `now` goes on where the session is at `beat` at `time`; None: as it does."""
        if peers:
            self.trouble = ""
        elif self.peers:
            self.trouble = ALONE
        self.peers = peers
        plays = now.playing if playing == self._playing else playing
        self._playing = playing
        meter = now.meter
        if not self._begun:
            self._begun = True
            meter = Meter(0.0, meter.numerator, meter.denominator)
        on = replace(now, time=time, beat=beat, bpm=bpm, playing=plays, meter=meter)
        off = abs(now.beat_at(time) - beat) * on.pace
        same = (now.playing, now.bpm, now.meter) == (plays, bpm, meter)
        if same and (off <= OFF or not plays):
            return None
        return on
