"""`oscbridge evaluate`: a model measured on what it never saw, beside the paper and baselines."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import click

from oscbridge.cli.progress import Progress, need_torch, read_corpus, read_studio
from oscbridge.errors import OscbridgeError


@click.command()
@click.argument(
    "data", nargs=-1, required=True, type=click.Path(exists=True, readable=True, path_type=Path)
)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("studio",),
    show_default=True,
    help="Name of a model, or the folder of a version. Given several times: versions of studio "
    "that differ in their seed, measured as one with intervals over the seeds too.",
)
@click.option(
    "--models",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Another folder of models to look in.",
)
@click.option(
    "--no-literal",
    is_flag=True,
    help="paper only: do not train the other reduction's counterpart to measure beside it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the tables to this file.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also measure with intervals, and write a page with pictures into this folder.",
)
def evaluate(
    data: tuple[Path, ...],
    models: tuple[str, ...],
    folders: tuple[Path, ...],
    no_literal: bool,
    as_json: bool,
    markdown: Path | None,
    report: Path | None,
) -> None:
    """Measure a model on the songs and dances among DATA that it was not trained on.

    Of studio: music and dance rebuilt, made anew and translated, beside baselines, with 95 %
    intervals. Of paper: the paper's Table 1 beside ours for both reductions (the one the model was
    not trained with is trained on the spot on the same recordings), baselines, and the collapse
    panel; with --report the tables of studio too.
    """
    need_torch()
    named = [f"--model {Path(m).name}" for m in models]
    command = " ".join(["oscbridge evaluate", *named, *(path.name for path in data)])
    try:
        tables = _tables(data, models, folders, not no_literal, report, command)
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error
    from oscbridge.training import tables as rendering

    if as_json:
        click.echo(json.dumps([table.to_json() for table in tables], indent=1))
    else:
        click.echo(rendering.text(tables))
    if markdown is not None:
        try:
            markdown.write_text(rendering.markdown(tables, command), "utf-8")
        except OSError as error:
            raise click.ClickException(f"{markdown}: {error.strerror or error}") from error


def _tables(
    data: tuple[Path, ...],
    models: tuple[str, ...],
    folders: tuple[Path, ...],
    both: bool,
    report: Path | None,
    command: str,
) -> list[Any]:
    from oscbridge.io import model_files
    from oscbridge.shipped import MODELS

    found = [
        Path(m) if Path(m).is_dir() else model_files.find((*folders, MODELS), m) for m in models
    ]
    presets = {model_files.read_card(folder).preset for folder in found}
    if presets == {"studio"}:
        return _studio(data, found, report, command)
    if len(found) > 1:
        raise click.BadParameter("several models are measured together for studio only")
    return _paper(data, found[0], both, report, command)


def _studio(
    data: tuple[Path, ...], found: list[Path], report: Path | None, command: str
) -> list[Any]:
    """The tables of versions of `studio` that differ in their seed, as one."""
    from oscbridge.engine.loading import load
    from oscbridge.io import model_files
    from oscbridge.training import studio_measure, studio_tables
    from oscbridge.training.report import page, seeds, served
    from oscbridge.training.studio_train import Trained

    card = model_files.read_card(found[0])
    corpus = read_studio(data, card.recipe["split"])
    runs = []
    for folder in found:
        if model_files.read_card(folder).recipe["split"] != card.recipe["split"]:
            raise click.BadParameter(f"{folder} was trained on other recordings than {found[0]}")
        title = f"{card.name} {card.version}, studio"
        told = partial(_tell_stage, folder)
        samples = served.samples(load(folder), corpus, title, told=told)
        told("the bridge on pseudo-pairs")
        rows = studio_measure.bridge_rows(Trained.load(folder), corpus, "test")
        runs.append(studio_tables.tables(samples, rows))
        if report is not None and folder == found[0]:
            shown = samples
    tables = runs[0] if len(runs) == 1 else seeds.over_seeds(runs)
    if report is not None:
        click.echo(f"report: {page.write(report, shown, tables, command)}", err=True)
    return tables


def _tell_stage(folder: Path, text: str) -> None:
    click.echo(f"{folder}: {text}", err=True)


def _paper(
    data: tuple[Path, ...], folder: Path, both: bool, report: Path | None, command: str
) -> list[Any]:
    from typing import cast

    from oscbridge.io import model_files
    from oscbridge.training import corpus as corpora
    from oscbridge.training import export
    from oscbridge.training.compare import compare
    from oscbridge.training.fit import Settings
    from oscbridge.vae.presets import Recipe, Trio

    trio, card = cast(Trio, export.load(folder)), model_files.read_card(folder)
    readings, skipped = read_corpus(data)
    corpus = corpora.gather(readings, skipped, before=card.recipe.get("split", {}))
    recipe = {k: card.recipe[k] for k in ("epochs", "batch", "learning_rate")}
    others = {name: Recipe(**values) for name, values in card.recipe.get("nets", {}).items()}
    settings = Settings(
        card.recipe["reduction"], card.seed, Recipe(**recipe), trio.config(), others
    )
    if both:
        with Progress(
            epochs=settings.recipe.epochs, label="training the counterpart", warns=False
        ) as watch:
            tables = compare(trio, corpus, settings, watch)
    else:
        tables = compare(trio, corpus, settings, None)
    if report is None:
        return tables
    from oscbridge.training.report import page, paper

    samples = paper.samples(trio, corpus, readings, f"{card.name} {card.version}, {card.preset}")
    tables = [*page.measured(samples), *tables]
    click.echo(f"report: {page.write(report, samples, tables, command)}", err=True)
    return tables
