import numpy as np
import pytest

from oscbridge.domain.identity import FORGET, MOST, Identities


def follow(paths, fps=30, seed=0, miss=None):
    """Numbers (frames, people) given to people on `paths` (frames, people, 2), told in any order;
    0 where `miss(frame, person)` hides one.
    """
    rng = np.random.default_rng(seed)
    who = Identities()
    found = np.zeros(paths.shape[:2], int)
    for i, places in enumerate(paths):
        there = [k for k in rng.permutation(len(places)) if not (miss and miss(i, k))]
        found[i, there] = who.assign(places[there], 100.0, i / fps)
    return found


def crossing(people=2, frames=90, noise=3.0, apart=20.0):
    """People who walk through each other's way, 300 pixels a second."""
    rng = np.random.default_rng(5)
    at = np.linspace(-450, 450, frames)
    paths = [
        np.stack([320 + (at if k % 2 else -at), 200 + apart * k + 0 * at], axis=-1)
        for k in range(people)
    ]
    return np.stack(paths, axis=1) + rng.normal(0, noise, (frames, people, 2))


@pytest.mark.parametrize("seed", range(5))
def test_two_who_cross_keep_their_numbers(seed):
    found = follow(crossing(), seed=seed)
    assert (found == found[0]).all()
    assert sorted(found[0]) == [1, 2]


def test_four_who_cross_keep_their_numbers():
    found = follow(crossing(people=4))
    assert (found == found[0]).all()


def test_one_who_is_hidden_while_they_cross_comes_out_as_themselves():
    found = follow(crossing(), miss=lambda i, k: k == 1 and 40 <= i < 50)
    assert len(set(found[:, 0])) == 1
    assert set(found[:, 1]) == {0, found[0, 1]}


def test_whoever_is_far_from_all_is_somebody_new_and_nobody_is_for_ever():
    who = Identities()
    assert who.assign(np.array([[0.0, 0.0]]), 50.0, 0.0) == [1]
    assert who.assign(np.array([[400.0, 0.0], [1.0, 0.0]]), 50.0, 0.1) == [2, 1]
    assert who.forgotten(0.1) == []
    assert who.assign(np.array([[2.0, 0.0]]), 50.0, FORGET + 0.15) == [1]
    assert who.forgotten(FORGET + 0.15) == [2]
    assert who.forgotten(FORGET + 0.15) == []
    assert who.assign(np.zeros((0, 2)), 50.0, 9.0) == []
    assert who.assign(np.array([[2.0, 0.0]]), 50.0, 9.0) == [1], "nothing was forgotten yet"


def test_a_picture_full_of_noise_is_not_remembered_for_long():
    who, told = Identities(), []
    for i in range(100):
        numbers = who.assign(np.array([[1e4 * i + 100 * k, 0.0] for k in range(16)]), 10.0, i / 100)
        told += who.forgotten(i / 100)
        assert not set(numbers) & set(told)
    assert len(who._known) == MOST
    assert sorted(told) == list(range(1, 1600 - MOST + 1))
