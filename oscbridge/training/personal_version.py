"""From a person's sessions to a version of their own: teach, compare, publish with its card."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from oscbridge.domain.card import Card, Source
from oscbridge.io import model_files
from oscbridge.training import personal, studio_bridge_measure, studio_dance_report, studio_music
from oscbridge.training.checkpoints import forget
from oscbridge.training.publish import UNFINISHED, publish, rounded
from oscbridge.training.sessions import Paired
from oscbridge.training.studio_bridge_measure import DANCE, MUSIC, Held, Row
from oscbridge.training.studio_decoding import StudioDecoders
from oscbridge.training.studio_measure import translation
from oscbridge.training.studio_train import Recipe, Trained, Watch, side_of
from oscbridge.training.tables import Table

Figures = dict[str, float]


def train(
    base: Path,
    paired: Paired,
    names: Sequence[str],
    recipe: Recipe,
    seed: int,
    model: Path,
    watch: Watch,
    *,
    fresh: bool = False,
) -> tuple[Path, Table]:
    """Teach the version in `base` the windows of the sessions `names` and publish the next version
    in `models/<name>`; its folder, and what changed on the held-out windows.

    An unfinished training of the same command goes on where it was, unless it is to be `fresh`.
    """
    unfinished = model / UNFINISHED
    if fresh:
        forget(unfinished)
    before = figures(Trained.load(base), paired)
    start = time.monotonic()
    trained = personal.teach(Trained.load(base), paired, recipe, watch, unfinished)
    seconds = round(time.monotonic() - start, 1)
    after = figures(trained, paired)
    source = model_files.read_card(base)
    facts = {
        "from": f"{source.name} {source.version}",
        "seconds": seconds,
        "pairs": "true pairs of the sessions, and pseudo-pairs among rehearsed windows",
        "windows": {"train": int((~paired.held_out).sum()), "test": int(paired.held_out.sum())},
        "rehearsed": personal.REHEARSED,
        "sessions": list(names),
        **recipe.told(),
        "last": {net: rounded(values) for net, values in trained.last.items()},
    }
    mine = Source("own sessions", "the person's who recorded them", "", len(names), len(names))

    def card(files: dict[str, str], version: int) -> Card:
        return replace(
            source, name=model.name, version=version, files=files, seed=seed, recipe=facts,
            config=trained.nets.config(), sources=(*source.sources, mine),
            metrics={source.name: rounded(before), model.name: rounded(after)},
        )  # fmt: skip

    notices = (base / model_files.NOTICES).read_text("utf-8")
    folder = publish(model, "studio", trained.nets, trained.known.arrays(), notices, card)
    forget(unfinished)
    table = Table.of(
        "On bars of yours that it never saw", {source.name: before, model.name: after}, _NOTE
    )
    return folder, table


_NOTE = (
    "Onset F1, range of motion, velocity: 1 is best. Accent F1: how well the beats of the dance "
    "and the accents of the music meet. Rank of the true mate: of up to 100, 1 is best."
)


def figures(trained: Trained, paired: Paired) -> Figures:
    """What a model makes of the held-out windows; of all, where none is held out."""
    held = paired.chosen(paired.held_out) if paired.held_out.any() else paired
    known = paired.chosen(~paired.held_out)
    nets = trained.nets
    music = studio_music.measure(nets.midi_vae, held.music)
    mean_pose = known.dance.poses.mean(axis=(0, 1))
    dance = studio_dance_report.measure(nets.pose_vae, held.dance, mean_pose)
    rows = _crossed(trained, held, known)
    return {
        **{f"music, {k}": music[k] for k in ("macro F1", "drums F1", "bass F1", "melody F1")},
        **{f"dance, {k}": v for k, v in dance["decoded"].items() if k != "bone CV"},
        "foot skating": dance["feet, with footwork"]["skating"],
        **rows,
    }


def _crossed(trained: Trained, held: Paired, known: Paired) -> Figures:
    nets = trained.nets.midi_vae, trained.nets.pose_vae
    pairs, side = (side_of(*nets, each.music, each.dance) for each in (held, known))
    decoders = StudioDecoders(*nets)
    over = translation(trained)
    rows = studio_bridge_measure.bridge_rows(Held(pairs, side), over, decoders, channel=False)

    def of(direction: str, answer: str) -> Row:
        return next(r for r in rows if (r["direction"], r["answer"]) == (direction, answer))

    mates = of("mates", "bridge, z' by cosine")
    danced = of(DIRECTIONS[MUSIC], "bridge + energy + retiming")
    played = of(DIRECTIONS[DANCE], "bridge + rhythm logits")
    return {
        "rank of the true mate": mates["median rank"],
        "music to dance, accent F1": danced["accent F1"],
        "dance to music, accent F1": played["accent F1"],
        "dance to music, density": played["density ratio"],
    }


DIRECTIONS = {MUSIC: "music to dance", DANCE: "dance to music"}
