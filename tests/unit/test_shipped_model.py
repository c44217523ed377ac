"""What the shipped model answers, as a musician would notice it."""

import numpy as np
import pytest

from oscbridge.domain.sampling import Sampling
from oscbridge.domain.timeline import Timeline
from oscbridge.engine.loading import load
from oscbridge.io import model_files
from oscbridge.shipped import MODELS


@pytest.fixture(scope="module")
def bridge():
    return load(model_files.find([MODELS], "paper"))


def test_a_new_pair_is_no_denser_than_music_and_its_dance_moves(bridge):
    for seed in range(8):
        clip, dance = bridge.pair(bars=2, tempo=120.0, sampling=Sampling(seed, 1.0))
        notes = clip.counts()
        # Real windows average some 50 hits; a lane that plays each step would have 32.
        assert 8 <= notes["drums"] <= 128
        assert notes["bass"] <= 32 and notes["melody"] <= 64
        assert dance.landmarks.std(axis=0).mean() > 0.01


def test_a_latent_of_the_bridge_decodes_to_the_pair_it_is(bridge):
    z = np.random.default_rng(3).standard_normal(32).astype(np.float32)
    clip = bridge.decode("bridge", "clip", z, 120.0)
    dance = bridge.decode("bridge", "dance", z, 120.0)
    assert clip.length == 8.0 and dance.frames == 32
    assert clip.timeline == Timeline.steady(120.0)
    assert clip.counts()["melody"] <= 64
