"""`oscbridge camera`: a camera or a video becomes a stream of poses, or a file of them."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from oscbridge.api import PORT
from oscbridge.cli.loading import clear_errors
from oscbridge.config import LOOPBACK
from oscbridge.errors import OscbridgeError

if TYPE_CHECKING:
    from oscbridge.io.camera import Picture
    from oscbridge.io.mediapipe_pose import Found
    from oscbridge.io.pose_sender import PoseSender

TOLD = 1.0
"""Seconds between two looks at how it goes."""
GONE = 1.0
"""Seconds without a person after which they are said to be lost."""
_ADDRESS = re.compile(r"(?:\[(?P<six>[^]]+)\]|(?P<host>[^:\[\]]+)):(?P<port>\d{1,5})")


def _address(
    context: click.Context, option: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    if value is None:
        return None
    found = _ADDRESS.fullmatch(value)
    if not found or not 0 < int(found["port"]) < 65536:
        raise click.BadParameter(f"{value!r}; give HOST:PORT as {LOOPBACK}:{PORT}")
    return found["six"] or found["host"], int(found["port"])


class Watch:
    """Says how it goes, on one line of a terminal that is written over, else line by line."""

    def __init__(self) -> None:
        self.pictures = self.poses = 0
        self._sum = 0.0
        self._start = self._told = time.perf_counter()
        self._recent: deque[float] = deque(maxlen=90)
        self._open = False

    def see(self, found: Found | None) -> None:
        """Count a picture and who was found in it."""
        now = time.perf_counter()
        self.pictures += 1
        self._recent.append(now)
        confidence = 0.0
        if found is not None:
            self.poses += 1
            confidence = float(found.confidence.mean())
            self._sum += confidence
        if now - self._told >= TOLD:
            self._told = now
            who = f"confidence {confidence:.2f}" if found else "nobody is seen"
            self._line(f"{self._fps():5.1f} fps  {who}  {self.poses} poses")

    def _fps(self) -> float:
        passed = self._recent[-1] - self._recent[0] if self._recent else 0.0
        return (len(self._recent) - 1) / passed if passed > 0 else 0.0

    def _line(self, text: str) -> None:
        self._open = sys.stdout.isatty()
        click.echo(f"\r{text:60}" if self._open else text, nl=not self._open)

    def say(self, text: str) -> None:
        """Something that stays on the screen."""
        click.echo(f"\n{text}" if self._open else text)
        self._open = False

    def summary(self) -> str:
        """What came of it all."""
        passed = max(time.perf_counter() - self._start, 1e-9)
        mean = f", mean confidence {self._sum / self.poses:.2f}" if self.poses else ""
        return (
            f"{self.poses} poses in {self.pictures} pictures, {passed:.1f} s, "
            f"{self.pictures / passed:.1f} fps{mean}"
        )


class Stop:
    """Ctrl-C and SIGTERM. An interrupt may be raised where a library swallows it, such as in a
    callback of its own; it is raised again at the next wait then.
    """

    def __init__(self) -> None:
        self._asked = False
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt

    def wait(self, seconds: float) -> None:
        """Wait for that long. Raises KeyboardInterrupt."""
        if self._asked:
            raise KeyboardInterrupt
        time.sleep(seconds)


@click.command()
@click.argument("source", required=False, metavar="[FILE]", type=click.Path(path_type=Path))
@click.option("--device", type=click.IntRange(0), help="Number of the camera.  [default: 0]")
@click.option(
    "--to", metavar="HOST:PORT", callback=_address,
    help=f"Stream to this daemon.  [default: {LOOPBACK}:{PORT}, unless -o is given]",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the dance to this file (.npz .json .csv .bvh) at the end.",
)  # fmt: skip
@click.option(
    "--person", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True,
    help="Number of the person in the stream.",
)  # fmt: skip
@click.option(
    "--fps",
    type=click.FloatRange(1, 1000),
    help="Pictures a second of FILE, if what it says is wrong.",
)
def camera(
    source: Path | None, device: int | None, to: tuple[str, int] | None, output: Path | None,
    person: int, fps: float | None,
) -> None:  # fmt: skip
    """Find a person in a camera's pictures, or in a FILE, and stream their poses.

    FILE is a video, a folder of pictures, or a pattern of them in quotes. Ctrl-C ends.
    """
    from oscbridge.io.dance_file import ending_of
    from oscbridge.io.pose_sender import PoseSender

    if source is not None and device is not None:
        raise click.UsageError("give a FILE or --device, not both")
    if to is None and output is None:
        to = (LOOPBACK, PORT)
    watch, stop = Watch(), Stop()
    with clear_errors():
        if output is not None:
            ending_of(output)
        sender = PoseSender(*to, person) if to else None
        try:
            pictures = _pictures(source, device or 0, fps, sender is not None, watch, stop)
            poses = _follow(pictures, sender, watch, stop, keep=output is not None)
        finally:
            if sender:
                sender.close()
        watch.say(watch.summary())
        if output is not None:
            _write(poses, output)
            click.echo(f"{output}: {len(poses)} poses")


def _pictures(
    source: Path | None, device: int, fps: float | None, live: bool, watch: Watch, stop: Stop
) -> Iterator[Picture]:
    from oscbridge.io.camera import in_real_time, pictures_of, pictures_of_device

    if source is None:
        return pictures_of_device(device, watch.say, wait=stop.wait)
    pictures = pictures_of(source, fps)
    return in_real_time(pictures, wait=stop.wait) if live else pictures


def _follow(
    pictures: Iterator[Picture], sender: PoseSender | None, watch: Watch, stop: Stop, *, keep: bool
) -> list[tuple[float, Any]]:
    """Times and landmarks (33, 3) of the poses, if they are to be kept."""
    from oscbridge.io.landmark_file import MOST_FRAMES
    from oscbridge.io.mediapipe_pose import PoseFinder

    poses: list[tuple[float, Any]] = []
    seen = None
    try:
        with PoseFinder() as finder:
            for picture in pictures:
                stop.wait(0)
                found = finder.find(picture.pixels)
                watch.see(found)
                if found is not None:
                    seen = picture.time
                    if sender:
                        sender.send(*found, picture.time)
                    if keep:
                        poses.append((picture.time, found.landmarks))
                elif seen is not None and picture.time - seen > GONE:
                    seen = None
                    if sender:
                        sender.lost()
                if len(poses) >= MOST_FRAMES:
                    watch.say(f"{MOST_FRAMES} poses: the file is full")
                    break
    except KeyboardInterrupt:
        watch.say("stopped")
    if sender:
        sender.lost()
    return poses


def _write(poses: list[tuple[float, Any]], output: Path) -> None:
    import numpy as np

    from oscbridge.io.dance_file import dance_of, write_dance
    from oscbridge.io.landmark_file import Recording

    if not poses:
        raise OscbridgeError("nobody was found: there is nothing to write")
    landmarks = np.stack([landmarks for _, landmarks in poses]).astype(np.float64)
    time = np.array([time for time, _ in poses])
    found = dance_of(Recording(landmarks, time, None, None), output)
    write_dance(found.dance, found.timeline, output)
