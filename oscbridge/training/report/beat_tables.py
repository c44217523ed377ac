"""Tables of how dance and music meet: timing against its null, energy, retrieval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.timeline import STEPS_PER_BEAT
from oscbridge.training import metrics_beat as beat
from oscbridge.training.dance_features import smpl_joints
from oscbridge.training.intervals import Interval, Tally, of_statistic, over_groups
from oscbridge.training.metrics import rank_correlation
from oscbridge.training.metrics_bridge import retrieval
from oscbridge.training.samples import Dances, Music, Samples, density, onsets
from oscbridge.training.tables import Table

Column = dict[str, float | Interval]

GRID_ROWS = {
    "Beat Align Score", "  its shift null", "  above chance",
    "beat F1, 70 ms", "  shift null of beat F1",
}  # fmt: skip


@dataclass(frozen=True)
class Meeting:
    """Music and the dance to it, window by window, each window of one of `groups`."""

    music: Music
    dance: Dances
    groups: NDArray[Any]


def tables(samples: Samples) -> list[Table]:
    """Both directions, and retrieval where pairs are known."""
    found = [_to_dance(samples), _to_music(samples)]
    if samples.pairs is not None and len(samples.pairs):
        found.append(_retrieval(samples, samples.pairs))
    return found


def _to_dance(samples: Samples) -> Table:
    real, songs = samples.music["real"], samples.songs
    dances = samples.dance
    count = len(songs)
    rng = np.random.default_rng(1)
    shuffled, any_dance = rng.permutation(count), rng.integers(len(dances["known"]), size=count)
    columns = {
        "translated": _timing(samples, Meeting(real, dances["translated"], songs)),
        "shuffled": _timing(samples, Meeting(real, dances["translated"][shuffled], songs)),
        "random": _timing(samples, Meeting(real, dances["known"][any_dance], songs)),
    }
    note = "Over songs. shuffled: the dances to other test music; random: training dances. "
    return Table.of("Music to dance: does it meet the beat?", columns, note + _TIMING)


def _to_music(samples: Samples) -> Table:
    real, takes = samples.dance["real"], samples.takes
    order = np.random.default_rng(1).permutation(len(takes))
    made = samples.music["translated"]
    shuffled = {name: part[order] for name, part in made.items()}
    known = samples.music["known"]
    any_music = np.random.default_rng(2).integers(len(known["drums"].onsets), size=len(takes))
    chosen = {name: part[any_music] for name, part in known.items()}
    columns = {
        "translated": _to_accents(samples, Meeting(made, real, takes)),
        "shuffled": _to_accents(samples, Meeting(shuffled, real, takes)),
        "random": _to_accents(samples, Meeting(chosen, real, takes)),
    }
    note = "Over takes. shuffled: the music to other test dances; random: training music. "
    return Table.of("Dance to music: does it meet the beat?", columns, note + _TIMING)


def _to_accents(samples: Samples, meeting: Meeting) -> Column:
    """Without the rows that look at the grid: of one dance they are the same for any music."""
    timing = _timing(samples, meeting)
    return {name: figure for name, figure in timing.items() if name not in GRID_ROWS}


def _timing(samples: Samples, meeting: Meeting) -> Column:
    frames = meeting.dance.landmarks.shape[1]
    step = samples.frames_per_step
    grid = np.round(np.arange(0, frames, step * STEPS_PER_BEAT)).astype(np.intp)
    reach = beat.TOLERANCE * meeting.dance.fps
    envelope = beat.accent_envelope(onsets(meeting.music))
    scores, nulls, bins = [], [], []
    hits: dict[str, list[beat.Hits]] = {n: [] for n in ("beat", "beat null", "acc", "acc null")}
    for world, strength in zip(meeting.dance.world, envelope, strict=True):
        moves = beat.motion_beats(smpl_joints(world))
        strong = beat.accents(strength, step)
        scores.append(beat.beat_align(grid, moves))
        nulls.append(beat.beat_align_null(grid, moves, frames, step))
        hits["beat"].append(beat.match(grid, moves, reach))
        hits["beat null"].append(beat.match_null(grid, moves, reach, frames, step))
        hits["acc"].append(beat.match(strong, moves, reach))
        hits["acc null"].append(beat.match_null(strong, moves, reach, frames, step))
        bins.append(beat.binned(strong / meeting.dance.fps, moves / meeting.dance.fps))
    groups = meeting.groups
    align, null = np.array(scores), np.array(nulls)
    drive, follow = density(meeting.music), meeting.dance.speed()
    return {
        "Beat Align Score": over_groups(Tally.mean(align, groups)),
        "  its shift null": over_groups(Tally.mean(null, groups)),
        "  above chance": over_groups(Tally(align - null, 1 - null, groups)),
        "beat F1, 70 ms": over_groups(_f1(hits["beat"], groups)),
        "  shift null of beat F1": over_groups(_f1(hits["beat null"], groups)),
        "accent F1, 70 ms": over_groups(_f1(hits["acc"], groups)),
        "  shift null of accent F1": over_groups(_f1(hits["acc null"], groups)),
        "energy correlation": of_statistic(
            lambda chosen: rank_correlation(drive[chosen], follow[chosen]), groups
        ),
        "BCS, 1 s bins": float(np.mean([b.coverage for b in bins])),
        "BHS, 1 s bins": float(np.mean([b.hit for b in bins])),
    }


def _f1(hits: list[beat.Hits], groups: NDArray[Any]) -> Tally:
    counts = np.array(hits, np.float64)
    return Tally(2 * counts[:, 0], counts[:, 1] + counts[:, 2], groups)


def _retrieval(samples: Samples, pairs: NDArray[np.intp]) -> Table:
    music, dance = samples.latents["music"][pairs[:, 0]], samples.latents["dance"][pairs[:, 1]]
    columns: dict[str, Column] = {}
    for name, sides in (("music to dance", (music, dance)), ("dance to music", (dance, music))):
        found = retrieval(*sides, np.random.default_rng(1))
        columns[name] = {
            "R@1": found.first,
            "R@5": found.five,
            "R@10": found.ten,
            "median rank": found.median_rank,
            "of": float(found.pool),
            "p of shuffled pairs": found.p_value,
        }
    note = (
        "Pseudo-pairs: made by rule, not danced. By chance the median rank is half the pool and "
        "R@1 one in the pool."
    )
    return Table.of("Retrieval of mates by z'", columns, note)


_TIMING = (
    "Beats of the music: every quarter of the grid; accents: its strongest quarter of steps; beats "
    "of the dance: minima of speed. A null is the mean over all shifts by whole steps. BCS and BHS "
    "saturate; for comparison only."
)
