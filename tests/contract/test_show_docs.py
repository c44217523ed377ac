"""docs/shows.md lists the keys of a show as they are declared.

`python tests/contract/test_show_docs.py` writes the list anew.
"""

import re
from dataclasses import MISSING, fields
from pathlib import Path

from oscbridge.daemon.live import cast
from oscbridge.domain.parameters import OFFSETS, parameters_of
from oscbridge.io import vmc_out
from oscbridge.io.pose_wires import WIRES
from oscbridge.show_file.kinds import PARTS, kinds_of
from oscbridge.show_file.show import LISTS, LIVE, MOST, SECTIONS, VMC_PORT, WIRE_PORTS

DOCS = Path(__file__).parents[2] / "docs/shows.md"
BEGIN, END = "<!-- keys -->\n", "<!-- end of keys -->"


def shown(default):
    """A default as TOML has it."""
    if default is MISSING:
        return "**must be there**"
    if default in (None, "") or (default == 0 and not isinstance(default, bool | float)):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if default == frozenset(PARTS.values()):
        return "all"
    if isinstance(default, str):
        return f'`"{default}"`'
    if isinstance(default, int | float):
        return f"`{default:g}`"
    return "none" if not default else f"`{default}`"


def default_of(f):
    return f.default_factory() if f.default_factory is not MISSING else f.default


def rows(name, cls):
    for f in fields(cls):
        if "kind" in f.metadata:
            yield f.name, f.metadata["kind"].says, shown(default_of(f)), f.metadata["doc"]
    if name in LIVE:
        declared = parameters_of(name)
        for key, kind in kinds_of(declared).items():
            parameter = declared[OFFSETS[0] if key == "offset" else key]
            value = bool(parameter.default) if kind.says == "true or false" else parameter.default
            yield key, kind.says, "none" if key == "offset" else shown(float(value)), parameter.doc


def table():
    lines = []
    for name, cls in (SECTIONS | LISTS).items():
        heading = f"[{name}]" if name in SECTIONS else f"[[{name}]]"
        lines += [f"### `{heading}`", "", cls.__doc__.partition(" `values`")[0], ""]
        lines += ["| key | must be | default | what |", "|---|---|---|---|"]
        for key, says, default, doc in rows(name, cls):
            says = says.replace("\\", "\\\\").replace("|", "\\|")
            lines.append(f"| `{key}` | {says} | {default} | {doc} |")
        lines.append("")
    return "\n".join(lines)


def test_the_list_is_what_is_declared():
    listed = DOCS.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert listed == table(), "write it anew: python tests/contract/test_show_docs.py"


def test_the_examples_of_the_page_are_shows(tmp_path):
    from oscbridge.show_file import read_show

    examples = re.findall(r"```toml\n(.+?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert examples
    for text in examples:
        (tmp_path / "show.toml").write_text(text, "utf-8")
        read_show(tmp_path / "show.toml")


def test_what_is_said_twice_is_said_alike():
    assert {name: wire.PORT for name, wire in WIRES.items()} == WIRE_PORTS
    assert vmc_out.PORT == VMC_PORT
    assert cast.MOST_VOICES == cast.MOST_DANCERS == MOST


if __name__ == "__main__":
    head, _, rest = DOCS.read_text("utf-8").partition(BEGIN)
    DOCS.write_text(head + BEGIN + table() + END + rest.partition(END)[2], "utf-8")
