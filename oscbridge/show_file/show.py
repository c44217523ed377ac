"""A show: what a daemon opens when it starts. Each setting is declared here, once.

The fields are the keys of the show's file; docs/shows.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from oscbridge.api import HTTP_PORT
from oscbridge.api import PORT as OSC_PORT
from oscbridge.api.live import FASTEST_FPS, MODES, SOURCES
from oscbridge.api.requests import NUMERATOR, TEMPO
from oscbridge.api.table import MAX_INT, Arg
from oscbridge.config import (
    ABLETON_PORT,
    ABLETON_REPLY_PORT,
    DEFAULT_MODEL,
    LOOPBACK,
    Network,
)
from oscbridge.domain.music import Part
from oscbridge.domain.timeline import DEFAULT_TEMPO
from oscbridge.show_file.kinds import (
    CHANNEL_OF_PART,
    FOLDER,
    FREE_PORT,
    MODEL,
    NAME,
    NETWORKS,
    NOTE_VALUE,
    PART_OF_CHANNEL,
    PART_SET,
    PORT,
    SOME_TEXT,
    SWITCH,
    TEXT,
    Kind,
    list_of,
    number,
    one_of,
    whole,
)

WIRE_PORTS = {"vmc": 39540, "osceleton": 7110, "poseosc": 9527, "wekinator": 6448}
"""Convention -> the port its senders use."""
VMC_PORT = 39539
VOICE_NAMED, DANCER_NAMED, FIRST_DANCER = "voice", "dancer", 101
MOST = 16
"""Entries of one kind."""
_FPS = number(1, FASTEST_FPS)
_SEEN = whole(1, MOST)


def _key(kind: Kind, doc: str, *default: Any) -> Any:
    """A key; without a default it must be there."""
    told = {"kind": kind, "doc": doc}
    if default == ({},):
        return field(default_factory=dict, metadata=told)
    return field(default=default[0], metadata=told) if default else field(metadata=told)


def _whole(arg: Arg) -> Kind:
    return whole(int(arg.low or 0), int(arg.high or MAX_INT))


@dataclass(frozen=True, kw_only=True)
class DaemonSetting:
    """How the daemon is reached, and what it serves."""

    host: str = _key(SOME_TEXT, "address to listen on", LOOPBACK)
    port: int = _key(FREE_PORT, "UDP and TCP port; 0: any free one", OSC_PORT)
    http: int = _key(FREE_PORT, "port of OSCQuery; 0: any free one", HTTP_PORT)
    allow: tuple[Network, ...] = _key(NETWORKS, "networks that are answered too", ())
    model: str = _key(MODEL, "the model, or one of its versions", DEFAULT_MODEL)
    library: Path | None = _key(FOLDER, "clip library; else in your music", None)  # noqa: RUF009
    name: str = _key(TEXT, "name told by mDNS; else one is made", "")
    discovery: bool = _key(SWITCH, "whether other programs can find the daemon by mDNS", True)

    @property
    def named(self) -> tuple[str, int | None]:
        """The model's name and version, None for the newest."""
        name, _, version = self.model.partition("/")
        return name, int(version) if version else None


@dataclass(frozen=True, kw_only=True)
class TransportSetting:
    """Whom the transport follows, and how it starts."""

    source: str = _key(one_of(SOURCES), "whom it follows", "internal")
    tempo: float = _key(number(TEMPO.low or 0, TEMPO.high or 0), "BPM", DEFAULT_TEMPO)
    numerator: int = _key(_whole(NUMERATOR), "of the meter", 4)
    denominator: int = _key(NOTE_VALUE, "of the meter", 4)
    play: bool = _key(SWITCH, "whether it runs from the start", True)
    midi: str = _key(TEXT, "part of the name of the port whose MIDI clock is followed", "")


@dataclass(frozen=True, kw_only=True)
class PosePort:
    """A port on which another program's poses come in."""

    wire: Literal["vmc", "osceleton", "poseosc", "wekinator"] = _key(
        one_of(tuple(WIRE_PORTS)), "the program's way of sending"
    )
    port: int = _key(PORT, "UDP port; else the one such programs send to", 0)
    host: str = _key(SOME_TEXT, "address to listen on", LOOPBACK)


@dataclass(frozen=True, kw_only=True)
class _MidiPort:
    """`port` or `virtual`, not both."""

    port: str = _key(SOME_TEXT, "part of the name of a port there is", "")
    virtual: str = _key(SOME_TEXT, "name of a port made for other programs to connect to", "")
    name: str = _key(SOME_TEXT, "what it is called here; else as the port", "")


@dataclass(frozen=True, kw_only=True)
class MidiInPort(_MidiPort):
    """A MIDI port that is heard."""

    parts: Mapping[int, Part] = _key(
        PART_OF_CHANNEL, "part each channel plays; else as in MIDI files", {}
    )


