"""`oscbridge midi`: the MIDI ports of this system."""

from __future__ import annotations

from collections.abc import Sequence

import click

from oscbridge.cli.loading import clear_errors


@click.command()
@click.option("--api", help="Back end (LINUX_ALSA, UNIX_JACK, ...).  [default: the first there is]")
def midi(api: str | None) -> None:
    """List the MIDI ports there are, and the back end that has them."""
    from oscbridge.io.midi_ports import look

    with clear_errors():
        listing = look(api)
    click.echo(f"back end: {listing.api}")
    _list("inputs, to listen to", listing.inputs)
    _list("outputs, to play to", listing.outputs)


def _list(title: str, names: Sequence[str]) -> None:
    click.echo(f"{title}:")
    for name in names or ("(none)",):
        click.echo(f"  {name}")
