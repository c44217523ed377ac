"""Loading a model version into the engine of its preset."""

from __future__ import annotations

from pathlib import Path

from oscbridge.engine.bridge import Bridge
from oscbridge.engine.graphs import Graphs


def load(folder: Path) -> Bridge:
    """The version in `folder`, after all its checks. Raises ModelError."""
    graphs = Graphs(folder)
    # Each preset's engine is imported when it is needed: the daemon starts the sooner.
    if graphs.card.preset == "studio":
        from oscbridge.engine.studio import StudioBridge

        return StudioBridge(graphs, folder)
    from oscbridge.engine.paper import PaperBridge

    return PaperBridge(graphs, folder)
