"""The text of a Biovision hierarchy file, from a motion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oscbridge.io.bvh import Joint, Motion

FRAMES = "Frames:"
"""What the number of frames stands behind."""


def format_bvh(motion: Motion) -> bytes:
    """The bytes of a .bvh file: tabs, one line a frame, five decimals."""
    head, columns = format_head(motion.joints, str(motion.frames), motion.frame_time)
    return head + format_frames(motion.values[:, columns])


def format_head(
    joints: tuple[Joint, ...], frames: str, frame_time: float
) -> tuple[bytes, list[int]]:
    """All up to the first frame, and the columns of the channels in the order of the text; the
    number of frames is written as it is given.
    """
    children: dict[int, list[int]] = {}
    for i, joint in enumerate(joints):
        children.setdefault(joint.parent, []).append(i)
    lines = ["HIERARCHY"]
    columns: list[int] = []
    for root in children[-1]:
        lines += _joint_lines(joints, children, root, 0, columns)
    lines += ["MOTION", f"{FRAMES} {frames}", f"Frame Time: {frame_time:.8f}"]
    return ("\n".join(lines) + "\n").encode(), columns


def format_frames(values: NDArray[np.float64]) -> bytes:
    """One line a frame of `values` (frames, channels), in the order of the text."""
    form = " ".join(["%.5f"] * values.shape[1]) + "\n"
    return "".join(form % tuple(row) for row in values.tolist()).encode()


def _joint_lines(
    joints: tuple[Joint, ...],
    children: dict[int, list[int]],
    i: int,
    depth: int,
    columns: list[int],
) -> Iterator[str]:
    """A joint and all below it; `columns` collects the columns in the order of their joints."""
    joint, tabs = joints[i], "\t" * depth
    kind = "ROOT" if joint.parent < 0 else "JOINT" if joint.name else "End"
    yield f"{tabs}{kind} {joint.name or 'Site'}"
    yield tabs + "{"
    yield tabs + "\tOFFSET " + " ".join(f"{value:.5f}" for value in joint.offset)
    if joint.name:
        yield f"{tabs}\tCHANNELS {len(joint.channels)} {' '.join(joint.channels)}".rstrip()
        columns.extend(range(joint.first, joint.first + len(joint.channels)))
    for child in children.get(i, ()):
        yield from _joint_lines(joints, children, child, depth + 1, columns)
    yield tabs + "}"
