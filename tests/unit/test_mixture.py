import numpy as np
import pytest

from oscbridge.domain.mixture import fit


def crowds(seed=0):
    """Two crowds of latents, far apart, one three times the other."""
    rng = np.random.default_rng(seed)
    left = rng.normal(-5, 0.5, (3000, 4)) * [1, 1, 1, 2]
    right = rng.normal(5, 0.5, (1000, 4))
    return np.concatenate([left, right]).astype(np.float32)


def test_what_is_drawn_lies_where_the_latents_lay():
    drawn = fit(crowds(), 2, np.random.default_rng(1)).draw(8000, np.random.default_rng(2))
    right = drawn[:, 0] > 0
    assert right.mean() == pytest.approx(0.25, abs=0.02)
    assert drawn[right].mean(axis=0) == pytest.approx([5] * 4, abs=0.3)
    assert (np.abs(drawn[:, 0]) < 1).mean() < 0.02, "hardly anything between the crowds"


def test_a_seed_gives_the_same_latents_and_no_temperature_the_means():
    mixture = fit(crowds(), 2, np.random.default_rng(1))
    one, other = (mixture.draw(5, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one, other)
    cold = mixture.draw(50, np.random.default_rng(7), temperature=0)
    assert len(np.unique(cold, axis=0)) == 2


def test_a_part_of_few_latents_borrows_its_spread():
    latents = crowds()[:3002]
    mixture = fit(latents, 3, np.random.default_rng(0))
    drawn = mixture.draw(1000, np.random.default_rng(0))
    assert np.isfinite(drawn).all()
    assert mixture.weights.sum() == pytest.approx(1)


def test_its_widest_directions_are_those_of_what_it_draws():
    rng = np.random.default_rng(3)
    spread = np.array([3.0, 0.5, 1.0, 0.2])
    found = fit((rng.standard_normal((4000, 4)) * spread).astype(np.float32), 2, rng).widest(2)
    assert np.abs(found).argmax(axis=1).tolist() == [0, 2]
    assert (found.max(axis=1) > 0).all(), "the larger side is positive"
    drawn = fit((rng.standard_normal((4000, 4)) * spread).astype(np.float32), 2, rng)
    wide = drawn.draw(4000, rng).std(axis=0)[0]
    assert abs(np.linalg.norm(drawn.widest(1)[0]) / wide - 1) < 0.1
