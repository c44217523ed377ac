"""OSCQuery: the address space for other programs to browse (HTTP) and to listen to (WebSocket).

https://github.com/Vidvox/OSCQueryProposal. Of the two answers it has for an attribute that a server
lacks, 204 is for those it names and 400 for those it does not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oscbridge.errors import DiscoveryError
from oscbridge.io.osc import build
from oscbridge.io.oscquery_guard import Guard
from oscbridge.io.oscquery_listener import CommandError, Listener
from oscbridge.io.oscquery_tree import ATTRIBUTES, OTHERS, Json, Node, Tree, Values, declared

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.typedefs import Handler

MOST_LISTENERS = 32
"""WebSockets at once."""
MOST_CONNECTIONS = 96
"""Connections at once, WebSockets among them."""
LARGEST_COMMAND = 64 * 1024
"""Bytes of the largest message a client may send by WebSocket."""
IDLE = 30.0
"""Seconds a connection stays open for another request."""
HEARTBEAT = 20.0
"""Seconds between the pings that tell whether a client is still there."""

_COMMANDS = ("LISTEN", "PATH_ADDED", "PATH_REMOVED", "PATH_CHANGED")
_GOING_AWAY = 1001

Receive = Callable[[bytes, Callable[[bytes], None]], None]
"""Takes an OSC packet that a client sent by WebSocket, and what sends packets back to it."""


@dataclass(frozen=True)
class HostInfo:
    """Where OSC itself is spoken. `osc_ip` is left empty where it is the address that a client has
    reached us by.
    """

    name: str
    osc_port: int
    osc_ip: str = ""
    osc_transport: str = "UDP"


class OscQuery:
    """The server. `values` tells the present value of a path, None where there is none to read;
    `allowed` whether an address other than of this machine may come in; `nodes` the methods on top
    of the address table, as they are now (call `restructured` when they change); `receive` takes
    OSC packets sent by WebSocket, which are refused without it.
    """

    def __init__(
        self,
        values: Values,
        host_info: HostInfo,
        allowed: Callable[[str], bool],
        nodes: Callable[[], Iterable[Node]] = tuple,
        receive: Receive | None = None,
    ) -> None:
        self.port = 0
        self._values = values
        self._host_info = host_info
        self._allowed = allowed
        self._nodes = nodes
        self._receive = receive
        self._listeners: set[Listener] = set()
        self._known: dict[str, Node] = {}
        self._guard = Guard("localhost", allowed)
        self._server: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None

    async def open(self, host: str, port: int, app: web.Application | None = None) -> None:
        """Serve at host and port (0: any free one), under the routes that `app` has already.
        Raises OSError, and DiscoveryError where aiohttp is missing.
        """
        try:
            from aiohttp import web
        except ImportError as error:
            raise DiscoveryError(f"no OSCQuery ({error}): pip install aiohttp") from error
        self._known = self._tree().nodes
        self._guard = Guard(host, self._allowed)
        app = web.Application() if app is None else app
        self.routes(app)
        runner = web.AppRunner(app, access_log=None, keepalive_timeout=IDLE, shutdown_timeout=2)
        await runner.setup()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: self._connection(runner), host, port
            )
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = int(self._server.sockets[0].getsockname()[1])

    def routes(self, app: web.Application) -> None:
        """Answer all paths that `app` has no route for yet, and guard them all."""
        from aiohttp import web

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            headers = request.headers
            host, origin = headers.get("Host"), headers.get("Origin")
            refusal = self._guard.refusal(request.remote, host, origin)
            if refusal:
                return web.Response(status=403, text=refusal)
            return await handler(request)

        app.middlewares.append(guarded)
        app.router.add_get("/{path:.*}", self._get)

    async def close(self) -> None:
        """Stop listening, and hang up on everybody."""
        if self._server is None or self._runner is None:
            return
        self._server.close()
        for listener in self._listeners:
            listener.hang_up("oscbridge ends", _GOING_AWAY)
        await self._runner.cleanup()
        self._server = self._runner = None

    def changed(self, path: str) -> None:
        """Tell those who listen to a path its present value. Never waits."""
        listeners = [one for one in self._listeners if path in one.paths]
        if listeners and (value := self._values(path)) is not None:
            packet = build(path, *value)
            for listener in listeners:
                listener.value(path, packet)

    def restructured(self) -> None:
        """Tell everybody which nodes came, went or are described otherwise. Never waits."""
        before, self._known = self._known, self._tree().nodes
        for path in sorted(before.keys() - self._known.keys()):
            self._tell("PATH_REMOVED", path)
        for path, node in self._known.items():
            if path not in before:
                self._tell("PATH_ADDED", path)
            elif node != before[path]:
                self._tell("PATH_CHANGED", path)

    def _tell(self, command: str, path: str) -> None:
        text = json.dumps({"COMMAND": command, "DATA": path})
        for listener in self._listeners:
            listener.tell(text)

    def _tree(self) -> Tree:
        return Tree((*declared(self._values), *self._nodes()), self._values)

    def _connection(self, runner: web.AppRunner) -> asyncio.BaseProtocol:
        server = runner.server
        if server is None or len(server.connections) >= MOST_CONNECTIONS:
            return _Refused()
        return server()

    async def _get(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._listen(request)
        query = request.query_string
        if query.split("=")[0] == "HOST_INFO":
            return web.json_response(self._host(request))
        path = request.path.rstrip("/") or "/"
        tree = self._tree()
        if path not in tree:
            return web.Response(status=404, text=f"nothing is at {path[:255]}")
        if not query:
            return web.json_response(tree.described(path))
        return _answer(tree, path, query.removesuffix("="))

    def _host(self, request: web.Request) -> Json:
        info = self._host_info
        can = dict.fromkeys((*ATTRIBUTES[3:], *_COMMANDS), True)
        return {
            "NAME": info.name,
            "OSC_IP": info.osc_ip or request.get_extra_info("sockname")[0],
            "OSC_PORT": info.osc_port,
            "OSC_TRANSPORT": info.osc_transport,
            "WS_PORT": self.port,
            "EXTENSIONS": can | {"CRITICAL": self._receive is not None},
        }

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        if len(self._listeners) >= MOST_LISTENERS:
            return web.Response(status=503, text=f"{MOST_LISTENERS} clients listen already")
        wire = web.WebSocketResponse(
            heartbeat=HEARTBEAT, max_msg_size=LARGEST_COMMAND, compress=False
        )
        listener = Listener(wire, request.transport.abort if request.transport else lambda: None)
        self._listeners.add(listener)
        try:
            await wire.prepare(request)
            writer = asyncio.create_task(listener.run())
            try:
                async for message in wire:
                    self._take(listener, message)
            finally:
                writer.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await writer
        finally:
            self._listeners.discard(listener)
        return wire

    def _take(self, listener: Listener, message: Any) -> None:
        from aiohttp import WSMsgType

        if message.type == WSMsgType.TEXT:
            try:
                listener.command(message.data)
            except CommandError as error:
                listener.hang_up(str(error))
        elif message.type == WSMsgType.BINARY:
            if self._receive is None:
                listener.hang_up("OSC is not taken here; see OSC_PORT of HOST_INFO")
            else:
                self._receive(message.data, listener.tell)


class _Refused(asyncio.Protocol):
    """A connection on top of those there may be: it is closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _answer(tree: Tree, path: str, name: str) -> web.Response:
    from aiohttp import web

    if name in OTHERS:
        return web.Response(status=204)
    if name not in ATTRIBUTES:
        text = f"{name[:80]!r} is no attribute; there are {', '.join(ATTRIBUTES)}"
        return web.Response(status=400, text=text)
    found = tree.attribute(path, name)
    return web.Response(status=204) if found is None else web.json_response(found)
