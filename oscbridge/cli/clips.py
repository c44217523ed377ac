"""`oscbridge clips`: what lies in the clip library of a daemon."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from oscbridge.api import PORT, ROOT
from oscbridge.cli.connection import connected
from oscbridge.cli.loading import clear_errors
from oscbridge.config import LOOPBACK

if TYPE_CHECKING:
    from oscbridge.io.osc import Message
    from oscbridge.io.osc_client import Client

_ANSWERED = 10.0
_AT_ONCE = 500
_FACTS = ("name", "endpoint", "bars", "tempo", "seed", "notes", "favourite")


@click.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--favourites", is_flag=True, help="Only favourites.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="So many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--host", default=LOOPBACK, show_default=True, help="Where the daemon is.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
def clips(
    words: tuple[str, ...], favourites: bool, limit: int, as_json: bool, host: str, port: int
) -> None:
    """List clips of the library, the newest first; each WORD is in their name or tags."""
    with clear_errors(), connected(host, port, _ANSWERED) as client:
        found, total = _found(client, " ".join(words), favourites, limit)
    for clip in found:
        click.echo(json.dumps(clip, ensure_ascii=False) if as_json else _line(clip))
    if not as_json:
        click.echo(f"{len(found)} of {total} clips")


def _found(
    client: Client, text: str, favourites: bool, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """What is told of the clips, and how many there are."""
    found: list[dict[str, Any]] = []

    def take(message: Message) -> None:
        if message.address == f"{ROOT}/clip/item":
            known = dict(zip(_FACTS, message.args[1:], strict=False))
            known["favourite"] = bool(known["favourite"])
            found.append(known | {"tags": list(message.args[1 + len(_FACTS) :])})

    while True:
        more = min(_AT_ONCE, limit - len(found))
        told, total = client.request(
            "clip/find", text, int(favourites), len(found), more, heard=take
        )
        if not told or len(found) >= limit:
            return found, total


def _line(clip: dict[str, Any]) -> str:
    size = f"{clip['bars']:4} bars {clip['tempo']:7.5g} bpm {clip['notes']:6} notes"
    known = size if clip["bars"] >= 0 else "not a song that can be read"
    tags = f"  [{', '.join(clip['tags'])}]" if clip["tags"] else ""
    return f"{'*' if clip['favourite'] else ' '} {known:38}  {clip['name']}{tags}"
