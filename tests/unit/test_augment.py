"""Augmentation: what it must keep and what it must change."""

import numpy as np
import pytest
from dancers import walker

from oscbridge.domain.pose import BONES
from oscbridge.domain.score import PitchRange
from oscbridge.training import augment


def bones(poses):
    return np.stack([np.linalg.norm(poses[:, a] - poses[:, b], axis=-1) for a, b in BONES[4:12]])


@pytest.mark.parametrize("amplitude", [0.8, 1.25])
def test_amplitude_changes_the_range_and_keeps_the_bones(amplitude):
    poses = walker(4.0)[0]
    scaled = augment.scaled(poses, amplitude)
    assert np.abs(bones(scaled) - bones(poses)).max() < 1e-4
    ratio = scaled.std(axis=0).mean() / poses.std(axis=0).mean()
    assert (ratio - 1) * (amplitude - 1) > 0


def test_transposing_is_lossless_or_refused():
    line, pitches = np.array([0, 40, 60], np.uint8), PitchRange(36, 62)
    moved = augment.transposed(line, 2, pitches)
    assert (augment.transposed(moved, -2, pitches) == line).all() and moved[0] == 0
    with pytest.raises(ValueError, match="only -4 to \\+2"):
        augment.transposed(line, 3, pitches)


def test_mirroring_twice_is_nothing_and_once_swaps_the_feet():
    poses = walker(2.0)[0]
    root, contacts = np.ones((len(poses), 3)), np.tile([1, 0, 0, 0], (len(poses), 1))
    once = augment.mirrored(poses, root, contacts)
    assert (once[2][0] == [0, 0, 1, 0]).all() and once[1][0, 0] == -1
    for one, other in zip(augment.mirrored(*once), (poses, root, contacts), strict=True):
        assert np.array_equal(one, other)


def test_lanes_are_left_out_whole_and_bars_change_places():
    drums = np.full((50, 32, 12), 9, np.uint8)
    left = augment.without_lanes(drums, 0.3, np.random.default_rng(1))
    assert ((left == 9).all(axis=1) | (left == 0).all(axis=1)).all()
    assert 0.2 < (left == 0).mean() < 0.4
    steps = np.arange(32)[None]
    assert augment.rotated(steps)[0, 0] == 16
