"""Following a flow whose end is known."""

from __future__ import annotations

import numpy as np

from oscbridge.domain import flow
from oscbridge.domain.flow import Points


def test_a_flow_to_a_known_gaussian_ends_there() -> None:
    noise = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    mean, deviation = np.array([1.0, -2.0, 0.5]), np.array([0.5, 2.0, 1.0])

    def velocity(x: Points, time: Points) -> Points:
        assert time.shape == (50, 1)
        spread = 1 + time * (deviation - 1)
        return np.asarray((x - time * mean) / spread * (deviation - 1) + mean, np.float32)

    made = flow.draw(velocity, noise)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, mean + deviation * noise, atol=1e-4)


def test_a_curved_way_is_followed_closer_with_more_steps() -> None:
    start = np.array([[1.0, 0.0]], np.float32)

    def turning(x: Points, time: Points) -> Points:
        return np.asarray(np.pi * np.stack([-x[:, 1], x[:, 0]], axis=1), np.float32)

    errors = [np.abs(flow.draw(turning, start, n) - [[-1, 0]]).max() for n in (8, 32)]
    assert errors[1] < errors[0] / 8  # Heun's error falls with the square
    assert errors[1] < 0.01
