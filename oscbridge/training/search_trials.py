"""Trials of a search: what each found, kept on disk, and which of them is the best."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from oscbridge.errors import FileError
from oscbridge.training.corpus import NothingToLearnError

Weights = dict[str, NDArray[Any]]
"""A net's tensors by name."""
By = Literal["error", "quality"]
"""What is best: the least validation reconstruction error, as in the paper, or the best of another
figure, `QUALITY`."""
QUALITY: dict[str, dict[str, str]] = {
    "paper": {"midi_vae": "macro F1", "pose_vae": "MPJPE, mm", "bridge_vae": "swd / spread"},
    "studio": {"midi_vae": "macro F1", "pose_vae": "MPJPE, mm", "bridge_vae": "median rank"},
}
"""Preset -> VAE -> the figure that `quality` means."""
_MORE_IS_BETTER = {"macro F1"}


def chosen_figure(preset: str, net: str, by: By) -> str:
    """The figure the best trial of a VAE is chosen by."""
    return QUALITY[preset][net] if by == "quality" else "error"


@dataclass(frozen=True)
class Outcome:
    """What training a VAE with some settings came to: figures on validation windows, whether it has
    collapsed, its weights. `failed` says why there is none of it.
    """

    figures: dict[str, float]
    collapsed: bool
    weights: Weights
    seconds: float = 0.0
    failed: str = ""

    @classmethod
    def failure(cls, why: str) -> Outcome:
        """Of a trial that came to nothing."""
        return cls({}, False, {}, failed=why)


@dataclass(frozen=True)
class Trial:
    """One VAE's settings, and what came of them; `key` is a hash of all that depends on."""

    net: str
    key: str
    settings: dict[str, Any]
    figures: dict[str, float]
    collapsed: bool = False
    seconds: float = 0.0
    failed: str = ""

    def of(self, outcome: Outcome) -> Trial:
        """With what came of it."""
        finite = all(math.isfinite(v) for v in outcome.figures.values())
        failed = outcome.failed or ("" if finite else "diverged: figures are not finite")
        return replace(
            self,
            figures=outcome.figures if finite else {},
            collapsed=outcome.collapsed,
            seconds=round(outcome.seconds, 1),
            failed=failed,
        )

    @property
    def eligible(self) -> bool:
        """Whether it may be chosen: it came to something and has not collapsed."""
        return bool(self.figures) and not self.collapsed and not self.failed

    def rank(self, figure: str) -> float:
        """The less the better, as that figure has it; infinite where it may not be chosen."""
        if not self.eligible:
            return math.inf
        value = self.figures[figure]
        return -value if figure in _MORE_IS_BETTER else value


def key_of(**facts: Any) -> str:
    """Hash of all that a trial's outcome depends on (JSON-able)."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def best(trials: Sequence[Trial], figure: str) -> Trial | None:
    """The best of those that may be chosen, the first of equals; None where there is none."""
    eligible = [trial for trial in trials if trial.eligible]
    return min(eligible, key=lambda trial: trial.rank(figure)) if eligible else None


def ordered(trials: Sequence[Trial], figure: str) -> list[Trial]:
    """The best first, then the collapsed, then those that failed."""
    return sorted(trials, key=lambda t: (bool(t.failed), t.collapsed, t.rank(figure)))


class Shelf:
    """Finished trials in a folder, one JSON file each, and the weights of each VAE's best."""

    def __init__(self, folder: Path) -> None:
        """Opens it. Raises FileError where it cannot be written."""
        self._trials = folder / "trials"
        self._folder = folder
        try:
            self._trials.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(folder, f"cannot be written: {error.strerror or error}") from error

    def finished(self, planned: Trial) -> Trial | None:
        """The trial as it came out, if it did before."""
        path = self._trials / f"{planned.key}.json"
        try:
            told: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            return replace(
                planned,
                **{name: told[name] for name in ("figures", "collapsed", "seconds", "failed")},
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileError(path, f"not a trial of a search ({error}); remove it") from error

    def keep(self, trial: Trial) -> None:
        """Store a trial that has finished; one that failed is tried again next time."""
        if trial.failed and not trial.failed.startswith("diverged"):
            return
        path = self._trials / f"{trial.key}.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(trial), indent=1), "utf-8")
        draft.replace(path)

    def keep_weights(self, trial: Trial, weights: Weights) -> None:
        """Store those of the VAE's best trial so far."""
        draft = self._folder / f"{trial.net}.draft"
        save_file(weights, draft, metadata={"trial": trial.key})
        draft.replace(self._folder / f"{trial.net}.safetensors")

    def weights(self, trial: Trial) -> Weights | None:
        """Those of this trial, if it is the one whose weights are kept."""
        path = self._folder / f"{trial.net}.safetensors"
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="numpy") as stored:
                if stored.metadata().get("trial") != trial.key:
                    return None
                return {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise FileError(path, f"not the weights of a trial ({error}); remove it") from error


class NoneLeftError(NothingToLearnError):
    """Every trial of a VAE collapsed or failed, so none can be chosen."""

    def __init__(self, net: str, trials: Sequence[Trial]) -> None:
        failed = [trial.failed for trial in trials if trial.failed]
        collapsed = sum(trial.collapsed and not trial.failed for trial in trials)
        said = f"; one failed with: {failed[0]}" if failed else ""
        super().__init__(
            f"of {len(trials)} trials of {net}, {collapsed} collapsed and {len(failed)} failed, so "
            f"there is none to choose{said}. Try smaller KL weights (--space), train longer "
            "(--length), or give more recordings"
        )
