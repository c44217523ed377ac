"""From a packet to its handlers: bundles, patterns, checks; every refusal is answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import psutil

from oscbridge import __version__
from oscbridge.api import ENDPOINTS, JOBS, LIVE_MESSAGES, REQUESTS, ROOT, UPLOADS, Endpoint
from oscbridge.daemon.arguments import checked
from oscbridge.daemon.clients import LEASE, Client, Clients
from oscbridge.daemon.filing import Filing
from oscbridge.daemon.jobs import Handler
from oscbridge.daemon.keeping import Keeping
from oscbridge.daemon.live.discovery import parameter_at
from oscbridge.daemon.live.jobs import LiveJobs
from oscbridge.daemon.live.messages import Messages
from oscbridge.daemon.making import Making
from oscbridge.daemon.state import State
from oscbridge.daemon.to_live import ToLive
from oscbridge.errors import JobError, OscbridgeError
from oscbridge.io import osc

_LOG = logging.getLogger(__name__)
_MOST_SCHEDULED = 256
_SET = f"{ROOT}/live/set"
_FARTHEST = 3600.0
"""Seconds ahead that a bundle may be timed."""


class Dispatcher:
    """Knows a handler for every request of the table."""

    def __init__(self, state: State, clients: Clients) -> None:
        self._state, self._clients = state, clients
        self._loop = asyncio.get_running_loop()
        self._scheduled = 0
        self._process = psutil.Process()
        keeping = self._keeping = Keeping(state)
        rooms = (Making(state), keeping, Filing(state), ToLive(state), LiveJobs(state.live))
        self._jobs: dict[str, Handler] = {
            endpoint.path: _handler(rooms, endpoint)
            for endpoint in JOBS
            if not endpoint.address.endswith("/put")
        }
        live = Messages(state.live.stage, state.live.clock, state.live.turned)
        self._live: dict[str, Callable[[Client, dict[str, Any]], None]] = {}
        self._messages = {
            f"{ROOT}/notify": self._notify,
            f"{ROOT}/status": self._status,
            f"{ROOT}/version": self._version,
            f"{ROOT}/sync": self._sync,
            f"{ROOT}/cancel": self._cancel,
        }
        for endpoint in LIVE_MESSAGES:
            self._live[endpoint.path] = _handler((live,), endpoint)
        for endpoint in UPLOADS:
            self._messages[endpoint.path] = (
                self._end if endpoint.address.endswith("/end") else self._chunk
            )

    def packet(self, client: Client, packet: bytes) -> None:
        """Take a packet of a client."""
        try:
            messages = osc.parse(packet)
        except osc.PacketError as error:
            client.fail("", -1, JobError("malformed", f"this is no OSC packet: {error}"))
            return
        for message in messages:
            self._at_its_time(client, message)

    def _at_its_time(self, client: Client, message: osc.Message) -> None:
        wait = 0.0 if message.time is None else message.time - time.time()
        if wait <= 0:
            self._message(client, message)
        elif wait > _FARTHEST:
            text = f"timed {wait:.0f} s ahead; {_FARTHEST:.0f} s are the most"
            client.fail(message.address, _id(message.args), JobError("timetag", text))
        elif self._scheduled >= _MOST_SCHEDULED:
            text = f"{_MOST_SCHEDULED} messages wait for their time already"
            client.fail(message.address, _id(message.args), JobError("busy", text))
        else:
            self._scheduled += 1
            self._loop.call_later(wait, self._due, client, message)

    def _due(self, client: Client, message: osc.Message) -> None:
        self._scheduled -= 1
        self._message(client, message)

    def _message(self, client: Client, message: osc.Message) -> None:
        try:
            if parameter := parameter_at(self._state.live.stage, message.address):
                self._request(client, REQUESTS[_SET], (*parameter, *message.args))
                return
            for endpoint in self._endpoints(message.address):
                self._request(client, endpoint, message.args)
        except (JobError, osc.PacketError) as error:
            client.fail(message.address, _id(message.args), error, "pattern")

    def _endpoints(self, address: str) -> list[Endpoint]:
        if address in REQUESTS:
            return [REQUESTS[address]]
        if address in ENDPOINTS:
            return []  # an answer that came back: answering it would never end
        found: list[Endpoint] = []
        if osc.is_pattern(address):
            found = [e for path, e in REQUESTS.items() if osc.matches(address, path)]
        if not found:
            raise JobError("address", f"no such address; {_nearest(address)}")
        return found

    def _request(self, client: Client, endpoint: Endpoint, values: tuple[Any, ...]) -> None:
        try:
            args = checked(endpoint, values)
            if endpoint.path in self._live:
                self._live[endpoint.path](client, args)
            elif endpoint.path in self._messages:
                self._messages[endpoint.path](client, endpoint, args)
            elif endpoint.path in self._jobs:
                handler = self._jobs[endpoint.path]
                self._state.jobs.start(client, endpoint, args, handler)
            else:
                self._keeping.begin(client, endpoint.path, args)
        except OscbridgeError as error:
            client.fail(endpoint.path, _id(values), error)

    def _notify(self, client: Client, endpoint: Endpoint, args: dict[str, Any]) -> None:
        on, shared = args["on"], args["shared"]
        told, (host, port) = self._clients.notify(client, on, args["port"], args["host"], shared)
        told.answer("notified", int(on), host, port, LEASE)

    def told(self, path: str) -> tuple[Any, ...] | None:
        """What a reply of the table would say now, for the two that say how the daemon is."""
        if path == f"{ROOT}/status.reply":
            return self._how()
        return ("oscbridge", __version__) if path == f"{ROOT}/version.reply" else None

    def _how(self) -> tuple[Any, ...]:
        jobs, card = self._state.jobs, self._state.bridge.card
        return (
            card.name, card.version, time.monotonic() - self._state.started,
            len(self._clients), len(jobs), jobs.done, jobs.failed, *jobs.milliseconds(),
            *self._state.shelf.counts(), self._process.memory_info().rss / 2**20,
            len(self._state.live.stage.people), *self._state.live.clock.told()[:4],
        )  # fmt: skip

    def _status(self, client: Client, endpoint: Endpoint, args: dict[str, Any]) -> None:
        client.answer("status.reply", *self._how())

    def _version(self, client: Client, endpoint: Endpoint, args: dict[str, Any]) -> None:
        client.answer("version.reply", "oscbridge", __version__)

    def _sync(self, client: Client, endpoint: Endpoint, args: dict[str, Any]) -> None:
        client.answer("synced", args["id"])

    def _cancel(self, client: Client, endpoint: Endpoint, args: dict[str, Any]) -> None:
        job = args["id"]
        upload = self._state.uploads.drop(client, job)
        if upload:
            client.fail(upload.path, job, JobError("cancelled", "cancelled as asked"))
        elif not self._state.jobs.cancel(client, job):
            raise JobError("unknown", f"no job {job} of yours is under way")

    def _chunk(self, client: Client, endpoint: Endpoint, args: dict[str, Any]) -> None:
        self._keeping.chunk(client, endpoint.path, args)

    def _end(self, client: Client, endpoint: Endpoint, args: dict[str, Any]) -> None:
        self._keeping.end(client, endpoint.path.removesuffix("/end"), args)


def _handler(rooms: tuple[Any, ...], endpoint: Endpoint) -> Any:
    """The method named as the address with `/` as `_`, in whichever room has it."""
    name = endpoint.address.replace("/", "_")
    return next(getattr(room, name) for room in rooms if hasattr(room, name))


def _id(values: tuple[Any, ...]) -> int:
    first = values[0] if values else -1
    return first if isinstance(first, int) and 0 <= first < 2**31 else -1


def _nearest(address: str) -> str:
    import difflib

    near = difflib.get_close_matches(address[:80], REQUESTS, 1)
    return f"did you mean {near[0]}?" if near else "`oscbridge api` lists them all"
