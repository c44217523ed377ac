"""What a trained `studio` makes of the songs and takes that were kept aside."""

from __future__ import annotations

import torch

from oscbridge.training import studio_bridge_measure, studio_dance_report, studio_music
from oscbridge.training.split import Part
from oscbridge.training.studio_bridge_measure import Held, Row, Side
from oscbridge.training.studio_corpus import StudioCorpus
from oscbridge.training.studio_decoding import StudioDecoders
from oscbridge.training.studio_train import Trained, side_of
from oscbridge.training.studio_translation import Translation

Figures = dict[str, dict[str, float]]


def figures(trained: Trained, corpus: StudioCorpus, part: Part = "test") -> Figures:
    """Section -> figure -> value, of the windows of a part that start with a bar or a take."""
    nets = trained.nets
    music = corpus.music[part].on_bars()
    mean_pose = corpus.dance.train.poses.mean(axis=(0, 1))
    sections: Figures = {"music": studio_music.measure(nets.midi_vae, music)}
    dance = studio_dance_report.measure(nets.pose_vae, corpus.dance.parts()[part], mean_pose)
    sections |= {f"dance, {name}": values for name, values in dance.items()}
    for row in bridge_rows(trained, corpus, part):
        name = f"{row['direction']}: {row['answer']}"
        sections[name] = {k: v for k, v in row.items() if not isinstance(v, str)}
    return sections


def bridge_rows(trained: Trained, corpus: StudioCorpus, part: Part) -> list[Row]:
    """What the bridge makes of pseudo-pairs among windows of a part, beside baselines."""
    decoders = StudioDecoders(trained.nets.midi_vae, trained.nets.pose_vae)
    held = Held.of(side(trained, corpus, part), side(trained, corpus, "train"))
    rows = studio_bridge_measure.bridge_rows(held, translation(trained), decoders, channel=False)
    rows += studio_bridge_measure.random_rows(held, translation(trained), decoders)
    return rows + studio_bridge_measure.baseline_rows(held, decoders)


def side(trained: Trained, corpus: StudioCorpus, part: Part) -> Side:
    """The windows of a part as the nets and the measures see them."""
    nets = trained.nets
    music, dance = corpus.music[part].on_bars(), corpus.dance.parts()[part]
    return side_of(nets.midi_vae, nets.pose_vae, music, dance)


def translation(trained: Trained) -> Translation:
    """The bridge with what it knows of its training windows."""
    spreads = trained.known.spreads
    return Translation(
        trained.nets.bridge_vae,
        (spreads["dance_to_music"], spreads["music_to_dance"]),
        (spreads["music"], spreads["dance"]),
        torch.from_numpy(trained.known.apart),
    )
