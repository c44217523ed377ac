"""Tables of music: how well it is rebuilt, and what is made anew or of a dance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.training import metrics_music as metrics
from oscbridge.training.intervals import Interval, Tally, over_groups
from oscbridge.training.samples import Music, Samples, onsets
from oscbridge.training.tables import Table

Column = dict[str, float | Interval]


def rebuilt(samples: Samples) -> Table:
    """Reconstructed music beside a random training window."""
    real = samples.music["real"]
    columns = {
        name: _against(real, samples.music[name], samples.songs)
        for name in ("reconstructed", "random")
    }
    return Table.of("Music, reconstructed, by song", columns, _REBUILT)


def _against(real: Music, made: Music, songs: NDArray[Any]) -> Column:
    column: Column = {}
    parts = []
    for name, part in real.items():
        true, given = part.onsets, made[name].onsets
        exact = metrics.counts(true, given)
        column[f"{name} onset F1"] = parts_f1 = over_groups(_f1(exact, songs))
        parts.append(parts_f1.value)
        timed = metrics.onset_counts(true, given)
        column[f"{name} onset time precision"] = over_groups(Tally(timed.hits, timed.made, songs))
        column[f"{name} onset time recall"] = over_groups(Tally(timed.hits, timed.true, songs))
        column[f"{name} onset time F1"] = over_groups(_f1(timed, songs))
        column[f"{name} density ratio"] = over_groups(Tally(exact.made, exact.true, songs))
    return {"onset F1, mean of the parts": float(np.mean(parts))} | column


def _f1(counts: metrics.Counts, groups: NDArray[Any]) -> Tally:
    return Tally(2 * counts.hits, counts.true + counts.made, groups)


def made(samples: Samples) -> Table:
    """Music from the prior and of dances, as a population beside real music."""
    of = {"real": samples.songs, "generated": None, "translated": samples.takes, "random": None}
    known = metrics.stacked(onsets(samples.music["known"]))
    real = samples.music["real"]
    columns: dict[str, Column] = {}
    for name, groups in of.items():
        music = samples.music[name]
        count = len(music["drums"].onsets)
        named = np.arange(count) if groups is None else groups
        columns[name] = _population(music, real, known, named, fresh=name != "random")
    return Table.of("Music, made anew and of dances", columns, _MADE)


def _population(
    music: Music, real: Music, known: NDArray[np.bool_], groups: NDArray[Any], *, fresh: bool
) -> Column:
    starts = onsets(music)
    classes, true_classes = (_classes(m) for m in (music, real))
    flat = metrics.stacked(starts)
    all_parts = np.all([s.any(axis=(1, 2)) for s in starts.values()], axis=0)
    column: Column = {
        "something sounds": over_groups(Tally.mean(np.asarray(flat.any(axis=1)), groups)),
        "all three parts sound": over_groups(Tally.mean(all_parts, groups)),
        "bar 1-2 drum F1": over_groups(_f1(metrics.bar_repetition(starts["drums"]), groups)),
        "in scale": over_groups(Tally.mean(metrics.in_scale(classes), groups)),
        "distinct": metrics.distinct_share(flat),
        "pitch-class KL from real": metrics.class_kl(true_classes, classes),
    }
    if fresh:
        gaps = metrics.nearest_distance(flat, known)
        column["distance to nearest training window"] = over_groups(Tally.mean(gaps, groups))
        column["copies of a training window"] = over_groups(
            Tally.mean(np.asarray(gaps < COPY), groups)
        )
    for name, part in starts.items():
        per_window = part.sum(axis=(1, 2)).astype(np.float64)
        usual = np.full(len(part), real[name].onsets.sum() / len(real[name].onsets))
        column[f"{name} density ratio"] = over_groups(Tally(per_window, usual, groups))
    return column


def _classes(music: Music) -> NDArray[np.float64]:
    pitched = [(p.onsets, p.lowest) for p in music.values() if p.lowest is not None]
    return np.asarray(np.sum([metrics.pitch_classes(*p) for p in pitched], axis=0))


COPY = 0.1
"""Windows nearer than this to one trained on are copies."""
_REBUILT = (
    "value [95 % interval over songs]. Onset F1 asks for step and pitch, onset time for the step "
    "only. random: a training window drawn for each."
)
_MADE = (
    "value [95 % interval]: over songs (real), takes (translated: made of the test dances) or "
    "windows (generated from the prior; random training windows). A density ratio is to the real "
    "test windows. Distance: 1 - onsets shared / onsets in either, to the nearest training window; "
    f"a copy is nearer than {COPY}. What is generated should lie where real lies, on every row."
)
