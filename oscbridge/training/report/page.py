"""A report as a folder: one page that needs nothing from elsewhere, and its pictures as PNG."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

from oscbridge.errors import FileError
from oscbridge.io.files import write_atomically
from oscbridge.training.report import beat_tables, dance_tables, music_tables
from oscbridge.training.report.pictures import pictures
from oscbridge.training.samples import Samples
from oscbridge.training.tables import Table

PAGE = "index.html"


def measured(samples: Samples) -> list[Table]:
    """Every table of the samples, with intervals."""
    return [
        music_tables.rebuilt(samples),
        music_tables.made(samples),
        dance_tables.rebuilt(samples),
        dance_tables.made(samples),
        *beat_tables.tables(samples),
    ]


def write(folder: Path, samples: Samples, tables: Sequence[Table], command: str) -> Path:
    """Write the page and its pictures into a folder, made if it is not there; the page's path.

    Raises FileError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, error.strerror or str(error)) from error
    shown = pictures(samples)
    for name, (_, png) in shown.items():
        write_atomically(folder / name, png)
    page = html(samples, shown, tables, command)
    write_atomically(folder / PAGE, page.encode())
    return folder / PAGE


def html(
    samples: Samples, shown: dict[str, tuple[str, bytes]], tables: Sequence[Table], command: str
) -> str:
    """The page."""
    body = [f"<h1>{escape(samples.title)}</h1>", f"<p>By <code>{escape(command)}</code>.</p>"]
    body += [f"<p>{escape(note)}</p>" for note in samples.notes]
    body += ["<h2>Pictures</h2>"]
    body += [_picture(name, words, png) for name, (words, png) in shown.items()]
    body += ["<h2>Figures</h2>", *(_table(table) for table in tables)]
    return _TEMPLATE.format(title=escape(samples.title), style=_STYLE, body="\n".join(body))


def _picture(name: str, words: str, png: bytes) -> str:
    source = f"data:image/png;base64,{b64encode(png).decode()}"
    return (
        f'<figure><img alt="{escape(name)}" src="{source}">'
        f"<figcaption>{escape(words)} <small>({escape(name)})</small></figcaption></figure>"
    )


def _table(table: Table) -> str:
    head, *rows = table.cells()
    cells = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    lines = [f"<tr>{cells}</tr>"]
    for name, *values in rows:
        numbers = "".join(f"<td>{escape(v)}</td>" for v in values)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{numbers}</tr>')
    note = f"<p><small>{escape(table.note)}</small></p>" if table.note else ""
    inner = "\n".join(lines)
    return f'<h3>{escape(table.title)}</h3><div class="wide"><table>{inner}</table></div>{note}'


_STYLE = """
:root { color-scheme: light dark; --ink: #1a202c; --paper: #ffffff; --line: #d5d9e0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ec; --paper: #16181d; --line: #3a3f4a; }
}
body { margin: 0 auto; max-width: 76rem; padding: 1rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.2rem; } h3 { margin-bottom: .4rem; }
figure { margin: 1.2rem 0; }
img { width: 100%; height: auto; background: #fff; border-radius: 6px; }
figcaption, small { opacity: .85; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
tr > :first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
code { overflow-wrap: anywhere; }
"""
_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
