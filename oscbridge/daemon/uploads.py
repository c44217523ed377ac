"""Clips and dances on their way in, chunk by chunk; bounded, and forgotten when they stall."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.daemon.arguments import is_note_value, wrong
from oscbridge.daemon.chunks import clip_of, dance_of
from oscbridge.daemon.clients import Client, Clock
from oscbridge.daemon.shelf import Danced
from oscbridge.domain.music import Clip
from oscbridge.domain.timeline import Timeline
from oscbridge.errors import JobError
from oscbridge.io.osc_clip import timeline_of

PATIENCE = 30.0
"""Seconds after the last chunk until an upload is given up."""
_MOST_OF_ONE_CLIENT = 4
_MOST_BYTES = 64 << 20
_MOST_MISSING = 200
"""Indices told at once: they fit one packet; the next `end` tells the next."""


class Upload:
    """One clip or dance of which chunks arrive in any order."""

    def __init__(self, path: str, args: dict[str, Any], heard: float) -> None:
        self.path = path
        self.args = args
        self.chunks: dict[int, tuple[str, NDArray[Any]]] = {}
        """By index: the last word of the chunk's address, and its rows."""
        self.heard = heard

    def missing(self) -> list[int]:
        """The first chunks that have not come."""
        gaps = (i for i in range(self.args["chunks"]) if i not in self.chunks)
        return [i for i, _ in zip(gaps, range(_MOST_MISSING), strict=False)]

    def finished(self) -> Clip | Danced:
        """What came. Raises JobError where it makes no clip or dance."""
        if self.path.endswith("dance/put"):
            return Danced(*dance_of(np.concatenate(self._rows("chunk")), self.args["name"]))
        bottom = self.args["denominator"]
        if not is_note_value(bottom):
            raise wrong(f"denominator is {bottom}; it must be 1, 2, 4, 8, 16, 32 or 64")
        first = Timeline.steady(self.args["tempo"], self.args["numerator"], bottom)
        tempos, meters = (
            (row for rows in self._rows(kind) for row in rows.tolist())
            for kind in ("tempos", "meters")
        )
        timeline = timeline_of(first, tempos, meters)
        return clip_of(self._rows("chunk"), self.args["length"], timeline, self.args["name"])

    def _rows(self, kind: str) -> list[NDArray[Any]]:
        return [rows for _, (k, rows) in sorted(self.chunks.items()) if k == kind]


class Uploads:
    """All uploads under way, by client and job id."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[tuple[Client, int], Upload] = {}
        self._bytes = 0

    def begin(self, client: Client, path: str, args: dict[str, Any]) -> None:
        """Start one; one of the same id starts anew. Raises JobError when there are too many."""
        self.drop(client, args["id"])
        if sum(owner is client for owner, _ in self._open) >= _MOST_OF_ONE_CLIENT:
            raise JobError("busy", f"{_MOST_OF_ONE_CLIENT} uploads are open already; end one first")
        self._open[client, args["id"]] = Upload(path, args, self._clock())

    def find(self, client: Client, path: str, job: int) -> Upload:
        """The upload of that id. Raises JobError."""
        upload = self._open.get((client, job))
        if upload is None or upload.path != path:
            raise JobError("unknown", f"no upload {job} is open; begin with {path}")
        upload.heard = self._clock()
        return upload

    def take(self, upload: Upload, index: int, kind: str, rows: NDArray[Any]) -> None:
        """Keep a chunk; `kind` is the last word of its address. Raises JobError."""
        chunks = upload.args["chunks"]
        if index >= chunks:
            raise JobError("argument", f"index is {index}; {chunks} chunks were announced")
        old = upload.chunks.get(index)
        grown = self._bytes + rows.nbytes - (0 if old is None else old[1].nbytes)
        if grown > _MOST_BYTES:
            raise JobError("busy", f"more than {_MOST_BYTES >> 20} MB are on their way in already")
        self._bytes = grown
        upload.chunks[index] = kind, rows

    def drop(self, client: Client, job: int) -> Upload | None:
        """Forget one; it, if there was one."""
        upload = self._open.pop((client, job), None)
        if upload:
            self._bytes -= sum(rows.nbytes for _, rows in upload.chunks.values())
        return upload

    def owns(self, client: Client) -> bool:
        """Whether an upload of this client is open."""
        return any(owner is client for owner, _ in self._open)

    def forget(self, client: Client) -> None:
        """Forget those of a client that is gone."""
        for owner, job in tuple(self._open):
            if owner is client:
                self.drop(owner, job)

    def expire(self) -> list[tuple[Client, int, Upload]]:
        """Forget those that stalled, and say which."""
        now = self._clock()
        late = [(c, j, u) for (c, j), u in self._open.items() if now - u.heard > PATIENCE]
        for client, job, _ in late:
            self.drop(client, job)
        return late
