"""MIDI through a real JACK server, with another program at the other end."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time

import pytest

from oscbridge.domain.clock_follow import MidiFollower
from oscbridge.domain.music import Part
from oscbridge.domain.transport import Transport
from oscbridge.io.midi_in import MidiIn
from oscbridge.io.midi_out import MidiOut
from oscbridge.io.midi_watch import MidiWatch

WITHIN = 15.0
SERVER = "oscbridge-test"
# The period is longer than a server on a busy machine misses: what falls into one is lost.
JACKD = ["jackd", "-n", SERVER, "--no-realtime", "-d", "dummy", "-r", "48000", "-p", "256"]

PEER = """
import sys, rtmidi
way, name = sys.argv[1:]
port = (rtmidi.MidiIn if way == "in" else rtmidi.MidiOut)(rtmidi.API_UNIX_JACK, "peer")
if way == "in":
    port.ignore_types(timing=False)
    port.set_callback(lambda event, _: print(*event[0], flush=True))
port.open_virtual_port(name)
print("open", flush=True)
for line in sys.stdin:
    port.send_message([int(word) for word in line.split()])
"""


@contextlib.contextmanager
def serving():
    with subprocess.Popen(JACKD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_server()
            yield server
        finally:
            server.terminate()


def wait_for_server():
    look = [sys.executable, "-c", "import rtmidi; rtmidi.MidiIn(rtmidi.API_UNIX_JACK)"]
    for _ in range(50):
        if subprocess.run(look, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("jackd does not answer")


@pytest.fixture
def jack(monkeypatch):
    if shutil.which("jackd") is None:
        text = "jackd is not installed: apt-get install jackd2"
        if os.environ.get("OSCBRIDGE_REQUIRE_PEERS") == "1":
            pytest.fail(text)
        pytest.skip(text)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", SERVER)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    monkeypatch.setenv("OSCBRIDGE_MIDI_API", "UNIX_JACK")
    with serving() as server:
        yield server


class Peer:
    """Another program with a port of its own."""

    def __init__(self, way, name):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PEER, way, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        assert self.process.stdout.readline() == "open\n"

    def send(self, *message):
        print(*message, file=self.process.stdin)

    def end(self):
        self.process.kill()
        return [tuple(map(int, line.split())) for line in self.process.communicate()[0].split("\n")]


class States(list):
    def __call__(self, name, text):
        self.append(text)


async def until(true):
    end = time.perf_counter() + WITHIN
    while not true():
        assert time.perf_counter() < end, "it did not come to pass"
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def watching():
    watch = MidiWatch()
    try:
        yield watch
    finally:
        await watch.close()


def test_notes_reach_another_program_in_order_and_panic_ends_them(jack):
    async def session():
        peer = Peer("in", "synth")
        async with watching() as watch:
            out = MidiOut(watch, "SYNTH", states := States())
            await until(lambda: out.port == "peer:synth")
            assert states[-1] == ""
            start = time.perf_counter() + 0.1
            for n in range(300):
                out.play(Part(n % 3), n % 128, 1 + n % 127, start + n / 200, start + n / 200 + 0.1)
            out.play(Part.MELODY, 77, 99, start + 2, start + 1000)
            await asyncio.sleep(start + 2.2 - time.perf_counter())
            out.play(Part.BASS, 70, 99, start + 3, start + 4)
            out.panic()
            await asyncio.sleep(0.1)
            await out.close()
        return peer.end()

    heard = asyncio.run(session())
    on = [m for m in heard if m and m[0] & 0xF0 == 0x90]
    channels = (0x99, 0x91, 0x90)
    expected = [(channels[n % 3], n % 128, 1 + n % 127) for n in range(300)]
    assert on == [*expected, (0x90, 77, 99)]
    off = [m[:2] for m in heard if m and m[0] & 0xF0 == 0x80]
    assert off == [(c - 0x10, p) for c, p, _ in on]
    silence = [(0xB0 | c, k, 0) for c in (0, 1, 9) for k in (123, 120)]
    assert [m for m in heard if m and m[0] & 0xF0 == 0xB0] == silence * 2  # panic, then close


def test_a_keyboard_is_heard_pulled_and_heard_again(jack):
    async def session():
        played = []
        async with watching() as watch:
            keys = MidiIn(watch, "keyboard", states := States(), played.append)
            await until(lambda: states and "keyboard" in states[-1])
            for channel, part in ((9, Part.DRUMS), (0, Part.MELODY)):
                peer = Peer("out", "keyboard")
                await until(lambda: states[-1] == "")
                before = time.perf_counter()
                peer.send(0x90 | channel, 60, 100)
                await until(lambda: played)
                assert (played[0].part, played[0].pitch, played[0].velocity) == (part, 60, 100)
                assert before < played[0].time < time.perf_counter()
                peer.end()
                # What was held when it was pulled ends.
                await until(lambda: len(played) == 2)
                assert (played[1].pitch, played[1].velocity) == (60, 0)
                assert "keyboard" in states[-1]
                played.clear()
            await keys.close()

    asyncio.run(session())


def test_a_synthesizer_that_returns_is_played_to_again(jack):
    async def session():
        async with watching() as watch:
            out = MidiOut(watch, "synth", states := States())
            for _ in range(2):
                peer = Peer("in", "synth")
                await until(lambda: states and states[-1] == "")
                now = time.perf_counter()
                out.play(Part.MELODY, 60, 100, now, now + 0.01)
                await asyncio.sleep(0.2)
                assert (0x90, 60, 100) in peer.end()
                await until(lambda: "synth" in states[-1])
            now = time.perf_counter()
            out.play(Part.MELODY, 60, 100, now, now + 0.01)
            await until(lambda: out.unsent == 2)
            await out.close()

    asyncio.run(session())


def test_clock_out_is_followed_to_the_same_transport(jack):
    async def session():
        follower, follows = MidiFollower(), [Transport(playing=False)]

        def on_clock(*message):
            if after := follower.take(follows[0], *message):
                follows[0] = after

        async with watching() as watch:
            ears = MidiIn(watch, "clock", States(), print, on_clock, virtual=True)
            await until(lambda: ears.port)
            out = MidiOut(watch, "clock", States(), clock=True)
            await until(lambda: out.port)
            led = Transport(time=time.perf_counter(), beat=8.0, bpm=140.0)
            out.follow(led)
            await asyncio.sleep(2.5)
            now = time.perf_counter()
            assert follows[0].beat_at(now) == pytest.approx(led.beat_at(now), abs=0.05)
            led = led.at(now, bpm=100.0)
            out.follow(led)
            await asyncio.sleep(2.5)
            now = time.perf_counter()
            assert follows[0].bpm == pytest.approx(100.0, abs=1.0)
            assert follows[0].beat_at(now) == pytest.approx(led.beat_at(now), abs=0.05)
            out.follow(led.stopped(now))
            await until(lambda: follower.state == "stopped")
            assert not follows[0].playing
            await out.close()
            await ears.close()

    asyncio.run(session())


CRASHES = """
import asyncio, sys, time
sys.path.insert(0, sys.argv[1])
from test_midi import MidiOut, MidiWatch, Part, States, until

