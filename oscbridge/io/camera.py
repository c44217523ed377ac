"""Pictures in time: from a camera, a video file, or a folder of pictures. OpenCV reads them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oscbridge.errors import FileError, OscbridgeError

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
"""Endings of files that are pictures."""
FPS = 30.0
"""Pictures a second of a folder, unless told otherwise."""
_SAME = 1e-4
BEHIND = 0.1
"""Seconds a picture may be late before it is left out."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
"""Seconds until a camera that is not there is tried again, doubled each time up to the longest."""
INSTALL = 'python3 -m pip install -c constraints.txt ".[camera]"'


class CameraError(OscbridgeError):
    """Pictures cannot be had, or nobody can be found in them."""

    code = "camera"


class Picture(NamedTuple):
    """RGB `pixels` (height, width, 3) uint8 at `time`, seconds from the first."""

    pixels: NDArray[np.uint8]
    time: float


def opencv() -> Any:
    """OpenCV. Raises CameraError where it is not installed."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # what fails is told in our words
    try:
        import cv2
    except ImportError as error:
        raise CameraError(f"a camera needs OpenCV ({error}): {INSTALL}") from error
    return cv2


def pictures_of(path: Path, fps: float | None = None) -> Iterator[Picture]:
    """The pictures of a video file, of a folder in the order of their names, or of a pattern
    (`walk/*.png`). `fps` replaces the times of a video. Raises FileError.
    """
    if path.is_dir():
        return _stills(sorted(p for p in path.iterdir() if p.suffix.lower() in ENDINGS), path, fps)
    if set("*?") & set(path.name):
        return _stills(sorted(path.parent.glob(path.name)), path, fps)
    if not path.is_file():
        raise FileError(path, "no such file; check the name")
    if path.suffix.lower() in ENDINGS:
        return _stills([path], path, fps)
    return _video(path, fps)


def _stills(paths: list[Path], where: Path, fps: float | None) -> Iterator[Picture]:
    if not paths:
        raise FileError(where, f"holds no picture ({', '.join(ENDINGS)})")
    cv2 = opencv()
    for i, path in enumerate(paths):
        pixels = cv2.imread(str(path))
        if pixels is None:
            raise FileError(path, "is no picture that can be read")
        yield Picture(_rgb(pixels), i / (fps or FPS))


def _video(path: Path, fps: float | None) -> Iterator[Picture]:
    cv2 = opencv()
    capture = cv2.VideoCapture(str(path))
    try:
        pace = 1 / (fps or capture.get(cv2.CAP_PROP_FPS) or FPS)
        first = last = None
        while True:
            there, pixels = capture.read()
            if not there:
                break
            told = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            first = told if first is None else first
            at = 0.0 if last is None else last + pace
            # A telephone's pictures do not come at one pace, but its file says when they came.
            if fps is None and last is not None and told - first > last + _SAME:
                at = told - first
            last = at
            yield Picture(_rgb(pixels), at)
        if last is None:
            raise FileError(path, "is no video that can be read")
    finally:
        capture.release()


def _rgb(pixels: Any) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pixels[..., ::-1])


def in_real_time(
    pictures: Iterator[Picture],
    clock: Callable[[], float] = time.perf_counter,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Picture]:
    """The same pictures when their time has come; those that would come too late are left out."""
    start = None
    for picture in pictures:
        start = clock() - picture.time if start is None else start
        ahead = start + picture.time - clock()
        if ahead > 0:
            wait(ahead)
        if ahead > -BEHIND:
            yield picture


def pictures_of_device(
    number: int,
    tell: Callable[[str], None],
    opened: Callable[[int], Any] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Picture]:
    """Pictures of a camera, without end: one that is missing or pulled out is waited for.

    `tell` hears what becomes of it; `opened` gives an OpenCV capture or None.
    """
    opened = opened or _device
    start = time.perf_counter()
    pause = FIRST_WAIT
    while True:
        capture = opened(number)
        if capture is None:
            tell(f"camera {number} is not there or in use; trying again in {pause:g} s")
        else:
            tell(f"camera {number} is there")
            for pixels in _read(capture):
                pause = FIRST_WAIT
                yield Picture(_rgb(pixels), time.perf_counter() - start)
            tell(f"camera {number} gives no more pictures; trying again in {pause:g} s")
        wait(pause)
        pause = min(2 * pause, LONGEST_WAIT)


def _read(capture: Any) -> Iterator[Any]:
    try:
        while True:
            there, pixels = capture.read()
            if not there:
                return
            yield pixels
    finally:
        capture.release()


def _device(number: int) -> Any:
    cv2 = opencv()
    capture = cv2.VideoCapture(number)
    if not capture.isOpened():
        capture.release()
        return None
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not what waited meanwhile
    return capture
