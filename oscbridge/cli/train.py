"""`oscbridge train`: a model version from folders of songs and dances."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click

from oscbridge.cli.progress import Progress, heard, need_torch, read_corpus, read_studio
from oscbridge.errors import OscbridgeError


@click.command()
@click.argument(
    "data", nargs=-1, required=True, type=click.Path(exists=True, readable=True, path_type=Path)
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the model; the new version becomes its next numbered folder.",
)
@click.option(
    "--preset",
    type=click.Choice(["studio", "paper"]),
    help="Architecture and recipe.  [default: studio, or what --settings is of]",
)
@click.option(
    "--settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file of sizes, rates and weights other than the preset's (docs/search.md).",
)
@click.option(
    "--from",
    "base",
    help="Teach this version of studio (a name or a folder) your own sessions instead: DATA are "
    "then folders in which a song and the dance to it have one name, take1.mid and take1.npz.",
)
@click.option(
    "--reduction",
    type=click.Choice(["sum", "mean"]),
    help="paper only: scale of the squared error; mean is the paper's loss to the letter.  "
    "[default: sum]",
)
@click.option(
    "--length",
    type=click.FloatRange(0, 100, min_open=True),
    default=1.0,
    show_default=True,
    help="How long to train, 1 as the preset does.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option(
    "--resume/--fresh",
    default=True,
    show_default=True,
    help="Go on with an unfinished training in the output folder, or drop it.",
)
def train(
    data: tuple[Path, ...],
    output: Path,
    preset: str | None,
    base: str | None,
    settings: Path | None,
    reduction: str | None,
    length: float,
    seed: int,
    resume: bool,
) -> None:
    """Train a model on folders of songs (.mid) and dances (.bvh .npz .json .csv).

    Songs and dances need not belong together. A tenth of them is kept aside to measure with.
    Or give one store (`oscbridge data build`), which is read in seconds.
    Drummers' performances (the Groove MIDI Dataset) teach studio's drums. With --from a model
    learns your taste from your own sessions in minutes. An interrupted training goes on when the
    same command is given again.
    """
    need_torch()
    from oscbridge.training import together

    if base is not None and (preset == "paper" or settings is not None):
        raise click.BadParameter(
            "--from teaches a version of studio as it is; --preset paper and --settings are for "
            "training from data"
        )
    start = time.monotonic()
    if (preset == "paper" or base is not None) and int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise click.UsageError("several processes train studio from data only; start this one once")
    try:
        if base is not None:
            _personal(data, output, base, length, seed, resume)
            return
        preset, told = _told(preset, settings)
        if preset == "studio" and reduction is not None:
            raise click.BadParameter("--reduction is of --preset paper; studio has one loss only")
        if preset == "paper":
            folder = _paper(data, output, told, reduction or "sum", length, seed, resume)
        else:
            with together.joined():
                folder = _studio(data, output, told, length, seed, resume)
                if not together.leads():
                    return
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder}: trained in {time.monotonic() - start:.0f} s")
    click.echo(f"measure it: oscbridge evaluate --model {folder} {' '.join(map(str, data))}")


def _told(preset: str | None, path: Path | None) -> tuple[str, Any]:
    """The preset, and what a file sets of its nets."""
    if path is None:
        return preset or "studio", {}
    from oscbridge.training import net_settings

    of, settings = net_settings.read(path)
    if preset not in (None, of):
        raise click.BadParameter(f"{path} is of --preset {of}")
    return of, settings


def _paper(
    data: tuple[Path, ...],
    output: Path,
    told: Any,
    reduction: Any,
    length: float,
    seed: int,
    resume: bool,
) -> Path:
    from dataclasses import replace

    from oscbridge.training import corpus as corpora
    from oscbridge.training import net_settings
    from oscbridge.training import train as training
    from oscbridge.training.fit import Settings
    from oscbridge.vae.presets import Recipe

    recipe = Recipe()
    recipe = replace(recipe, epochs=max(1, round(length * recipe.epochs)))
    corpus = corpora.gather(*read_corpus(data))
    corpora.check_trainable(corpus)
    for name, domain in (("songs", corpus.music), ("takes", corpus.dance)):
        counts = {p: (len(k), len(getattr(domain, p))) for p, k in domain.keys.items()}
        _tell_counts(name, counts)
    settings = net_settings.paper(told, Settings(reduction, seed, recipe))
    with Progress(epochs=recipe.epochs) as watch:
        return training.train(corpus, settings, output, watch, fresh=not resume)


def _studio(
    data: tuple[Path, ...], output: Path, told: Any, length: float, seed: int, resume: bool
) -> Path:
    from oscbridge.training import net_settings, studio_version
    from oscbridge.training.studio_train import NAMES

    corpus = read_studio(data)
    for name, windows in (("songs", corpus.music), ("takes", corpus.dance.parts())):
        counts = {p: (len(keys), len(windows[p])) for p, keys in corpus.split[name].items()}
        _tell_counts(name, counts)
    recipe = net_settings.studio(told).seeded(seed).lengthened(length)
    with Progress(len(NAMES)) as watch:
        return studio_version.train(corpus, recipe, seed, output, watch.at, fresh=not resume)


def _personal(
    data: tuple[Path, ...], output: Path, base: str, length: float, seed: int, resume: bool
) -> None:
    from oscbridge.io import model_files
    from oscbridge.shipped import MODELS
    from oscbridge.training import personal, personal_version, sessions
    from oscbridge.training.studio_train import NAMES
    from oscbridge.training.tables import text

    start = time.monotonic()
    folder = Path(base) if Path(base).is_dir() else model_files.find([output.parent, MODELS], base)
    found = sessions.find(data)
    paired = sessions.windows([sessions.read(song, dance) for song, dance in found])
    held = int(paired.held_out.sum())
    click.echo(
        f"{len(found)} session(s): {len(paired) - held} windows to learn from, {held} held out",
        err=True,
    )
    recipe = personal.RECIPE.seeded(seed).lengthened(length)
    names = [song.stem for song, _ in found]
    with Progress(len(NAMES)) as watch:
        made, table = personal_version.train(
            folder, paired, names, recipe, seed, output, watch.at, fresh=not resume
        )
    click.echo(text([table]))
    click.echo(f"{made}: taught in {time.monotonic() - start:.0f} s")
    click.echo(
        f"serve it: oscbridge serve --models {output.parent} --model {output.name}, or send a "
        f"daemon that looks there /oscbridge/model/load 1 {output.name}"
    )


def _tell_counts(name: str, counts: dict[Any, tuple[int, int]]) -> None:
    parts = [f"{files} {part} ({windows} windows)" for part, (files, windows) in counts.items()]
    click.echo(f"{name}: {', '.join(parts)}", file=heard())
