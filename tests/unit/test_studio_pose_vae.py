"""The studio's pose VAE and its windows, on made-up dancers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from dancers import dance, walker

from oscbridge.domain import figure, skeleton
from oscbridge.domain.dance import Dance
from oscbridge.domain.pose import INDEX, SOLES, facing, mirror, turn
from oscbridge.domain.timeline import Timeline
from oscbridge.io.dance_file import write_dance
from oscbridge.training import sources
from oscbridge.training import studio_dance_fit as fitting
from oscbridge.training.corpus import read_take
from oscbridge.training.export import GOLDEN_TOLERANCE
from oscbridge.training.split import split
from oscbridge.training.studio_dance import (
    FRAMES,
    NOMINAL_TEMPO,
    DanceWindows,
    Take,
    apart,
    bearing,
    cut,
    gather,
)
from oscbridge.training.studio_dance_fit import Recipe, Stock, begun, fit, recombine
from oscbridge.training.studio_dance_measure import feet, likeness
from oscbridge.training.studio_dance_report import measure, measure_drawn
from oscbridge.vae.studio.pose_vae import Config, PoseVae, turned, unturned

ARMS = [INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("elbow", "wrist")]
SMALL = Config(width=32, token_latent=8, blocks=1)
SHORT = Recipe(epochs=3, updates=4, batch=8, start_windows=64)


@pytest.fixture(scope="module")
def windows() -> DanceWindows:
    torch.set_num_threads(1)
    cuts = [cut(*dance(12.0, 60.0, bpm), hop=0.5) for bpm in (100.0, 120.0, 140.0)]
    return DanceWindows.joined(cuts)


@pytest.fixture(scope="module")
def stock(windows: DanceWindows) -> Stock:
    return Stock.of(windows)


def silent(epoch: int, figures: dict[str, float], vae: PoseVae) -> None:
    """Nobody watches."""


def test_windows_hold_the_dance_they_were_cut_from() -> None:
    true, timeline = dance(12.0, 60.0)
    found = cut(true, timeline)
    assert found.poses.shape == (len(found), FRAMES, 33, 3)
    assert found.beat.tolist() == list(range(len(found)))
    assert np.abs(np.sin(facing(found.poses)).mean(axis=1)).max() < 0.05, "to the front"
    for i in (0, 3):
        beats = found.beat[i] + np.arange(FRAMES) / 16
        there = true.at_beats(beats, timeline)
        assert np.abs(turn(found.poses[i], found.yaw[i]) - there.landmarks).max() < 1e-5
        way = turn(found.roots()[i].astype(np.float64), found.yaw[i])
        moved = there.root - there.root[:1] * np.array([1, 0, 1])
        assert np.abs(way - moved).max() < 1e-3
        assert found.seconds()[i][-1] == pytest.approx(there.time[-1] - there.time[0])


def test_a_stretched_window_is_the_dance_at_another_tempo() -> None:
    true, timeline = dance(16.0, 60.0, 120.0)
    found = cut(true, timeline, stretch=0.8)
    assert found.tempo == pytest.approx(150.0)
    there = true.at_beats(found.beat[1] + np.arange(FRAMES) / 20, timeline)
    assert np.abs(turn(found.poses[1], found.yaw[1]) - there.landmarks).max() < 1e-5


def test_what_stands_still_on_the_floor_bears_the_body() -> None:
    points, time = walker(4, 60)
    world = points - np.array([0, points[:, SOLES, 1].max(), 0])
    world = world - np.stack([0 * time, 0 * time, 0.8 * time], -1)[:, None]
    bears = bearing(world, time)
    planted = np.stack([(time * 2 + lag) % 2 < 1 for lag in (0, 1)], axis=1)
    agreed = (bears.reshape(-1, 2, 2).any(axis=2) == planted).mean()
    assert agreed > 0.9


def test_the_mirror_of_a_window_is_a_window_of_the_mirror(windows: DanceWindows) -> None:
    once = windows.mirrored()
    twice = once.mirrored()
    assert np.array_equal(twice.poses, windows.poses)
    assert np.array_equal(twice.contact, windows.contact)
    assert np.array_equal(twice.way, windows.way)
    world = once.poses[0] + once.roots()[0][:, None]
    assert np.allclose(world, mirror(windows.poses[0] + windows.roots()[0][:, None]), atol=1e-5)


def test_near_duplicates_of_held_out_windows_and_their_mirrors_are_left_out(
    windows: DanceWindows,
) -> None:
    held_out = windows.chosen(np.arange(2))
    assert len(apart(windows.mirrored(), held_out)) <= len(windows) - 2
    moved = DanceWindows(held_out.poses + 0.005, *(getattr(held_out, n) for n in
                         ("way", "contact", "take", "beat", "tempo", "yaw")))  # fmt: skip
    assert len(apart(moved, held_out)) == 0


def test_takes_are_split_whole(tmp_path: Path) -> None:
    for i in range(4):
        made, timeline = dance(9.0, 30.0)
        made.landmarks[:, ARMS] += np.float32(0.1 * i)
        made = replace(made, landmarks=skeleton.project(made.landmarks))
        write_dance(made, timeline, tmp_path / f"take{i}.npz")
    takes = sources.find([tmp_path])
    groups = split(takes)
    files = [(read_take(r)[0], groups[r.group]) for r in takes]
    corpus = gather([Take(file, "style", part) for file, part in files], stretches=())
    parts = [set(w.take) for w in (corpus.train, corpus.validation, corpus.test)]
    assert parts[1] and parts[2] and not parts[0] & parts[1] and not parts[1] & parts[2]
    assert not set(corpus.extra.take) & (parts[1] | parts[2])


def test_only_takes_whose_beat_nobody_knows_get_the_nominal_tempo(tmp_path: Path) -> None:
    for kind, tempo in (("bvh", NOMINAL_TEMPO), ("npz", 120.0)):
        made, timeline = dance(9.0, 30.0)
        write_dance(made, timeline, tmp_path / f"take.{kind}")
        (recording,) = sources.find([tmp_path / f"take.{kind}"])
        file, _ = read_take(recording, NOMINAL_TEMPO)
        windows = gather([Take(file, "style", "train")], stretches=()).train
        assert len(windows) and np.allclose(windows.tempo, tempo, atol=0.1)


def test_turning_apart_and_together_is_exact_even_in_a_spin() -> None:
    points, _ = walker(4.0, 32.0)
    angle = np.linspace(-2, 12, FRAMES)
    poses = torch.from_numpy(np.stack([turn(p, a) for p, a in zip(points, angle, strict=True)]))
    values = unturned(poses[None].float(), 1.5)
    turning = values[0, :, -1] / 1.5
    assert np.ptp(np.diff(turning.numpy())) < 0.01, "no jumps"
    assert turning.mean().abs() < np.pi + 0.1
    front = values[..., :-1].unflatten(-1, (33, 3))
    assert torch.allclose(turned(front, values[..., -1] / 1.5)[0], poses.float(), atol=1e-5)
    across = front[0, :, INDEX["left_hip"]] - front[0, :, INDEX["right_hip"]]
    assert across[:, 2].abs().max() < 1e-5


def test_the_start_already_knows_its_windows(windows: DanceWindows, stock: Stock) -> None:
    recipe = Recipe(start_windows=400, recombined=0.0)
    vae = begun(stock, recipe, SMALL).eval()
    with torch.no_grad():
        z, _ = vae.encode(stock.poses)
        made = vae.decode(z)[0].numpy()
    figures = likeness(stock.poses.numpy(), made, stock.poses.numpy().mean(axis=(0, 1)))
    assert figures["MSE / mean pose"] < 0.01
    used = z.std(dim=0) > 0.05
    assert used.sum() > 10
    assert z.std(dim=0)[:5].numpy() == pytest.approx(1, abs=0.35), "whitened"


def test_recombined_windows_have_the_legs_of_one_and_the_arms_of_the_other(stock: Stock) -> None:
    legs, bodies = stock.poses[:2], stock.poses[-2:]
    made = recombine(legs, bodies)
    below = slice(INDEX["left_hip"], None)
    assert torch.allclose(made[:, :, below], legs[:, :, below], atol=1e-5)
    front = unturned(made, 1.0)[..., :-1].unflatten(-1, (33, 3))
    other = unturned(bodies, 1.0)[..., :-1].unflatten(-1, (33, 3))
    assert torch.allclose(front[:, :, : below.start], other[:, :, : below.start], atol=1e-4)


def test_training_lowers_the_loss_and_a_killed_one_ends_the_same(
    stock: Stock, tmp_path: Path
) -> None:
    logs: list[dict[str, float]] = []
    whole = fit(stock, SHORT, SMALL, lambda e, f, v: logs.append(f))
    assert logs[-1]["feet"] < logs[0]["feet"]

    def kill(epoch: int, figures: dict[str, float], vae: PoseVae) -> None:
        if epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(stock, SHORT, SMALL, kill, tmp_path)
    resumed = fit(stock, SHORT, SMALL, silent, tmp_path)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert fitting.schedule(0.05) > 0.9 > fitting.schedule(0.9)


@pytest.mark.parametrize("half", ["encode", "decode"])
def test_both_halves_run_as_onnx(half: str, stock: Stock, tmp_path: Path) -> None:
    noise = torch.randn(stock.poses.shape, generator=torch.Generator().manual_seed(2))
    stock = replace(stock, poses=stock.poses + 0.1 * noise)  # all components vary
    vae = begun(stock, SHORT, SMALL).eval()
    for parameter in vae.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, 0, 0.02, generator=torch.Generator().manual_seed(1))
    given = (
        stock.poses[:3]
        if half == "encode"
        else torch.randn(3, SMALL.latent, generator=torch.Generator().manual_seed(3))
    )

    class Half(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.vae = vae

        def forward(self, *x: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return getattr(self.vae, half)(*x)  # type: ignore[no-any-return]

    path = tmp_path / "half.onnx"
    batch = (({0: torch.export.Dim("batch")},),)
    torch.onnx.export(Half().eval(), (given,), path, input_names=["x"], opset_version=18,
                      dynamic_shapes=batch, dynamo=True, verbose=False)  # fmt: skip
    session = onnxruntime.InferenceSession(path)
    for rows in (given, given[:1]):
        with torch.no_grad():
            expected = Half()(rows)
        for out, true in zip(session.run(None, {"x": rows.numpy()}), expected, strict=True):
            assert np.abs(out - true.numpy()).max() < GOLDEN_TOLERANCE


def test_skating_is_measured_on_feet_that_touch() -> None:
    body = np.repeat(figure.rest()[None], 31, axis=0)[None]
    body[..., 1] -= body[..., SOLES, 1].max()
    time = np.arange(31)[None] / 30
    slide = np.zeros((1, 31, 1, 3))
    slide[0, :, 0, 0] = np.concatenate([np.zeros(16), np.arange(1, 16) * 0.02])
    found = feet(body + slide, time)
    assert found.skating == pytest.approx(0.5)
    assert (found.touching, found.penetration, found.floating) == (1, 0, 0)
    assert feet(body + slide / 4, time).skating == 0
    assert feet(body - np.array([0, 0.3, 0]), time).touching == 0
    assert feet(body + np.array([0, 0.04, 0]), time).penetration == pytest.approx(0.04)


def test_a_dance_too_short_for_a_window_has_none() -> None:
    made, timeline = dance(2.0)
    assert len(cut(made, timeline)) == 0
    points, time = walker(1.0)
    still = Dance(points, np.zeros((len(time), 3), np.float32), time, time * 2)
    assert len(cut(still, Timeline.steady(120))) == 0


def test_the_report_tells_a_good_dancer_from_a_still_one(
    windows: DanceWindows, stock: Stock
) -> None:
    vae = begun(stock, Recipe(start_windows=400, recombined=0.0), SMALL)
    mean_pose = windows.poses.mean(axis=(0, 1))
    few = windows.chosen(np.arange(0, len(windows), 6))
    table = measure(vae, few, mean_pose)
    assert table["decoded"]["MSE / mean pose"] < 0.02
    assert table["decoded"]["velocity"] == pytest.approx(1, abs=0.1)
    assert table["feet, with footwork"]["penetration"] < 0.001
    drawn = measure_drawn(vae, np.zeros((6, 128), np.float32), few, np.random.default_rng(0))
    assert drawn["diversity"] == 0
