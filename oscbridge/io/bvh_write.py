"""The text of a Biovision hierarchy file, from a motion."""

from __future__ import annotations

from collections.abc import Iterator

from oscbridge.io.bvh import Joint, Motion


def format_bvh(motion: Motion) -> bytes:
    """The bytes of a .bvh file: tabs, one line a frame, five decimals."""
    children: dict[int, list[int]] = {}
    for i, joint in enumerate(motion.joints):
        children.setdefault(joint.parent, []).append(i)
    lines = ["HIERARCHY"]
    columns: list[int] = []
    for root in children[-1]:
        lines += _joint_lines(motion.joints, children, root, 0, columns)
    lines += ["MOTION", f"Frames: {motion.frames}", f"Frame Time: {motion.frame_time:.8f}"]
    form = " ".join(["%.5f"] * len(columns))
    lines += [form % tuple(row) for row in motion.values[:, columns].tolist()]
    return ("\n".join(lines) + "\n").encode()


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