async def main():
    out = MidiOut(MidiWatch(), "synth", States())
    await until(lambda: out.port)
    now = time.perf_counter()
    out.play(Part.BASS, 40, 100, now, now + 1000)
    await until(lambda: out.sent)
    raise ZeroDivisionError

asyncio.run(main())
"""


def test_a_program_that_breaks_leaves_no_note_hanging(jack):
    peer = Peer("in", "synth")
    here = os.path.dirname(__file__)  # noqa: PTH120
    done = subprocess.run([sys.executable, "-c", CRASHES, here], capture_output=True, timeout=60)
    assert b"ZeroDivisionError" in done.stderr
    heard = peer.end()
    assert heard.index((0x91, 40, 100)) < heard.index((0x81, 40, 64))


KILLED = """
import asyncio, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from test_midi import JACKD, MidiIn, MidiOut, Part, States, Transport, serving, until, watching

async def main():
    with serving() as server:
        async with watching() as watch:
            played, states = [], States()
            ears = MidiIn(watch, "ears", States(), played.append, virtual=True)
            await until(lambda: ears.port)
            out = MidiOut(watch, "ears", states, clock=True)
            await until(lambda: out.port)
            server.kill()
            server.wait()
            out.follow(Transport(time=time.perf_counter(), bpm=1000.0))
            for _ in range(5000):
                now = time.perf_counter()
                out.play(Part.MELODY, 60, 100, now, now + 0.0001)
                await asyncio.sleep(0.0001)
            await until(lambda: "JACK" in states[-1])
            print("named:", states[-1], flush=True)
            with serving():
                await until(lambda: ears.port and out.port)
                played.clear()
                now = time.perf_counter()
                out.play(Part.BASS, 40, 100, now, now + 0.1)
                await until(lambda: len(played) == 2)
                await out.close()
                await ears.close()
    print("well", flush=True)

asyncio.run(main())
"""


def test_a_server_that_is_killed_is_named_and_nothing_dies(jack):
    jack.terminate()
    jack.wait()
    here = os.path.dirname(__file__)  # noqa: PTH120
    done = subprocess.run(
        [sys.executable, "-c", KILLED, here], capture_output=True, text=True, timeout=90
    )
    assert "named:" in done.stdout, done.stderr
    assert done.stdout.endswith("well\n"), done.stderr
    assert done.returncode == 0, done.stderr
