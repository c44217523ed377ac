"""What a person asks of an answer: how it is drawn, how dense it is, how lively."""

from __future__ import annotations

from dataclasses import dataclass

from oscbridge.domain.music import Part


@dataclass(frozen=True)
class Sampling:
    """`seed`: the same gives the same answer. `temperature`: 0 for the likeliest, 1 as varied as
    the model. `drums`, `bass`, `melody`: onsets for each that the part would have by itself.
    `energy`: how lively a dance is, 1 as it would be by itself.
    """

    seed: int = 0
    temperature: float = 0.0
    drums: float = 1.0
    bass: float = 1.0
    melody: float = 1.0
    energy: float = 1.0

    def density(self, part: Part) -> float:
        """Of that part."""
        return {Part.DRUMS: self.drums, Part.BASS: self.bass, Part.MELODY: self.melody}[part]


PLAIN = Sampling()
