"""What the parts of a show must be to one another, and what of them follows from the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import count
from typing import TypeVar

from oscbridge.show_file.show import (
    FIRST_DANCER,
    WIRE_PORTS,
    BvhTarget,
    DancerSetting,
    MidiInPort,
    MidiOutPort,
    PosePort,
    Show,
    VmcTarget,
)

MidiPort = TypeVar("MidiPort", MidiInPort, MidiOutPort)


def settled(show: Show) -> Show:
    """With all ports, names and persons that were left out. Raises ValueError where parts of the
    show contradict each other.
    """
    show = replace(
        show,
        pose=tuple(replace(p, port=p.port or WIRE_PORTS[p.wire]) for p in show.pose),
        midi_in=tuple(_named("midi_in", port) for port in show.midi_in),
        midi_out=tuple(_named("midi_out", port) for port in show.midi_out),
        dancer=_numbered(show.dancer),
    )
    _ports(show)
    _unique("[[midi_in]] name", [p.name for p in show.midi_in])
    _unique("[[midi_out]] name", [p.name for p in show.midi_out])
    voices, dancers = [v.name for v in show.voice], [d.name for d in show.dancer]
    _unique("name of a voice or dancer", [*voices, *dancers])
    inputs = [p.name for p in show.midi_in]
    _unique("name of a voice or MIDI input", [*voices, *inputs])
    _unique("[[dancer]] person", [d.person for d in show.dancer])
    for voice in show.voice:
        for out in voice.out:
            _there(f"[[voice]] {voice.name}: out", out, [p.name for p in show.midi_out])
    for dancer in show.dancer:
        if dancer.source:
            _there(f"[[dancer]] {dancer.name}: source", dancer.source, [*inputs, *voices])
    for vmc in show.vmc:
        _shown("[[vmc]]", vmc, dancers)
    for bvh in show.bvh:
        _shown("[[bvh]]", bvh, dancers)
    return show


def _named(where: str, port: MidiPort) -> MidiPort:
    if bool(port.port) == bool(port.virtual):
        raise ValueError(f"[[{where}]] needs a port or a virtual one, and not both")
    return replace(port, name=port.name or port.port or port.virtual)


def _numbered(dancers: Sequence[DancerSetting]) -> tuple[DancerSetting, ...]:
    taken = {d.person for d in dancers}
    free = (number for number in count(FIRST_DANCER) if number not in taken)
    return tuple(d if d.person else replace(d, person=next(free)) for d in dancers)


def _ports(show: Show) -> None:
    ports: dict[int, PosePort] = {}
    for pose in show.pose:
        other = ports.setdefault(pose.port, pose)
        if other is not pose:
            raise ValueError(
                f"[[pose]] port {pose.port} is both {other.wire}'s and {pose.wire}'s; "
                "give each its own"
            )
        for key in ("port", "http"):
            if pose.port == getattr(show.daemon, key):
                raise ValueError(f"[[pose]] port {pose.port} is [daemon] {key} too; give another")
    if show.daemon.port and show.daemon.port == show.daemon.http:
        raise ValueError(f"[daemon] port and http are both {show.daemon.port}; give each its own")


def _unique(what: str, values: Sequence[object]) -> None:
    double = next((v for i, v in enumerate(values) if v in values[:i]), None)
    if double is not None:
        raise ValueError(f"{what} {double!r} is given twice; each needs its own")


def _there(where: str, name: str, known: Iterable[str]) -> None:
    known = list(known)
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none'}"
        raise ValueError(f"{where} is {name!r}, which is nowhere in the show; {hint}")


def _shown(where: str, target: VmcTarget | BvhTarget, dancers: Sequence[str]) -> None:
    if bool(target.dancer) == bool(target.person):
        raise ValueError(f"{where} needs a dancer or a person, and not both")
    if target.dancer:
        _there(f"{where} dancer", target.dancer, dancers)
