"""The studio bridge: every term can be left out, its rhythm channel means the same in both domains,
what is known may be left out, it
learns pairs, resumes bit for bit and runs in ONNX.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from oscbridge.domain.descriptors import Descriptors
from oscbridge.domain.rhythm import standardised
from oscbridge.training.studio_bridge import Known, Material, Recipe, Windows, fit
from oscbridge.training.studio_bridge_measure import retrieval
from oscbridge.training.studio_translation import Translation
from oscbridge.vae.paper.bridge_vae import one_hot
from oscbridge.vae.studio.bridge_vae import Batch, BridgeVae, Config, contrast, likeness

SMALL = Config(latent_in=24, width=48, blocks=1, latent=32, rhythm=16, listener=48, dropout=0.0)
EXTRAS = {
    "swd_weight": "swd",
    "label_weight": "label",
    "trait_weight": "trait",
    "contrast_weight": "contrast",
    "cross_weight": "cross",
    "rhythm_weight": "rhythm",
}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made_up(count: int, seed: int) -> tuple[Windows, Windows]:
    """Windows of two domains whose z hold the same facts, each in its own way."""
    rng = np.random.default_rng(seed)
    ways = np.random.default_rng(99)
    facts = rng.standard_normal((count, 10))
    envelope = standardised(np.repeat(facts[:, 2:], 4, axis=1))
    sides = []
    for _ in range(2):
        mixed = facts @ ways.standard_normal((10, 24))
        mixed += 0.1 * rng.standard_normal(mixed.shape)
        z = torch.from_numpy(mixed.astype(np.float32))
        about = Descriptors(facts[:, 0], facts[:, 1], envelope, np.full(count, 120.0))
        sides.append(Windows(z, torch.full_like(z, -6.0), about))
    return sides[0], sides[1]


def told(count: int) -> Known:
    return Known(
        torch.randn(count, 32, generator=generator(7)), torch.rand(count, 2, generator=generator(8))
    )


def batch(paired: bool = True) -> Batch:
    def normal(*size: int) -> tuple[torch.Tensor, torch.Tensor]:
        g = generator()
        return torch.randn(*size, generator=g), torch.randn(*size, generator=g)

    labels = torch.arange(36) % 9
    traits = torch.rand(36, 2, generator=generator())
    return Batch(normal(36, 24), (labels, labels), (traits, traits), normal(36, 32), paired)


@pytest.mark.parametrize(("weight", "term"), EXTRAS.items())
def test_a_term_of_no_weight_is_left_out(weight: str, term: str) -> None:
    figures = BridgeVae(SMALL).loss(batch(), generator()).figures
    without = BridgeVae(replace(SMALL, **{weight: 0.0})).loss(batch(), generator()).figures
    assert figures.keys() - without.keys() == {term}
    assert figures["loss"] == pytest.approx(sum(v for k, v in figures.items() if k != "loss"))


def test_without_pairs_nothing_looks_at_rows_that_stand_together() -> None:
    figures = BridgeVae(SMALL).loss(batch(paired=False), generator()).figures
    assert not {"contrast", "cross"} & figures.keys()


def test_whitened_z_goes_in_and_real_z_comes_out() -> None:
    torch.manual_seed(0)
    vae = BridgeVae(SMALL).eval()
    z = torch.randn(200, 24, generator=generator())
    domain = one_hot(0, 200)
    known = told(200)
    before = vae.encode(z, domain, *known)[0]
    vae.whiten(5 * z + 3, z)
    unit = (z - z.mean(dim=0)) / z.std(dim=0)
    plain = BridgeVae(SMALL).eval()
    plain.load_state_dict({**vae.state_dict(), "centre": torch.zeros(2, 24),
                           "scale": torch.ones(2, 24)})  # fmt: skip
    assert torch.allclose(
        vae.encode(5 * z + 3, domain, *known)[0], plain.encode(unit, domain, *known)[0], atol=1e-4
    )
    assert not torch.allclose(before, vae.encode(5 * z + 3, domain, *known)[0])
    shared = torch.randn(200, 32, generator=generator())
    out = vae.decode(shared, domain)
    assert torch.allclose(
        out, plain.decode(shared, domain) * vae.scale[0] + vae.centre[0], atol=1e-4
    )


def test_each_beat_of_the_rhythm_channel_says_only_its_own_four_steps() -> None:
    vae = BridgeVae(SMALL)
    z = torch.zeros(1, 32)
    changed = z.clone()
    changed[0, 4:6] = 1.0  # two dimensions a beat: the third beat's
    difference = (vae.tell(changed)[0] - vae.tell(z)[0])[0]
    assert set(difference.nonzero()[:, 0].tolist()) == {8, 9, 10, 11}
    changed = z.clone()
    changed[0, 16:] = 1.0
    assert torch.equal(vae.tell(changed)[0], vae.tell(z)[0]), "the rest of z' says nothing of it"


def test_what_is_known_is_heeded_only_where_it_is_to_be() -> None:
    z, domain, known = torch.randn(6, 24, generator=generator()), one_hot(1, 6), told(6)
    other = Known(known.envelope.roll(1, 0), known.ranks)
    for heeds in (True, False):
        vae = BridgeVae(replace(SMALL, known=heeds)).eval()
        a, b = (vae.encode(z, domain, *k)[0] for k in (known, other))
        assert torch.equal(a, b) is not heeds


@pytest.mark.parametrize(("forgotten", "heard"), [(0.0, 36), (0.5, 18), (1.0, 0)])
def test_some_windows_go_in_without_what_is_known(forgotten: float, heard: int) -> None:
    vae = BridgeVae(replace(SMALL, forgotten=forgotten))
    given: list[torch.Tensor] = []
    encode = vae.encode

    def listening(*inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        given.extend(inputs[2:])
        return encode(*inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vae, "encode", listening)
        vae.loss(batch(), generator())
    for envelope, ranks in (given[:2], given[2:]):
        rows = envelope.abs().sum(dim=1) > 0
        assert torch.equal(rows, ranks.abs().sum(dim=1) > 0), "both or neither"
        assert int(rows.sum()) == pytest.approx(heard, abs=9 if 0 < heard < 36 else 0)


def test_contrast_of_plain_pairs_is_infonce_and_prefers_mates() -> None:
    a, b = torch.eye(4), torch.eye(4)
    expected = -torch.log_softmax(torch.tensor([10.0, 0, 0, 0]), dim=0)[0]
    assert contrast(a, b, torch.eye(4), 0.1).item() == pytest.approx(expected.item(), rel=1e-4)
    assert contrast(a, b.roll(1, dims=0), torch.eye(4), 0.1) > 5


def test_the_likest_mate_counts_most_and_the_less_alike_less() -> None:
    alike = likeness(batch(), 0.15)
    assert alike.max() == 1.0
    assert alike.min() >= 0
    softer = likeness(batch(), 1.5)
    assert softer.mean() > alike.mean()


def test_it_learns_which_dance_goes_with_which_music() -> None:
    music, dance = made_up(600, 1)
    material = Material.of(music, dance, 1)
    recipe = Recipe(epochs=40, batch=100, learning_rate=4e-3)
    vae, log = fit(material, replace(SMALL, kl_weight=0.01), recipe)
    assert log[-1]["loss"] < 0.7 * log[0]["loss"]
    unseen_music, unseen_dance = made_up(150, 2)
    over = Translation.of(vae, material)
    for sides in ((None, None), (Known.of(unseen_music.about, music.about),
                                 Known.of(unseen_dance.about, dance.about))):  # fmt: skip
        a = over.shared(unseen_music.mean, 0, sides[0])
        b = over.shared(unseen_dance.mean, 1, sides[1])
        check_mates(a, b)
        heard = over.vae.tell(b)[0].detach().numpy()
        likeness_of_rhythm = np.corrcoef(heard.ravel(), unseen_dance.about.envelope.ravel())[0, 1]
        assert likeness_of_rhythm > (0.6 if sides[1] is None else 0.9)
    envelope = torch.from_numpy(unseen_music.about.envelope.astype(np.float32))
    drawn = over.in_rhythm(a, 1, envelope, generator(), candidates=8)
    again = over.in_rhythm(a, 1, envelope, generator(), candidates=8)
    assert torch.equal(drawn, again)
    assert drawn.std().item() == pytest.approx(dance.mean.std().item(), rel=0.3)


def check_mates(a: torch.Tensor, b: torch.Tensor) -> None:
    alike = torch.nn.functional.normalize(a, dim=1) @ torch.nn.functional.normalize(b, dim=1).T
    found = retrieval(alike.numpy())
    assert found["median rank"] <= 10, "chance is 50"
    assert found["p"] < 0.01


def test_answers_are_moved_from_the_middle_until_they_have_the_energy_wanted() -> None:
    material = Material.of(*made_up(200, 1), 1)
    over = Translation.of(BridgeVae(SMALL).eval(), material)
    middle = torch.from_numpy(over.real[1].mean)
    z = material.dance.mean[:20]

    def heard(z: torch.Tensor) -> np.ndarray:
        return (z - middle).norm(dim=1).numpy().astype(np.float64)

    wanted = heard(z) * np.linspace(0.6, 1.8, 20)
    assert heard(over.in_energy(z, 1, wanted, heard)) == pytest.approx(wanted, rel=1e-4)
    too_much = over.in_energy(z, 1, 9 * heard(z), heard)
    assert heard(too_much) == pytest.approx(2 * heard(z), rel=1e-4)


def test_shuffled_mates_are_at_chance() -> None:
    rng = np.random.default_rng(0)
    found = retrieval(rng.random((120, 120)))
    assert found["median rank"] == pytest.approx(50, abs=12)
    assert found["p"] > 0.05
    assert retrieval(np.eye(120))["R@1"] == 1.0


def test_a_training_that_was_cut_off_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    material = Material.of(*made_up(120, 1), 1)
    config = replace(SMALL, dropout=0.1)
    recipe = Recipe(epochs=7, batch=40)
    whole, _ = fit(material, config, recipe)
    fit(material, config, recipe, tmp_path)
    (tmp_path / "bridge_vae.checkpoint").rename(tmp_path / "last")
    from oscbridge.training import studio_bridge

    class Cut(Exception):  # noqa: N818
        pass

    epochs = studio_bridge._epoch

    def dying(*args: object) -> dict[str, float]:
        if args[-1] == 7:
            raise Cut
        return epochs(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studio_bridge, "_epoch", dying)
        with pytest.raises(Cut):
            fit(material, config, recipe, tmp_path)
    resumed, log = fit(material, config, recipe, tmp_path)
    assert len(log) == 7
    for name, weights in whole.state_dict().items():
        assert torch.equal(weights, resumed.state_dict()[name]), name


@pytest.mark.parametrize("verb", ["encode", "decode", "tell"])
def test_onnx_runtime_gives_torchs_answers(verb: str, tmp_path: Path) -> None:
    vae = BridgeVae(SMALL).eval()
    vae.whiten(*(3 * torch.randn(50, 24, generator=generator(s)) + 1 for s in (1, 2)))

    class Half(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.vae = vae

        def forward(self, *given: torch.Tensor) -> object:
            return getattr(self.vae, verb)(*given)

    def inputs(count: int) -> tuple[torch.Tensor, ...]:
        domain = one_hot(1, count)
        z = torch.randn(count, 24 if verb == "encode" else 32, generator=generator(count))
        return {"encode": (z, domain, *told(count)), "decode": (z, domain), "tell": (z,)}[verb]

    batch_size = torch.export.Dim("batch")
    torch.onnx.export(
        Half().eval(), inputs(2), tmp_path / "half.onnx", dynamo=True, verbose=False,
        opset_version=18, dynamic_shapes=(tuple({0: batch_size} for _ in inputs(2)),),
    )  # fmt: skip
    session = onnxruntime.InferenceSession(str(tmp_path / "half.onnx"))
    more = inputs(5)
    given = {i.name: x.numpy() for i, x in zip(session.get_inputs(), more, strict=True)}
    with torch.no_grad():
        expected = getattr(vae, verb)(*more)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for got, want in zip(session.run(None, given), expected, strict=True):
        assert np.abs(got - want.numpy()).max() < 1e-5
