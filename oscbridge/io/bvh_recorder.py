"""Live poses into a .bvh file while they come.

Until it is closed the file is `NAME.recording.bvh`, whole at every moment: each second what came is
appended and only then the number of frames, which has room to grow, is set. A program that is
killed loses at most that last second. Closed, it is `NAME.bvh`, or `NAME-2.bvh` where that exists.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.even_frames import EvenFrames
from oscbridge.domain.rig_live import LiveRig
from oscbridge.errors import FileError
from oscbridge.io.bvh import LARGEST, MOST_FRAMES
from oscbridge.io.bvh_figure import hierarchy, values_of
from oscbridge.io.bvh_write import FRAMES, format_frames, format_head

EVERY = 0.5
"""Seconds of motion that are written at once."""
MOST_WAITING = 2048
"""Poses that may wait for a slow disk; those on top are left out."""
_AT_ONCE = 256
"""Frames that are turned into channels at once."""
_WIDTH = 8
"""Signs of the number of frames."""


class _Pose(NamedTuple):
    time: float
    points: NDArray[np.float32]
    """(34, 3): landmarks, then the root"""


class BvhRecorder:
    """Records one dancer's poses at `fps` frames a second; files are written by a thread of its
    own. `path` ends in .bvh. Raises FileError where the file cannot be begun.
    """

    def __init__(self, path: Path, fps: float = 30.0) -> None:
        self.left_out = 0
        """Poses that were not recorded: not finite, not later than the one before, or too many."""
        self._path = path
        self._error: FileError | None = None
        self._poses: queue.Queue[_Pose | None] = queue.Queue(MOST_WAITING)
        self._last = -np.inf
        self._file = _File(path, fps)
        self._writer = threading.Thread(
            target=self._write, args=(fps,), name="bvh recorder", daemon=True
        )
        self._writer.start()

    @property
    def draft(self) -> Path:
        """Where the recording is until it is closed."""
        return self._file.path

    def add(self, landmarks: NDArray[Any], root: NDArray[Any], time: float) -> None:
        """A pose of the figure (33, 3) with mid-hip in the room (3,) at `time`, in seconds.

        Never waits. Raises FileError once the disk has refused, or the file is full.
        """
        if self._error:
            raise self._error
        points = np.concatenate([landmarks, np.reshape(root, (1, 3))]).astype(np.float32)
        if not (time > self._last and np.isfinite(points).all() and np.isfinite(time)):
            self.left_out += 1
            return
        self._last = time
        try:
            self._poses.put_nowait(_Pose(time, points))
        except queue.Full:
            self.left_out += 1

    def close(self) -> Path | None:
        """Write what is left and give the file its name, which is returned; None where there was
        not one pose. Waits for the disk. Raises FileError.
        """
        if self._writer.is_alive():
            self._poses.put(None)
            self._writer.join()
        written = self._file.close(self._path)
        if self._error:
            raise self._error
        return written

    def _write(self, fps: float) -> None:
        """What the thread does. After an error it goes on emptying the queue, so none waits."""
        channels = _Channels()
        frames = EvenFrames(fps)
        due: list[NDArray[np.float64]] = []
        while (pose := self._poses.get()) is not None:
            if self._error:
                continue
            # One more than the file holds says that it is full, however long nobody came.
            due.append(frames.add(pose.time, pose.points.astype(np.float64), MOST_FRAMES + 1))
            if sum(map(len, due)) >= EVERY * fps:
                self._append(channels, due)
                due = []
        if due and not self._error:
            self._append(channels, due)

    def _append(self, channels: _Channels, due: list[NDArray[np.float64]]) -> None:
        points = np.concatenate(due)
        try:
            for start in range(0, len(points), _AT_ONCE):
                self._file.append(channels.of(points[start : start + _AT_ONCE]))
        except FileError as error:
            self._error = error


class _Channels:
    """Frames as channels that go on from those before."""

    def __init__(self) -> None:
        self._rig = LiveRig()
        self._before: NDArray[np.float64] | None = None

    def of(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Channels (frames, channels) of landmarks and root (frames, 34, 3)."""
        # While nobody comes one pose stands still, perhaps for an hour: it is worked out once.
        new = np.concatenate([[True], (points[1:] != points[:-1]).any(axis=(1, 2))])
        values = self._of_new(points[new])
        self._before = values[-1]
        return np.asarray(values[np.cumsum(new) - 1])

    def _of_new(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        # Between two poses of the figure the figure's bones would shrink.
        landmarks = skeleton.project(points[:, :-1])
        return values_of(self._rig.turned(landmarks), points[:, -1], self._before)


class _File:
    """A .bvh that is valid after every `append`."""

    def __init__(self, path: Path, fps: float) -> None:
        head, self._columns = format_head(hierarchy(), "0".ljust(_WIDTH), 1 / fps)
        self._count_at = head.index(FRAMES.encode()) + len(FRAMES) + 1
        self._frames = 0
        self._end = len(head)
        self._file: BinaryIO
        for name in _names(path, ".recording"):
            try:
                self._file = name.open("xb", buffering=0)
            except FileExistsError:
                continue
            except OSError as error:
                raise _refused(name, error) from error
            self.path = name
            self._put(head, 0)
            return

    def append(self, values: NDArray[np.float64]) -> None:
        """Add frames (frames, channels). Raises FileError, and the file stays as it was."""
        lines = format_frames(values[:, self._columns])
        if self._frames + len(values) > MOST_FRAMES or self._end + len(lines) > LARGEST:
            raise FileError(self.path, f"full after {self._frames} frames; begin another recording")
        self._put(lines, self._end)
        self._end += len(lines)
        self._frames += len(values)
        self._put(str(self._frames).encode().ljust(_WIDTH), self._count_at)

    def _put(self, content: bytes, at: int) -> None:
        """Write bytes and see them on the disk, so that the number is never ahead of the frames."""
        try:
            self._file.seek(at)
            while content:
                content = content[self._file.write(content) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _refused(self.path, error) from error

    def close(self, path: Path) -> Path | None:
        """End the file under the first free name; see `BvhRecorder.close`."""
        try:
            self._file.truncate(self._end)
            self._file.close()
            if not self._frames:
                self.path.unlink()
                return None
            for name in _names(path):
                with suppress(FileExistsError):
                    name.touch(exist_ok=False)  # takes the name, whoever else saves at this moment
                    return self.path.replace(name)
        except OSError as error:
            raise _refused(path, error) from error
        raise AssertionError("the names never end")


def _names(path: Path, ending: str = "") -> Iterator[Path]:
    """`path` with `ending` before its suffix, then the same numbered from 2 on."""
    for number in itertools.count(1):
        mark = "" if number == 1 else f"-{number}"
        yield path.with_name(f"{path.stem}{mark}{ending}{path.suffix}")


def _refused(path: Path, error: OSError) -> FileError:
    return FileError(path, f"cannot be written: {error.strerror or error}; choose another place")
