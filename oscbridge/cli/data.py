"""`oscbridge data`: stores of windows to train on, built, shown and checked."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from oscbridge.cli.loading import clear_errors, json_option, tell

store_argument = click.argument("store", type=click.Path(path_type=Path))
_TOLD = 12


@click.group()
def data() -> None:
    """Stores of windows to train on: build, show, check."""


@data.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The store.")
@click.option(
    "--frames-per-step", type=click.IntRange(1, 32), default=4, show_default=True,
    help="Poses a sixteenth in windows of dance.",
)  # fmt: skip
@json_option
def build(folders: tuple[Path, ...], output: Path, frames_per_step: int, as_json: bool) -> None:
    """Build a store of the songs (.mid) and dances (.bvh .npz .json .csv) in FOLDERS.

    An interrupted build goes on when the same command is given again.
    """
    from oscbridge.training import store_build
    from oscbridge.training.store import open_store

    bar: Any = click.progressbar(length=1, label="reading", file=sys.stderr)
    begun: list[str] = []

    def each(recording: Any, count: int) -> None:
        bar.length = count
        bar.update(1 if begun else 0)
        begun.append(recording.path.name)

    with clear_errors():
        with bar:
            store_build.build(folders, output, each, frames_per_step)
            bar.update(1)
        store = open_store(output)
    left_out = [f"{r['name']}: {r['skipped']}" for r in store.recordings if r["skipped"]]
    if not as_json:
        for line in left_out[:_TOLD]:
            click.echo(f"left out: {line}", err=True)
        if len(left_out) > _TOLD:
            click.echo(f"left out: {len(left_out) - _TOLD} more", err=True)
    summary = _summary(store)
    tell(as_json, summary | {"skipped": left_out}, _text(store, summary))


@data.command()
@store_argument
@json_option
def show(store: Path, as_json: bool) -> None:
    """What is in a store: windows by part, collections and licences, tempos, duplicates."""
    from oscbridge.training.store import open_store

    with clear_errors():
        opened = open_store(store)
    summary = _summary(opened)
    tell(as_json, summary, _text(opened, summary))


@data.command()
@store_argument
@json_option
def check(store: Path, as_json: bool) -> None:
    """Check hashes, numbers and the split of a store; exit status 1 if something is wrong."""
    from oscbridge.training.store_check import check as checked

    with clear_errors():
        wrong = checked(store)
    tell(as_json, {"wrong": wrong}, "\n".join(wrong) or f"{store}: all is well")
    if wrong:
        sys.exit(1)


def _summary(store: Any) -> dict[str, Any]:
    tables = {}
    for name, table in store.tables.items():
        told = store.facts["tables"][name]
        tempos = Counter(int(t // 20) * 20 for t in table["tempo"])
        tables[name] = {
            "windows": len(table),
            **{part: b - a for part, (a, b) in told["parts"].items()},
            "repeats": told["repeats"],
            "near_held_out": told["near_held_out"],
            "tempos": {f"{low}-{low + 20}": n for low, n in sorted(tempos.items())},
        }
    collections: dict[str, Any] = {}
    for r in store.recordings:
        entry = collections.setdefault(
            r["collection"], {"licence": r["licence"], "recordings": 0, "skipped": 0, "windows": 0}
        )
        entry["recordings"] += 1
        entry["skipped"] += r["skipped"] is not None
        entry["windows"] += r["windows"]
    return {"content": store.content, "tables": tables, "collections": collections}


def _text(store: Any, summary: dict[str, Any]) -> str:
    lines = [f"{store.folder}: {summary['content'][:12]}"]
    for name, t in summary["tables"].items():
        lines.append(
            f"{name}: {t['windows']} windows ({t['train']} train, {t['validation']} validation, "
            f"{t['test']} test); left out {t['repeats']} repeats, {t['near_held_out']} too near "
            "held-out ones"
        )
        if t["tempos"]:
            lines.append("  BPM " + ", ".join(f"{k}: {n}" for k, n in t["tempos"].items()))
    for name, c in summary["collections"].items():
        lines.append(
            f"{name}: {c['recordings']} recordings ({c['skipped']} left out), "
            f"{c['windows']} windows; {c['licence']}"
        )
    return "\n".join(lines)
