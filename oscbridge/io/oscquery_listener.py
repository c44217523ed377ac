"""One client's WebSocket of OSCQuery: what it listens to, and what waits to be sent to it.

What waits is bounded, and a client that does not read delays nobody: of each path only the newest
value waits, and a client that leaves too many other messages unread is hung up on.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

MOST_PATHS = 1024
"""Paths that one client may listen to."""
MOST_WAITING = 256
"""Messages, besides values, that may wait for one client."""
LONGEST_PATH = 255
PATIENCE = 2.0
"""Seconds a client has to read why it is hung up on."""
_BAD, _SLOW = 1008, 1013
"""Codes a WebSocket is closed with (RFC 6455): policy violation; try again later."""


class CommandError(ValueError):
    """A client's message that is no command; says what would be one."""


class Listener:
    """Sends from a task of its own (`run`) what the others hand it without waiting. `abort` cuts
    the connection.
    """

    def __init__(self, wire: web.WebSocketResponse, abort: Callable[[], None]) -> None:
        self.paths: set[str] = set()
        self._wire = wire
        self._abort = abort
        self._values: dict[str, bytes] = {}
        self._messages: deque[str | bytes] = deque()
        self._due = asyncio.Event()
        self._closing: tuple[int, str] | None = None

    def command(self, text: str) -> None:
        """Take `{"COMMAND": "LISTEN" or "IGNORE", "DATA": path}`. Raises CommandError.

        A path need not be there yet: what is listened to may come and go.
        """
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            raise CommandError("not JSON") from None
        if not isinstance(said, dict):
            raise CommandError("not a JSON object with COMMAND and DATA")
        command, path = said.get("COMMAND"), said.get("DATA")
        if command not in ("LISTEN", "IGNORE"):
            raise CommandError("COMMAND is neither LISTEN nor IGNORE")
        if not isinstance(path, str) or not path.startswith("/") or len(path) > LONGEST_PATH:
            raise CommandError("DATA is not a path that starts with /")
        if command == "IGNORE":
            self.paths.discard(path)
            self._values.pop(path, None)
        elif len(self.paths) < MOST_PATHS:
            self.paths.add(path)
        else:
            raise CommandError(f"more than {MOST_PATHS} paths")

    def value(self, path: str, packet: bytes) -> None:
        """Have the client hear the path's new value, an OSC packet, if it listens to it."""
        if path in self.paths:
            self._values[path] = packet
            self._due.set()

    def tell(self, message: str | bytes) -> None:
        """Have the client hear a command (text) or an OSC packet (bytes)."""
        if len(self._messages) >= MOST_WAITING:
            self.hang_up("it does not read what it is sent", _SLOW)
        else:
            self._messages.append(message)
            self._due.set()

    def hang_up(self, reason: str, code: int = _BAD) -> None:
        """Close with the reason, and without one where the client will not even read that."""
        if self._closing is None:
            self._closing = (code, reason)
            self._due.set()
            asyncio.get_running_loop().call_later(PATIENCE, self._abort)

    async def run(self) -> None:
        """Send until hung up on; ends with an OSError where the client is gone."""
        while self._closing is None:
            await self._due.wait()
            self._due.clear()
            while (message := self._next()) is not None:
                if isinstance(message, str):
                    await self._wire.send_str(message)
                else:
                    await self._wire.send_bytes(message)
        code, reason = self._closing
        await self._wire.close(code=code, message=reason.encode()[:120])

    def _next(self) -> str | bytes | None:
        if self._closing is not None:
            return None
        if self._messages:
            return self._messages.popleft()
        if self._values:
            return self._values.pop(next(iter(self._values)))
        return None
