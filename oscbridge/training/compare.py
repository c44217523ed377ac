"""A model, its counterpart under the other reduction, and the baselines, in one set of tables."""

from __future__ import annotations

from dataclasses import replace

from oscbridge.training import baselines
from oscbridge.training.corpus import Corpus, NothingToLearnError
from oscbridge.training.evaluate import Held, measure
from oscbridge.training.fit import Settings, Watch, fit
from oscbridge.training.tables import Table, tables
from oscbridge.vae.elbo import Reduction
from oscbridge.vae.presets import Trio

OTHER: dict[Reduction, Reduction] = {"sum": "mean", "mean": "sum"}


def compare(trio: Trio, corpus: Corpus, settings: Settings, watch: Watch | None) -> list[Table]:
    """The tables of the trio, trained with these settings, on the corpus' test side.

    With a `watch`, the other reduction's counterpart is trained on its training side and measured
    too. Raises NothingToLearnError where the corpus holds nothing unseen, or nothing to train on.
    """
    _check(corpus, training=watch is not None)
    held = Held.of(corpus, trio.pose_vae.config.metres_per_unit)
    measured = {settings.reduction: measure(trio, held)}
    if watch is not None:
        other = replace(settings, reduction=OTHER[settings.reduction])
        measured[other.reduction] = measure(fit(corpus.material(), other, watch)[0], held)
    return tables(
        {f"ours, {reduction}": sections for reduction, sections in measured.items()},
        {
            "table_1": baselines.table_1(trio, held),
            "music": baselines.music(held),
            "dance": baselines.dance(held),
            "to_dance": baselines.to_dance(trio, held),
            "to_music": baselines.to_music(trio, held),
        },
    )


def _check(corpus: Corpus, *, training: bool) -> None:
    for domain, what in ((corpus.music, "songs"), (corpus.dance, "dances")):
        if not len(domain.test):
            raise NothingToLearnError(
                f"no {what} here that the model has not seen; give its own data, of which a tenth "
                "was kept aside, or new recordings"
            )
        if training and not len(domain.train):
            raise NothingToLearnError(
                f"none of the {what} here is one the model was trained on, so its counterpart "
                "cannot be trained on the same; give its training data too, or --no-literal"
            )
