"""What the handlers work on: the model that serves, what is held, what is under way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from oscbridge.config import Config
from oscbridge.daemon.catalogue import Catalogue
from oscbridge.daemon.jobs import Jobs
from oscbridge.daemon.library import Library
from oscbridge.daemon.live.living import Living
from oscbridge.daemon.shelf import Shelf
from oscbridge.daemon.uploads import Uploads
from oscbridge.engine.bridge import Bridge


@dataclass
class State:
    """Owned by the loop; other threads are handed only what cannot change."""

    config: Config
    bridge: Bridge
    library: Library
    jobs: Jobs
    live: Living
    shelf: Shelf = field(default_factory=Shelf)
    uploads: Uploads = field(default_factory=Uploads)
    catalogue: Catalogue = field(init=False)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(self.library)
