"""`oscbridge demo`: the whole bridge shown once, by a daemon of its own, spoken to over OSC."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oscbridge.errors import JobError, OscbridgeError

if TYPE_CHECKING:
    from oscbridge.domain.dance import Dance
    from oscbridge.domain.music import Clip
    from oscbridge.io.osc_client import Client

READY_WITHIN, ENDED_WITHIN = 30.0, 10.0
"""Seconds a daemon may take to be ready, and to end, on a slow machine."""
LAST_LINES = 8
"""Lines of a daemon that failed that are shown."""
CLIPS, BARS, SEED, TEMPERATURE = 4, 2, 7, 1.0
TO_DANCE, TO_MUSIC = "music/to_dance", "dance/to_music"
GENERATE, PAIR = "music/generate", "pair/generate"
PORT = re.compile(r"(?:127\.0\.0\.1|localhost):(\d+)")
"""Where the daemon says in its first lines how it is reached."""


class DemoError(OscbridgeError):
    """The demo could not be shown to its end."""


@dataclass(frozen=True)
class Shown:
    """What the daemon made: music of the song and of the dance, new clips, and a pair."""

    song: Clip
    dance: Dance
    music: Clip
    clips: tuple[Clip, ...]
    pair: tuple[Clip, Dance]


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("oscbridge-demo"),
    show_default=True,
    help="Folder for what the demo makes; files of an earlier demo are replaced.",
)
def demo(output: Path) -> None:
    """Show the whole bridge once: song to dance and back, new clips, a pair, one picture.

    Starts a daemon of its own on a free port, speaks OSC to it as any client would, and stops it.
    """
    start = time.monotonic()
    try:
        _make_folder(output)
        with (
            tempfile.TemporaryDirectory(prefix="oscbridge-") as library,
            running_daemon(Path(library)) as port,
        ):
            click.echo(f"a daemon is ready on UDP port {port} ({_since(start)})")
            shown = _converse(port)
        files = _write(shown, output)
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"\n{output}/ ({_since(start)}):")
    for name, what in files:
        click.echo(f"  {name:<18}{what}")
    click.echo(NEXT.format(folder=output))


NEXT = """
What next
  serve    oscbridge serve            keeps the models loaded; OSC on UDP and TCP port 7720
  Max      send [udpsend 127.0.0.1 7720] the message /oscbridge/notify 1 PORT, then listen with
           [udpreceive PORT]; oscbridge api lists every address
  Blender  File > Import > Motion Capture (.bvh), {folder}/song-dance.bvh with scale 0.01
  Live     drag {folder}/clip-1.mid onto the tracks: one track each for drums, bass and melody
  yours    oscbridge dance SONG.mid -o DANCE.bvh; oscbridge music DANCE.bvh -o CLIP.mid"""


@contextmanager
def running_daemon(library: Path) -> Iterator[int]:
    """A daemon in a process of its own, ended with SIGTERM; gives its UDP port.

    Raises DemoError when it does not get ready, or does not end as asked.
    """
    process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        [
            sys.executable,
            "-m",
            "oscbridge",
            "serve",
            "--port",
            "0",
            "--http",
            "0",
            "--no-discovery",
            "--library",
            str(library),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )
    try:
        yield _port_of(process)
    finally:
        code = _end(process)
    if code != 0 and sys.platform != "win32":
        raise DemoError(f"the daemon did not end cleanly (exit {code})")


def _port_of(process: subprocess.Popen[str]) -> int:
    """The port the daemon says it listens on. Its output is read to its end, so it never blocks."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    said: list[str] = []
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise DemoError(_unready(f"was not ready within {READY_WITHIN:g} s", said)) from None
        if line is None:
            raise DemoError(_unready("ended before it was ready", said))
        said.append(line)
        found = PORT.search(line)
        if found:
            return int(found[1])


def _unready(what: str, said: list[str]) -> str:
    words = "".join(said[-LAST_LINES:]).strip() or "nothing"
    return f"the daemon {what}; it said last: {words}\nTry it by itself: oscbridge serve --port 0"


