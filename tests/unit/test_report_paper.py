"""What the `paper` preset gives a report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oscbridge.domain import figure
from oscbridge.training.corpus import Reading, gather
from oscbridge.training.report import paper
from oscbridge.training.sources import Kind, Recording
from oscbridge.vae.presets import fresh_paper


def readings() -> list[Reading]:
    found = []
    for number in range(4):
        rng = np.random.default_rng(number)
        rolls = rng.random((3, 32, 128)) < 0.04
        poses = (figure.rest() + 0.1 * rng.normal(size=(3, 32, 33, 3))).astype(np.float32)
        kinds: tuple[tuple[Kind, np.ndarray], ...] = (("song", rolls), ("take", poses))
        for kind, windows in kinds:
            name = f"{kind}{number}"
            recording = Recording(Path(name), kind, Path("folder"), group=f"of {name}", stratum="s")
            found.append(Reading(recording, f"{name} 0", windows, ""))
    return found


def test_every_test_window_is_told_with_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "GENERATED", 5)
    read = readings()
    corpus = gather(read)
    trio = fresh_paper("sum", seed=1)
    samples = paper.samples(trio, corpus, read, "untrained")
    held_out = corpus.music.keys["test"][0].split()[0]
    assert samples.songs.tolist() == [f"of {held_out}"] * 3
    assert len(samples.takes) == len(samples.dance["real"]) == 3
    sizes = {name: len(music["drums"].held) for name, music in samples.music.items()}
    assert sizes == {
        "real": 3, "reconstructed": 3, "generated": 5, "translated": 3, "random": 3,
        "known": len(corpus.music.train),
    }  # fmt: skip
    assert len(samples.dance["translated"]) == len(samples.songs), "one dance a window of music"
    real = np.concatenate([p.held for p in samples.music["real"].values()], axis=2)
    assert np.array_equal(real, corpus.music.test)
