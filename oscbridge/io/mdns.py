"""The daemon announced on the network by mDNS, so that other programs find it without its ports.

`_oscjson._tcp` names the OSCQuery server, `_osc._udp` the OSC port (DNS-SD, RFC 6763). Only those
interfaces hear of it on which the daemon listens.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from oscbridge.errors import DiscoveryError

if TYPE_CHECKING:
    from zeroconf import ServiceInfo
    from zeroconf.asyncio import AsyncZeroconf

OSCQUERY, OSC = "_oscjson._tcp.local.", "_osc._udp.local."
LONGEST_NAME = 58
"""Bytes of the name of a service: RFC 6763 has 63, a taken one gets `-2` and so on."""


class Announcement:
    """What is announced until it is closed; `names` as others see them: a taken name was given a
    number.
    """

    def __init__(self, wire: AsyncZeroconf, infos: list[ServiceInfo]) -> None:
        self._wire = wire
        self.names = {info.type: info.name.removesuffix(f".{info.type}") for info in infos}

    @classmethod
    async def open(
        cls, host: str, *, osc_port: int, http_port: int | None = None, name: str = "oscbridge"
    ) -> Announcement:
        """Announce the daemon that listens at `host`, as `name` with this machine's name. Takes
        about a second, in which the names are made sure of. Raises DiscoveryError.
        """
        try:
            from zeroconf import Error, ServiceInfo
            from zeroconf.asyncio import AsyncZeroconf
        except ImportError as error:
            raise _impossible(host, error) from error
        machine = socket.gethostname().split(".")[0] or "localhost"
        instance = f"{name} on {machine}".encode()[:LONGEST_NAME].decode(errors="ignore")
        services = {OSC: osc_port} | ({OSCQUERY: http_port} if http_port else {})
        try:
            interfaces, addresses = await asyncio.to_thread(_interfaces, host)
            wire = AsyncZeroconf(**interfaces)
        except (OSError, RuntimeError) as error:
            raise _impossible(host, error) from error
        infos = [
            ServiceInfo(
                kind, f"{instance}.{kind}", port, server=f"{machine}.local.",
                parsed_addresses=addresses, properties={"txtvers": "1"},
            )
            for kind, port in services.items()
        ]  # fmt: skip
        try:
            told = [wire.async_register_service(info, allow_name_change=True) for info in infos]
            await asyncio.gather(*await asyncio.gather(*told))
        except BaseException as error:
            await wire.async_close()
            if isinstance(error, Error | OSError | RuntimeError):
                raise _impossible(host, error) from error
            raise
        return cls(wire, infos)

    async def close(self) -> None:
        """Say goodbye, and stop."""
        await self._wire.async_unregister_all_services()
        await self._wire.async_close()


def _interfaces(host: str) -> tuple[dict[str, Any], list[str]]:
    """What zeroconf is to speak on, and the addresses to name. Raises OSError where there are
    none.
    """
    import ifaddr
    from zeroconf import InterfaceChoice, IPVersion

    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = ipaddress.ip_address(socket.gethostbyname(host))
    version = IPVersion.V4Only if address.version == 4 else IPVersion.V6Only
    if not address.is_unspecified:
        return {"interfaces": [str(address)], "ip_version": version}, [str(address)]
    found = [
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if ip.is_IPv4 == (address.version == 4)
    ]
    outside = [ip for ip in found if not ipaddress.ip_address(ip).is_loopback]
    if not found:
        raise OSError("no network interface")
    return {"interfaces": InterfaceChoice.All, "ip_version": version}, outside or found


def _impossible(host: str, error: BaseException) -> DiscoveryError:
    return DiscoveryError(
        f"not announced on the network ({host}: {str(error) or type(error).__name__}); "
        "other programs reach oscbridge by its address and port"
    )
