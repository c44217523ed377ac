"""Which program holds a port."""

from __future__ import annotations

import contextlib

import psutil


def owner(port: int) -> str:
    """Name and process id of who holds the port, as far as this user may see it."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("inet"):
            listening = connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
            if listening and connection.laddr and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
