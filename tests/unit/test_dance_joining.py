"""Joining windows of dance: nothing changes where they agree, a turned window is turned back, and
two that do not agree meet without a jolt where they are most alike.
"""

from __future__ import annotations

import numpy as np
import pytest

from oscbridge.domain import skeleton
from oscbridge.domain.dance_joining import FADE, join_dance, turned_poses, turned_way
from oscbridge.domain.pose import COUNT

FRAMES, HOP = 128, 16


def dance(frames: int, phase: float = 0.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    figure = skeleton.project(rng.normal(0, 0.3, (1, COUNT, 3)).astype(np.float32))[0]
    beat = np.arange(frames) / 16 + phase
    swing = np.sin(2 * np.pi * beat / 4)[:, None, None] * rng.normal(0, 0.05, (1, COUNT, 3))
    return skeleton.project((figure + swing).astype(np.float32))


def cut(run: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.stack([run[4 * s : 4 * s + FRAMES] for s in starts])


def walk(frames: int) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(frames) / 40
    way = np.stack([np.sin(t), np.cos(2 * t), 0.9 + 0.05 * np.sin(t)], -1)
    contact = (np.sin(t[:, None] + np.arange(4)) > 0).astype(float)
    return way.astype(np.float32), contact.astype(np.float32)


def test_windows_of_one_dance_give_it_back_however_each_is_turned() -> None:
    starts = np.array([0, 16, 32, 44])
    run = dance(4 * 44 + FRAMES)
    way, contact = walk(len(run))
    poses, ways = cut(run, starts), cut(way, starts)
    for number, angle in enumerate((0.0, 1.0, -2.5, 3.0)):
        poses[number] = turned_poses(poses[number], angle)
        ways[number] = turned_way(ways[number], angle)
    joined = join_dance(poses, ways, cut(contact, starts), starts)
    assert joined.poses == pytest.approx(run, abs=1e-4)
    assert joined.way == pytest.approx(way, abs=1e-4)
    assert joined.contact == pytest.approx(contact, abs=1e-6)


def test_the_way_turns_as_the_body_does() -> None:
    goes = np.array([[0.3, -0.7, 0.9]], np.float32)
    point = np.array([[[0.3, 0.0, -0.7]]], np.float32)  # left, down, back
    turned = turned_poses(point, 0.8)[0, 0]
    assert turned_way(goes, 0.8)[0] == pytest.approx([turned[0], turned[2], 0.9], abs=1e-6)


def test_a_seam_lies_where_both_are_most_alike() -> None:
    first = dance(FRAMES)
    second = dance(FRAMES, phase=4.0, seed=3)
    alike = slice(80, 80 + 4 * FADE)
    second[alike.start - 64 : alike.stop - 64] = first[alike]
    way, contact = (np.stack([a, a]) for a in walk(FRAMES))
    joined = join_dance(np.stack([first, second]), way, contact, np.array([0, 16]))
    assert joined.seams.tolist() == [[alike.start, alike.stop]]
    assert joined.poses[: alike.stop] == pytest.approx(first[: alike.stop], abs=1e-4)
    assert joined.poses[alike.stop :] == pytest.approx(second[alike.stop - 64 :], abs=1e-4)


def test_windows_that_do_not_agree_meet_without_a_jolt() -> None:
    windows = np.stack([dance(FRAMES, seed=s) for s in range(3)])
    way, contact = (np.stack([a] * 3) for a in walk(FRAMES))
    joined = join_dance(windows, way, contact, HOP * np.arange(3))
    assert joined.poses.shape == (FRAMES + 2 * 64, COUNT, 3)
    whole = skeleton.project(joined.poses)
    step = np.linalg.norm(np.diff(whole, axis=0), axis=-1).max()
    apart = np.linalg.norm(windows[1] - windows[0], axis=-1).max()
    assert step < apart / 4, "a cut would leap the whole distance"


def test_windows_end_to_end_are_put_side_by_side() -> None:
    windows = np.stack([dance(FRAMES)] * 2)
    way, contact = (np.stack([a, a]) for a in walk(FRAMES))
    joined = join_dance(windows, way, contact, np.array([5, 37]))
    assert joined.poses == pytest.approx(np.concatenate(windows), abs=1e-4)


@pytest.mark.parametrize("starts", [[], [0, 33], [4, 4]])
def test_a_gap_is_refused(starts: list[int]) -> None:
    windows = np.stack([dance(FRAMES)] * 2)[: len(starts)]
    way, contact = (np.stack([a, a])[: len(starts)] for a in walk(FRAMES))
    with pytest.raises(ValueError, match="without a gap"):
        join_dance(windows, way, contact, np.array(starts))
