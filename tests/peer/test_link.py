"""An Ableton Link session with another implementation's peer, in a network of their own."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

PEER = """
import sys, time
import link
session = link.Link(97.0)
session.startStopSyncEnabled = True
session.enabled = True
for line in sys.stdin:
    word, *value = line.split()
    state, now = session.captureSessionState(), session.clock().micros()
    if word == "tempo":
        state.setTempo(float(value[0]), now)
    elif word == "play":
        state.setIsPlaying(bool(int(value[0])), now)
    if word != "get":
        session.commitSessionState(state)
    here = state.beatAtTime(session.clock().micros(), 4.0)
    print(state.tempo(), here, time.perf_counter(), int(state.isPlaying()), flush=True)
"""

OURS = """
import asyncio, subprocess, sys, time
from oscbridge.daemon.live.clock import Clock
from oscbridge.domain.transport import Transport

async def main():
    peer = subprocess.Popen([sys.executable, "-c", sys.argv[1]], text=True, bufsize=1,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    def ask(line):
        print(line, file=peer.stdin)
        tempo, beat, at, playing = map(float, peer.stdout.readline().split())
        return tempo, beat, at, playing
    async def until(true, what):
        end = time.perf_counter() + 20
        while not true():
            assert time.perf_counter() < end, what
            await asyncio.sleep(0.02)
    ask("tempo 97")
    clock = Clock(Transport(time=time.perf_counter(), bpm=120.0))
    troubles = []
    clock.trouble = troubles.append
    clock.choose("link")
    looks = asyncio.create_task(clock.run())
    await until(lambda: clock.peers == 1, "no peer")
    await until(lambda: abs(ask("get")[0] - clock.transport.bpm) < 0.01, "tempo differs")
    print("joined at", clock.transport.bpm)

    ask("tempo 133")
    await until(lambda: abs(clock.transport.bpm - 133) < 0.01, "their tempo")
    clock.set_tempo(88.0)
    await until(lambda: abs(ask("get")[0] - 88) < 0.01, "our tempo")
    await asyncio.sleep(1.0)
    assert abs(clock.transport.bpm - 88) < 0.01
    off = []
    for _ in range(20):
        _, beat, at, _ = ask("get")
        off.append((clock.transport.beat_at(at) - beat + 2) % 4 - 2)
        await asyncio.sleep(0.05)
    print("beats apart", max(map(abs, off)))
    assert max(map(abs, off)) < 0.02, off

    assert clock.transport.playing
    ask("play 1")
    await asyncio.sleep(0.5)
    ask("play 0")
    await until(lambda: not clock.transport.playing, "their stop")
    clock.play(True)
    await until(lambda: ask("get")[3], "our start")

    peer.kill()
    await until(lambda: "alone" in troubles[-1], "alone")
    assert clock.told()[:2] == ("link", "running")
    looks.cancel()
    clock.close()
    print("well")

asyncio.run(main())
"""


def test_two_implementations_agree_on_tempo_beat_start_and_stop():
    missing = [name for name in ("aalink", "link") if importlib.util.find_spec(name) is None]
    if missing or shutil.which("unshare") is None:
        text = f"no {missing or 'unshare'}: pip install aalink LinkPython-extern"
        if os.environ.get("OSCBRIDGE_REQUIRE_PEERS") == "1":
            pytest.fail(text)
        pytest.skip(text)
    # A network of their own: nobody's session is joined, and nobody joins this one.
    inside = 'ip link set lo up && exec "$0" "$@"'
    done = subprocess.run(
        ["unshare", "-rn", "bash", "-c", inside, sys.executable, "-c", OURS, PEER],
        capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.stdout.endswith("well\n"), done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
