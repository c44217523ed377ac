"""MIDI ports of this system: the back end that works here, their names, and one picked by name.

rtmidi is used as it is, not through mido's ports: those cannot name the JACK client of a port, by
which a dead server is told from a living one (`midi_watch`).
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oscbridge.errors import OscbridgeError

API_VARIABLE = "OSCBRIDGE_MIDI_API"
JACK, WINDOWS = "UNIX_JACK", "WINDOWS_MM"
APIS = ("LINUX_ALSA", "MACOSX_CORE", WINDOWS, JACK)
"""Back ends in the order in which they are tried."""
CLIENT = "oscbridge"
"""The name under which other programs see our ports."""
WATCH = "oscbridge-watch"
"""The JACK client that looks after the server; its ports are nobody else's business."""
_NUMBERS = re.compile(r"\s+\d+:\d+$")
"""What ALSA adds to a name; it changes when a device is plugged in again."""


class MidiError(OscbridgeError):
    """MIDI, or a port of it, cannot be had: says why and what there is."""

    code = "midi"


@dataclass(frozen=True)
class Listing:
    """The ports there are. `inputs` can be listened to, `outputs` played to."""

    api: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def look(api: str | None = None) -> Listing:
    """The ports there are now. `api` (one of APIS) or the environment picks a back end, else the
    first that works is taken. Raises MidiError where none does.
    """
    rtmidi = library()
    there = {name: getattr(rtmidi, f"API_{name}") for name in APIS}
    built = rtmidi.get_compiled_api()
    causes = []
    for name in _asked(api):
        if there[name] not in built:
            causes.append(f"{name}: not in this build of python-rtmidi")
            continue
        try:
            return Listing(name, *(_names(make, there[name]) for make in _makers(rtmidi)))
        except OSError as error:
            causes.append(f"{name}: {error}")
    raise MidiError(
        f"no MIDI here ({'; '.join(causes)}); on Linux load snd-seq or start JACK, or choose a "
        f"back end by {API_VARIABLE}"
    )


def library() -> Any:
    """python-rtmidi. Raises MidiError where it is not installed."""
    try:
        import rtmidi
    except ImportError as error:
        raise MidiError(f"MIDI needs python-rtmidi ({error}): install it by pip") from error
    return rtmidi


def _makers(rtmidi: Any) -> tuple[Any, Any]:
    return rtmidi.MidiIn, rtmidi.MidiOut


def _asked(api: str | None) -> Sequence[str]:
    asked = api or os.environ.get(API_VARIABLE)
    if not asked:
        # macOS and Windows have one of their own; a JACK there would be an odd first choice.
        platform = {"darwin": APIS[1:2], "win32": (WINDOWS,)}
        return platform.get(sys.platform, ("LINUX_ALSA", JACK))
    if asked.upper() not in APIS:
        raise MidiError(f"no MIDI back end {asked!r}; there are: {', '.join(APIS)}")
    return (asked.upper(),)


def _names(make: Any, number: int) -> tuple[str, ...]:
    port = make(number)
    try:
        return names_of(port)
    finally:
        port.delete()


def names_of(port: Any) -> tuple[str, ...]:
    """The names of what a port of rtmidi may be connected to."""
    return tuple(name for name in port.get_ports() if not name.startswith(WATCH))


def pick(names: Sequence[str], wanted: str) -> str:
    """The port of that name, else the first whose name holds it; case does not matter. Raises
    MidiError, which says what there is.
    """
    key = _NUMBERS.sub("", wanted).strip().casefold()
    for name in names:
        if key in (name.casefold(), _NUMBERS.sub("", name).casefold()):
            return name
    for name in names:
        if key and key in name.casefold():
            return name
    there = ", ".join(names) or "none"
    raise MidiError(f"no MIDI port with {wanted!r} in its name; there are: {there}")


@dataclass(frozen=True)
class Port:
    """An open port. `own`: the name it has itself, by which a listing shows whether it lives."""

    rt: Any
    api: str
    name: str
    own: str

    def close(self) -> None:
        """Close it; a device that was pulled out may not let itself be closed."""
        with contextlib.suppress(OSError, RuntimeError):
            self.rt.close_port()
            self.rt.delete()


def open_port(listing: Listing, name: str, *, out: bool, virtual: bool, own: str) -> Port:
    """Open the port of exactly that name to play to or to listen to, or make a virtual one that
    other programs see. Raises MidiError.
    """
    if virtual and listing.api == WINDOWS:
        raise MidiError(
            f"Windows has no virtual MIDI ports of programs: make a port {name!r} in loopMIDI "
            "(tobias-erichsen.de) and choose it by name"
        )
    rtmidi = library()
    try:
        rt = _makers(rtmidi)[out](getattr(rtmidi, f"API_{listing.api}"), CLIENT)
        if virtual:
            rt.open_virtual_port(name)
        else:
            # The numbers are those of this moment: a device may have come or gone since.
            rt.open_port(rt.get_ports().index(name), own)
    except ValueError:
        raise MidiError(f"MIDI port {name!r} has just gone") from None
    except (OSError, RuntimeError) as error:
        raise MidiError(f"MIDI port {name!r} cannot be opened: {error}") from error
    return Port(rt, listing.api, name, name if virtual else own)