@dataclass(frozen=True, kw_only=True)
class MidiOutPort(_MidiPort):
    """A MIDI port that is played."""

    channels: Mapping[Part, int] = _key(
        CHANNEL_OF_PART, "channel of each part; else as in MIDI files", {}
    )
    clock: bool = _key(SWITCH, "whether MIDI clock is sent", False)


@dataclass(frozen=True, kw_only=True)
class VoiceSetting:
    """A voice: the music one person's body makes. `values`: its live parameters."""

    name: str = _key(NAME, "its name")
    person: int = _key(whole(0, MOST), "whose; 0: whoever was there first", 0)
    mode: Literal["follow", "loop"] = _key(
        one_of(MODES), "note by note, or each bar answers the bar before", "follow"
    )
    parts: frozenset[Part] = _key(PART_SET, "what it plays", frozenset(Part))
    out: tuple[str, ...] = _key(list_of(SOME_TEXT, MOST), "names of the MIDI outputs it plays", ())
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DancerSetting:
    """A dancer: a figure that dances to what it hears. `values`: its live parameters."""

    name: str = _key(NAME, "its name")
    person: int = _key(whole(100, MAX_INT), "its number in `out/pose`; else 101, 102, ...", 0)
    source: str = _key(TEXT, "the MIDI input or voice it hears; else all that is played in", "")
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VmcTarget:
    """A program that is sent a figure by the VMC protocol: a `dancer` or a `person`, not both."""

    host: str = _key(SOME_TEXT, "where it listens", LOOPBACK)
    port: int = _key(PORT, "where it listens", VMC_PORT)
    dancer: str = _key(NAME, "the dancer that is sent", "")
    person: int = _key(_SEEN, "or the person", 0)
    fps: float = _key(_FPS, "poses a second", 60.0)


@dataclass(frozen=True, kw_only=True)
class BvhTarget:
    """A figure recorded as BVH: a `dancer` or a `person`, not both."""

    folder: Path = _key(FOLDER, "where the files go")  # noqa: RUF009
    dancer: str = _key(NAME, "the dancer that is recorded", "")
    person: int = _key(_SEEN, "or the person", 0)
    fps: float = _key(_FPS, "poses a second", 30.0)


@dataclass(frozen=True, kw_only=True)
class RecordSetting:
    """Where sessions are recorded."""

    folder: Path | None = _key(FOLDER, "where; else sessions in the library", None)  # noqa: RUF009


@dataclass(frozen=True, kw_only=True)
class AbletonSetting:
    """Where Ableton Live is, with AbletonOSC, for `clip/to_live`."""

    host: str = _key(SOME_TEXT, "where it runs", LOOPBACK)
    port: int = _key(PORT, "where AbletonOSC listens", ABLETON_PORT)
    reply_port: int = _key(PORT, "where AbletonOSC answers to", ABLETON_REPLY_PORT)


def _default_voices() -> tuple[VoiceSetting, ...]:
    return (VoiceSetting(name=VOICE_NAMED),)


def _default_dancers() -> tuple[DancerSetting, ...]:
    return (DancerSetting(name=DANCER_NAMED, person=FIRST_DANCER),)


@dataclass(frozen=True, kw_only=True)
class Show:
    """A whole show; by default that of a daemon without one. `presets`: name -> voice or dancer ->
    parameter -> value.
    """

    daemon: DaemonSetting = DaemonSetting()
    transport: TransportSetting = TransportSetting()
    pose: tuple[PosePort, ...] = ()
    midi_in: tuple[MidiInPort, ...] = ()
    midi_out: tuple[MidiOutPort, ...] = ()
    voice: tuple[VoiceSetting, ...] = field(default_factory=_default_voices)
    dancer: tuple[DancerSetting, ...] = field(default_factory=_default_dancers)
    vmc: tuple[VmcTarget, ...] = ()
    bvh: tuple[BvhTarget, ...] = ()
    record: RecordSetting = RecordSetting()
    ableton: AbletonSetting = AbletonSetting()
    presets: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)


SECTIONS: Mapping[str, type] = {
    "daemon": DaemonSetting,
    "transport": TransportSetting,
    "record": RecordSetting,
    "ableton": AbletonSetting,
}
"""Sections that come once."""
LISTS: Mapping[str, type] = {
        "pose": PosePort, "midi_in": MidiInPort, "midi_out": MidiOutPort, "voice": VoiceSetting,
        "dancer": DancerSetting, "vmc": VmcTarget, "bvh": BvhTarget,
    }  # fmt: skip
"""Sections that may come again."""
LIVE = ("voice", "dancer")
"""Sections whose live parameters can be set too."""
