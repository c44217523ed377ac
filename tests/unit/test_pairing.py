"""Pseudo-pairs: what is alike finds together, each window once."""

from __future__ import annotations

import numpy as np
import pytest

from oscbridge.domain import descriptors, rhythm
from oscbridge.domain.descriptors import Descriptors
from oscbridge.domain.pose import COUNT
from oscbridge.training import pairing
from oscbridge.training.pairing import Weights


def described(count: int, seed: int) -> Descriptors:
    rng = np.random.default_rng(seed)
    return Descriptors(
        rng.random(count),
        rng.random(count),
        rhythm.standardised(rng.random((count, 32))),
        rng.uniform(90, 180, count),
    )


def same_but_scaled(windows: Descriptors) -> Descriptors:
    return Descriptors(
        3 * windows.energy**2, windows.contour * 7, windows.envelope, windows.tempo * 2
    )


def test_mates_are_found_whatever_the_units_and_the_octave_of_the_tempo() -> None:
    music = described(60, 1)
    dance = same_but_scaled(music)
    order = np.random.default_rng(2).permutation(60)
    cost = pairing.costs(music, dance.chosen(order), music, dance)
    pairs = pairing.pseudo_pairs(cost)
    assert (order[pairs[:, 1]] == pairs[:, 0]).all()
    assert cost[pairs[:, 0], pairs[:, 1]].max() < 1e-5


@pytest.mark.parametrize("shape", [(50, 20), (20, 50)])
def test_one_to_one_and_more_mates_in_further_rounds(shape: tuple[int, int]) -> None:
    cost = np.random.default_rng(0).random(shape).astype(np.float32)
    plenty = 0 if shape[0] == 50 else 1
    once, twice = (pairing.pseudo_pairs(cost, rounds) for rounds in (1, 2))
    for pairs, mates in ((once, 1), (twice, 2)):
        assert len(pairs) == 20 * mates
        assert np.unique(pairs[:, plenty]).size == len(pairs), "no window of the plenty twice"
        assert np.bincount(pairs[:, 1 - plenty]).tolist() == [mates] * 20


def test_each_likeness_counts_by_its_weight() -> None:
    one, other = described(1, 1), described(1, 2)
    known = described(100, 3)
    nothing = Weights(0, 0, 0, 0)
    assert pairing.costs(one, other, known, known, nothing)[0, 0] == 0
    rhythm_only = pairing.costs(one, other, known, known, Weights(0, 0, 1, 0))[0, 0]
    assert rhythm_only == pytest.approx(1 - (one.envelope @ other.envelope.T)[0, 0] / 32, abs=1e-5)
    half = Descriptors(one.energy, one.contour, one.envelope, one.tempo * np.sqrt(2))
    assert pairing.costs(one, half, known, known, Weights(0, 0, 0, 1))[0, 0] == pytest.approx(0.5)


def test_labels_are_terciles_of_energy_and_contour_among_the_known() -> None:
    known = described(300, 1)
    labels = pairing.self_labels(known, known)
    assert set(labels) == set(range(pairing.LABELS))
    assert np.bincount(labels // 3).tolist() == [100, 100, 100]
    order = np.argsort(known.energy)
    assert (np.diff(labels[order] // 3) >= 0).all()


def test_louder_busier_windows_have_more_energy_and_the_first_bar_its_contour() -> None:
    drums = np.zeros((2, 32, 12))
    drums[0, ::4, 0] = drums[1, :16, 0] = 100
    silent = np.zeros((2, 32))
    music = descriptors.of_music(drums, silent, silent, np.array([120.0, 120.0]))
    assert music.energy.tolist() == [8 / 32, 16 / 32]
    assert music.contour == pytest.approx([1.0, 2.0])
    still = np.zeros((2, 128, COUNT, 3))
    still[1, :, rhythm.LIMBS, 0] = 0.3 * np.sin(np.arange(128) / 3)
    dance = descriptors.of_dance(still, 4, np.array([120.0, 120.0]))
    assert dance.energy[0] == 0 < dance.energy[1]
    assert not dance.envelope[0].any()
    assert dance.envelope[1].std() == pytest.approx(1.0)
