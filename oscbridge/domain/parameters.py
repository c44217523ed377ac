"""What can be turned while it plays: declared once, gliding to where it was set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from oscbridge.domain.sampling import DIRECTIONS, Sampling


@dataclass(frozen=True)
class Parameter:
    """A number from `low` to `high`; `of` says what has it: voices, dancers or both."""

    name: str
    low: float
    high: float
    default: float
    doc: str
    of: tuple[str, ...] = ("voice", "dancer")
    glides: bool = True


PARAMETERS = (
    Parameter("intensity", 0, 1, 1, "how loud what it plays is; 0: silent", ("voice",)),
    Parameter("temperature", 0, 4, 0, "0: the likeliest answer; more: others about it"),
    *(
        Parameter(
            part, 0, 8, 1, f"onsets of the {part} for each it would have by itself; 0: none",
            ("voice",),
        )
        for part in ("drums", "bass", "melody")
    ),
    Parameter("energy", 0, 4, 1, "how lively the dance is; 1: as by itself", ("dancer",)),
    Parameter("hold", 0, 1, 0, "1: repeat the last two bars until it is 0 again", glides=False),
    Parameter("seed", 0, 2**31 - 1, 0, "the same seed gives the same answer", glides=False),
    *(
        Parameter(
            f"offset{k}", -4, 4, 0,
            f"how far the latent is moved along direction {k} of the bridge (standard deviations)",
        )
        for k in range(1, DIRECTIONS + 1)
    ),
)  # fmt: skip
NAMED = {parameter.name: parameter for parameter in PARAMETERS}
OFFSETS = tuple(f"offset{k}" for k in range(1, DIRECTIONS + 1))
LONGEST_GLIDE = 600.0
"""Seconds."""


def parameters_of(what: str) -> dict[str, Parameter]:
    """Those of a `voice` or a `dancer`."""
    return {p.name: p for p in PARAMETERS if what in p.of}


@dataclass(frozen=True, slots=True)
class Glide:
    """A value on its way from `start` to `goal` between two moments (seconds)."""

    start: float
    goal: float
    begun: float = -math.inf
    ended: float = -math.inf

    def at(self, now: float) -> float:
        """Where it is."""
        if now >= self.ended:
            return self.goal
        share = (now - self.begun) / (self.ended - self.begun)
        return self.start + (self.goal - self.start) * max(0.0, share)


class Parameters:
    """The parameters of one voice or dancer. Values are checked where they come in."""

    def __init__(self, what: str, values: Mapping[str, float] | None = None) -> None:
        self.declared = parameters_of(what)
        given = values or {}
        self._glides = {
            name: Glide(0, given.get(name, p.default)) for name, p in self.declared.items()
        }

    def set(self, name: str, value: float, now: float, seconds: float = 0.0) -> None:
        """Go to a value within so many seconds."""
        glides = self.declared[name].glides and seconds > 0
        end = now + seconds if glides else -math.inf
        self._glides[name] = Glide(self.value(name, now), value, now, end)

    def value(self, name: str, now: float) -> float:
        """Its value now."""
        return self._glides[name].at(now)

    def goals(self) -> dict[str, float]:
        """What each was last set to."""
        return {name: glide.goal for name, glide in self._glides.items()}

    def sampling(self, now: float) -> Sampling:
        """What they ask of an answer now."""
        values = {name: glide.at(now) for name, glide in self._glides.items()}
        knobs = ("temperature", "drums", "bass", "melody", "energy")
        offset = tuple(values[name] for name in OFFSETS)
        return Sampling(
            seed=int(values["seed"]),
            offset=offset if any(offset) else (),
            **{name: values[name] for name in knobs if name in values},
        )
