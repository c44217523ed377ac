"""A stand-in for Ableton Live with AbletonOSC, after the messages its README documents.

It reads what came every tick, stops for that tick at an error, answers to one port, and can be made
to lose, double, refuse and keep silent.
"""

import random
import socket
import threading
from dataclasses import dataclass, field

from oscbridge.io.osc import build, parse


@dataclass
class LiveClip:
    length: float
    notes: list = field(default_factory=list)
    set: dict = field(default_factory=dict)

    def __post_init__(self):
        self.set |= {
            "name": "", "looping": True, "loop_start": 0.0, "loop_end": self.length,
            "start_marker": 0.0, "end_marker": self.length, "color": 0,
        }  # fmt: skip

    def heard(self):
        """Pitch, start, duration, velocity of its notes, by start."""
        return sorted((n[0], n[1], n[2], n[3]) for n in self.notes)


@dataclass
class LiveTrack:
    name: str
    midi: bool = True
    slots: list = field(default_factory=lambda: [None] * 4)


class Live:
    """`lose`: the share of datagrams lost each way; `double`: of those that come twice; `deaf`: the
    addresses that do nothing; `largest`: bytes of a datagram it can send.
    """

    def __init__(self, *tracks, tick=0.01, largest=9216):
        self.tracks = list(tracks) or [LiveTrack("Keys")]
        self.selected = 0
        self.tick, self.largest = tick, largest
        self.version = (12, 1)
        self.lose = self.double = 0.0
        self.silent = False
        self.deaf = set()
        self.said = []
        self.after = {}
        self._random = random.Random(1)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.reply_port = free.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._over.set()
        self._thread.join(5)
        self._socket.close()

    def _run(self):
        while not self._over.wait(self.tick):
            try:
                while True:
                    self._take(self._socket.recv(65536))
            except BlockingIOError:
                pass
            except Exception as error:  # as AbletonOSC does, which then waits for its next tick
                self._send("/live/error", f"Error handling OSC message: {error}")

    def _take(self, packet):
        if self.silent or self._random.random() < self.lose:
            return
        for _ in range(1 + (self._random.random() < self.double)):
            for message in parse(packet):
                self.said.append(message.address)
                if message.address in self.deaf:
                    continue
                answer = self._answer(message.address, list(message.args))
                if answer is not None:
                    self._send(message.address, *answer)
                if message.address in self.after:
                    self.after.pop(message.address)()

    def _send(self, address, *args):
        packet = build(address, *args)
        if len(packet) > self.largest:
            self._send("/live/error", "Socket error: [Errno 40] Message too long")
            return
        for _ in range(1 + (self._random.random() < self.double)):
            if self._random.random() >= self.lose:
                self._socket.sendto(packet, ("127.0.0.1", self.reply_port))

    def _answer(self, address, args):
        match address.removeprefix("/live/").split("/"):
            case ["application", "get", "version"]:
                return self.version
            case ["song", "get", "num_tracks"]:
                return (len(self.tracks),)
            case ["song", "get", "num_scenes"]:
                return (len(self.tracks[0].slots),)
            case ["song", "get", "track_data"]:
                return tuple(self._track_data(*args))
            case ["view", "get", "selected_track"]:
                if self.selected is None:
                    raise ValueError("Live.Track.Track is not in list")
                return (self.selected,)
            case ["track", "get", "name"]:
                return args[0], self.tracks[args[0]].name
            case ["clip_slot", *what]:
                return self._slot("/".join(what), *args)
            case ["clip", *what]:
                clip = self.tracks[args[0]].slots[args[1]]
                answer = self._clip(clip, "/".join(what), args[2:])
                return None if answer is None else (*args[:2], *answer)
        raise KeyError(f"Unknown OSC address: {address}")

    def _track_data(self, first, last, *names):
        for track in self.tracks[first:last]:
            for name in names:
                if name == "track.has_midi_input":
                    yield track.midi
                elif name == "track.name":
                    yield track.name
                elif name == "clip_slot.has_clip":
                    yield from (clip is not None for clip in track.slots)

    def _slot(self, what, track, row, *args):
        slots = self.tracks[track].slots
        if what == "get/has_clip":
            return track, row, slots[row] is not None
        if what == "create_clip":
            if slots[row] is not None:
                raise RuntimeError("Clip slot already has a clip")
            slots[row] = LiveClip(*args)
        elif what == "delete_clip":
            if slots[row] is None:
                raise RuntimeError("Clip slot is empty")
            slots[row] = None
        return None

    def _clip(self, clip, what, args):
        if clip is None:
            raise AttributeError(f"'NoneType' object has no attribute '{what}'")
        kind, _, name = what.partition("/")
        if what == "add/notes":
            self._add(clip, args)
        elif what == "get/notes":
            return tuple(atom for n in sorted(_within(clip, *args), key=_start) for atom in n)
        elif what == "remove/notes":
            gone = _within(clip, *args)
            clip.notes = [n for n in clip.notes if n not in gone]
        elif kind == "get":
            return (clip.set[name],)
        elif kind == "set":
            if name == "loop_start" and args[0] >= clip.set["loop_end"]:
                raise RuntimeError("Cannot set LoopStart behind LoopEnd")
            clip.set[name] = args[0]
        return None

    def _add(self, clip, atoms):
        for at in range(0, len(atoms), 5):
            pitch, start, duration, velocity, mute = atoms[at : at + 5]
            # Live keeps one note of a pitch at a time: a later one ends an earlier.
            clip.notes = [n for n in clip.notes if (n[0], n[1]) != (pitch, start)]
            clip.notes.append((pitch, start, duration, float(velocity), bool(mute)))


def _start(note):
    return note[1]


def _within(clip, low, span, begin, time_span):
    return [n for n in clip.notes if low <= n[0] < low + span and begin <= n[1] < begin + time_span]
