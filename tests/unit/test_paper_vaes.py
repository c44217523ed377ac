"""The paper's three VAEs: sizes as published, losses as written down, bridge without pairs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from oscbridge.vae.elbo import divergence, elbo, sample, squared_error
from oscbridge.vae.paper import bridge_vae, midi_vae, pose_vae
from oscbridge.vae.paper.bridge_vae import one_hot, sliced_wasserstein
from oscbridge.vae.presets import Recipe, fresh_paper


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def widths(module: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in module.modules() if isinstance(m, nn.Linear)]


def test_the_unimodal_vaes_have_the_papers_layers_and_nothing_else() -> None:
    music = midi_vae.MidiVae(midi_vae.Config())
    dance = pose_vae.PoseVae(pose_vae.Config())
    latent = [(128, 128), (128, 128)]
    back = [(128, 128), (128, 256), (256, 512)]
    assert widths(music.encoder) == [(4096, 512), (512, 256), (256, 128), *latent]
    assert widths(music.decoder) == [*back, (512, 4096)]
    assert widths(dance.encoder) == [(3168, 512), (512, 256), (256, 128), *latent]
    assert widths(dance.decoder) == [*back, (512, 3168)]
    for vae in (music, dance):
        kinds = {type(m) for m in vae.modules() if not list(m.children())}
        assert kinds == {nn.Linear, nn.LeakyReLU}, "no batch norm, no dropout"


def test_the_bridge_is_one_vae_told_the_domain() -> None:
    bridge = bridge_vae.BridgeVae(bridge_vae.Config())
    assert widths(bridge.encoder) == [(130, 256), (256, 128), (128, 32), (128, 32)]
    assert widths(bridge.decoder) == [(34, 128), (128, 256), (256, 128)]


def test_the_recipe_is_the_papers() -> None:
    config = fresh_paper("sum", 1).config()
    assert Recipe() == Recipe(epochs=50, batch=64, learning_rate=1e-3)
    assert config["midi_vae"]["kl_weight"] == config["pose_vae"]["kl_weight"] == 0.1
    bridge = config["bridge_vae"]
    assert (bridge["kl_weight"], bridge["swd_weight"], bridge["projections"]) == (0.005, 10.0, 50)


def test_played_music_stays_between_silence_and_a_note() -> None:
    vae = midi_vae.MidiVae(midi_vae.Config())
    z = 50 * torch.randn(4, 128, generator=generator())
    assert vae.decode(z).min() < 0, "the tanh of the paper goes below silence"
    assert vae.play(z).min() == 0
    assert vae.play(z).max() <= 1


def test_poses_go_in_and_out_in_metres() -> None:
    vae = pose_vae.PoseVae(pose_vae.Config(metres_per_unit=2.0))
    same = pose_vae.PoseVae(pose_vae.Config(metres_per_unit=1.0))
    same.load_state_dict(vae.state_dict())
    poses = torch.randn(3, 32, 33, 3, generator=generator())
    assert torch.equal(vae.encode(2 * poses)[0], same.encode(poses)[0])
    z = torch.randn(3, 128, generator=generator())
    assert torch.allclose(vae.decode(z), 2 * same.decode(z))
    losses = [v.loss(p, generator()).figures["error"] for v, p in ((vae, 2 * poses), (same, poses))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_kl_is_that_of_the_formula_and_of_torch() -> None:
    mean = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    log_variance = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    prior = torch.distributions.Normal(torch.zeros(2, 2), torch.ones(2, 2))
    expected = torch.distributions.kl_divergence(posterior, prior).sum(dim=1)
    assert torch.allclose(divergence(mean, log_variance), expected)


def test_the_two_reductions_differ_by_the_number_of_values() -> None:
    output, target = torch.zeros(2, 32, 128), torch.ones(2, 32, 128)
    assert squared_error(output, target, "mean") == 1
    assert squared_error(output, target, "sum") == 4096
    mean, log_variance = torch.ones(2, 128), torch.zeros(2, 128)  # KL 64 nats
    for reduction, error in (("mean", 1.0), ("sum", 4096.0)):
        terms = elbo(output, target, mean, log_variance, kl_weight=0.1, reduction=reduction)  # type: ignore[arg-type]
        assert terms.loss.item() == pytest.approx(error + 6.4)
        assert terms.figures == pytest.approx({"loss": error + 6.4, "error": error, "kl": 64.0})


def test_samples_have_the_posteriors_mean_and_spread() -> None:
    mean, log_variance = torch.full((20_000, 2), 3.0), torch.full((20_000, 2), 2 * 0.6931472)
    drawn = sample(mean, log_variance, generator())
    assert drawn.mean().item() == pytest.approx(3.0, abs=0.05)
    assert drawn.std().item() == pytest.approx(2.0, abs=0.05)


def test_swd_of_a_shift_is_its_square_over_the_dimensions() -> None:
    a = torch.randn(64, 32, generator=generator())
    shift = torch.zeros(32)
    shift[0] = 4.0
    swd = sliced_wasserstein(a, a + shift, projections=20_000, generator=generator())
    assert swd.item() == pytest.approx(16 / 32, rel=0.05)  # E[(4 cos)^2] on the unit sphere


def test_swd_knows_no_pairs() -> None:
    a, b = (torch.randn(64, 32, generator=generator(s)) for s in (1, 2))
    shuffled = b[torch.randperm(64, generator=generator(3))]
    first, second = (
        sliced_wasserstein(a, x, projections=50, generator=generator(4)) for x in (b, shuffled)
    )
    assert torch.allclose(first, second)


def test_the_bridge_sums_both_domains_and_weighs_the_distance_ten() -> None:
    bridge = bridge_vae.BridgeVae(bridge_vae.Config())
    music, dance = (torch.randn(64, 128, generator=generator(s)) for s in (1, 2))
    figures = bridge.loss(music, dance, generator()).figures
    expected = figures["error"] + 0.005 * figures["kl"] + 10 * figures["swd"]
    assert figures["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_domain_changes_what_comes_out() -> None:
    bridge = bridge_vae.BridgeVae(bridge_vae.Config())
    shared = torch.randn(2, 32, generator=generator())
    as_music, as_dance = (bridge.decode(shared, one_hot(d, 2)) for d in (0, 1))
    assert one_hot(1, 2).tolist() == [[0, 1], [0, 1]]
    assert not torch.allclose(as_music, as_dance)


def test_a_seed_gives_the_same_weights_and_leaves_torchs_own_randomness_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, other = (fresh_paper("sum", 7).midi_vae.state_dict() for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[k], other[k]) for k in one)
    third: dict[str, Tensor] = fresh_paper("sum", 8).midi_vae.state_dict()
    assert not torch.equal(one["decoder.0.weight"], third["decoder.0.weight"])
