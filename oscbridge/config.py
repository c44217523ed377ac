"""What a daemon is started with, and the folders of the user it looks into by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

import platformdirs

from oscbridge import shipped
from oscbridge.api import HTTP_PORT, PORT

Network = IPv4Network | IPv6Network
LOOPBACK = "127.0.0.1"
ABLETON_PORT, ABLETON_REPLY_PORT = 11000, 11001
"""Where AbletonOSC listens, and where it answers to."""
DEFAULT_MODEL = "studio"


def user_models() -> Path:
    """The folder of the models a user trained or added."""
    return platformdirs.user_data_path("oscbridge", appauthor=False) / "models"


def user_library() -> Path:
    """The clip library: a folder of .mid files in the user's music folder."""
    return platformdirs.user_music_path() / "oscbridge"


def user_presets() -> Path:
    """The folder of the presets of live parameters."""
    return platformdirs.user_data_path("oscbridge", appauthor=False) / "presets"


@dataclass(frozen=True)
class Config:
    """Settings of one daemon; `models` are searched in order."""

    host: str = LOOPBACK
    port: int = PORT
    allow: tuple[Network, ...] = ()
    model: str = DEFAULT_MODEL
    version: int | None = None
    models: tuple[Path, ...] = field(default_factory=lambda: (user_models(), shipped.MODELS))
    library: Path = field(default_factory=user_library)
    presets: Path = field(default_factory=user_presets)
    http: int = HTTP_PORT
    discovery: bool = True
    name: str = "oscbridge"
    recordings: Path | None = None
    ableton_host: str = LOOPBACK
    ableton_port: int = ABLETON_PORT
    ableton_reply_port: int = ABLETON_REPLY_PORT

    @property
    def sessions(self) -> Path:
        """The folder that sessions are recorded in: beside the clips, if none was chosen."""
        return self.recordings or self.library / "sessions"

    def answers(self, host: str) -> bool:
        """Whether a sender at this address is listened to: this machine always is."""
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        return address.is_loopback or any(address in network for network in self.allow)
