"""`oscbridge evaluate`: a model measured on what it never saw, beside the paper and baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from oscbridge.cli.train import Progress, need_torch, read_corpus
from oscbridge.errors import OscbridgeError


@click.command()
@click.argument(
    "data", nargs=-1, required=True, type=click.Path(exists=True, readable=True, path_type=Path)
)
@click.option(
    "--model",
    "model",
    default="paper",
    show_default=True,
    help="Name of a model, or the folder of a version.",
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
    help="Do not train the other reduction's counterpart to measure beside it.",
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
    model: str,
    folders: tuple[Path, ...],
    no_literal: bool,
    as_json: bool,
    markdown: Path | None,
    report: Path | None,
) -> None:
    """Measure a model on the songs and dances among DATA that it was not trained on.

    Prints the paper's Table 1 beside ours for both reductions (the one the model was not trained
    with is trained on the spot on the same recordings), baselines, and the collapse panel. With
    --report also beats, feet, variety and distances between populations, with 95 % intervals.
    """
    need_torch()
    command = f"oscbridge evaluate --model {model} {' '.join(path.name for path in data)}"
    try:
        tables = _tables(data, model, folders, not no_literal, report, command)
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
    model: str,
    folders: tuple[Path, ...],
    both: bool,
    report: Path | None,
    command: str,
) -> list[Any]:
    from oscbridge.io import model_files
    from oscbridge.shipped import MODELS
    from oscbridge.training import corpus as corpora
    from oscbridge.training import export
    from oscbridge.training.compare import compare
    from oscbridge.training.fit import Settings
    from oscbridge.vae.presets import Recipe

    given = Path(model)
    folder = given if given.is_dir() else model_files.find((*folders, MODELS), model)
    trio, card = export.load(folder), model_files.read_card(folder)
    readings, skipped = read_corpus(data)
    corpus = corpora.gather(readings, skipped, before=card.recipe.get("split", {}))
    recipe = {k: card.recipe[k] for k in ("epochs", "batch", "learning_rate")}
    settings = Settings(card.preset, card.recipe["reduction"], card.seed, Recipe(**recipe))
    if both:
        with Progress(settings.recipe.epochs, "training the counterpart", warns=False) as watch:
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
