"""How long a job takes from another process, beside its floor in the same run.

    python3 bench/wire.py

The floor of a one-window `music/to_dance` over UDP is a bare UDP echo in another process plus the
bare model forward. Nothing else should be running.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import psutil

from oscbridge.cli.demo import running_daemon
from oscbridge.config import DEFAULT_MODEL
from oscbridge.domain.graphs import GRAPHS
from oscbridge.domain.music import Clip
from oscbridge.engine.loading import load
from oscbridge.io import model_files
from oscbridge.io.midi_file import read_clip
from oscbridge.io.osc import build, parse
from oscbridge.io.osc_client import Client
from oscbridge.shipped import EXAMPLE_SONG, MODELS

ROUNDS = 1000
ECHO = (
    "import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('127.0.0.1',0))\n"
    "print(s.getsockname()[1],flush=True)\nwhile True: s.sendto(*s.recvfrom(2048))"
)


def timed(action: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Median and 99th percentile of the action, in milliseconds, after a tenth to warm up."""
    took = np.empty(rounds)
    for i in range(-rounds // 10, rounds):
        start = time.perf_counter()
        action()
        took[max(i, 0)] = time.perf_counter() - start
    return float(np.median(took)) * 1e3, float(np.quantile(took, 0.99)) * 1e3


def show(what: str, median: float, p99: float) -> None:
    """One line of the table."""
    click.echo(f"{what:54} median {median:8.3f} ms   p99 {p99:8.3f} ms")


def echo() -> tuple[float, float]:
    """A bare UDP round trip to another process."""
    with subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE) as server:
        assert server.stdout
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", int(server.stdout.readline())))

            def trip() -> None:
                client.send(b"x" * 64)
                client.recv(2048)

            result = timed(trip)
        server.terminate()
    return result


def main() -> None:
    """Measure and print."""
    song = read_clip(EXAMPLE_SONG)
    window = Clip(tuple(n for n in song.notes if 24 <= n.start < 32), 32.0, song.timeline)
    window = Clip(tuple(replace(n, start=n.start - 24) for n in window.notes), 8.0)
    bars = 200
    long = Clip(
        tuple(
            replace(n, start=n.start + k * song.length)
            for k in range(8)
            for n in song.notes
            if n.start + k * song.length < bars * 4
        ),
        bars * 4.0,
    )
    bridge = load(model_files.find([MODELS], DEFAULT_MODEL))
    graphs = bridge._graphs
    declared = GRAPHS[bridge.card.preset]

    def run(name: str, *first: np.ndarray) -> np.ndarray:
        rest = declared[name].inputs[len(first) :]
        zeros = (np.zeros((1, *bridge.card.shape(tensor)), np.float32) for tensor in rest)
        return graphs.run(name, *first, *zeros)[0]

    def forward() -> None:
        z = run("bridge_encoder", run("midi_encoder"))
        run("pose_decoder", run("bridge_decoder", z))

    trip, model = echo(), timed(forward)
    show("bare UDP echo", *trip)
    show("bare model forward, music to dance", *model)
    poses = np.random.default_rng(1).standard_normal(3168).astype(np.float32)
    packet = build("/x", poses)
    show("pack 3,168 floats", *timed(lambda: build("/x", poses)))
    show("parse 3,168 floats", *timed(lambda: parse(packet)))
    with tempfile.TemporaryDirectory() as library, running_daemon(Path(library)) as port:
        with Client("127.0.0.1", port) as client:
            clip = client.put_clip(window)
            job = timed(lambda: client.request("music/to_dance", clip, 1, 0.0))
            show("music/to_dance, one window, over UDP", *job)
            click.echo(f"{'':54} {job[0] / (trip[0] + model[0]):.2f} x the floor")
            whole = client.put_clip(long)
            show(
                f"music/to_dance, {bars} bars, warm",
                *timed(lambda: client.request("music/to_dance", whole, 1, 0.0), 20),
            )
            for name in ("music/reconstruct", "dance/to_music", "dance/reconstruct"):
                # What they work on is made anew: the shelf drops what was long not used.
                music = name.startswith("music")
                source = (
                    client.put_clip(window) if music else client.request("dance/generate", 2, 1)[1]
                )
                made = timed(lambda n=name, s=source: client.request(n, s, 1, 0.0))
                show(f"{name}, one window, over UDP", *made)
        for child in psutil.Process().children():
            if "serve" in child.cmdline():
                click.echo(f"daemon memory {child.memory_info().rss / 1e6:.0f} MB")
    ask = [sys.executable, "-m", "oscbridge", "--help"]
    show("oscbridge --help", *timed(lambda: subprocess.run(ask, capture_output=True), 20))


if __name__ == "__main__":
    main()
