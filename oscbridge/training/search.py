"""A grid search, one VAE after the other: the best music and pose VAE are frozen for the bridge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from oscbridge.training.net_settings import Values
from oscbridge.training.search_bench import Bench, Benches
from oscbridge.training.search_space import NETS, Space, combinations
from oscbridge.training.search_trials import (
    By,
    NoneLeftError,
    Outcome,
    Shelf,
    Trial,
    Weights,
    best,
    chosen_figure,
    key_of,
)

SETTINGS = "settings.json"
"""The best settings, as `oscbridge train --settings` takes them."""
Heard = Callable[[int, Outcome], None]
"""(which of the trials, what came of it), in the order they end."""
Run = Callable[[Bench, Sequence[Values], Heard], None]
"""Runs trials of a bench and tells what came of each (`search_ray.session`)."""


@dataclass(frozen=True)
class Plan:
    """What is searched and how the best is chosen; `samples` of each VAE's grid, or all of it."""

    space: Space
    by: By = "error"
    samples: int | None = None
    seed: int = 1
    length: float = 1.0


@dataclass(frozen=True)
class Result:
    """One VAE's trials, by which figure they are compared, and the one that was chosen."""

    net: str
    figure: str
    trials: tuple[Trial, ...]
    chosen: Trial | None


class Watch(Protocol):
    """Who follows a search."""

    def starts(self, net: str, trials: int, known: int) -> None:
        """A VAE has so many trials, of which so many were finished before."""

    def ended(self, trial: Trial, done: int, trials: int) -> None:
        """A trial has ended."""


def search(
    benches: Benches, plan: Plan, folder: Path, run: Run, watch: Watch, each: Callable[..., None]
) -> list[Result]:
    """Search all three VAEs; `each` hears of the results so far whenever a VAE is through.

    Trials that finished in this folder before are not run again. Raises NoneLeftError where every
    trial of a VAE collapsed or failed, FileError where the folder cannot be used.
    """
    shelf = Shelf(folder)
    results: list[Result] = []
    chosen: dict[str, Trial] = {}
    for net in NETS:
        figure = chosen_figure(benches.preset, net, plan.by)
        planned = [
            Trial(net, _key(benches, plan, net, settings, chosen), settings, {})
            for settings in combinations(plan.space.get(net, {}), plan.samples, plan.seed)
        ]
        stage = _Stage(benches, net, figure, shelf, watch, chosen, run)
        trials, winner = stage.through(planned)
        results.append(Result(net, figure, tuple(trials), winner))
        each(results)
        if winner is None:
            raise NoneLeftError(net, trials)
        chosen[net] = winner
    settings = {"preset": benches.preset} | {net: t.settings for net, t in chosen.items()}
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", "utf-8")
    return results


def _key(
    benches: Benches, plan: Plan, net: str, settings: Values, chosen: Mapping[str, Trial]
) -> str:
    """Of all that a trial's outcome depends on."""
    before: Any = {name: trial.key for name, trial in chosen.items()}
    if net == "pose_vae":  # of the music VAE it only has the size of its latent
        music = chosen["midi_vae"].settings
        before = {name: music[name] for name in ("latent", "latents") if name in music}
    return key_of(
        preset=benches.preset, net=net, settings=dict(settings), before=before, seed=plan.seed,
        length=plan.length, windows=benches.fingerprint,
    )  # fmt: skip


class _Stage:
    """The trials of one VAE."""

    def __init__(
        self,
        benches: Benches,
        net: str,
        figure: str,
        shelf: Shelf,
        watch: Watch,
        chosen: Mapping[str, Trial],
        run: Run,
    ) -> None:
        self.benches, self.net, self.figure = benches, net, figure
        self.shelf, self.watch, self.chosen, self.run = shelf, watch, chosen, run

    def through(self, planned: Sequence[Trial]) -> tuple[list[Trial], Trial | None]:
        """All trials as they came out, and the best of them, whose weights are on the shelf."""
        trials = [self.shelf.finished(trial) or trial for trial in planned]
        missing = [i for i, trial in enumerate(trials) if not (trial.figures or trial.failed)]
        self.watch.starts(self.net, len(trials), len(trials) - len(missing))
        self._run(trials, missing)
        winner = best(trials, self.figure)
        for _ in trials:
            if winner is None or not self._lacking(winner):
                break
            # Chosen by another figure before, when another trial's weights were kept.
            self._run(trials, [trials.index(winner)])
            winner = best(trials, self.figure)
        return trials, winner

    def _lacking(self, winner: Trial) -> bool:
        return self.net != NETS[-1] and self.shelf.weights(winner) is None

    def _run(self, trials: list[Trial], rows: Sequence[int]) -> None:
        if not rows:
            return
        done = len(trials) - len(rows)

        def heard(number: int, outcome: Outcome) -> None:
            nonlocal done
            row = rows[number]
            trials[row] = trials[row].of(outcome)
            leads = best(trials, self.figure) is trials[row]
            # Weights first: a trial that is known to have finished must have left them.
            if leads and self.net != NETS[-1]:
                self.shelf.keep_weights(trials[row], outcome.weights)
            self.shelf.keep(trials[row])
            done += 1
            self.watch.ended(trials[row], done, len(trials))

        bench = self.benches.bench(
            self.net, {net: trial.settings for net, trial in self.chosen.items()}, self._frozen()
        )
        self.run(bench, [trials[row].settings for row in rows], heard)

    def _frozen(self) -> dict[str, Weights]:
        if self.net != NETS[-1]:
            return {}
        kept = {net: self.shelf.weights(trial) for net, trial in self.chosen.items()}
        return {net: weights for net, weights in kept.items() if weights is not None}
