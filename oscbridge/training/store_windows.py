"""What one recording gives to a store: rows of its tables, and what its line of recordings says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import key, skeleton
from oscbridge.domain.dance import Dance
from oscbridge.domain.floor import CONTACT, SLIDE
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.pose import SOLES, to_front, turn
from oscbridge.domain.score import Score, from_clip
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW, Timeline
from oscbridge.io.midi_file import read_clip
from oscbridge.training.corpus import read_take
from oscbridge.training.sources import Recording
from oscbridge.training.store_format import DANCE, DRUMS, MUSIC, TIMING
from oscbridge.training.studio_dance import NOMINAL_TEMPO
from oscbridge.training.windows import FEWEST_ONSETS

Rows = dict[str, NDArray[Any]]


class Imported(NamedTuple):
    """Rows of one table, and facts of the recording."""

    table: str
    rows: list[Rows]
    facts: dict[str, Any]


def import_recording(recording: Recording, frames_per_step: int) -> Imported:
    """The windows of a song or take, one a beat. Raises FileError."""
    if recording.kind == "song":
        return _song(recording.path)
    file, source = read_take(recording, NOMINAL_TEMPO)
    pace = float(np.median(np.diff(file.dance.time))) if file.dance.frames > 1 else 0.0
    facts = {
        "tempo": file.timeline.tempos[0].bpm,
        "tempo_source": source,
        "fps": round(1 / pace, 3) if pace else None,
    }
    return Imported(DANCE, dance_rows(file.dance, file.timeline, frames_per_step), facts)


def _song(path: Path) -> Imported:
    clip = read_clip(path)
    counts = clip.counts()
    drums_only = counts["drums"] > 0 and counts["bass"] == counts["melody"] == 0
    tempo = clip.timeline.tempos[0].bpm
    facts = {"tempo": tempo, "tempo_source": "the file's tempo map", "fps": None}
    return Imported(DRUMS if drums_only else MUSIC, music_rows(clip, drums_only), facts)


def music_rows(clip: Clip, drums_only: bool) -> list[Rows]:
    """Windows in which all three parts play, or, of drums alone, in which drums do."""
    score = from_clip(clip)
    needed = {Part.DRUMS: FEWEST_ONSETS[Part.DRUMS]} if drums_only else FEWEST_ONSETS
    rows = []
    for start in range(0, score.steps - WINDOW + 1, STEPS_PER_BEAT):
        window = score.cut(start, start + WINDOW)
        onsets = window.onsets()
        if all(onsets[part] >= fewest for part, fewest in needed.items()):
            row = _drum_row(window) if drums_only else _score_row(window)
            rows.append(row | _place(clip.timeline, start / STEPS_PER_BEAT))
    return rows


def _drum_row(window: Score) -> Rows:
    timing = np.rint(window.drum_timing * TIMING).astype(np.int8)
    return {"drums": window.drums, "drum_timing": timing}


def _score_row(window: Score) -> Rows:
    return _drum_row(window) | {
        "bass_pitch": window.bass_pitch,
        "bass_velocity": window.bass_velocity,
        "melody_pitch": window.melody_pitch,
        "melody_velocity": window.melody_velocity,
        "key_shift": np.array(key.shift_to_c(key.root(window)), np.int8),
    }


def dance_rows(dance: Dance, timeline: Timeline, frames_per_step: int) -> list[Rows]:
    """Windows of poses of the figure (bones constant), with root, contacts and yaw."""
    rate = STEPS_PER_BEAT * frames_per_step
    first = int(np.ceil(dance.beat[0] - 1e-6)) * rate  # before it the dance only waits
    last = int(np.floor(dance.beat[-1] * rate + 1e-6))
    length = WINDOW * frames_per_step
    if last + 1 - first < length:
        return []
    grid = dance.at_beats(np.arange(first, last + 1) / rate, timeline)
    # Between two poses of the figure the figure's bones would shrink.
    landmarks = skeleton.project(grid.landmarks)
    bearing = contacts(landmarks + grid.root[:, None], grid.time)
    rows = []
    for start in range(0, len(landmarks) - length + 1, rate):
        cut = slice(start, start + length)
        poses, yaw = to_front(landmarks[cut])
        origin = grid.root[start] * np.array([1, 0, 1], np.float32)
        row: dict[str, Any] = {
            "landmarks": poses,
            "root": turn(grid.root[cut] - origin, -yaw),
            "contacts": bearing[cut],
            "yaw": np.float32(yaw),
        }
        rows.append(row | _place(timeline, (first + start) / rate))
    return rows


def contacts(world: NDArray[Any], seconds: NDArray[Any]) -> NDArray[np.uint8]:
    """Which soles (frames, 4) bear on the floor at y = 0: near it, and slower than skating is."""
    soles = np.asarray(world[:, SOLES], np.float64)
    speed = np.linalg.norm(np.gradient(soles, np.asarray(seconds), axis=0), axis=-1)
    return np.asarray((soles[..., 1] > -CONTACT) & (speed < SLIDE), np.uint8)


def _place(timeline: Timeline, beat: float) -> dict[str, Any]:
    meter = timeline.meter_at(beat)
    tempo = [t.bpm for t in timeline.tempos if t.beat <= beat + 1e-9][-1]
    return {
        "start": np.float32(beat),
        "tempo": np.float32(tempo),
        "meter": np.minimum([meter.numerator, meter.denominator], 255).astype(np.uint8),
        "mirrored": np.uint8(0),
    }


def stacked(rows: list[Rows]) -> Rows:
    """Rows as arrays (n, ...)."""
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}
