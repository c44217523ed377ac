"""Measuring a `studio` bridge on held-out pseudo-pairs, beside answers that need no bridge.

Pseudo-pairs are made by descriptors (`pairing`), so what is measured with them is how well a bridge
has learnt that matching, not whether anybody would dance so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oscbridge.domain import skeleton
from oscbridge.domain.descriptors import Descriptors, ranks
from oscbridge.domain.rhythm import accents, beat_envelope, motion_speed, music_energy, standardised
from oscbridge.domain.rhythm_paths import RhythmLogits, matched_count, retimed, rhythm_logits
from oscbridge.training.metrics import motion_range, rank_correlation, speed
from oscbridge.training.pairing import costs, pseudo_pairs
from oscbridge.training.rhythm_metrics import accents_of, meeting, motion_beats_of
from oscbridge.training.studio_bridge import Known, Windows
from oscbridge.training.studio_translation import Translation
from oscbridge.vae.studio.bridge_vae import BridgeVae, cost_of

MUSIC, DANCE = 0, 1
POOL, DRAWS = 100, 20
"""A mate is looked for among so many windows, drawn so often."""
SHUFFLES = 200
Figures = dict[str, float]
Row = dict[str, Any]


@dataclass(frozen=True)
class Onsets:
    """Onset velocities of N windows: `drums` (N, steps, 12), `bass` and `melody` (N, steps)."""

    drums: NDArray[Any]
    bass: NDArray[Any]
    melody: NDArray[Any]

    def chosen(self, rows: NDArray[Any]) -> Onsets:
        """Those windows."""
        return Onsets(self.drums[rows], self.bass[rows], self.melody[rows])

    def accents(self) -> NDArray[np.float64]:
        """Accent envelopes (N, steps)."""
        return accents(self.drums, self.bass, self.melody)

    def energy(self) -> NDArray[np.float64]:
        """Notes a step (N,)."""
        return np.asarray(music_energy(self.drums, self.bass, self.melody).mean(axis=1))

    def counts(self) -> NDArray[np.intp]:
        """Onsets of each part (N, 3)."""
        drums = np.count_nonzero(self.drums, axis=(1, 2))
        lines = [np.count_nonzero(line, axis=1) for line in (self.bass, self.melody)]
        return np.stack([drums, *lines], axis=1)


class Decoders(Protocol):
    """The frozen VAEs' way back from z (N, 128)."""

    frames_per_step: int

    def dance(self, z: Tensor) -> NDArray[np.float32]:
        """Poses (N, frames, 33, 3) of constant bones."""

    def music(
        self, z: Tensor, push: RhythmLogits | None = None, counts: NDArray[Any] | None = None
    ) -> Onsets:
        """What sounds, with `push` on the logits and so many onsets a part (N, 3)."""


@dataclass(frozen=True)
class Side:
    """Windows of both domains as they were: latents, onsets, poses."""

    music: Windows
    dance: Windows
    onsets: Onsets
    frames: NDArray[np.float32]


@dataclass(frozen=True)
class Held:
    """P held-out pseudo-pairs, row by row, and the training windows that baselines draw on."""

    pairs: Side
    known: Side

    @classmethod
    def of(cls, held_out: Side, known: Side) -> Held:
        """Pairs made among held-out windows, ranked among the known ones."""
        cost = costs(
            held_out.music.about, held_out.dance.about, known.music.about, known.dance.about
        )
        music, dance = pseudo_pairs(cost).T
        return cls(
            Side(
                held_out.music.chosen(music), held_out.dance.chosen(dance),
                held_out.onsets.chosen(music), held_out.frames[dance],
            ),
            known,
        )  # fmt: skip

    def oracle(self, music: Descriptors, dance: Descriptors) -> NDArray[np.float32]:
        """Cost of each of these windows of music with each of dance, as the pairing sees it."""
        return costs(music, dance, self.known.music.about, self.known.dance.about)


