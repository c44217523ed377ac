"""Samples of a model at work: every window goes through the engine as a client's would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import score
from oscbridge.domain.dance import Dance
from oscbridge.domain.graphs import PER_BEAT
from oscbridge.domain.music import Clip
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.score import BASS, MELODY, Score, from_clip, joined
from oscbridge.domain.timeline import DEFAULT_TEMPO, STEPS_PER_BEAT, WINDOW, Timeline
from oscbridge.engine.bridge import Bridge, Latents
from oscbridge.training.samples import FPS, Dances, Music, PartRoll, Samples
from oscbridge.training.score_windows import ScoreWindows, each_window_of
from oscbridge.training.split import Part
from oscbridge.training.studio_corpus import StudioCorpus
from oscbridge.training.studio_dance import DanceWindows

GENERATED = 500
KNOWN_DANCES = 600
"""Training windows that populations of dances are compared with."""
SEED = 1
_TIMELINE = Timeline.steady(DEFAULT_TEMPO)
_BARS = WINDOW // 16

Told = Callable[[str], None]


def samples(
    bridge: Bridge,
    corpus: StudioCorpus,
    title: str,
    part: Part = "test",
    told: Told = lambda _: None,
) -> Samples:
    """A part of the corpus, and what the model makes of it and from its priors.

    `told` hears what is being made.
    """
    rng = np.random.default_rng(SEED)
    heard, seen = corpus.music[part].on_bars(), corpus.dance.parts()[part]
    known_music, known_dance = corpus.music["train"], corpus.dance.train
    clips, dances = _clips(heard), _dances(seen)
    told("music, reconstructed")
    rebuilt_music = [bridge.reconstruct_music(clip) for clip in clips]
    told("music, generated")
    generated = [
        bridge.generate(bars=_BARS, tempo=DEFAULT_TEMPO, sampling=Sampling(seed, 1.0))
        for seed in range(GENERATED)
    ]
    told("music, of dances")
    played = [bridge.music_of(dance, _TIMELINE) for dance in dances]
    told("dances, reconstructed")
    rebuilt_dance = [bridge.reconstruct_dance(dance, _TIMELINE) for dance in dances]
    told("dances, generated")
    new = [
        bridge.new_dance(bars=_BARS, tempo=DEFAULT_TEMPO, sampling=Sampling(seed, 1.0))
        for seed in range(len(dances))
    ]
    told("dances, of music")
    danced = [bridge.dance_of(clip) for clip in clips]
    told("latents")
    latents = {"music": _shared(bridge, clips), "dance": _shared(bridge, dances)}
    random_music = known_music.take(rng.integers(len(known_music), size=len(heard)))
    random_dance = known_dance.chosen(rng.integers(len(known_dance), size=len(seen)))
    few = known_dance.chosen(np.sort(rng.permutation(len(known_dance))[:KNOWN_DANCES]))
    return Samples(
        title,
        {
            "real": _rolls(heard.score),
            "reconstructed": _played(rebuilt_music),
            "generated": _played(generated),
            "translated": _played(played),
            "random": _rolls(random_music.score),
            "known": _rolls(known_music.score),
        },
        {
            "real": _seen(dances),
            "reconstructed": _seen(rebuilt_dance),
            "generated": _seen(new),
            "translated": _seen(danced),
            "random": _seen(_dances(random_dance)),
            "known": _seen(_dances(few)),
        },
        heard.song,
        seen.take,
        latents,
        {},
        notes=(
            f"All windows are played and danced at {DEFAULT_TEMPO:g} BPM, real ones too.",
            "Every window went through the engine by itself, as a client's would: what is measured "
            "is what is served.",
            "There are no true pairs of music and dance. What is said about pairs is of "
            "pseudo-pairs, matched by energy, contour and rhythm.",
        ),
    )


def _clips(windows: ScoreWindows) -> list[Clip]:
    return [score.to_clip(window, _TIMELINE) for window in each_window_of(windows.score)]


def _dances(windows: DanceWindows) -> list[Dance]:
    """Windows as dances at the tempo all are measured at."""
    beat = np.arange(windows.poses.shape[1]) / PER_BEAT
    time = _TIMELINE.seconds(beat)
    return [
        Dance(poses, root, time, beat)
        for poses, root in zip(windows.poses, windows.roots(), strict=True)
    ]


def _shared(bridge: Bridge, sources: Sequence[Clip] | Sequence[Dance]) -> Latents:
    return np.stack([bridge.encode("bridge", source, 0, _TIMELINE) for source in sources])


def _played(clips: Sequence[Clip]) -> Music:
    length = WINDOW / STEPS_PER_BEAT
    scores = [from_clip(replace(clip, length=length)) for clip in clips]
    return _rolls(joined(scores))


def _rolls(windows: Score) -> Music:
    """Windows end to end by part."""
    drums = (windows.drums > 0).reshape(-1, WINDOW, windows.drums.shape[1])
    lines = {
        name: PartRoll.line(
            _windows(pitch), _windows(velocity) > 0, pitches.low, len(pitches)
        )
        for name, pitch, velocity, pitches in (
            ("bass", windows.bass_pitch, windows.bass_velocity, BASS),
            ("melody", windows.melody_pitch, windows.melody_velocity, MELODY),
        )
    }  # fmt: skip
    return {"drums": PartRoll(drums, drums), **lines}


def _windows(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return values.reshape(-1, WINDOW)


def _seen(dances: Sequence[Dance]) -> Dances:
    """Dances at the frame rate all are measured at, of one length."""
    last = (WINDOW - 1) / STEPS_PER_BEAT * 60 / DEFAULT_TEMPO
    beats = _TIMELINE.beats(np.arange(int(last * FPS) + 1) / FPS)
    seen = [dance.at_beats(beats, _TIMELINE) for dance in dances]
    return Dances(np.stack([d.landmarks for d in seen]), np.stack([d.root for d in seen]), FPS)
