"""How far from the transport notes sound: MIDI out over a JACK server to another program.

    python3 bench/midi_jitter.py

Starts `jackd` with its dummy driver (periods of 64 frames, 1.3 ms). Beside it the floor: a bare
thread that waits for the same moments in the same run. Once with nothing else in the process, once
with a thread of numpy work. Late is against the transport; jitter against the median.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

# One thread of numpy, as inference has one; before numpy is there to read it.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import click
import numpy as np

from oscbridge.domain.music import Part
from oscbridge.domain.transport import Transport
from oscbridge.io.midi_out import MidiOut
from oscbridge.io.midi_watch import MidiWatch

NAME = "oscbridge-bench"
APART, AHEAD, LENGTH = 1 / 64, 0.05, 1 / 128
"""Beats between two notes and of each; seconds a note is told ahead, as the daemon does."""
HEARS = """
import rtmidi, sys, time
heard = []
port = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "bench")
port.set_callback(lambda event, _: heard.append((time.perf_counter(), *event[0])))
port.open_virtual_port("ear")
print("open", flush=True)
sys.stdin.readline()
print(*(time for time, kind, *_ in heard if kind & 0xF0 == 0x90))
"""


@contextlib.contextmanager
def server(period: int) -> Iterator[None]:
    """A JACK server of our own."""
    os.environ |= {"JACK_DEFAULT_SERVER": NAME, "JACK_NO_START_SERVER": "1"}
    driver = ["-d", "dummy", "-r", "48000", "-p", f"{period}"]
    command = ["jackd", "-n", NAME, "--no-realtime", *driver]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as jackd:
        try:
            time.sleep(2)
            yield
        finally:
            jackd.terminate()


@contextlib.contextmanager
def working() -> Iterator[None]:
    """A second thread that does what inference does."""
    over = threading.Event()
    a = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)

    def work() -> None:
        while not over.is_set():
            np.tanh(a @ a).sum()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def floor(deadlines: np.ndarray, reached: list[float]) -> None:
    """A bare thread at the same moments."""
    wake = threading.Event()
    for deadline in deadlines:
        wake.wait(max(0.0, deadline - time.perf_counter()))
        reached.append(time.perf_counter())


async def one(seconds: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Seconds late of notes at the other end and of a bare thread; notes that got lost."""
    ear = subprocess.Popen(
        [sys.executable, "-c", HEARS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    ear.stdout.readline()
    watch = MidiWatch("UNIX_JACK")
    out = MidiOut(watch, "ear", lambda name, text: click.echo(f"{name}: {text or 'well'}"))
    while not out.port:
        await asyncio.sleep(0.05)
    transport = Transport(time=time.perf_counter() + 0.5)
    beats = np.arange(0, seconds / transport.pace, APART * 4)
    deadlines = np.array([transport.time_of(beat) for beat in beats])
    reached: list[float] = []
    bare = threading.Thread(target=floor, args=(deadlines, reached))
    bare.start()
    for n, (beat, deadline) in enumerate(zip(beats, deadlines, strict=True)):
        await asyncio.sleep(max(0.0, deadline - AHEAD - time.perf_counter()))
        out.play(Part.MELODY, n % 128, 90, deadline, transport.time_of(beat + LENGTH))
    await asyncio.sleep(0.5)
    bare.join()
    heard = np.array([float(t) for t in ear.communicate("\n")[0].split()])
    click.echo(f"sent {out.sent}, unsent {out.unsent}")
    await out.close()
    await watch.close()
    # Each note heard belongs to the latest moment before it: nothing comes early.
    late = heard - deadlines[np.searchsorted(deadlines, heard) - 1]
    return late, np.array(reached) - deadlines, len(deadlines) - len(heard)


def show(what: str, late: np.ndarray) -> None:
    """Median and 99th percentile, milliseconds."""
    ms = late * 1e3
    jitter = np.abs(ms - np.median(ms))
    click.echo(
        f"{what:28} late: median {np.median(ms):6.3f}  p99 {np.percentile(ms, 99):6.3f} ms   "
        f"jitter: median {np.median(jitter):6.3f}  p99 {np.percentile(jitter, 99):6.3f} ms   "
        f"({len(ms)})"
    )


@click.command()
@click.option("--seconds", default=30.0, show_default=True, help="Length of each run.")
@click.option("--period", default=64, show_default=True, help="Frames of JACK's period.")
def main(seconds: float, period: int) -> None:
    """Measure."""
    with server(period):
        for name, beside in (("quiet", contextlib.nullcontext), ("numpy beside", working)):
            with beside():
                notes, bare, lost = asyncio.run(one(seconds))
            show(f"{name}: notes", notes)
            show(f"{name}: floor, a bare thread", bare)
            click.echo(f"{name}: {lost} notes lost on the way")


if __name__ == "__main__":
    main()
