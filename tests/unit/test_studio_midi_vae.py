"""The studio MIDI VAE and its prior: parts apart, a loss that can be learnt, graphs that agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from scores import song_score
from torch import Tensor, nn

from oscbridge.domain.code_sampling import draw
from oscbridge.domain.music import Part
from oscbridge.domain.score import LANES, Score, joined
from oscbridge.domain.score_channels import (
    INPUT_SIZES,
    INPUTS,
    OUT_DRUM_TIMING,
    OUTPUT_SIZES,
    OUTPUTS,
    to_input,
)
from oscbridge.domain.score_decode import decode
from oscbridge.vae.studio import midi_vae, music_prior

TINY = midi_vae.Config(widths=(16, 16, 16), blocks=1, dropout=0.0, input_dropout=0.0)
SMALL = music_prior.Config(choices=16, width=16, heads=2, blocks=1, dropout=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vae(config: midi_vae.Config = TINY) -> midi_vae.MidiVae:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return midi_vae.MidiVae(config).eval()


def prior() -> music_prior.MusicPrior:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = music_prior.MusicPrior(SMALL)
    made.learn_codes(torch.randn(200, 128, generator=generator()), generator())
    return made.eval()


def windows(count: int = 4) -> tuple[Score, Tensor]:
    scores = [song_score(seed) for seed in range(count)]
    x = to_input(joined(scores)).reshape(count, 32, INPUTS)
    return joined(scores), torch.from_numpy(x)


def test_shapes_are_those_of_the_channels_and_z_has_128_values() -> None:
    mean, log_variance = vae().encode(windows()[1])
    assert midi_vae.Config().latent == 128
    assert mean.shape == log_variance.shape == (4, 128)
    assert vae().decode(mean).shape == (4, 32, OUTPUTS)


@pytest.mark.parametrize("part", list(Part))
def test_a_part_reaches_its_own_latents_and_logits_only(part: Part) -> None:
    x = windows(1)[1]
    start = sum(INPUT_SIZES[:part])
    other = x.clone()
    other[..., start : start + INPUT_SIZES[part]] = 0
    one, two = (vae().encode(w)[0].view(8, 16) for w in (x, other))
    changed = (one != two).any(dim=0)
    own = torch.zeros(16, dtype=torch.bool)
    at = sum(TINY.latents[:part])
    own[at : at + TINY.latents[part]] = True
    assert torch.equal(changed, own)
    logits = (vae().decode(one.reshape(1, -1)) != vae().decode(two.reshape(1, -1)))[0].any(dim=0)
    at = sum(OUTPUT_SIZES[:part])
    assert logits[at : at + OUTPUT_SIZES[part]].all()
    assert logits.sum() == OUTPUT_SIZES[part]


def test_it_learns_a_few_windows_by_heart() -> None:
    score, x = windows(2)
    model = vae(midi_vae.Config(widths=(48, 48, 48), blocks=1, dropout=0.0, input_dropout=0.0))
    model.train()
    optimiser, noise = torch.optim.Adam(model.parameters(), 5e-3), generator()
    quiet, none = torch.zeros(2, 32, LANES), torch.zeros(2)
    first = model.loss(x, quiet, none, noise).figures["error"]
    for _ in range(250):
        loss = model.loss(x, quiet, none, noise).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()
    assert model.loss(x, quiet, none, noise).figures["error"] < first / 20
    with torch.no_grad():
        logits = model.decode(model.encode(x)[0]).numpy()
    made = joined([decode(window) for window in logits])
    assert np.array_equal(made.drums > 0, score.drums > 0)
    assert np.array_equal(made.bass_pitch, score.bass_pitch)
    assert np.array_equal(made.melody_pitch, score.melody_pitch)
    assert np.array_equal(made.melody_velocity > 0, score.melody_velocity > 0)


def test_timing_is_learnt_only_from_windows_whose_timing_is_known() -> None:
    model, x = vae(), windows()[1]
    timing = torch.full((4, 32, LANES), 0.2)
    weight = model.decoders[0].unfold.weight
    steps = weight.view(4, OUTPUT_SIZES[0], -1)

    def gradient(timed: float) -> Tensor:
        model.zero_grad()
        model.loss(x, timing, torch.full((4,), timed), generator()).loss.backward()
        assert weight.grad is not None
        return weight.grad.view_as(steps)[:, OUT_DRUM_TIMING].abs().sum()

    assert gradient(0.0) == 0
    assert gradient(1.0) > 0


def test_the_divergence_counts_beyond_the_free_nats_and_as_warm_as_told() -> None:
    x, quiet, none = windows()[1], torch.zeros(4, 32, LANES), torch.zeros(4)
    free = vae(midi_vae.Config(widths=(16, 16, 16), blocks=1, free_nats=0.0)).eval()
    cold, warm = (free.loss(x, quiet, none, generator(), w).figures for w in (0.0, 1.0))
    assert warm["loss"] - cold["loss"] == pytest.approx(0.1 * warm["kl"], rel=1e-3)
    lax = vae(midi_vae.Config(widths=(16, 16, 16), blocks=1, free_nats=1e6)).eval()
    assert lax.loss(x, quiet, none, generator()).figures["loss"] == pytest.approx(cold["loss"])


class Verb(nn.Module):
    """A method of a module as what it does when called."""

    def __init__(self, module: nn.Module, verb: str) -> None:
        super().__init__()
        self.module, self.verb = module, verb

    def forward(self, *inputs: Tensor) -> Tensor:
        return getattr(self.module, self.verb)(*inputs)


@pytest.mark.parametrize("verb", ["encode", "decode", "forward", "latent"])
def test_onnx_runtime_answers_as_torch_does(verb: str, tmp_path: Path) -> None:
    codes = torch.randint(SMALL.choices, (2, 8, SMALL.places), generator=generator())
    module, inputs = {
        "encode": (vae(), (windows(2)[1],)),
        "decode": (vae(), (torch.randn(2, 128, generator=generator()),)),
        "forward": (prior(), (codes, torch.tensor([0, 3]))),
        "latent": (prior(), (codes,)),
    }[verb]
    batch = torch.export.Dim("batch")
    graph = Verb(module, verb).eval()
    torch.onnx.export(
        graph, inputs, tmp_path / "graph.onnx", dynamo=True, opset_version=18, verbose=False,
        dynamic_shapes=(tuple({0: batch} for _ in inputs),),
    )  # fmt: skip
    session = onnxruntime.InferenceSession(tmp_path / "graph.onnx")
    three = tuple(torch.cat([tensor, tensor[:1]]) for tensor in inputs)
    feed = {i.name: t.numpy() for i, t in zip(session.get_inputs(), three, strict=True)}
    with torch.no_grad():
        wanted = graph(*three)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    for got, want in zip(session.run(None, feed), wanted, strict=True):
        np.testing.assert_allclose(got, want.numpy(), atol=1e-5)


def test_the_prior_foresees_a_code_from_those_before_it_only() -> None:
    model = prior()
    codes = torch.randint(SMALL.choices, (1, 8, SMALL.places), generator=generator())
    phase = torch.zeros(1, dtype=torch.long)
    with torch.no_grad():
        plain = model(codes, phase).flatten(1, 2)
        for place in range(8 * SMALL.places):
            changed = codes.clone().flatten()
            changed[place] = (changed[place] + 1) % SMALL.choices
            moved = model(changed.view_as(codes), phase).flatten(1, 2)
            differs = (moved != plain).any(dim=2)[0]
            assert not differs[: place + 1].any()
            assert differs[place + 1 :].any() or place == 8 * SMALL.places - 1


def test_codes_round_z_to_what_comes_back_the_same() -> None:
    model = prior()
    z = torch.randn(50, 128, generator=generator(5))
    rounded = model.latent(model.codes(z))
    assert (rounded - z).square().mean() < 0.6 * z.square().mean()
    codes = model.codes(rounded)
    nearer = (model.latent(codes) - rounded).square().mean()
    assert nearer < 0.1 * (rounded - z).square().mean()


def test_a_prior_that_has_heard_a_loop_repeats_it() -> None:
    model = prior().train()
    bars = torch.randint(SMALL.choices, (64, 4, SMALL.places), generator=generator())
    loops = torch.cat([bars, bars], dim=1)
    phase = torch.zeros(64, dtype=torch.long)
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(150):
        loss = model.loss(loops, phase).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    z = model.eval().sample(16, 0.5, np.random.default_rng(0))
    assert z.shape == (16, 128)
    assert torch.equal(z, model.sample(16, 0.5, np.random.default_rng(0)))
    beats = z.view(16, 2, -1)
    same = torch.nn.functional.cosine_similarity(beats[:, 0], beats[:, 1]).mean()
    other = torch.nn.functional.cosine_similarity(beats[:, 0], beats.roll(1, 0)[:, 1]).mean()
    assert same > other + 0.3


def test_codes_are_drawn_as_foreseen_and_none_beyond_the_nucleus() -> None:
    p = np.array([0.5, 0.3, 0.15, 0.05])

    def foresee(codes: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.log(p), (*codes.shape, 4)).astype(np.float32)

    def shares(temperature: float, nucleus: float) -> np.ndarray:
        rng = np.random.default_rng(0)
        codes = draw(foresee, (2000, 2, 2), temperature, rng, nucleus)
        return np.bincount(codes.ravel(), minlength=4) / codes.size

    assert shares(1.0, 1.0) == pytest.approx(p, abs=0.02)
    assert shares(0.5, 1.0) == pytest.approx(p**2 / (p**2).sum(), abs=0.02)
    assert shares(1.0, 0.7) == pytest.approx([0.625, 0.375, 0, 0], abs=0.02)
    assert shares(0.0, 1.0).tolist() == [1, 0, 0, 0]
