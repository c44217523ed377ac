"""Clips as arrays on the step grid, the way the `studio` music VAE sees them: drum hits in lanes,
one bass and one melody line.

Lossless for clips whose notes start and end on the grid, whose bass and melody sound one note at a
time and within `BASS` and `MELODY`, and whose drums are a step long and named by the drum map.
Pitches outside those ranges are folded in by octaves: .46 % of the bass and .06 % of the melody
notes of the 99 Freedoom songs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.pianoroll import DRUM_MAP, row_of
from oscbridge.domain.timeline import STEPS_PER_BEAT, Timeline, steps_in

LANES = len(DRUM_MAP)
REST = 0
"""Pitch of a step at which a line is silent."""
USUAL_VELOCITY = 96
_LOWEST_SHIFT, _HIGHEST_SHIFT = -6, 5


@dataclass(frozen=True)
class PitchRange:
    """MIDI notes `low` to `high`, both included, that a line of a clip may have."""

    low: int
    high: int

    def folded(self, pitch: int) -> int:
        """The pitch, moved by octaves until it lies in the range."""
        below = max(0, -(-(self.low - pitch) // 12))
        above = max(0, -(-(pitch - self.high) // 12))
        return pitch + 12 * (below - above)

    def widened(self) -> PitchRange:
        """With room for every shift of key (-6 to +5 semitones)."""
        return PitchRange(self.low + _LOWEST_SHIFT, self.high + _HIGHEST_SHIFT)

    def __len__(self) -> int:
        return self.high - self.low + 1


BASS, MELODY = PitchRange(16, 67), PitchRange(26, 101)
KEYED_BASS, KEYED_MELODY = BASS.widened(), MELODY.widened()
"""Ranges of a score that was shifted to C."""


@dataclass(frozen=True)
class Score:
    """Steps T of music: `drums` (T, 12) uint8 velocities, 0 for no hit; of bass and melody the MIDI
    pitch (T,) uint8 that sounds, 0 for none, and the velocity (T,) uint8 of the note that starts,
    0 where none does. A line that sounds before its first onset was held over from earlier.

    `drum_timing` (T, 12) float32: how late a hit is, in steps, negative for early.
    """

    drums: NDArray[np.uint8]
    bass_pitch: NDArray[np.uint8]
    bass_velocity: NDArray[np.uint8]
    melody_pitch: NDArray[np.uint8]
    melody_velocity: NDArray[np.uint8]
    drum_timing: NDArray[np.float32]

    @classmethod
    def silent(cls, steps: int) -> Score:
        """That many steps of nothing."""
        bass, struck, melody, sung = np.zeros((4, steps), np.uint8)
        drums, timing = np.zeros((steps, LANES), np.uint8), np.zeros((steps, LANES), np.float32)
        return cls(drums, bass, struck, melody, sung, timing)

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.bass_pitch)

    def cut(self, start: int, stop: int) -> Score:
        """The steps from `start` to before `stop`."""
        return Score(*(getattr(self, f.name)[start:stop] for f in fields(self)))

    def shifted(self, semitones: int | NDArray[np.intp]) -> Score:
        """Bass and melody moved by so many semitones, the same for all steps or one a step."""
        return replace(
            self,
            bass_pitch=_moved(self.bass_pitch, semitones),
            melody_pitch=_moved(self.melody_pitch, semitones),
        )

    def onsets(self) -> dict[Part, int]:
        """Notes that start, by part."""
        return {
            Part.DRUMS: int(np.count_nonzero(self.drums)),
            Part.BASS: int(np.count_nonzero(self.bass_velocity)),
            Part.MELODY: int(np.count_nonzero(self.melody_velocity)),
        }


def _moved(pitch: NDArray[np.uint8], semitones: Any) -> NDArray[np.uint8]:
    return np.where(pitch == REST, REST, pitch.astype(np.intp) + semitones).astype(np.uint8)


def onset_windows(
    score: Score, steps: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Onset velocities of windows of so many steps end to end: drums (N, steps, 12), bass and
    melody (N, steps).
    """
    return (
        score.drums.reshape(-1, steps, LANES),
        score.bass_velocity.reshape(-1, steps),
        score.melody_velocity.reshape(-1, steps),
    )


