"""`oscbridge to-live`: a clip into a track of Ableton Live, by the daemon that runs."""

from __future__ import annotations

from pathlib import Path

import click

from oscbridge.api import PORT
from oscbridge.cli.connection import connected
from oscbridge.cli.loading import clear_errors
from oscbridge.config import LOOPBACK
from oscbridge.errors import OscbridgeError

_ANSWERED = 60.0
"""Seconds between two signs of life of the daemon."""
_MIDI = {".mid", ".midi"}


@click.command("to-live")
@click.argument("clip", metavar="CLIP_OR_FILE")
@click.option(
    "--track", type=click.IntRange(0), help="Live's track, from 0.  [default: the selected one]"
)
@click.option(
    "--slot", type=click.IntRange(0), help="Its slot, from 0.  [default: the next free one]"
)
@click.option("--overwrite", is_flag=True, help="Replace what is in the slot.")
@click.option("--name", default="", help="Name of Live's clip.  [default: that of the clip]")
@click.option("--host", default=LOOPBACK, show_default=True, help="Where the daemon is.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
def to_live(
    clip: str, track: int | None, slot: int | None, overwrite: bool, name: str, host: str,
    port: int,
) -> None:  # fmt: skip
    """Put a clip into Ableton Live, which runs with AbletonOSC (docs/ableton.md).

    CLIP_OR_FILE is a MIDI file of this machine, the name of a file in the daemon's clip library,
    or the handle of a clip.
    """
    from oscbridge.io.midi_file import read_clip

    with clear_errors():
        path = Path(clip)
        song = read_clip(path) if path.suffix.lower() in _MIDI and path.is_file() else None
        with connected(host, port, _ANSWERED) as client:
            try:
                if song is not None:
                    what: int | str = client.put_clip(song.named(song.name or path.stem))
                else:
                    what = int(clip) if clip.isdecimal() else clip
                at = (-1 if track is None else track, -1 if slot is None else slot)
                where = client.request("clip/to_live", what, *at, int(overwrite), name)
            except ConnectionError as error:
                raise OscbridgeError("the daemon is gone; look at the slot in Live") from error
    click.echo("track {}, slot {}, counted from 0: {} notes".format(*where))
