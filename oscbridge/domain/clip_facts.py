"""The few numbers by which a producer chooses a clip, and the name that says them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from oscbridge.domain.made import Made
from oscbridge.domain.music import Clip
from oscbridge.domain.names import LONGEST, is_name

_VERBS = {
    "dance/to_music": "from dance",
    "latent/decode": "decoded",
    "pair/generate": "pair",
}
"""How the name of a clip says what made it, where the last word of the address does not."""
ROOM = 40
"""Bytes of a name kept free for an ending, a part and a number."""


@dataclass(frozen=True)
class Facts:
    """`length` in beats, whole `bars`, `tempo` (BPM) and meter at the start, notes of each part."""

    length: float
    bars: int
    tempo: float
    numerator: int
    denominator: int
    drums: int
    bass: int
    melody: int

    @property
    def notes(self) -> int:
        """Of all parts."""
        return self.drums + self.bass + self.melody

    @classmethod
    def of(cls, clip: Clip) -> Facts:
        """Those of a clip."""
        meter, counts = clip.timeline.meters[0], clip.counts()
        bars = len(clip.timeline.bar_starts(clip.length))
        tempo = round(float(clip.timeline.tempos[0].bpm), 3)
        length = float(clip.length)
        return cls(length, bars, tempo, meter.numerator, meter.denominator, **counts)

    def to_json(self) -> dict[str, Any]:
        """JSON-able values; `from_json` reads them back."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: object) -> Facts:
        """The facts those values are. Raises ValueError where they are nothing of the kind."""
        if not isinstance(values, dict) or values.keys() != cls.__dataclass_fields__.keys():
            raise ValueError("the facts of a clip have other names")
        for name, value in values.items():
            plain = float if name in ("length", "tempo") else int
            if not isinstance(value, int | plain) or not 0 <= value < math.inf:
                raise ValueError(f"{name} is {value!r:.80}")
        return cls(**values)


def safe(name: str) -> str:
    """The name as a file may bear it: what files may not have left out, cut to fit; may be
    empty.
    """
    kept = "".join(c if is_name(f"a{c}a") else " " for c in name)
    kept = " ".join(kept.split())
    cut = kept.encode()[: LONGEST - ROOM].decode(errors="ignore").strip(" .")
    return cut if not cut or is_name(cut) else f"{cut}_"


def clip_name(clip: Clip, made: Made | None) -> str:
    """What made it, bars, tempo and seed; the clip's own name where that was handed over."""
    facts = Facts.of(clip)
    size = f"{facts.bars} bar{'s' * (facts.bars != 1)} {facts.tempo:g} bpm"
    if made is None or made.endpoint == "clip/put":
        return safe(clip.name) or f"clip {size}"
    verb = _VERBS.get(made.endpoint) or safe(made.endpoint.rpartition("/")[2]) or "clip"
    seed = "" if made.seed is None else f" seed {made.seed}"
    return f"{verb} {size}{seed}"
