"""`oscbridge serve`: the daemon, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oscbridge.api import HTTP_PORT, PORT
from oscbridge.config import DEFAULT_MODEL, LOOPBACK, Config, Network
from oscbridge.errors import OscbridgeError

if TYPE_CHECKING:
    from oscbridge.daemon.server import Daemon
    from oscbridge.show_file import Show


def _networks(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(f"{error}; give a network as 192.168.1.0/24") from error


def _tell(daemon: Daemon) -> None:
    card, config = daemon.state.bridge.card, daemon.config
    click.echo(f"model    {card.name} {card.version} (preset {card.preset})")
    click.echo(f"clips    {config.library}")
    click.echo(f"OSC      {config.host} port {daemon.port}, UDP and TCP; addresses: oscbridge api")
    loopback = config.host == "localhost" or config.host.startswith(("127.", "::1"))
    if not loopback and not config.allow:
        click.echo("note     only this machine is answered; for others add --allow 192.168.1.0/24")
    # The last line: whoever waits for the daemon may speak once it is there.
    click.echo(f"ready    send /oscbridge/status to {config.host}:{daemon.port}; Ctrl-C ends")


@click.command()
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), metavar="SHOW.toml",
    help="A show: what to open (docs/shows.md). Options given here win over it.",
)  # fmt: skip
@click.option("--model", help=f"Name, or name/version, of a model.  [default: {DEFAULT_MODEL}]")
@click.option("--host", help=f"Address to listen on.  [default: {LOOPBACK}]")
@click.option(
    "--port", type=click.IntRange(0, 65535),
    help=f"UDP and TCP port; 0: any free one.  [default: {PORT}]",
)  # fmt: skip
@click.option(
    "--http", type=click.IntRange(0, 65535),
    help=f"Port of OSCQuery; 0: any free one.  [default: {HTTP_PORT}]",
)  # fmt: skip
@click.option(
    "--discovery/--no-discovery", default=None,
    help="Announce the daemon on the network it listens to (mDNS).  [default: discovery]",
)  # fmt: skip
@click.option(
    "--allow", multiple=True, metavar="CIDR", callback=_networks,
    help="Answer this network too, as 192.168.1.0/24; may be given again.",
)  # fmt: skip
@click.option(
    "--library", type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the clip library.  [default: oscbridge in your music folder]",
)  # fmt: skip
@click.option(
    "--models", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of models to look into first; may be given again.",
)  # fmt: skip
def serve(config: Path | None, model: str | None, models: tuple[Path, ...], **given: Any) -> None:
    """Keep a model loaded and answer over OSC until Ctrl-C."""
    from oscbridge.daemon import server
    from oscbridge.show_file import Show, read_show

    name, _, version = (model or "").partition("/")
    if version and not version.isdecimal():
        raise click.BadParameter("a version is a number, as in paper/1", param_hint="--model")
    try:
        show = read_show(config) if config else Show()
        asyncio.run(server.serve(_config(show, name, version, models, given), show, _tell))
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error


def _config(
    show: Show, name: str, version: str, models: tuple[Path, ...], given: dict[str, Any]
) -> Config:
    """What the show says, and what was given on the command line instead."""
    said = show.daemon
    in_show, version_in_show = said.named
    settings = {
        key: getattr(said, key) for key in ("host", "port", "http", "discovery", "allow", "library")
    } | {key: value for key, value in given.items() if value not in (None, ())}
    defaults = Config()
    return replace(
        defaults,
        model=name or in_show,
        version=(int(version) if version else None) if name else version_in_show,
        models=(*models, *defaults.models),
        name=said.name or defaults.name,
        recordings=show.record.folder,
        ableton_host=show.ableton.host,
        ableton_port=show.ableton.port,
        ableton_reply_port=show.ableton.reply_port,
        **{key: value for key, value in settings.items() if value is not None},
    )
