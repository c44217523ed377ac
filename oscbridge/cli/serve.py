"""`oscbridge serve`: the daemon, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oscbridge.api import HTTP_PORT, PORT
from oscbridge.config import DEFAULT_MODEL, LOOPBACK, Config, Network
from oscbridge.errors import OscbridgeError

if TYPE_CHECKING:
    from oscbridge.daemon.server import Daemon


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
    "--model", default=DEFAULT_MODEL, show_default=True, help="Name, or name/version, of a model."
)
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=PORT, show_default=True, type=click.IntRange(0, 65535),
    help="UDP and TCP port; 0: any free one.",
)  # fmt: skip
@click.option(
    "--http", default=HTTP_PORT, show_default=True, type=click.IntRange(0, 65535),
    help="Port of OSCQuery; 0: any free one.",
)  # fmt: skip
@click.option(
    "--discovery/--no-discovery", default=True, show_default=True,
    help="Announce the daemon on the network it listens to (mDNS).",
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
def serve(
    model: str, host: str, port: int, http: int, discovery: bool, allow: tuple[Network, ...],
    library: Path | None, models: tuple[Path, ...],
) -> None:  # fmt: skip
    """Keep a model loaded and answer over OSC until Ctrl-C."""
    from oscbridge.daemon import server

    name, _, version = model.partition("/")
    if version and not version.isdecimal():
        raise click.BadParameter("a version is a number, as in paper/1", param_hint="--model")
    defaults = Config()
    config = Config(
        host, port, allow, name, int(version) if version else None,
        (*models, *defaults.models), library or defaults.library, http=http, discovery=discovery,
    )  # fmt: skip
    try:
        asyncio.run(server.serve(config, _tell))
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error