def retrieval(likeness: NDArray[Any], seed: int = 0) -> Figures:
    """How far up its mate stands, of 100: likeness (P, P) of music and dance, mates diagonal.

    `p`: of the medians when the mates are shuffled, the share that is as good.
    """
    rng = np.random.default_rng(seed)
    pool = min(POOL, len(likeness))
    found, shuffled = [], []
    for _ in range(DRAWS):
        rows = rng.choice(len(likeness), pool, replace=False)
        some = likeness[np.ix_(rows, rows)]
        found.append(_ranks(some, np.arange(pool)))
        for _ in range(SHUFFLES // DRAWS):
            shuffled.append(float(np.median(_ranks(some, rng.permutation(pool)))))
    rank = np.concatenate(found)
    median = float(np.median(rank))
    figures = {f"R@{k}": float((rank <= k).mean()) for k in (1, 5, 10)}
    p = (1 + sum(s <= median for s in shuffled)) / (1 + len(shuffled))
    return figures | {"median rank": median, "p": float(p)}


def _ranks(likeness: NDArray[Any], mates: NDArray[np.intp]) -> NDArray[np.float64]:
    own = likeness[np.arange(len(likeness)), mates][:, None]
    return np.asarray(1 + (likeness > own).sum(axis=1) + 0.5 * ((likeness == own).sum(axis=1) - 1))


def danced(held: Held, frames: NDArray[Any], frames_per_step: int) -> Figures:
    """Dances (P, frames, 33, 3) to the pairs' music, beside the pairs' own as a population."""
    true, driving = held.pairs.frames, held.pairs.onsets
    met = meeting(
        motion_beats_of(frames, frames_per_step), accents_of(driving.accents()),
        driving.drums.shape[1],
    )  # fmt: skip
    return {
        "accent F1": met.f1, "null": met.null, "null 95 %": met.null_95, "hit": met.hit,
        "ROM": float(motion_range(frames).mean() / motion_range(true).mean()),
        "velocity": float(speed(frames).mean() / speed(true).mean()),
        "energy correlation": rank_correlation(
            driving.energy(), motion_speed(frames, frames_per_step).mean(axis=1)
        ),
        "variety": float(_variety(frames) / _variety(true)),
    }  # fmt: skip


def _variety(frames: NDArray[Any]) -> float:
    return float(np.sqrt(frames.var(axis=0).mean()))


def played(held: Held, made: Onsets, frames_per_step: int) -> Figures:
    """Music made to the pairs' dances."""
    steps = made.drums.shape[1]
    motion = motion_beats_of(held.pairs.frames, frames_per_step)
    met = meeting(motion, accents_of(made.accents()), steps)
    energy = motion_speed(held.pairs.frames, frames_per_step).mean(axis=1)
    counts, true = made.counts(), held.pairs.onsets.counts()
    return {
        "accent F1": met.f1, "null": met.null, "null 95 %": met.null_95, "hit": met.hit,
        "density ratio": float(counts.sum() / true.sum()),
        "density-energy correlation": rank_correlation(energy, counts.sum(axis=1)),
        "all three parts": float((counts > 0).all(axis=1).mean()),
    }  # fmt: skip


def on_accents(
    frames: NDArray[Any], driving: Onsets, frames_per_step: int, strength: float = 1.0
) -> NDArray[np.float32]:
    """Each window retimed to its music, on constant bones again."""
    made = (
        skeleton.project(retimed(window, accents, frames_per_step, strength))
        for window, accents in zip(frames, driving.accents(), strict=True)
    )
    return np.stack(list(made))


def called_for(held: Held) -> NDArray[np.intp]:
    """Onsets of each part (P, 3) that the energy of the pairs' dances calls for."""
    known = held.known.onsets.counts()
    energy = held.known.dance.about.energy
    return np.array([
        [matched_count(e, energy, known[:, part], 0) for part in range(known.shape[1])]
        for e in held.pairs.dance.about.energy
    ])  # fmt: skip


def to_dance(held: Held, name: str, frames: NDArray[Any], frames_per_step: int) -> list[Row]:
    """A row as the dance is, and one retimed."""
    again = on_accents(frames, held.pairs.onsets, frames_per_step)
    return [
        {"direction": "music to dance", "answer": answer, **danced(held, made, frames_per_step)}
        for answer, made in ((name, frames), (f"{name} + retiming", again))
    ]


def to_music(held: Held, name: str, z: Tensor, decoders: Decoders) -> list[Row]:
    """A row as the music is, and one pushed to the motion beats, its density by rank."""
    n = decoders.frames_per_step
    push = rhythm_logits(beat_envelope(motion_speed(held.pairs.frames, n), n))
    ways = ((name, decoders.music(z)),
            (f"{name} + rhythm logits", decoders.music(z, push, called_for(held))))  # fmt: skip
    return [
        {"direction": "dance to music", "answer": answer, **played(held, made, n)}
        for answer, made in ways
    ]


def bridge_rows(
    held: Held, translation: Translation, decoders: Decoders, *, channel: bool
) -> list[Row]:
    """Every row of one bridge; with its rhythm `channel` in use, those of drawn answers too."""
    n = decoders.frames_per_step
    music = _shared(translation, held, held.pairs, MUSIC)
    dance = _shared(translation, held, held.pairs, DANCE)
    unit = [torch.nn.functional.normalize(s, dim=1) for s in (music, dance)]
    rows: list[Row] = [
        {"direction": "mates", "answer": answer, **retrieval(likeness.numpy())}
        for answer, likeness in (
            ("bridge, z' by cosine", unit[0] @ unit[1].T),
            ("bridge, what z' says", told(translation.vae, music, dance)),
        )
    ]
    z = translation.answer(music, DANCE)
    rows += to_dance(held, "bridge", decoders.dance(z), n)
    lively = translation.in_energy(z, DANCE, wanted_energy(held), lambda x: _energy(decoders, x))
    rows += to_dance(held, "bridge + energy", decoders.dance(lively), n)
    rows += to_music(held, "bridge", translation.answer(dance, MUSIC), decoders)
    if channel:
        rows += remembered_rows(held, translation, decoders)
        drawn = [
            translation.in_rhythm(shared, goal, _envelope(windows), _generator())
            for shared, goal, windows in (
                (music, DANCE, held.pairs.music), (dance, MUSIC, held.pairs.dance),
            )
        ]  # fmt: skip
        rows += to_dance(held, "bridge, best of drawn", decoders.dance(drawn[0]), n)
        decoded = translation.in_rhythm(
            music, DANCE, _envelope(held.pairs.music), _generator(), candidates=8,
            hear=lambda z: _heard(decoders, z),
        )  # fmt: skip
        decoded = translation.in_energy(
            decoded, DANCE, wanted_energy(held), lambda x: _energy(decoders, x)
        )
        rows += to_dance(held, "bridge, best of 8 decoded + energy", decoders.dance(decoded), n)
        rows += to_music(held, "bridge, best of drawn", drawn[1], decoders)
    return rows


def baseline_rows(held: Held, decoders: Decoders, seed: int = 0) -> list[Row]:
    """Random and descriptor-matched training windows, and the pairs' own mates."""
    n = decoders.frames_per_step
    rng = np.random.default_rng(seed)
    count, known = len(held.pairs.music), held.known
    nearest = held.oracle(held.pairs.music.about, known.dance.about).argmin(axis=1)
    likest = held.oracle(known.music.about, held.pairs.dance.about).argmin(axis=0)
    own = -held.oracle(held.pairs.music.about, held.pairs.dance.about)
    rows: list[Row] = [{"direction": "mates", "answer": "the pairing itself", **retrieval(own)}]
    dances: tuple[tuple[str, Callable[[], NDArray[np.float32]]], ...] = (
        ("random training dance", lambda: known.frames[rng.integers(len(known.dance), size=count)]),
        ("training dance by descriptors", lambda: known.frames[nearest]),
        ("the mate itself", lambda: held.pairs.frames),
    )
    for name, frames in dances:
        rows += to_dance(held, name, frames(), n)
    for name, windows in (
        ("random training music", rng.integers(len(known.music), size=count)),
        ("training music by descriptors", likest),
    ):
        rows += to_music(held, name, known.music.mean[torch.from_numpy(windows)], decoders)
    made = played(held, held.pairs.onsets, n)
    return [*rows, {"direction": "dance to music", "answer": "the mate itself", **made}]


def wanted_energy(held: Held) -> NDArray[np.float64]:
    """Speed (P,) of the training dances of like rank as the pairs' music has in energy."""
    known = held.known
    rank = ranks(held.pairs.music.about.energy, known.music.about.energy)
    return np.asarray(np.quantile(known.dance.about.energy, rank))


def _energy(decoders: Decoders, z: Tensor) -> NDArray[np.float64]:
    return np.asarray(motion_speed(decoders.dance(z), decoders.frames_per_step).mean(axis=1))


def _heard(decoders: Decoders, z: Tensor) -> Tensor:
    n = decoders.frames_per_step
    envelope = beat_envelope(motion_speed(decoders.dance(z), n), n)
    return torch.from_numpy(standardised(envelope).astype(np.float32))


def remembered_rows(held: Held, translation: Translation, decoders: Decoders) -> list[Row]:
    """The training windows whose z' says most nearly the same: the bridge as an index."""
    known, vae = held.known, translation.vae
    asked = [_shared(translation, held, held.pairs, domain) for domain in (MUSIC, DANCE)]
    kept = [_shared(translation, held, known, domain) for domain in (MUSIC, DANCE)]
    dances = told(vae, asked[MUSIC], kept[DANCE]).argmax(dim=1)
    songs = told(vae, kept[MUSIC], asked[DANCE]).argmax(dim=0)
    name = "training window by what z' says"
    rows = to_dance(held, name, decoders.dance(known.dance.mean[dances]), decoders.frames_per_step)
    return rows + to_music(held, name, known.music.mean[songs], decoders)


@torch.no_grad()
def told(vae: BridgeVae, music: Tensor, dance: Tensor) -> Tensor:
    """Likeness (N, M) of z' of music (N, 64) and dance (M, 64) by the energy, contour and rhythm
    they tell of, weighed as in the loss.
    """
    said = [vae.tell(s) for s in (music, dance)]
    envelopes = [torch.from_numpy(standardised(e.numpy()).astype(np.float32)) for e, _ in said]
    return -cost_of((said[0][1], said[1][1]), (envelopes[0], envelopes[1]))


def random_rows(
    held: Held, translation: Translation, decoders: Decoders, seed: int = 0
) -> list[Row]:
    """A training dance drawn by chance and given the energy of the music: what the explicit paths
    do without any bridge.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(held.known.dance), size=len(held.pairs.music))
    z = held.known.dance.mean[torch.from_numpy(drawn)]
    lively = translation.in_energy(z, DANCE, wanted_energy(held), lambda x: _energy(decoders, x))
    name = "random training dance + energy"
    return to_dance(held, name, decoders.dance(lively), decoders.frames_per_step)


def _shared(translation: Translation, held: Held, side: Side, domain: int) -> Tensor:
    """z' (N, 64) of the side's windows, told what is known about them."""
    windows = (side.music, side.dance)[domain]
    ranked = (held.known.music, held.known.dance)[domain].about
    return translation.shared(windows.mean, domain, Known.of(windows.about, ranked))


def _envelope(windows: Windows) -> Tensor:
    return torch.from_numpy(windows.about.envelope.astype(np.float32))


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
