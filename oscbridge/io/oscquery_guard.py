"""Who may speak to the HTTP server: requests are refused whose peer, Host or Origin is a stranger.

A page of the web can make a browser on this machine ask 127.0.0.1, under a name that its owner
points there (DNS rebinding). Its Host and Origin give it away.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit


class Guard:
    """`host` is where the server is bound, `allowed` tells of an address whether it is of a network
    that may come in.
    """

    def __init__(self, host: str, allowed: Callable[[str], bool]) -> None:
        self._allowed = allowed
        self._names = {"localhost", host.lower()}
        if not _is_loopback(host):
            # What mDNS announces; only this machine's network can give that name.
            self._names.add(f"{socket.gethostname().split('.')[0]}.local".lower())

    def refusal(self, peer: str | None, host: str | None, origin: str | None) -> str | None:
        """Why a request is refused: by its address, or its headers Host and Origin."""
        if peer is None or not self._may(peer):
            return f"{peer} may not come in; allow its network with --allow"
        if not self._is_here(f"//{host}"):
            return f"Host {host!r:.80} is not a name of this server"
        if origin is not None and not self._is_here(origin):
            return f"Origin {origin!r:.80} is a stranger's page"
        return None

    def _is_here(self, url: str) -> bool:
        try:
            name = urlsplit(url).hostname or ""
        except ValueError:
            return False
        return name in self._names or self._may(name)

    def _may(self, address: str) -> bool:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            return False
        return _is_loopback(address) or self._allowed(address)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
