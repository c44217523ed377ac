"""`oscbridge search`: a grid of settings tried for each VAE, the best of them found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from oscbridge.cli.progress import need_torch, read_corpus, read_studio
from oscbridge.errors import OscbridgeError

INSTALL = 'python3 -m pip install -c constraints.txt ".[search]"'


def need_ray() -> None:
    """Raises a ClickException with the install line where Ray is not installed."""
    try:
        import ray.tune  # noqa: F401
    except ImportError as error:
        raise click.ClickException(
            f"a search needs ray[tune] ({error.name or 'ray'} is not installed): {INSTALL}"
        ) from error


class Told:
    """Says how a search goes, a line a trial."""

    def __init__(self, preset: str, quality: str) -> None:
        self.preset = preset
        self.by: Any = quality

    def starts(self, net: str, trials: int, known: int) -> None:
        """A VAE's trials begin."""
        before = f", {known} of them finished before" if known else ""
        click.echo(f"{net}: {trials} trials{before}", err=True)

    def ended(self, trial: Any, done: int, trials: int) -> None:
        """A trial has ended."""
        from oscbridge.training.search_report import described
        from oscbridge.training.search_trials import chosen_figure

        figure = chosen_figure(self.preset, trial.net, self.by)
        came = trial.failed or f"{figure} {trial.figures[figure]:.4g}"
        mark = ", collapsed" * trial.collapsed
        click.echo(
            f"{trial.net} {done}/{trials}: {described(trial.settings)}: {came}{mark} "
            f"({trial.seconds:.0f} s)",
            err=True,
        )


@click.command()
@click.argument(
    "data", nargs=-1, required=True, type=click.Path(exists=True, readable=True, path_type=Path)
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the results; the same command given again goes on there.",
)
@click.option(
    "--preset",
    type=click.Choice(["paper", "studio"]),
    default="paper",
    show_default=True,
    help="Whose three VAEs.",
)
@click.option(
    "--space",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file of the grid: VAE -> name -> list of values.",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    help="So many combinations of each VAE's grid, drawn by chance.  [default: all]",
)
@click.option(
    "--length",
    type=click.FloatRange(0, 100, min_open=True),
    default=1.0,
    show_default=True,
    help="How long each trial trains, 1 as the preset does.",
)
@click.option(
    "--metric",
    type=click.Choice(["error", "quality"]),
    default="error",
    show_default=True,
    help="What is best: the least validation reconstruction error, or onset F1 for music, MPJPE "
    "for dance, and SWD (paper) or median rank (studio) for the bridge.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Trials at once, a core each.  [default: all cores]",
)
@click.option("--address", help="A Ray cluster that runs: auto, or HOST:PORT.  [default: none]")
def search(
    data: tuple[Path, ...],
    output: Path,
    preset: str,
    space: Path | None,
    samples: int | None,
    length: float,
    metric: str,
    seed: int,
    jobs: int | None,
    address: str | None,
) -> None:
    """Try a grid of settings for each VAE on folders of songs and dances, as the paper did.

    First the music VAE, then the pose VAE, then the bridge on the best of both. What is best is
    settled on songs and dances kept aside for that; collapsed VAEs are never chosen.
    """
    need_torch()
    need_ray()
    from oscbridge.training import search_report
    from oscbridge.training.search import SETTINGS

    command = _command(data, preset, samples, length, metric, seed, space)
    try:
        results = _search(data, output, preset, space, samples, length, metric, seed, jobs, address,
                          command)  # fmt: skip
    except OscbridgeError as error:
        raise click.ClickException(str(error)) from error
    shown = search_report.tables(preset, results, search_report.TOLD)
    from oscbridge.training import tables as rendering

    click.echo(rendering.text(shown))
    click.echo(f"results: {output}: search.md, search.png, search.json", err=True)
    folders = " ".join(map(str, data))
    click.echo(
        f"train with the best: oscbridge train --settings {output / SETTINGS} {folders} -o MODEL",
        err=True,
    )


def _command(
    data: tuple[Path, ...],
    preset: str,
    samples: int | None,
    length: float,
    metric: str,
    seed: int,
    space: Path | None,
) -> str:
    words = ["oscbridge search", *(path.name for path in data), f"--preset {preset}"]
    words += [f"--space {space.name}"] if space else []
    words += [f"--samples {samples}"] if samples else []
    return " ".join([*words, f"--length {length:g} --metric {metric} --seed {seed}"])


def _search(
    data: tuple[Path, ...],
    output: Path,
    preset: str,
    space: Path | None,
    samples: int | None,
    length: float,
    metric: Any,
    seed: int,
    jobs: int | None,
    address: str | None,
    command: str,
) -> list[Any]:
    from oscbridge.training import search as searching
    from oscbridge.training import search_ray, search_report, search_space

    grid = search_space.read(preset, space) if space else search_space.GRIDS[preset]
    benches = _benches(data, preset, seed, length)
    plan = searching.Plan(grid, metric, samples, seed, length)
    facts = {"seed": seed, "length": length, "samples": samples, "space": grid}
    if not address:
        jobs = jobs or os.cpu_count() or 1
    with search_ray.session(jobs, address) as run:
        return searching.search(
            benches, plan, output, run, Told(preset, metric),
            lambda results: search_report.write(output, preset, results, command, facts),
        )  # fmt: skip


def _benches(data: tuple[Path, ...], preset: str, seed: int, length: float) -> Any:
    if preset == "studio":
        from oscbridge.training.search_studio import StudioBenches

        return StudioBenches.of(read_studio(data), seed, length)
    from oscbridge.training import corpus as corpora
    from oscbridge.training.search_paper import PaperBenches

    corpus = corpora.gather(*read_corpus(data))
    corpora.check_trainable(corpus)
    return PaperBenches.of(corpus, seed, length)
