"""Recording a session: what is played and danced, on the transport's clock, into a folder that
training reads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.live import Played
from oscbridge.domain.take import Take
from oscbridge.domain.transport import Transport
from oscbridge.errors import FileError
from oscbridge.io.landmark_file import MOST_FRAMES
from oscbridge.io.midi_file import MOST_BARS, MOST_NOTES
from oscbridge.io.session_journal import (
    BEGAN,
    ENDED,
    ENDING,
    NOTE,
    POSE,
    ROWS,
    TRANSPORT,
    Journal,
)
from oscbridge.io.session_recovery import free_names, recover_apart


class SessionWriter:
    """One take that is recorded. Owned by one thread; only making one and `close` wait for the
    disk. `name` is the one it has got, `notes` and `frames` count, `error` says what is amiss, and
    once it is `over` nothing more is kept.
    """

    def __init__(
        self, folder: Path, name: str, *, bars: int = 0, clock: Callable[[], float] = perf_counter
    ) -> None:
        """Begins with the next bar once a transport is told, for so many `bars` or until `close`.
        Raises FileError where nothing can be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(folder, f"sessions cannot be kept here: {error.strerror}") from error
        self._journal = _new_journal(folder, name)
        self.name = self._journal.path.stem
        self.notes = self.frames = 0
        self._frames: dict[int, int] = {}
        self._take, self._bars = Take(bars or MOST_BARS), bars
        self._clock = clock
        self._full = ""
        self._add(BEGAN, bars or MOST_BARS)

    def _add(self, kind: bytes, *row: float) -> None:
        self._journal.add(kind, np.array(row, ROWS[kind]).tobytes())

    def transport(self, transport: Transport) -> None:
        """How the music goes on: at first, and whenever that changes."""
        now, meter = self._clock(), transport.meter
        self._take.follow(transport, now)
        self._add(
            TRANSPORT, now, transport.time, transport.beat, transport.bpm,
            meter.beat, meter.numerator, meter.denominator, transport.playing,
        )  # fmt: skip

    def note(self, played: Played, beat: float, duration: float = 0.0) -> None:
        """A note begun or ended at a position of the transport; with a `duration`, in beats, it
        ends by itself.
        """
        if not self._keeps(beat, ends=not played.velocity):
            return
        self._add(NOTE, beat, played.time, duration, played.part, played.pitch, played.velocity)
        self.notes += played.velocity > 0
        if self.notes >= MOST_NOTES:
            self._full = f"{MOST_NOTES:,} notes"

    def pose(
        self,
        person: int,
        time: float,
        beat: float,
        landmarks: NDArray[np.float32],
        root: NDArray[np.float32] | None,
    ) -> None:
        """Somebody's pose at a position of the transport and at `time`, host seconds: `landmarks`
        (33, 3) from mid-hip and, if known, mid-hip in the room, `root` (3,), as in `PoseFrame`.
        """
        if not self._keeps(beat):
            return
        row = np.empty((), ROWS[POSE])
        row["beat"], row["time"], row["person"] = beat, time, person
        row["landmarks"], row["root"] = landmarks, np.nan if root is None else root
        self._journal.add(POSE, row.tobytes())
        self.frames += 1
        self._frames[person] = count = self._frames.get(person, 0) + 1
        if count >= MOST_FRAMES:
            self._full = f"{MOST_FRAMES:,} poses of one person"

    def _keeps(self, beat: float, *, ends: bool = False) -> bool:
        """Whether it counts there; while the transport stands only the ends of notes do."""
        if self._full or self._journal.broken or not (ends or self._take.playing):
            return False
        return 0 <= self._take.at(beat) < self._take.end

    @property
    def error(self) -> str:
        """What is amiss, if anything is."""
        full = self._full
        if not self._bars and self._ended():
            full = f"{MOST_BARS:,} bars"
        full = f"{full}, as long as a take may be: begin another" if full else ""
        return self._journal.error or full

    @property
    def over(self) -> bool:
        """Whether nothing more is kept: all bars are there, or it cannot go on (`error`)."""
        return self._ended() or bool(self._full) or self._journal.broken

    def _ended(self) -> bool:
        return self._take.at_time(self._clock()) >= self._take.end

    def state(self) -> tuple[int, int, float, str]:
        """Notes, poses and seconds so far, and whether it is `waiting` for its bar, `recording` or
        `over`.
        """
        at = min(self._take.at_time(self._clock()), self._take.end)
        seconds = float(self._take.timeline.seconds(at)) if at > 0 else 0.0
        going = "over" if self.over else "waiting" if at < 0 else "recording"
        return self.notes, self.frames, seconds, going

    def close(self) -> list[Path]:
        """End the take; its files, none where nothing came. Raises FileError where they cannot be
        written: the journal stays then, for `recover`.
        """
        self._add(ENDED, self._clock())
        self._journal.close()
        path = self._journal.path
        (made,) = recover_apart([path])
        if made.error:
            raise FileError(
                path, f"{made.error}; it is kept for oscbridge record --recover {path.parent}"
            )
        return made.files


def _new_journal(folder: Path, name: str) -> Journal:
    for free in free_names(folder, name):
        try:
            return Journal(folder / f"{free}{ENDING}")
        except FileExistsError:  # somebody else has just begun one
            continue
    raise FileError(folder / name, "is taken too often; choose another name")
