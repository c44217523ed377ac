"""How exactly notes go out, against the transport they were set on, over JACK's dummy driver.

    python3 bench/midi_jitter.py

A receiver in another process takes the time of each note. The floor, in the same run, is a bare
thread that sleeps until a note is due and sends it. Both run on an idle interpreter and beside
threads that hold it: numpy, which lets it go, and plain Python, which does so every 5 ms.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import click
import numpy as np
from oscbridge.io.midi_system import MidiSystem, close_output

from oscbridge.domain.music import Part
from oscbridge.domain.transport import Transport
from oscbridge.io.midi_out import MidiOut

NOTES = 2000
BPM = 150.0
PER_BEAT = 40
"""Notes a beat: one each 10 ms."""
RECEIVER = """
import json, sys, time, rtmidi
heard = []
port = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="receiver")
port.set_callback(lambda m, _: heard.append((time.perf_counter(), m[0][0], m[0][1])))
port.open_virtual_port(sys.argv[1])
print(flush=True)
sys.stdin.readline()
print(json.dumps([h for h in heard if h[1] & 0xF0 == 0x90]))
port.cancel_callback()
"""


@contextlib.contextmanager
def jack(period: int) -> Iterator[None]:
    """A JACK server without a sound card."""
    os.environ |= {"JACK_DEFAULT_SERVER": "oscbridge-bench", "JACK_NO_START_SERVER": "1"}
    command = ["jackd", "-n", "oscbridge-bench", "--no-realtime", "-d", "dummy", "-r", "48000"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, "-p", str(period)], **quiet) as server:  # type: ignore[call-overload]
        time.sleep(1.5)
        yield
        server.terminate()


def heard(name: str, send: Callable[[], list[float]]) -> np.ndarray:
    """Seconds each of `send`'s notes was late at the receiver; NaN for one that never came."""
    command = [sys.executable, "-c", RECEIVER, name]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        due = send()
        told = json.loads(process.communicate("\n", timeout=60)[0])
    late = np.full(len(due), np.nan)
    number = -1
    for at, _, pitch in told:
        number += 1 + (pitch - number - 1) % 128
        late[number] = at - due[number]
    return late


def by_midi_out() -> np.ndarray:
    """Notes of a transport, all given ahead to MidiOut, as the daemon's players do."""
    system = MidiSystem("UNIX_JACK")
    out = MidiOut()

    def send() -> list[float]:
        name = next(n for n in system.outputs() if n.endswith(":midi_out"))
        out.attach(system.open_output(name, virtual=False), name)
        transport = Transport(time.perf_counter() + 0.5, 0.0, BPM)
        due = [transport.time_of(k / PER_BEAT) for k in range(NOTES)]
        for k, at in enumerate(due):
            out.play(Part.DRUMS, k % 128, 100, at, at + 0.005)
            if k % 500 == 499:
                out.proved()
        while time.perf_counter() < due[-1] + 0.2:
            time.sleep(0.25)
            out.proved()
        return due

    late = heard("midi_out", send)
    out.close()
    system.close()
    return late


def by_bare_thread() -> np.ndarray:
    """The floor: `time.sleep` until each note is due, then RtMidi's own send."""
    system = MidiSystem("UNIX_JACK")
    ports = []

    def send() -> list[float]:
        name = next(n for n in system.outputs() if n.endswith(":bare"))
        port = system.open_output(name, virtual=False)
        ports.append(port)
        start = time.perf_counter() + 0.5
        due = [start + k * 60 / BPM / PER_BEAT for k in range(NOTES)]

        def run() -> None:
            for k, at in enumerate(due):
                time.sleep(max(0.0, at - time.perf_counter()))
                port.send_message((0x99, k % 128, 100))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        time.sleep(0.2)
        return due

    late = heard("bare", send)
    close_output(ports[0])
    system.close()
    return late


def numpy_work() -> None:
    """As an inference thread: matrices, without the interpreter's lock."""
    a = np.random.default_rng(1).standard_normal((256, 512)).astype(np.float32)
    while working.is_set():
        a @ a.T


def python_work() -> None:
    """As a loop that parses packets without a pause."""
    while working.is_set():
        sum(i * i for i in range(2000))


working = threading.Event()


@contextlib.contextmanager
def beside(work: Callable[[], None] | None, interval: float | None) -> Iterator[None]:
    """With a thread at that work, and the interpreter switching threads at that interval."""
    usual = sys.getswitchinterval()
    if interval:
        sys.setswitchinterval(interval)
    working.set()
    thread = threading.Thread(target=work) if work else None
    if thread:
        thread.start()
    yield
    working.clear()
    if thread:
        thread.join()
    sys.setswitchinterval(usual)


def show(what: str, late: np.ndarray) -> None:
    """One line of the table: what came, and how far from the median."""
    came = late[~np.isnan(late)] * 1e3
    jitter = np.abs(came - np.median(came))
    click.echo(
        f"{what:46} late: median {np.median(came):6.2f}  p99 {np.quantile(came, 0.99):6.2f}   "
        f"jitter p99 {np.quantile(jitter, 0.99):6.2f}  max {jitter.max():6.2f} ms   "
        f"lost {len(late) - len(came)}"
    )


@click.command()
@click.option("--period", default=64, show_default=True, help="Frames of JACK's period.")
def main(period: int) -> None:
    """Measure and print."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    click.echo(f"{multiprocessing.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with jack(period):
        for work, interval, said in (
            (None, None, "idle"),
            (numpy_work, None, "beside numpy"),
            (python_work, None, "beside Python, switching every 5 ms"),
            (python_work, 0.001, "beside Python, switching every 1 ms"),
        ):
            with beside(work, interval):
                show(f"bare thread, {said}", by_bare_thread())
            with beside(work, interval):
                show(f"MidiOut, {said}", by_midi_out())


if __name__ == "__main__":
    main()
