"""The address space as OSCQuery tells it, and the daemon's name on the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from oscbridge.api import ROOT, Arg
from oscbridge.config import Config
from oscbridge.daemon.live.clock import Clock
from oscbridge.daemon.live.stage import Stage
from oscbridge.domain.names import as_address
from oscbridge.errors import DiscoveryError
from oscbridge.io.mdns import Announcement
from oscbridge.io.oscquery import HostInfo, OscQuery
from oscbridge.io.oscquery_tree import READ_WRITE, Node

PARAMETERS = f"{ROOT}/live"
STATE = f"{ROOT}/transport/state"
_WHAT = "discovery"
Told = Callable[[str], tuple[Any, ...] | None]


class Discovery:
    """`told` gives the present values of replies of the table by their path."""

    def __init__(self, stage: Stage, clock: Clock, told: Told) -> None:
        self._stage, self._clock, self._told = stage, clock, told
        self._query: OscQuery | None = None
        self._announced: Announcement | None = None

    @property
    def port(self) -> int:
        """Of HTTP; 0 where it is not served."""
        return self._query.port if self._query else 0

    async def open(self, config: Config, osc_port: int) -> None:
        """Serve and announce; what is impossible is a trouble and nothing more."""
        host = HostInfo(config.name, osc_port)
        query = OscQuery(self._value, host, config.answers, self._nodes)
        try:
            await query.open(config.host, config.http)
            self._query = query
        except OSError as error:
            text = f"OSCQuery cannot be served on port {config.http} ({error.strerror or error})"
            self._stage.troubles.set(_WHAT, f"{text}; choose another with --http")
        if not config.discovery:
            return
        try:
            self._announced = await Announcement.open(
                config.host, osc_port=osc_port, http_port=self.port or None, name=config.name
            )
        except DiscoveryError as error:
            self._stage.troubles.set(_WHAT, str(error))

    def _value(self, path: str) -> tuple[Any, ...] | None:
        if path == STATE:
            return self._clock.told()
        if found := parameter_at(self._stage, path):
            whose, name = found
            return (self._stage.cast.one(whose).parameters.value(name, perf_counter()),)
        return self._told(path)

    def _nodes(self) -> Iterator[Node]:
        for each in self._stage.cast.everything:
            for name, known in each.parameters.declared.items():
                arg = Arg(name, "f", known.doc, known.default, known.low, known.high)
                path = path_of(each.name, name)
                yield Node(path, (arg,), READ_WRITE, known.doc)

    def changed(self, path: str) -> None:
        """A value is another now."""
        if self._query:
            self._query.changed(path)

    def restructured(self) -> None:
        """Voices or dancers came or went."""
        if self._query:
            self._query.restructured()

    async def close(self) -> None:
        """Say goodbye."""
        if self._announced:
            await asyncio.wait_for(self._announced.close(), 3)
        if self._query:
            await self._query.close()


def parameter_at(stage: Stage, path: str) -> tuple[str, str] | None:
    """Voice or dancer, and parameter, that lie at a path, if they do."""
    if not path.startswith(f"{PARAMETERS}/"):
        return None
    whose, _, name = path.removeprefix(f"{PARAMETERS}/").partition("/")
    for each in stage.cast.everything:
        if as_address(each.name) == whose and name in each.parameters.declared:
            return each.name, name
    return None


def path_of(whose: str, parameter: str) -> str:
    """The address of a parameter of a voice or a dancer."""
    return f"{PARAMETERS}/{as_address(whose)}/{parameter}"
