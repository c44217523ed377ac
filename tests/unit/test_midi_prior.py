"""The prior of music: its flow, its training, its graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from oscbridge.domain import flow
from oscbridge.domain.flow import Points
from oscbridge.errors import FileError
from oscbridge.training import studio_prior
from oscbridge.training.studio_prior import Posteriors, Settings
from oscbridge.vae.studio.midi_prior import Config, MidiPrior

torch.set_num_threads(1)
TINY = Config(width=32, blocks=1, token_hidden=16, dropout=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def latents(count: int = 400) -> Tensor:
    """Latents whose second half repeats the first, off centre."""
    half = torch.randn(count, 64, generator=generator())
    return torch.cat([half, half], dim=1) * 2 + 3


def posteriors(count: int = 400) -> Posteriors:
    return Posteriors(latents(count), torch.full((count, 128), -9.0))


def drawn(prior: MidiPrior, count: int = 200) -> Points:
    @torch.no_grad()
    def velocity(x: Points, time: Points) -> Points:
        return np.asarray(prior.velocity(torch.from_numpy(x), torch.from_numpy(time)).numpy())

    noise = np.random.default_rng(1).standard_normal((count, 128)).astype(np.float32)
    return flow.draw(velocity, noise)


def test_untrained_it_draws_the_gaussian_of_the_latents() -> None:
    prior = MidiPrior(TINY).eval()
    prior.learn_spread(latents())
    z = drawn(prior)
    assert z.mean() == pytest.approx(3, abs=0.1)
    assert z.std() == pytest.approx(2, abs=0.15)
    off = np.abs(z[:, :64] - z[:, 64:]).mean()
    assert off < 0.3  # they are alike, where strangers would be 2.3 apart


def test_what_is_seen_from_without_is_the_whitened_way() -> None:
    prior = MidiPrior(TINY).eval()
    prior.learn_spread(latents())
    x = torch.randn(4, 128, generator=generator())
    one, step = torch.ones(4, 1), 1e-3
    with torch.no_grad():
        flowed = x + step * prior.whitened(x, 0 * one)
        moved = x + step * prior.velocity(x, 0 * one)
    spread = 1 + step * (prior.scale - 1)
    torch.testing.assert_close(moved, flowed * spread + step * prior.centre, atol=1e-4, rtol=0)


def test_training_lowers_the_error_and_ends_with_patience() -> None:
    """Of windows that lie at two places, which no Gaussian does."""
    sides = torch.where(torch.rand(300, 1, generator=generator()) < 0.5, -1.0, 1.0)
    z = sides * torch.ones(128) + 0.1 * torch.randn(300, 128, generator=generator())
    two = Posteriors(z, torch.full_like(z, -9.0))
    settings = Settings(steps=500, batch=64, recombine=0.0, config=TINY, decay=0.9)
    fresh = MidiPrior(TINY)
    fresh.learn_spread(z)
    heard: list[dict[str, float]] = []
    prior = studio_prior.fit(two, two, settings, each=lambda step, figures: heard.append(figures))
    assert studio_prior.error(prior, two) < 0.9 * studio_prior.error(fresh, two)
    assert studio_prior.error(prior, two) == min(f["unseen"] for f in heard)
    stubborn = replace(settings, rate=0.0, steps=5000, patience=2, batch=4)
    heard.clear()
    studio_prior.fit(two, two, stubborn, each=lambda step, figures: heard.append(figures))
    assert len(heard) == 3


def test_training_goes_on_where_it_stood(tmp_path: Path) -> None:
    settings = Settings(steps=500, batch=8, config=TINY)
    known, unseen = posteriors(60), posteriors(20)
    whole = studio_prior.fit(known, unseen, settings)

    def killed(step: int, figures: dict[str, float]) -> None:
        if step == 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        studio_prior.fit(known, unseen, settings, tmp_path, killed)
    resumed = studio_prior.fit(known, unseen, settings, tmp_path)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name
    with pytest.raises(FileError):
        studio_prior.fit(known, unseen, replace(settings, seed=2), tmp_path)


def test_recombined_windows_have_each_part_of_some_window() -> None:
    z = torch.arange(5.0)[:, None].expand(5, 128).contiguous()
    beats = studio_prior.recombined(z, 40, (4, 5, 7), generator()).view(40, 8, 16)
    for part in beats.split([4, 5, 7], dim=2):
        assert (part == part[:, :1, :1]).all()
    assert (beats[..., 0] != beats[..., 4]).any() and (beats[..., 4] != beats[..., 9]).any()


class Velocity(nn.Module):
    def __init__(self, prior: MidiPrior) -> None:
        super().__init__()
        self.prior = prior

    def forward(self, latent: Tensor, time: Tensor) -> Tensor:
        return self.prior.velocity(latent, time)


def test_onnx_runtime_answers_as_torch_does(tmp_path: Path) -> None:
    prior = MidiPrior(TINY).eval()
    prior.learn_spread(latents())
    nn.init.normal_(prior.answer.weight, std=0.1, generator=generator())
    batch = torch.export.Dim("batch")
    inputs = (torch.randn(2, 128, generator=generator()), torch.rand(2, 1, generator=generator()))
    torch.onnx.export(
        Velocity(prior).eval(), inputs, tmp_path / "graph.onnx", dynamo=True, opset_version=18,
        verbose=False, input_names=["latent", "time"], output_names=["velocity"],
        dynamic_shapes=({0: batch}, {0: batch}),
    )  # fmt: skip
    session = onnxruntime.InferenceSession(tmp_path / "graph.onnx")
    latent, time = (torch.cat([tensor, tensor[:1]]) for tensor in inputs)
    (got,) = session.run(None, {"latent": latent.numpy(), "time": time.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(got, prior.velocity(latent, time).numpy(), atol=1e-5)
