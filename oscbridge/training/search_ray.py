"""Trials on Ray Tune: on the cores of this machine, or of a Ray cluster that runs already.

Nothing else of oscbridge imports ray.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import ray
import torch
from ray import tune

from oscbridge.errors import OscbridgeError
from oscbridge.training.net_settings import Values
from oscbridge.training.search import Heard, Run
from oscbridge.training.search_bench import Bench
from oscbridge.training.search_trials import Outcome

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Ray would end the search in its own time; Ctrl-C is ours to answer.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "100000000",
}


class ClusterError(OscbridgeError):
    """The Ray cluster asked for could not be reached."""

    code = "cluster"


@contextmanager
def session(jobs: int | None, address: str | None) -> Iterator[Run]:
    """Ray, for as long as this lasts, and how trials are run on it: `jobs` at once, a core each, on
    this machine, or on the cluster at an address, where None is as many as it has cores for.

    Raises ClusterError where there is no cluster.
    """
    if address and "://" in address:
        raise ClusterError(
            f"{address}: run this on a machine of the cluster and give auto or HOST:PORT"
        )
    os.environ.update(_QUIET)
    where: dict[str, Any] = {"address": address}
    if not address:
        where = {"address": "local", "num_cpus": jobs, "num_gpus": 0, "include_dashboard": False}
    try:
        ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, TimeoutError, RuntimeError) as error:
        said = str(error).strip().splitlines()
        raise ClusterError(f"Ray does not start: {said[0] if said else error!r}") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    # Ray's own answer to it is to abort; this one lets what it started be ended below.
    before = signal.signal(signal.SIGTERM, _end)
    try:
        table = ray.remote(num_cpus=0)(_Table).remote()
        yield partial(_run, table, jobs)
    finally:
        ray.shutdown()
        signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: Any) -> None:
    sys.exit(128 + number)


def _run(
    table: Any, jobs: int | None, bench: Bench, trials: Sequence[Values], heard: Heard
) -> None:
    """Run the trials, so many at once, and tell what came of each."""
    trainable = tune.with_parameters(_trial, bench=bench, table=table)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": 1}),
            param_space={
                "trial": tune.grid_search(list(range(len(trials)))),
                "settings": tune.sample_from(_Settings([dict(t) for t in trials])),
            },
            tune_config=tune.TuneConfig(max_concurrent_trials=jobs, reuse_actors=True),
            run_config=tune.RunConfig(
                storage_path=scratch, callbacks=[_Listener(table, heard)], verbose=0
            ),
        )
        tuner.fit()


class _Table:
    """Where trials lay what came of them, wherever they run: weights are more than Tune's reports
    are for.
    """

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}

    def lay(self, index: int, outcome: Outcome) -> None:
        self.outcomes[index] = outcome

    def take(self, index: int) -> Outcome | None:
        return self.outcomes.pop(index, None)


class _Settings:
    """The settings of a trial, by its number."""

    def __init__(self, trials: list[dict[str, Any]]) -> None:
        self.trials = trials

    def __call__(self, spec: Any) -> dict[str, Any]:
        return self.trials[int(spec.config.trial)]


def _trial(config: dict[str, Any], bench: Bench, table: Any) -> dict[str, float]:
    torch.set_num_threads(1)
    try:
        outcome = bench.run(config["settings"])
    except (OscbridgeError, ArithmeticError, MemoryError, RuntimeError, ValueError) as error:
        outcome = Outcome.failure(f"{type(error).__name__}: {error}")
    ray.get(table.lay.remote(config["trial"], outcome))
    return {"done": 1.0}


class _Listener(tune.Callback):  # type: ignore[misc]
    """Takes what came of a trial from the table as soon as it ends."""

    def __init__(self, table: Any, heard: Heard) -> None:
        self.table = table
        self.heard = heard

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        index: int = trial.config["trial"]
        outcome = ray.get(self.table.take.remote(index))
        self.heard(index, outcome or Outcome.failure("it ended without a result"))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        # What training itself can raise was caught; this is an end Ray alone knows of.
        said = str(trial.get_error() or "its process died").splitlines()[-1]
        self.heard(trial.config["trial"], Outcome.failure(said))
