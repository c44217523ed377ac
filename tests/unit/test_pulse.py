"""The pulse comes once a step, ahead of it, whatever happens to the clock or to a step."""

import asyncio
import contextlib
from time import perf_counter

import pytest

from oscbridge.daemon.live.pulse import MOST_LEAD, Pulse
from oscbridge.domain.transport import Transport


def prepared(count, then=None, transport=None, bpm=600.0):
    """The first steps a pulse prepares, with when and how far ahead; `then(pulse, step)` is called
    while each is prepared.
    """

    async def session():
        got = []
        over = asyncio.Event()

        async def prepare(step):
            now = perf_counter()
            got.append((step, pulse._transport.time_of(step / 4) - now))
            if len(got) == count:
                over.set()
            if then:
                then(pulse, step)

        pulse = Pulse(transport or Transport(perf_counter(), bpm=bpm), prepare)
        task = asyncio.create_task(pulse.run())
        async with asyncio.timeout(20):
            await over.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return got

    return asyncio.run(session())


def test_each_step_comes_once_and_ahead_of_its_time():
    got = prepared(20)
    steps = [step for step, _ in got]
    assert steps == sorted(set(steps))
    ahead = sorted(lead for _, lead in got[2:])
    assert ahead[len(ahead) // 2] > 0 and ahead[-1] <= MOST_LEAD + 1e-3


def test_a_fault_in_one_step_ends_nothing():
    def fail(pulse, step):
        if step % 2:
            raise RuntimeError("a fault")

    steps = [step for step, _ in prepared(12, fail)]
    assert len(steps) == 12


def test_after_a_jump_steps_go_on_from_there():
    def jump(pulse, step):
        if step == 5:
            now = perf_counter()
            pulse.follow(pulse._transport.at(now, beat=100.0), jumped=True)

    steps = [step for step, _ in prepared(20, jump)]
    assert steps[-1] > 400 and max(s for s in steps if s < 300) <= 6


@pytest.mark.parametrize("bpm", [300.0, 900.0])
def test_another_tempo_leaves_no_step_out(bpm):
    def turn(pulse, step):
        if step == 6:
            pulse.follow(pulse._transport.at(perf_counter(), bpm=bpm), jumped=False)

    steps = [step for step, _ in prepared(14, turn)]
    assert steps == list(range(steps[0], steps[0] + 14))


def test_stopped_it_waits_and_goes_on_when_told():
    def stop(pulse, step):
        if step == 3:
            now = perf_counter()
            pulse.follow(pulse._transport.stopped(now), jumped=False)
            loop = asyncio.get_running_loop()
            loop.call_later(
                0.1, lambda: pulse.follow(pulse._transport.started(perf_counter()), jumped=False)
            )

    steps = [step for step, _ in prepared(8, stop)]
    assert steps == list(range(steps[0], steps[0] + 8))