def joined(scores: list[Score]) -> Score:
    """The scores one after the other."""
    return Score(*(np.concatenate([getattr(s, f.name) for s in scores]) for f in fields(Score)))


def from_clip(clip: Clip) -> Score:
    """The clip on the step grid: starts and ends rounded to the nearest step.

    Of notes of a line that start together bass keeps the lowest and melody the highest; each ends
    when the next starts. Of drum hits on one lane and step the loudest stays. How far hits are off
    the grid is kept as `drum_timing`.
    """
    score = Score.silent(max(1, steps_in(clip.length)))
    _write_drums(clip, score)
    _write_line(
        clip.part(Part.BASS)[::-1], BASS, score.bass_pitch, score.bass_velocity, highest=False
    )
    _write_line(
        clip.part(Part.MELODY), MELODY, score.melody_pitch, score.melody_velocity, highest=True
    )
    return score


def _write_drums(clip: Clip, score: Score) -> None:
    for note in clip.part(Part.DRUMS):
        position = note.start * STEPS_PER_BEAT
        step = round(position)
        if 0 <= step < score.steps:
            lane = row_of(Part.DRUMS, note.pitch)
            if note.velocity > score.drums[step, lane]:
                score.drums[step, lane] = note.velocity
                score.drum_timing[step, lane] = position - step


def _write_line(
    notes: tuple[Note, ...],
    pitches: PitchRange,
    pitch: NDArray[np.uint8],
    velocity: NDArray[np.uint8],
    *,
    highest: bool,
) -> None:
    starting: dict[int, Note] = {}
    for note in notes:
        step = round(note.start * STEPS_PER_BEAT)
        other = starting.get(step)
        if other is None or (note.pitch != other.pitch and (note.pitch > other.pitch) is highest):
            starting[step] = note
    limit = len(pitch)
    for step, note in sorted(starting.items(), reverse=True):
        if 0 <= step < limit:
            end = max(step + 1, round((note.start + note.duration) * STEPS_PER_BEAT))
            pitch[step : min(end, limit)] = pitches.folded(note.pitch)
            velocity[step] = note.velocity
            limit = step


def to_clip(score: Score, timeline: Timeline, name: str = "") -> Clip:
    """The notes of the score. What is held over at the first step, and a pitch that changes without
    an onset, start a note of the usual velocity.
    """
    notes = [
        *_drum_notes(score),
        *_line_notes(Part.BASS, score.bass_pitch, score.bass_velocity),
        *_line_notes(Part.MELODY, score.melody_pitch, score.melody_velocity),
    ]
    return Clip(tuple(sorted(notes, key=_ORDER)), score.steps / STEPS_PER_BEAT, timeline, name)


_ORDER = attrgetter("start", "part", "pitch", "duration", "velocity")
"""As notes are ordered; comparing them one by one in Python takes five times as long."""


def _drum_notes(score: Score) -> list[Note]:
    return [
        Note(
            max(0.0, (int(step) + float(score.drum_timing[step, lane])) / STEPS_PER_BEAT),
            Part.DRUMS,
            DRUM_MAP[lane].pitch,
            1 / STEPS_PER_BEAT,
            int(score.drums[step, lane]),
        )
        for step, lane in zip(*np.nonzero(score.drums), strict=True)
    ]


def _line_notes(part: Part, pitch: NDArray[np.uint8], velocity: NDArray[np.uint8]) -> list[Note]:
    changes = np.diff(pitch, prepend=np.uint8(REST)) != 0
    edges = np.flatnonzero(changes | (velocity > 0))
    ends = np.append(edges, len(pitch))[1:]
    return [
        Note(
            int(start) / STEPS_PER_BEAT,
            part,
            int(pitch[start]),
            int(end - start) / STEPS_PER_BEAT,
            int(velocity[start]) or USUAL_VELOCITY,
        )
        for start, end in zip(edges, ends, strict=True)
        if pitch[start] != REST
    ]
