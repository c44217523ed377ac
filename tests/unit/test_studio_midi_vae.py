"""The studio MIDI VAE: parts apart, a loss that can be learnt, graphs that agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from scores import song_score
from torch import Tensor, nn

from oscbridge.domain.music import Part
from oscbridge.domain.score import LANES, Score, joined
from oscbridge.domain.score_channels import (
    INPUT_SIZES,
    INPUTS,
    OUT_BASS,
    OUT_DRUM_TIMING,
    OUTPUT_SIZES,
    OUTPUTS,
    to_input,
)
from oscbridge.domain.score_decode import decode
from oscbridge.vae.studio import midi_vae

TINY = midi_vae.Config(widths=(16, 16, 16), blocks=1, dropout=0.0, input_dropout=0.0)
FOLDED = replace(TINY, folded=True)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def vae(config: midi_vae.Config = TINY) -> midi_vae.MidiVae:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return midi_vae.MidiVae(config).eval()


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


def test_a_folded_vae_says_a_pitch_by_class_and_octave_too() -> None:
    """What a decoder says of one class and one octave alone is heard of the pitch in both most."""
    model = vae(FOLDED)
    unfold = model.decoders[1].unfold
    with torch.no_grad():
        unfold.weight.zero_()
        bias = unfold.bias.view(4, -1)  # steps of a beat
        bias.zero_()
        bias[:, OUTPUT_SIZES[1] + 7] = 2.0  # the class of G
        bias[:, OUTPUT_SIZES[1] + 12 + 43 // 12 - OUT_BASS.range.low // 12] = 3.0
        logits = model.decode(torch.zeros(1, 128))[0, 0, OUT_BASS.pitch]
    pitches = logits[1:]
    assert logits[0] == 0 and pitches[43 - OUT_BASS.range.low] == 5.0
    assert pitches[31 - OUT_BASS.range.low] == 2.0 and pitches[42 - OUT_BASS.range.low] == 3.0
    assert model.decode(torch.zeros(3, 128)).shape == (3, 32, OUTPUTS)


@pytest.mark.parametrize("config", [TINY, FOLDED])
@pytest.mark.parametrize("verb", ["encode", "decode"])
def test_onnx_runtime_answers_as_torch_does(
    verb: str, config: midi_vae.Config, tmp_path: Path
) -> None:
    module, inputs = {
        "encode": (vae(config), (windows(2)[1],)),
        "decode": (vae(config), (torch.randn(2, 128, generator=generator()),)),
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
