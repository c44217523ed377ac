import numpy as np
import pytest

from oscbridge.domain.one_euro import OneEuro

RATES = (25, 30, 60)


def filtered(values, time, **settings):
    one = OneEuro(**settings)
    return np.array([one.step(v, t) for v, t in zip(values, time, strict=True)])


def phase(values, time, hz):
    return np.angle(np.sum(values * np.exp(-2j * np.pi * hz * time)))


@pytest.mark.parametrize("fps", RATES)
def test_a_swinging_wrist_comes_less_than_15_ms_late(fps):
    rng = np.random.default_rng(1)
    time, hz = np.arange(0, 8, 1 / fps), 2.0
    wrist = np.zeros((len(time), 33, 3))
    wrist[:, :, 0] = 0.25 * np.sin(2 * np.pi * hz * time)[:, None]
    found = filtered(wrist + rng.normal(0, 0.005, wrist.shape), time)
    late = phase(wrist[:, 0, 0], time, hz) - phase(found[:, 0, 0], time, hz)
    assert 0 < late / (2 * np.pi * hz) < 0.015


@pytest.mark.parametrize("fps", RATES)
def test_noise_on_a_still_point_is_cut_to_less_than_half(fps):
    rng = np.random.default_rng(2)
    time = np.arange(0, 8, 1 / fps)
    noise = rng.normal(0, 0.005, (len(time), 33, 3))
    assert filtered(noise, time)[fps:].std() < 0.5 * noise.std()


def test_what_is_quick_is_followed_and_its_neighbours_stay_calm():
    rng = np.random.default_rng(3)
    time = np.arange(0, 4, 1 / 30)
    values = rng.normal(0, 0.005, (len(time), 2, 3))
    values[:, 0, 0] += 2.0 * time
    found = filtered(values, time)
    assert np.abs(found[60:, 0, 0] - 2.0 * time[60:]).mean() < 0.03
    assert found[60:, 1].std() < 0.0025


def test_uneven_pace_leaves_an_even_motion_even():
    rng = np.random.default_rng(4)
    time = np.cumsum(rng.uniform(0.005, 0.08, 200))
    values = np.repeat(time[:, None, None], 3, axis=2)
    late = time[50:] - filtered(values, time)[50:, 0, 0]
    assert late.min() > 0 and late.max() < 0.03


def test_it_begins_where_it_is_and_after_a_reset_anew():
    one = OneEuro()
    first, second = np.zeros((1, 3)), np.ones((1, 3))
    assert np.array_equal(one.step(first, 5.0), first)
    assert np.array_equal(one.step(second, 5.0), first), "no time has passed"
    assert 0 < one.step(second, 5.03)[0, 0] < 1
    one.reset()
    assert np.array_equal(one.step(second, 5.04), second)
