"""What a clip library of 50,000 clips costs: listed, searched, marked, over the wire.

    python3 bench/library.py

Beside it, in the same run, the floors: a bare search of as many names in SQLite, and a bare look
through the folder. Reading a library that is new is timed apart.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from oscbridge.api import ROOT
from oscbridge.cli.demo import running_daemon
from oscbridge.domain.made import Made
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import Timeline
from oscbridge.io import clip_file
from oscbridge.io.osc_client import Client

CLIPS, ROUNDS, PAGE = 50_000, 200, 100


def timed(what: str, ask: Callable[[], object], rounds: int = ROUNDS) -> None:
    """Prints how long it takes."""
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        ask()
        took.append(1e3 * (time.perf_counter() - start))
    median, late = np.percentile(took, (50, 99))
    click.echo(f"{what:56} median {median:8.2f} ms   p99 {late:8.2f} ms")


def fill(folder: Path) -> None:
    """So many clips, alike but for their names and seeds."""
    notes = tuple(Note(i / 4, Part(i % 3), 36 + i % 24, 0.25, 90) for i in range(32))
    clip = Clip(notes, 8.0, Timeline.steady(120.0), "clip")
    made = Made("music/generate", 1e9, "studio", 1, "", 0, {"bars": 2})
    for seed in range(CLIPS):
        name = f"generate 2 bars 120 bpm seed {seed}.mid"
        told = replace(made, seed=seed, created=1e9 + seed)
        (folder / name).write_bytes(clip_file.to_bytes(clip, told))


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "clips"
        folder.mkdir()
        fill(folder)
        bare = sqlite3.connect(":memory:")
        bare.execute("create table clips(found text)")
        bare.executemany("insert into clips values(?)", ((n.lower(),) for n in os.listdir(folder)))  # noqa: PTH208
        query = "select found from clips where instr(found, ?) limit 100"
        counted = "select count(*) from clips where instr(found, ?)"

        def search() -> None:
            bare.execute(query, ("777",)).fetchall()
            bare.execute(counted, ("777",)).fetchone()

        timed("floor: a bare folder listed", lambda: os.listdir(folder), 20)  # noqa: PTH208
        timed("floor: a bare search of as many names", search)
        with running_daemon(folder) as port, Client("127.0.0.1", port, tcp=True) as client:
            start = time.perf_counter()
            while not _all_read(client):
                time.sleep(0.5)
            click.echo(f"a new library of {CLIPS} clips read, while it serves: "
                       f"{time.perf_counter() - start:.1f} s")  # fmt: skip
            timed("the newest 100 of all", lambda: client.request("clip/find", "", 0, 0, PAGE))
            timed("100 in the middle", lambda: client.request("clip/find", "", 0, 25_000, PAGE))
            timed("a search, 100 told", lambda: client.request("clip/find", "777", 0, 0, PAGE))
            timed("a search of nothing", lambda: client.request("clip/find", "nowhere", 0, 0, PAGE))
            name = "generate 2 bars 120 bpm seed 777.mid"
            timed("a favourite", lambda: client.request("clip/favourite", name, 1))
            handle = client.request("music/generate", 2, 1)[1]
            timed("a clip saved", lambda: client.request("clip/save", handle), 50)
            timed("the newest 100 after a save",
                  lambda: (client.request("clip/save", handle),
                           client.request("clip/find", "", 0, 0, PAGE)), 50)  # fmt: skip


def _all_read(client: Client) -> bool:
    """Whether the oldest clips are known too."""
    told: list[int] = []

    def take(message: object) -> None:
        if getattr(message, "address", "") == f"{ROOT}/clip/item":
            told.append(message.args[3])  # type: ignore[attr-defined]

    client.request("clip/find", "", 0, CLIPS - 10, 10, heard=take)
    return bool(told) and min(told) >= 0


if __name__ == "__main__":
    main()
