"""A command's connection to the daemon that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from oscbridge.errors import OscbridgeError

if TYPE_CHECKING:
    from oscbridge.io.osc_client import Client


@contextmanager
def connected(host: str, port: int, timeout: float) -> Iterator[Client]:
    """A client of the daemon that waits up to `timeout` seconds. Raises OscbridgeError."""
    from oscbridge.io.osc_client import Client

    try:
        client = Client(host, port, tcp=True, timeout=timeout)
    except OSError as error:
        raise OscbridgeError(
            f"no daemon answers at {host} port {port}: {error}; start one: oscbridge serve"
        ) from error
    try:
        with client:
            yield client
    except TimeoutError as error:
        raise OscbridgeError(f"{host} port {port}: {error}") from error
