"""Somebody plays and somebody dances to it while a session is recorded, on a clock of its own."""

from dataclasses import replace

import numpy as np
from dancers import walker

from oscbridge.domain.floor import stand
from oscbridge.domain.live import Played
from oscbridge.domain.music import Note, Part
from oscbridge.domain.transport import Transport
from oscbridge.io.session_files import SessionWriter

BEGUN = 1000.0
"""When the first bar begins; the transport has been told a beat before."""
TRANSPORT = Transport(time=BEGUN - 0.5, beat=7.0, bpm=120.0)
TUNE = tuple(
    Note(beat / 2, part, pitch + beat % 5, length, 30 + beat % 90)
    for beat in range(64)
    for part, pitch, length in (
        (Part.DRUMS, 36, 0.25), (Part.BASS, 40, 0.5), (Part.MELODY, 72, 0.375),
    )
)  # fmt: skip


class Stage:
    """A writer with a clock that is where the test says, and the transport it was told."""

    def __init__(self, folder, name="take1", bars=0, transport=TRANSPORT):
        self.now = BEGUN - 0.5
        self.writer = SessionWriter(folder, name, bars=bars, clock=lambda: self.now)
        self.follow(transport)

    def follow(self, transport):
        self.transport = transport
        self.writer.transport(transport)

    def note(self, part, pitch, velocity):
        played = Played(part, pitch, velocity, self.now, "keys")
        self.writer.note(played, self.transport.beat_at(self.now))

    def pose(self, person, landmarks, root):
        beat = self.transport.beat_at(self.now)
        self.writer.pose(person, self.now, beat, landmarks, root)

    def perform(self, notes=(), dances=(), changes=()):
        """Let all of it happen in time: notes whose start and duration are seconds from the first
        bar, (person, time, landmarks, root), and transports at theirs.
        """
        events = [(t.time, 0, self.follow, (t,)) for t in changes]
        for note in notes:
            on, off = BEGUN + note.start, BEGUN + note.start + note.duration
            events.append((on, 2, self.note, (note.part, note.pitch, note.velocity)))
            events.append((off, 1, self.note, (note.part, note.pitch, 0)))
        for person, time, landmarks, root in dances:
            for at, pose, place in zip(time, landmarks, root, strict=True):
                events.append((BEGUN + at, 3, self.pose, (person, pose, place)))
        for at, _, call, args in sorted(events, key=lambda event: event[:2]):
            self.now = at
            call(*args)


def in_seconds(notes, pace=0.5):
    """Notes in beats as seconds, at so many seconds a beat."""
    return [replace(n, start=n.start * pace, duration=n.duration * pace) for n in notes]


def dancer(person=1, seconds=16.0, fps=30.0, start=0.0):
    """Somebody's number, times, landmarks and root."""
    landmarks, time = walker(seconds, fps)
    root = stand(landmarks, time) + np.array([0.3 * person, 0, 0], np.float32)
    return person, time + start, landmarks.astype(np.float32), root
