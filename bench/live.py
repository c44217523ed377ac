"""How the live path holds out: people streaming poses and jobs beside them, on one daemon.

    python3 bench/live.py --minutes 10

Eight people at 60 frames a second, each with a voice of their own, and 100 jobs a second from
another client. Prints how late notes come (against the transport, as a subscriber hears both), how
long jobs take, what the daemon uses, and how long one frame takes inside it. Nothing else should
be running; say so beside the figures if it was.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import psutil

from oscbridge.api import ROOT
from oscbridge.cli.demo import running_daemon
from oscbridge.config import DEFAULT_MODEL, Config
from oscbridge.domain.dance import Dance
from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import Timeline
from oscbridge.engine.loading import load
from oscbridge.io import model_files
from oscbridge.io.osc import build, parse
from oscbridge.shipped import MODELS

FPS, BPM = 60.0, 120.0
CLIP = 1
"""Handle of the first clip a daemon makes."""


@dataclass
class Heard:
    """What a subscriber and a client of jobs got, with when."""

    notes: list[tuple[float, float]] = field(default_factory=list)
    beats: list[tuple[float, float]] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def show(what: str, values: list[float]) -> None:
    """Median, 99th percentile and the worst, in milliseconds."""
    ms = np.array(values) * 1e3
    told = "  ".join(f"{n} {np.percentile(ms, q):8.3f} ms" for n, q in
                     (("median", 50), ("p99", 99), ("worst", 100)))  # fmt: skip
    click.echo(f"{what:44} {told}  ({len(ms)})")


@contextmanager
def listening(port: int, heard: Heard, asked: dict[int, float]) -> Iterator[socket.socket]:
    """A client whose answers are taken down as they come."""
    over = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        wire.connect(("127.0.0.1", port))
        wire.settimeout(0.1)

        def listen() -> None:
            while not over.is_set():
                try:
                    packet = wire.recv(65536)
                except (TimeoutError, ConnectionRefusedError):
                    continue
                now = time.perf_counter()
                for message in parse(packet):
                    name = message.address.removeprefix(f"{ROOT}/")
                    heard.counts[name] += 1
                    if name == "out/note":
                        heard.notes.append((now, message.args[5]))
                    elif name == "transport/state":
                        heard.beats.append((now, message.args[3]))
                    elif name == "fail":
                        asked.pop(message.args[1], None)
                    elif name == "done" and message.args[1] in asked:
                        heard.took.append(now - asked.pop(message.args[1]))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield wire
        finally:
            over.set()
            thread.join()


def people_stream(wire: socket.socket, dance: Dance, people: int, over: threading.Event) -> None:
    """Poses of so many people, each elsewhere in the dance, until it is over."""
    start, frame = time.perf_counter(), 0
    while not over.is_set():
        for person in range(people):
            pose = dance.landmarks[(frame + 97 * person) % dance.frames].ravel()
            wire.send(build(f"{ROOT}/pose/frame", person, frame, frame / FPS, pose))
        frame += 1
        time.sleep(max(0.0, start + frame / FPS - time.perf_counter()))


def jobs_stream(
    wire: socket.socket, rate: float, asked: dict[int, float], over: threading.Event
) -> None:
    """Small jobs, as many a second as asked."""
    start, number = time.perf_counter(), 0
    while not over.is_set() and rate:
        number += 1
        asked[number] = time.perf_counter()
        wire.send(build(f"{ROOT}/music/reconstruct", number, CLIP))
        time.sleep(max(0.0, start + number / rate - time.perf_counter()))


def one_frame(dance: Dance) -> list[float]:
    """Seconds that a pose takes inside the daemon, from its packet to its track."""
    from oscbridge.daemon.server import Daemon, Library

    async def measured() -> list[float]:
        bridge = load(model_files.find([MODELS], DEFAULT_MODEL))
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(Config(port=0), bridge, Library(Path(folder)))
            await daemon.listen()
            took = []
            for frame in range(2000):
                pose = dance.landmarks[frame % dance.frames].ravel()
                packet = build(f"{ROOT}/pose/frame", 1, frame, frame / FPS, pose)
                start = time.perf_counter()
                daemon._udp_packet(packet, ("127.0.0.1", 9))
                took.append(time.perf_counter() - start)
                await asyncio.sleep(0.002)
            await daemon.close()
        return took[200:]

    return asyncio.run(measured())


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--people", default=8, show_default=True)
@click.option("--jobs", default=100.0, show_default=True, help="Jobs a second.")
def main(minutes: float, people: int, jobs: float) -> None:
    """Measure and print."""
    dance = load(model_files.find([MODELS], DEFAULT_MODEL)).new_dance(
        bars=16, tempo=BPM, sampling=Sampling(seed=1, temperature=1.0)
    )
    dance = dance.at_fps(FPS, Timeline.steady(BPM))
    show("one frame inside the daemon", one_frame(dance))
    heard, asked, over = Heard(), dict[int, float](), threading.Event()
    with tempfile.TemporaryDirectory() as folder, running_daemon(Path(folder)) as port:
        (daemon,) = (c for c in psutil.Process().children() if "serve" in c.cmdline())
        with listening(port, heard, asked) as wire, listening(port, heard, asked) as other:
            other.send(build(f"{ROOT}/music/generate", 0, 2, 1))
            for stream in ("note", "transport"):
                wire.send(build(f"{ROOT}/subscribe", stream, 1))
            for person in range(1, people + 1):
                wire.send(build(f"{ROOT}/voice/open", f"voice{person}", person, "follow"))
            threads = [
                threading.Thread(target=people_stream, args=(wire, dance, people, over)),
                threading.Thread(target=jobs_stream, args=(other, jobs, asked, over)),
            ]
            time.sleep(1.0)
            for thread in threads:
                thread.start()
            time.sleep(4.0)
            before, began = daemon.cpu_times(), time.perf_counter()
            memory = daemon.memory_info().rss
            heard.took.clear()
            heard.notes.clear()
            waiting = []
            while time.perf_counter() - began < minutes * 60:
                time.sleep(1.0)
                waiting.append(len(asked))
            after, passed = daemon.cpu_times(), time.perf_counter() - began
            over.set()
            for thread in threads:
                thread.join()
            grown = daemon.memory_info().rss - memory
    used = after.user + after.system - before.user - before.system
    click.echo(f"{passed:.0f} s, {people} people at {FPS:.0f} fps, {jobs:g} jobs a second")
    click.echo(f"of a core: {used / passed:.2f}; memory grew by {grown / 1e6:.1f} MB")
    first, last = np.mean(waiting[:10]), np.mean(waiting[-10:])
    click.echo(
        f"jobs under way: {first:.1f} at first, {last:.1f} at the end, {max(waiting)} at most"
    )
    click.echo(f"refused: {heard.counts['fail']}")
    if heard.took:
        show("a job (music of two bars rebuilt)", heard.took)
    at, beat = np.array(heard.beats).T
    line = np.median(at - beat * 60 / BPM)
    step = 4 * BPM / 60
    late = [t - line - max(b * 60 / BPM, round(b * 60 / BPM * step) / step) for t, b in heard.notes]
    show("a note, later than its step and its own time", late)


if __name__ == "__main__":
    main()
