"""Teaching a version of `studio` one person's own sessions.

Its nets go on from where they are. Beside the person's windows they see some that the model makes
up itself, so that they do not forget the rest (rehearsal, Robins 1995): the data `studio` was
trained on need not be at hand.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from oscbridge.domain import flow, skeleton
from oscbridge.domain.pose import to_front
from oscbridge.domain.score import Score, joined
from oscbridge.domain.score_decode import decode
from oscbridge.domain.timeline import DEFAULT_TEMPO
from oscbridge.training import studio_bridge, studio_dance_fit, studio_music, studio_prior
from oscbridge.training.score_pools import Pools
from oscbridge.training.score_windows import BEATS_IN_BAR, ScoreWindows
from oscbridge.training.sessions import Paired
from oscbridge.training.studio_bridge import Material, Windows
from oscbridge.training.studio_dance import DanceWindows
from oscbridge.training.studio_dance_fit import Stock
from oscbridge.training.studio_known import known
from oscbridge.training.studio_train import (
    NAMES,
    Recipe,
    Trained,
    Watch,
    heard_windows,
    onsets_of,
    seen_windows,
)
from oscbridge.training.studio_translation import Translation

REHEARSED = 768
"""Windows of each domain that the model makes up for itself."""
TRUE_ROUNDS = 2
"""How often an epoch of the bridge sees each true pair, beside once each pair that is made up."""
_AT_ONCE = 64
RECIPE = Recipe(
    studio_music.Settings(steps=700, rate=4e-4, warm=0.01),
    studio_prior.Settings(steps=500, rate=3e-4),
    studio_dance_fit.Recipe(epochs=3, learning_rate=3e-4),
    studio_bridge.Recipe(epochs=12, learning_rate=7e-4, rounds=1),
)
"""How each net goes on: gently, and not for long."""


def teach(
    base: Trained,
    paired: Paired,
    recipe: Recipe,
    watch: Watch = lambda name, done, figures: None,
    unfinished: Path | None = None,
) -> Trained:
    """The nets of `base`, changed in place, after they learnt the windows that are not held out."""
    own = paired.chosen(~paired.held_out)
    seed = recipe.music.seed
    songs = rehearsed_music(base, seed, REHEARSED)
    dances = rehearsed_dance(base, seed, REHEARSED)
    shelf = {name: unfinished / name if unfinished else None for name in NAMES}
    last: dict[str, dict[str, float]] = {}

    def say(name: str, done: float, figures: dict[str, float]) -> None:
        last[name] = figures
        watch(name, done, figures)

    nets = base.nets
    studio_music.fit(
        nets.midi_vae, _pools(own, songs), recipe.music, shelf["midi_vae"],
        lambda step, figures: say("midi_vae", step / recipe.music.steps, figures),
    )  # fmt: skip
    every = ScoreWindows.joined([own.music, songs])
    heard = heard_windows(nets.midi_vae, every)
    on_bar = torch.from_numpy(every.beat % BEATS_IN_BAR == 0)
    posteriors = studio_prior.Posteriors(heard.mean[on_bar], heard.log_variance[on_bar])
    studio_prior.fit(
        posteriors, posteriors, recipe.prior, shelf["midi_prior"],
        lambda step, figures: say("midi_prior", step / recipe.prior.steps, figures),
        start=nets.midi_prior,
    )  # fmt: skip
    danced = DanceWindows.joined([own.dance, dances])
    studio_dance_fit.fit(
        Stock.of(danced), recipe.dance, nets.pose_vae.config,
        lambda epoch, figures, _: say("pose_vae", epoch / recipe.dance.epochs, figures),
        shelf["pose_vae"], start=nets.pose_vae,
    )  # fmt: skip
    material = _material(heard, seen_windows(nets.pose_vae, danced), len(own))
    bridge = nets.bridge_vae
    bridge.config = replace(bridge.config, softness=0.0)  # pairs are mates because they are pairs
    studio_bridge.fit(
        material, bridge.config, recipe.bridge, shelf["bridge_vae"],
        lambda done, figures: say("bridge_vae", done, figures), start=bridge,
    )  # fmt: skip
    facts = known(
        Translation.of(bridge, material),
        material,
        onsets_of(every).counts(),
        heard.mean[on_bar],
        nets.midi_prior,
        seed,
    )
    return Trained(nets, facts, last)


def _pools(own: Paired, songs: ScoreWindows) -> Pools:
    """The person's windows and the rehearsed, as often the one as the other."""
    mine, others = own.music.in_c(), songs.in_c()
    often = max(1, len(songs) // max(1, len(own)))
    full = joined([*[mine] * often, others])
    none = Score.silent(0)
    return Pools(full, none, full, full, full)


def _material(music: Windows, dance: Windows, own: int) -> Material:
    """True pairs, the first `own` rows of both, and pseudo-pairs among the rehearsed."""
    rest = np.arange(own, len(music)), np.arange(own, len(dance))
    made_up = Material.of(music.chosen(rest[0]), dance.chosen(rest[1]), 1).pairs + own
    true = np.repeat(np.arange(own, dtype=np.intp)[:, None], 2, axis=1)
    every = Material.of(music, dance, 0)
    return replace(every, pairs=np.concatenate([*[true] * TRUE_ROUNDS, made_up]))


@torch.no_grad()
def rehearsed_music(base: Trained, seed: int, count: int) -> ScoreWindows:
    """Windows in C drawn from the model's own prior."""
    rng = np.random.default_rng(seed)
    prior, vae = base.nets.midi_prior.eval(), base.nets.midi_vae.eval()

    def velocity(x: flow.Points, at: flow.Points) -> flow.Points:
        return np.asarray(prior.velocity(torch.from_numpy(x), torch.from_numpy(at)).numpy())

    z = [base.known.music_prior.draw(velocity, 1, rng) for _ in range(count)]
    logits = vae.decode(torch.from_numpy(np.concatenate(z))).numpy()
    score = joined([decode(window) for window in logits])
    return ScoreWindows(
        score, np.zeros(count, np.int8), np.array(["rehearsed"] * count, np.str_),
        np.zeros(count, np.int32), np.full(count, DEFAULT_TEMPO, np.float32),
    )  # fmt: skip


@torch.no_grad()
def rehearsed_dance(base: Trained, seed: int, count: int) -> DanceWindows:
    """Windows drawn from the model's own prior of dances."""
    vae = base.nets.pose_vae.eval()
    z = torch.from_numpy(base.known.dance_prior.draw(count, np.random.default_rng(seed)))
    made: list[tuple[Tensor, ...]] = [vae.decode(some) for some in torch.split(z, _AT_ONCE)]
    raw, way, contact = (torch.cat(each).numpy() for each in zip(*made, strict=True))
    poses = np.stack([to_front(skeleton.project(window))[0] for window in raw])
    return DanceWindows(
        poses.astype(np.float32), way, contact > 0, np.array(["rehearsed"] * count, np.str_),
        np.zeros(count), np.full(count, DEFAULT_TEMPO), np.zeros(count),
    )  # fmt: skip
