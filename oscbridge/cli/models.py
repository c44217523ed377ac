"""`oscbridge models`: which models are installed, and what their cards say."""

from __future__ import annotations

import click

from oscbridge.cli.loading import clear_errors, json_option, tell


@click.command()
@json_option
def models(as_json: bool) -> None:
    """List the models that are installed."""
    from oscbridge.io import model_files
    from oscbridge.shipped import MODELS

    rows = []
    with clear_errors():
        for name, version, folder in model_files.installed([MODELS]):
            card = model_files.read_card(folder)
            data = ", ".join(source.name for source in card.sources)
            rows.append(
                {"name": name, "version": version, "preset": card.preset, "data": data}
                | {"folder": str(folder)}
            )
    lines = [
        f"{r['name']} {r['version']}: preset {r['preset']}, trained on {r['data']}; {r['folder']}"
        for r in rows
    ]
    tell(as_json, {"models": rows}, "\n".join(lines) or "no model is installed")