def _end(process: subprocess.Popen[str]) -> int:
    process.terminate()
    try:
        return process.wait(ENDED_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _converse(port: int) -> Shown:
    """All that the demo asks of the daemon, over OSC."""
    from oscbridge.io.midi_file import read_clip
    from oscbridge.io.osc_client import Client
    from oscbridge.shipped import EXAMPLE_SONG

    song = read_clip(EXAMPLE_SONG)
    try:
        with Client("127.0.0.1", port) as client:
            dance, music = _there_and_back(client, song)
            tempo = song.timeline.tempos[0].bpm
            clips = _new_clips(client, tempo)
            return Shown(song, dance, music, clips, _new_pair(client, tempo))
    except JobError as error:
        raise DemoError(f"the daemon answered: {error}") from error
    except (OSError, TimeoutError) as error:
        raise DemoError(f"the daemon on port {port} could not be reached: {error}") from error


def _there_and_back(client: Client, song: Clip) -> tuple[Dance, Clip]:
    _, danced, _ = client.request(TO_DANCE, client.put_clip(song), SEED)
    dance = client.get_dance(danced)
    click.echo(f"the song ({song.length:g} beats) turned into a dance: {dance.frames} poses")
    _, put_to_music, _ = client.request(TO_MUSIC, danced, SEED)
    music = client.get_clip(put_to_music)
    click.echo(f"the dance turned into music: {_notes(music)}")
    return dance, music


def _new_clips(client: Client, tempo: float) -> tuple[Clip, ...]:
    _, *made = client.request(GENERATE, BARS, SEED, TEMPERATURE, tempo, CLIPS)
    clips = tuple(client.get_clip(handle) for handle in made)
    if len(clips) != CLIPS:
        raise DemoError(f"{CLIPS} clips were asked for, {len(clips)} came")
    click.echo(f"{CLIPS} new clips: {'; '.join(map(_notes, clips))}")
    return clips


def _new_pair(client: Client, tempo: float) -> tuple[Clip, Dance]:
    _, clip, dance = client.request(PAIR, BARS, SEED, TEMPERATURE, tempo)
    pair = client.get_clip(clip), client.get_dance(dance)
    click.echo(f"a new pair: {_notes(pair[0])}; {pair[1].frames} poses")
    return pair


def _notes(clip: Clip) -> str:
    return ", ".join(f"{name} {count}" for name, count in clip.counts().items())


def _write(shown: Shown, folder: Path) -> list[tuple[str, str]]:
    """Write everything; the name of each file and what it is."""
    from oscbridge.cli.picture import draw
    from oscbridge.io.dance_file import write_dance
    from oscbridge.io.midi_file import write_clip
    from oscbridge.shipped import EXAMPLE_SONG

    files = []
    music = [
        ("song.mid", shown.song, f"the example song, {EXAMPLE_SONG.name}"),
        ("dance-music.mid", shown.music, "music made from the song's dance"),
        *(
            (f"clip-{i}.mid", clip, f"new, {BARS} bars")
            for i, clip in enumerate(shown.clips, start=1)
        ),
        ("pair.mid", shown.pair[0], "the music of the new pair"),
    ]
    for name, clip, what in music:
        write_clip(clip, folder / name)
        files.append((name, f"{what}: {_notes(clip)}"))
    dances = [
        ("song-dance.bvh", shown.dance, shown.song, "the dance made from the song"),
        ("pair.bvh", shown.pair[1], shown.pair[0], "the dance of the new pair"),
    ]
    for name, dance, clip, what in dances:
        write_dance(dance, clip.timeline, folder / name)
        files.append((name, f"{what}, {dance.time[-1]:.1f} s"))
    titled = [(f"{what} ({name})", clip) for name, clip, what in music]
    draw(titled, replace(shown.dance, name="song-dance.bvh"), folder / "picture.png")
    files.append(("picture.png", "piano-rolls of all the clips; the song's dance below"))
    return files


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cause = error.strerror or error
        raise DemoError(f"{folder}: cannot be made: {cause}; choose another with -o") from error


def _since(start: float) -> str:
    return f"{time.monotonic() - start:.1f} s"
