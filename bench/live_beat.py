"""Does what is made live meet the beat? Takes streamed into a voice, songs into a dancer.

    python3 bench/live_beat.py TAKE.bvh ... SONG.mid ...

Correlations of the accents of the music with the motion beats of the dance, step by step, by how
many steps one is taken later than the other; without a daemon and a clock, so as fast as it goes.
For a take also of the plain way, the last two bars as they are; for a song of the whole song
translated at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from oscbridge.config import DEFAULT_MODEL
from oscbridge.daemon.live.dancer import Dancer
from oscbridge.daemon.live.voice import Voice
from oscbridge.domain import rhythm
from oscbridge.domain.course import Course
from oscbridge.domain.dance import Dance
from oscbridge.domain.graphs import FRAMES_PER_STEP, PER_BEAT
from oscbridge.domain.music import Clip, Note
from oscbridge.domain.sampling import PLAIN
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW
from oscbridge.domain.transport import Transport
from oscbridge.engine.bridge import Bridge
from oscbridge.engine.loading import load
from oscbridge.io import model_files
from oscbridge.io.dance_file import read_dance
from oscbridge.io.midi_file import read_clip
from oscbridge.shipped import MODELS

LAGS = range(4)
MOST = 320
"""Steps of a take or song that are looked at."""


class Filmed:
    """A dance seen frame by frame, as a voice sees a body."""

    def __init__(self, dance: Dance, pace: float) -> None:
        self._dance, self._pace = dance, pace

    def looks(self, times: NDArray[np.float64]) -> Callable[[], NDArray[np.float32]]:
        """As of a track."""
        frames = np.clip(np.round(times / self._pace * PER_BEAT), 0, self._dance.frames - 1)
        return lambda: self._dance.landmarks[frames.astype(np.intp)]


def correlations(accents: NDArray, beats: NDArray, *, late: str) -> str:
    """By lag, the one named taken so many steps later."""
    told = []
    for lag in LAGS:
        a, b = (accents[lag:], beats[: len(beats) - lag])
        if late == "dance":
            a, b = accents[: len(accents) - lag], beats[lag:]
        told.append(f"{np.corrcoef(a, b)[0, 1]:5.2f}")
    return " ".join(told)


def envelope(poses: NDArray) -> NDArray:
    """Motion beats a step of poses, four a step."""
    return rhythm.beat_envelope(rhythm.motion_speed(poses, FRAMES_PER_STEP), FRAMES_PER_STEP)


def accents(notes: list[Note], steps: int) -> NDArray:
    """Accents a step."""
    length = steps / STEPS_PER_BEAT
    kept = tuple(n for n in notes if n.start < length)
    return rhythm.accents(*rhythm.onsets_of(Clip(kept, length)))


def of_take(bridge: Bridge, path: Path, fps: float | None) -> None:
    """A take followed."""
    taken = read_dance(path, fps=fps)
    bpm = taken.timeline.tempos[0].bpm
    steps = min(taken.dance.steps, MOST)
    grid = np.arange(steps * FRAMES_PER_STEP) / PER_BEAT
    dance = taken.dance.at_beats(grid, taken.timeline)
    course, body = Course(Transport(bpm=bpm)), Filmed(dance, 60 / bpm)
    voice, followed, plain = Voice("voice"), list[Note](), list[Note]()
    for step in range(steps):
        question = voice.question(step, course, body, 0.0)
        if question:
            (clip,) = bridge.music_now(question.poses()[None], bpm, [question.sampling])
            voice.answer(question, clip)
        followed += voice.notes(step, course.transport, 0.0)
        if step >= WINDOW:
            last = dance.landmarks[(step - WINDOW) * FRAMES_PER_STEP : step * FRAMES_PER_STEP]
            (clip,) = bridge.music_now(last[None], bpm, [PLAIN])
            plain += [
                Note(step / STEPS_PER_BEAT, n.part, n.pitch, n.duration, n.velocity)
                for n in clip.notes
                if round(n.start * STEPS_PER_BEAT) == WINDOW - 1
            ]
    beats = envelope(dance.landmarks)[WINDOW:steps]
    for what, notes in (("followed", followed), ("plain", plain)):
        told = correlations(accents(notes, steps)[WINDOW:], beats, late="music")
        click.echo(f"{path.stem:12} {what:9} music later by 0 1 2 3 steps: {told}")


def of_song(bridge: Bridge, path: Path) -> None:
    """A song danced to while it plays."""
    song = read_clip(path)
    steps = min(int(song.length * STEPS_PER_BEAT), MOST)
    transport = Transport(bpm=song.timeline.tempos[0].bpm)
    dancer, poses, at = Dancer("dancer", 101), [], 0
    notes = sorted(song.notes)
    for step in range(steps):
        if question := dancer.question(step, transport, 0.0):
            made = bridge.dance_of(question.clip, question.sampling)
            dancer.answer(question, made, step / STEPS_PER_BEAT)
        while at < len(notes) and notes[at].start < (step + 0.5) / STEPS_PER_BEAT:
            dancer.hear(notes[at])
            at += 1
        frames = step * FRAMES_PER_STEP + np.arange(FRAMES_PER_STEP)
        poses += [dancer.pose(frame / PER_BEAT)[0] for frame in frames]
    whole = bridge.dance_of(Clip(tuple(notes), steps / STEPS_PER_BEAT, song.timeline))
    heard = accents(notes, steps)[WINDOW:]
    for what, made in (("live", np.array(poses)), ("at once", whole.landmarks)):
        beats = envelope(made)[WINDOW:steps]
        told = correlations(heard[: len(beats)], beats, late="dance")
        click.echo(f"{path.stem:12} {what:9} dance later by 0 1 2 3 steps: {told}")


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--fps", type=float, help="Of the takes, where their files tell it wrong.")
def main(files: tuple[Path, ...], fps: float | None) -> None:
    """Measure and print."""
    bridge = load(model_files.find([MODELS], DEFAULT_MODEL))
    for path in files:
        if path.suffix == ".mid":
            of_song(bridge, path)
        else:
            of_take(bridge, path, fps)


if __name__ == "__main__":
    main()
