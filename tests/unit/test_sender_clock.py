import math

import numpy as np
import pytest

from oscbridge.domain.sender_clock import SenderClock


def run(sent, came):
    """Which frames were placed, their host times in the end, and how often it began anew."""
    clock, kept = SenderClock(), []
    done, held, anew = [], [], -1
    for i, (time, now) in enumerate(zip(sent, came, strict=True)):
        before = clock.host(np.array(held))
        place = clock.place(time, now)
        if place is None:
            continue
        if place[1]:
            anew += 1
            done, held = done + before.tolist(), []
        held.append(place[0])
        kept.append(i)
    return np.array(kept), np.array(done + clock.host(np.array(held)).tolist()), anew


def network(count=600, fps=30, seed=0, spread=0.02):
    rng = np.random.default_rng(seed)
    seen = 1000 + np.arange(count) / fps
    return seen, seen + 0.004 + rng.exponential(spread, count)


@pytest.mark.parametrize("zero", [0.0, 1.7e9, -50.0])
@pytest.mark.parametrize("rate", [1.0, 1.0002, 0.92, 1.08])
def test_jitter_does_not_become_motion_whatever_the_clock(zero, rate):
    seen, came = network()
    order = np.argsort(came)
    kept, found, anew = run((seen[order] - 1000) * rate + zero, came[order])
    true = seen[order][kept] + 0.004
    assert anew == 0 and len(kept) > 400
    assert (came[order][kept] - true).std() > 0.01, "what came was uneven"
    assert np.abs(found - true)[-150:].max() < 0.002


def test_frames_that_come_in_order_keep_their_even_pace():
    seen, came = network(spread=0.01, seed=4)
    came = np.maximum.accumulate(came)
    kept, found, _ = run(seen - 1000, came)
    assert len(kept) == len(seen)
    assert np.diff(found) == pytest.approx(1 / 30, abs=1e-4)
    assert np.diff(came).std() > 0.005, "what came was uneven"


def test_a_sender_that_starts_again_is_followed_from_there():
    first, second = np.arange(90) / 30, np.arange(90) / 30
    came = 50 + np.concatenate([first, 5 + second])
    _, found, anew = run(np.concatenate([first, second]), came)
    assert anew == 1
    assert found == pytest.approx(came, abs=1e-6)


def test_a_clock_that_jumps_ahead_or_was_paused_is_followed():
    sent = np.concatenate(
        [np.arange(60) / 30, 7200 + np.arange(60) / 30, 7202 + np.arange(60) / 30]
    )
    came = 50 + np.concatenate([np.arange(120) / 30, 30 + np.arange(60) / 30])
    _, found, anew = run(sent, came)
    assert anew == 2
    assert found == pytest.approx(came, abs=1e-6)


def test_an_older_frame_is_none_and_changes_nothing():
    clock = SenderClock()
    assert clock.place(1.0, 10.0) == (1.0, True)
    assert clock.place(1.1, 10.1) == (1.1, False)
    assert clock.place(1.05, 10.12) is None
    assert clock.place(1.1, 10.13) is None
    assert clock.place(1.2, 10.2) == (1.2, False)


@pytest.mark.parametrize(
    "told", [lambda i: math.nan, lambda i: 7.0, lambda i: i * 33.0, lambda i: i / 10]
)
def test_where_no_seconds_are_told_frames_are_taken_as_they_come(told):
    came = 100 + np.arange(300) / 30
    _, found, _ = run([told(i) for i in range(300)], came)
    assert len(found) > 290
    assert found[-150:] == pytest.approx(came[-150:], abs=0.02)
