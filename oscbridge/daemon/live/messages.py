"""Handlers of the live addresses: what they tell the stage to do."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any, get_args

from oscbridge.daemon.arguments import is_note_value, wrong
from oscbridge.daemon.clients import Client
from oscbridge.daemon.live.clock import Clock
from oscbridge.daemon.live.dancer import Dancer
from oscbridge.daemon.live.stage import Stage
from oscbridge.daemon.live.subscribers import Subscription
from oscbridge.daemon.live.voice import Mode, Voice
from oscbridge.domain.live import Played, PoseFrame
from oscbridge.domain.music import Part

_UNTIMED = -1.0


class Messages:
    """A handler for each live message, named as its address with `/` as `_`. `turned` hears whose
    parameter was turned.
    """

    def __init__(self, stage: Stage, clock: Clock, turned: Callable[[str, str], None]) -> None:
        self._stage, self._clock, self._turned = stage, clock, turned

    def pose_frame(self, client: Client, args: dict[str, Any]) -> None:
        """A pose of somebody."""
        landmarks, confidence = args["landmarks"]
        time = math.nan if args["time"] == _UNTIMED else args["time"]
        frame = PoseFrame(args["person"], args["seq"], time, landmarks, confidence)
        self._stage.pose(client.name, frame)

    def pose_lost(self, client: Client, args: dict[str, Any]) -> None:
        """Somebody left."""
        self._stage.lost(client.name, args["person"])

    def note(self, client: Client, args: dict[str, Any]) -> None:
        """A note is played."""
        part, pitch, velocity = Part(args["part"]), args["pitch"], args["velocity"]
        played = Played(part, pitch, velocity, perf_counter(), "osc")
        self._stage.play(played, args["duration"])

    def subscribe(self, client: Client, args: dict[str, Any]) -> None:
        """A stream begins or ends."""
        if args["on"]:
            wanted = Subscription(args["fps"], args["person"])
            self._stage.subscribers.set(client, args["stream"], wanted)
        else:
            self._stage.subscribers.end(client, args["stream"])

    def transport_get(self, client: Client, args: dict[str, Any]) -> None:
        """Where the music is."""
        client.answer("transport/state", *self._clock.told())

    def transport_play(self, client: Client, args: dict[str, Any]) -> None:
        """Start or stop."""
        self._clock.play(args["on"])

    def transport_tempo(self, client: Client, args: dict[str, Any]) -> None:
        """Another tempo."""
        self._clock.set_tempo(args["tempo"])

    def transport_meter(self, client: Client, args: dict[str, Any]) -> None:
        """Another meter."""
        if not is_note_value(args["denominator"]):
            raise wrong(
                f"denominator is {args['denominator']}; it must be 1, 2, 4, 8, 16, 32 or 64"
            )
        self._clock.set_meter(args["numerator"], args["denominator"])

    def transport_beat(self, client: Client, args: dict[str, Any]) -> None:
        """Another position."""
        self._clock.beat(args["beat"], args["tempo"] or None)

    def transport_source(self, client: Client, args: dict[str, Any]) -> None:
        """Another clock."""
        self._clock.choose(args["source"])

    def panic(self, client: Client, args: dict[str, Any]) -> None:
        """Silence."""
        self._stage.panic()

    def voice_open(self, client: Client, args: dict[str, Any]) -> None:
        """A voice; it plays on all MIDI outputs there are."""
        mode: Mode = next(m for m in get_args(Mode) if m == args["mode"])
        outs = tuple(self._stage.outs)
        self._stage.cast.open_voice(Voice(args["name"], args["person"], mode, outs=outs))

    def voice_close(self, client: Client, args: dict[str, Any]) -> None:
        """One voice less."""
        self._stage.cast.close_one(args["name"], self._stage.cast.voices)

    def dancer_open(self, client: Client, args: dict[str, Any]) -> None:
        """A dancer."""
        self._stage.cast.open_dancer(Dancer(args["name"], args["person"], args["source"]))

    def dancer_close(self, client: Client, args: dict[str, Any]) -> None:
        """One dancer less."""
        self._stage.cast.close_one(args["name"], self._stage.cast.dancers)

    def live_set(self, client: Client, args: dict[str, Any]) -> None:
        """A parameter is turned."""
        parameters = self._stage.cast.one(args["name"]).parameters
        known = parameters.declared.get(args["parameter"])
        if known is None:
            there = ", ".join(parameters.declared)
            raise wrong(f"{args['name']} has no parameter {args['parameter']!r}; it has: {there}")
        if not known.low <= args["value"] <= known.high:
            raise wrong(
                f"{known.name} is {args['value']:g}; it must be from {known.low:g} to "
                f"{known.high:g} ({known.doc})"
            )
        parameters.set(known.name, args["value"], perf_counter(), args["seconds"])
        self._turned(args["name"], known.name)
