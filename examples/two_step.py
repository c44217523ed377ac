"""Writes two-step.mid, the example song of oscbridge, composed for the project.

Twenty-eight bars of 4/4: intro, A, A, B, A, and a close that slows down.
"""

from __future__ import annotations

from pathlib import Path

from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import Meter, Tempo, Timeline
from oscbridge.io.midi_file import write_clip

BAR = 4.0
KICK, SNARE, CLAP, HAT, OPEN_HAT, LOW_TOM, HIGH_TOM, CRASH, RIDE = (
    36,
    38,
    39,
    42,
    46,
    43,
    50,
    49,
    51,
)

# Roots of the bars, as MIDI notes of the bass: A minor, F, C, G, and D minor, E for the bridge.
A_ROOTS = (33, 33, 29, 31)
B_ROOTS = (38, 38, 33, 28)

# (beat, pitch, duration) over four bars.
A_TUNE = (
    (0, 76, 0.75), (0.75, 74, 0.25), (1, 72, 0.5), (1.5, 74, 0.5), (2, 76, 1), (3, 69, 1),
    (4.5, 69, 0.5), (5, 72, 0.5), (5.5, 74, 0.5), (6, 76, 0.5), (6.5, 77, 0.5), (7, 76, 1),
    (8, 77, 0.75), (8.75, 76, 0.25), (9, 74, 0.5), (9.5, 72, 0.5), (10, 69, 1.5), (11.5, 72, 0.5),
    (12, 71, 0.75), (12.75, 72, 0.25), (13, 74, 1), (14, 71, 0.5), (14.5, 67, 1.5),
)  # fmt: skip
B_TUNE = (
    (0, 81, 1), (1, 79, 0.5), (1.5, 77, 0.5), (2, 74, 2), (4, 77, 0.5), (4.5, 79, 0.5),
    (5, 81, 1), (6, 77, 0.5), (6.5, 74, 1.5), (8, 76, 0.5), (8.5, 72, 0.5), (9, 69, 1),
    (10, 72, 0.5), (10.5, 74, 0.5), (11, 76, 1), (12, 75, 0.5), (12.5, 76, 0.5), (13, 80, 1),
    (14, 83, 1), (15, 80, 1),
)  # fmt: skip


def drums(bar: int, *, lift: bool, fill: bool) -> list[Note]:
    """One bar of the beat; `lift` rides and opens, `fill` ends in toms."""
    at = bar * BAR
    hits = [(0, KICK, 112), (1, SNARE, 104), (1.5, KICK, 84), (2, KICK, 104), (3, SNARE, 108)]
    hits += [(2.75, KICK, 72), (3.75, SNARE, 48)] if bar % 2 else [(3.5, KICK, 80)]
    top = RIDE if lift else HAT
    hits += [(i / 2, top, 88 if i % 2 == 0 else 64) for i in range(8)]
    hits += [(i / 2 + 0.25, HAT, 42) for i in (1, 5)]
    if lift:
        hits += [(1, CLAP, 96), (3, CLAP, 100), (3.5, OPEN_HAT, 78)]
    if fill:
        hits = [h for h in hits if h[0] < 3]
        hits += [(3, HIGH_TOM, 96), (3.25, HIGH_TOM, 88), (3.5, LOW_TOM, 104), (3.75, LOW_TOM, 112)]
    return [Note(at + beat, Part.DRUMS, pitch, 0.25, velocity) for beat, pitch, velocity in hits]


def bass(bar: int, root: int, *, driving: bool) -> list[Note]:
    """One bar of the bass line, on the root with its octave and fifth."""
    line = (
        [(i / 2, root + (12 if i % 2 else 0), 0.5) for i in range(8)]
        if driving
        else [
            (0, root, 0.75),
            (0.75, root, 0.25),
            (1.5, root + 12, 0.5),
            (2, root, 0.5),
            (2.5, root + 7, 0.5),
            (3.5, root + 10, 0.5),
        ]
    )
    return [Note(bar * BAR + b, Part.BASS, p, d, 100 if b % 2 == 0 else 84) for b, p, d in line]


def tune(bar: int, phrase: tuple[tuple[float, int, float], ...]) -> list[Note]:
    """A phrase of four bars from `bar` on."""
    at = bar * BAR
    return [Note(at + b, Part.MELODY, p, d, 104 if b % 4 == 0 else 90) for b, p, d in phrase]


def song() -> Clip:
    """The whole song."""
    notes: list[Note] = []
    sections = [("intro", 0), ("A", 4), ("A", 8), ("B", 12), ("B", 16), ("A", 20), ("end", 24)]
    for name, first in sections:
        roots = B_ROOTS if name == "B" else A_ROOTS
        for i, root in enumerate(roots):
            notes += drums(first + i, lift=name == "B", fill=i == 3)
            if name != "intro" or i >= 2:
                notes += bass(first + i, root, driving=name == "B")
        if name in ("A", "B"):
            notes += tune(first, A_TUNE if name == "A" else B_TUNE)
        if first and name != "end":
            notes.append(Note(first * BAR, Part.DRUMS, CRASH, 0.25, 108))
    notes += tune(24, A_TUNE[:12])
    notes.append(Note(26 * BAR, Part.MELODY, 69, 2 * BAR, 96))
    tempos = (Tempo(0.0, 116.0), Tempo(96.0, 112.0), Tempo(104.0, 104.0))
    return Clip(tuple(sorted(notes)), 28 * BAR, Timeline(tempos, (Meter(0.0, 4, 4),)), "Two-Step")


if __name__ == "__main__":
    write_clip(song(), Path(__file__).with_name("two-step.mid"))
