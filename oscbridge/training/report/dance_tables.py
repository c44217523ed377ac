"""Tables of dance: how well it is rebuilt, and what is made anew or of music."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.pose import SOLES
from oscbridge.training import dance_features, frechet, metrics, metrics_dance
from oscbridge.training.intervals import Interval, Tally, of_statistic, over_groups
from oscbridge.training.samples import Dances, Samples
from oscbridge.training.tables import Table

Column = dict[str, float | Interval]
FRECHET_DRAWS = 40


def rebuilt(samples: Samples) -> Table:
    """Reconstructed dances beside random training windows."""
    real = samples.dance["real"]
    columns: dict[str, Column] = {"real": _moves(real, real, samples.takes)}
    for name in ("reconstructed", "random"):
        dances = samples.dance[name]
        gaps = np.linalg.norm(dances.landmarks - real.landmarks, axis=-1).mean(axis=(1, 2))
        column: Column = {"MPJPE, mm": over_groups(Tally.mean(gaps * 1000, samples.takes))}
        columns[name] = column | _moves(dances, real, samples.takes)
    return Table.of("Dance, reconstructed, by take", columns, _REBUILT)


def made(samples: Samples) -> Table:
    """Dances from the prior and of music, as a population beside real ones."""
    real = samples.dance["real"]
    known = _features(samples.dance["known"])
    shown = {"real": samples.takes, "generated": None, "translated": samples.songs}
    fewest = min(len(samples.dance[name]) for name in shown)
    rng = np.random.default_rng(1)
    columns: dict[str, Column] = {}
    for name, groups in shown.items():
        dances = samples.dance[name]
        named = np.arange(len(dances)) if groups is None else groups
        # A Frechet distance falls with the number of windows: all columns have the same.
        some = rng.permutation(len(dances))[:fewest]
        apart = _distances(known, _features(dances[some]), named[some])
        columns[name] = _moves(dances, real, named) | apart
    return Table.of("Dance, made anew and of music", columns, _MADE + frechet.warning(fewest))


def _moves(dances: Dances, real: Dances, groups: NDArray[Any]) -> Column:
    ranges, real_ranges = (metrics.motion_range(d.landmarks) for d in (dances, real))
    world = dances.world
    every = max(1, round(dances.fps / metrics_dance.FPS))
    slides = np.array([metrics_dance.skating(w, dances.fps) for w in world], np.float64)
    plausible = np.array([metrics_dance.foot_contact(w[::every]) for w in world])
    under = np.maximum(world[:, :, SOLES, 1], 0).max(axis=(1, 2)) * 1000
    return {
        "range of motion ratio": over_groups(_to(ranges, real_ranges, groups)),
        "velocity ratio": over_groups(_to(dances.speed(), real.speed(), groups)),
        "bone CV": metrics.bone_cv(dances.landmarks),
        "foot skating": over_groups(Tally(slides[:, 0], slides[:, 1], groups)),
        "deepest sole under the floor, mm": over_groups(Tally.mean(under, groups)),
        "PFC": over_groups(Tally.mean(plausible, groups)),
    }


def _to(made: NDArray[Any], real: NDArray[Any], groups: NDArray[Any]) -> Tally:
    return Tally(np.asarray(made, float), np.full(len(made), float(real.mean())), groups)


Features = dict[str, NDArray[np.float64]]


def _features(dances: Dances) -> Features:
    joints = [dance_features.from_origin(dance_features.smpl_joints(w)) for w in dances.world]
    return {
        "FID_k": np.stack([dance_features.kinetic(j, "fixed") for j in joints]),
        "FID_k, compat": np.stack([dance_features.kinetic(j, "compat") for j in joints]),
        "FID_g": np.stack([dance_features.geometric(j) for j in joints]),
    }


def _distances(known: Features, made: Features, groups: NDArray[Any]) -> Column:
    column: Column = {}
    for name, features in made.items():
        real, other = frechet.scored(known[name], features)
        column[name] = of_statistic(
            lambda chosen, a=real, b=other: frechet.distance(a, b[chosen]),  # type: ignore[misc]
            groups,
            FRECHET_DRAWS,
        )
        if name != "FID_k, compat":
            column[name.replace("FID", "Div")] = frechet.diversity(other)
    return column


_REBUILT = (
    "value [95 % interval over takes]. Dances are measured as they are served: on constant bones, "
    "60 frames a second, on the floor. MPJPE is that of all those frames. PFC and skating are low "
    "for a body that stands still: read them beside the range of motion."
)
_MADE = (
    "value [95 % interval]: over takes (real), songs (translated: danced to the test music) or "
    "windows (generated). FID_k and FID_g are from training windows, features scored by theirs: "
    "what real test dances have is what can be reached. compat: with the reference's slip in its "
    "acceleration, as published figures have it. Their data are other data: do not compare. "
)
