"""`oscbridge install`: the patches and devices, where Max, Pure Data and Live look for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oscbridge import shipped
from oscbridge.cli.loading import clear_errors
from oscbridge.errors import OscbridgeError

if TYPE_CHECKING:
    from oscbridge.io.installing import Step

_SAYS = {"written": "write", "kept": "write", "removed": "remove"}


@click.command()
@click.argument("program", type=click.Choice(["max", "pd", "live"]))
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Make the folder oscbridge in DIR instead of where the program looks.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def install(program: str, to: Path | None, dry_run: bool) -> None:
    """Put oscbridge's patches (max, pd) or Max for Live devices (live) where PROGRAM finds them.

    An earlier installation is replaced; files that you edited are kept beside as .edited.
    """
    from oscbridge.io import installing, program_folders

    with clear_errors():
        wanted = program_folders.PROGRAMS[program]
        files = installing.pieces(shipped.folder("max_patches"), wanted.pieces)
        if not files:
            raise OscbridgeError(f"this oscbridge ships nothing for {wanted.title}")
        system = program_folders.System()
        folders = [to / "oscbridge"] if to else program_folders.folders(wanted, system)
        for folder in folders:
            _tell(folder, installing.install(files, folder, dry_run=dry_run), dry_run)
    click.echo("nothing was changed" if dry_run else f"next: {wanted.then}")


def _tell(folder: Path, steps: list[Step], dry_run: bool) -> None:
    click.echo(f"{'would go' if dry_run else 'installed'} into {folder}")
    for step in steps:
        if dry_run and step.what in _SAYS:
            click.echo(f"  {_SAYS[step.what]} {step.path.relative_to(folder)}")
        if step.aside:
            click.echo(f"  your edited {step.path.name} is kept as {step.aside.name}")
    changed = sum(step.what != "same" for step in steps)
    click.echo(f"  {len(steps)} files, {changed} of them changed")
