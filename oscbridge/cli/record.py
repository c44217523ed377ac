"""`oscbridge record`: a session for training, recorded by the daemon that runs."""

from __future__ import annotations

import math
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oscbridge.api import PORT, ROOT
from oscbridge.cli.connection import connected
from oscbridge.cli.loading import clear_errors
from oscbridge.config import LOOPBACK
from oscbridge.errors import OscbridgeError

if TYPE_CHECKING:
    from oscbridge.io.osc_client import Client

_WAKE = 0.2
_ALIVE = 20.0
"""Seconds after which the daemon is sent something, so that it does not forget who listens."""
_ANSWERED, _WRITTEN = 5.0, 600.0
"""Seconds a recording may take to begin, and its files to be written."""


@click.command()
@click.argument("name", required=False)
@click.option("--host", default=LOOPBACK, show_default=True, help="Where the daemon is.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
@click.option("--bars", type=click.IntRange(min=1), help="End after so many bars.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End after so long.")
@click.option(
    "--recover", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER",
    help="Make sessions of recordings in FOLDER that were cut off.",
)  # fmt: skip
def record(
    name: str | None, host: str, port: int, bars: int | None, seconds: float | None,
    recover: Path | None,
) -> None:  # fmt: skip
    """Record what is played and danced as session NAME, from the next bar until Ctrl-C.

    The files lie on the daemon's machine: a song and a dance of one name, for
    oscbridge train --from.
    """
    if (name is None) == (recover is None):
        raise click.UsageError("give a NAME, or --recover FOLDER")
    if bars and seconds:
        raise click.UsageError("give --bars or --seconds, not both")
    if recover is not None and (bars or seconds):
        raise click.UsageError("--bars and --seconds are for recording")
    with clear_errors():
        if recover is not None:
            _recover(recover)
        elif name is not None:
            _record(name, host, port, bars or 0, seconds)


def _recover(folder: Path) -> None:
    from oscbridge.io import session_recovery

    found = session_recovery.recover(folder)
    for journal, files, error in found:
        made = ", ".join(file.name for file in files) or "nothing had come"
        click.echo(f"{journal}: {error or made}", err=bool(error))
    if not found:
        click.echo(f"{folder}: nothing to recover")
    if any(each.error for each in found):
        sys.exit(1)


def _record(name: str, host: str, port: int, bars: int, seconds: float | None) -> None:
    with connected(host, port, _ANSWERED) as client:
        taken, folder = client.request("record/start", name, bars, timeout=_ANSWERED)
        click.echo(f"recording {taken} into {folder} from the next bar on; Ctrl-C ends")
        try:
            _follow(client, seconds)
            notes, frames, *files = client.request("record/stop", timeout=_WRITTEN)
        except ConnectionError as error:
            raise OscbridgeError(
                f"the daemon is gone; what it recorded is in {folder} on its machine. "
                f"If it was cut off: oscbridge record --recover {folder}"
            ) from error
        click.echo(f"\n{notes} notes, {frames} poses")
        for file in files:
            click.echo(file)
        if not files:
            click.echo("nothing was played or danced, so nothing was written")


def _follow(client: Client, seconds: float | None) -> None:
    """Show how it goes until it is to end, or is over. Raises ConnectionError."""
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _: ended.append(got))
    alive, until = time.monotonic(), math.inf
    client.send("subscribe", "live", 1)
    while not ended and time.monotonic() < until:
        if time.monotonic() - alive > _ALIVE:
            alive = time.monotonic()
            client.send("subscribe", "live", 1)
        try:
            message = client.receive(_WAKE)
        except TimeoutError:
            continue
        kind = message.address.removeprefix(f"{ROOT}/")
        if kind == "record/state":
            _show(*message.args)
            *_, passed, state = message.args
            if state == "over":
                return
            if seconds and passed:
                until = time.monotonic() + seconds - passed
        elif kind == "live/trouble" and message.args[0] == "recording" and message.args[1]:
            click.echo(f"\n{message.args[1]}", err=True)


def _show(notes: int, frames: int, seconds: float, state: str) -> None:
    minutes, rest = divmod(int(seconds), 60)
    click.echo(f"\r{minutes:3}:{rest:02}  {notes} notes  {frames} poses  {state:9}", nl=False)
