"""What a person asks of an answer: how it is drawn, how dense it is, how lively."""

from __future__ import annotations

from dataclasses import dataclass

from oscbridge.domain.music import Part

DIRECTIONS = 8
"""Numbers an offset may have."""


@dataclass(frozen=True)
class Sampling:
    """`seed`: the same gives the same answer. `temperature`: 0 for the likeliest, 1 as varied as
    the model. `drums`, `bass`, `melody`: onsets for each that the part would have by itself.
    `energy`: how lively a dance is, 1 as it would be by itself. `offset`: how far what crosses the
    bridge is moved along each of its widest directions, in standard deviations.
    """

    seed: int = 0
    temperature: float = 0.0
    drums: float = 1.0
    bass: float = 1.0
    melody: float = 1.0
    energy: float = 1.0
    offset: tuple[float, ...] = ()

    def density(self, part: Part) -> float:
        """Of that part."""
        return {Part.DRUMS: self.drums, Part.BASS: self.bass, Part.MELODY: self.melody}[part]


PLAIN = Sampling()
