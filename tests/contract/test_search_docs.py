"""docs/search.md names all that can be set, and tells the grids as they are."""

import re
from pathlib import Path

import pytest

from oscbridge.training.net_settings import SETTABLE
from oscbridge.training.search_space import GRIDS, NETS, count

PAGE = (Path(__file__).parents[2] / "docs/search.md").read_text("utf-8")


@pytest.mark.parametrize("preset", SETTABLE)
def test_all_that_can_be_set_is_named_and_nothing_else(preset):
    cells = {}
    for line in PAGE[PAGE.index("What can be set") :].splitlines():
        if found := re.match(r"\| `(\w+)`[^|]*\|([^|]*)\|([^|]*)\|", line):
            cells[found[1]] = dict(zip(("paper", "studio"), found.groups()[1:], strict=True))
    for net, settable in SETTABLE[preset].items():
        assert cells[net][preset].strip(" `").split() == list(settable.names())


@pytest.mark.parametrize("preset", GRIDS)
def test_the_grids_are_as_large_as_told(preset):
    head = next(line for line in PAGE.splitlines() if line.startswith(f"| `{preset}` | music"))
    assert [int(n) for n in re.findall(r"\((\d+)", head)] == [
        count(GRIDS[preset][net]) for net in NETS
    ]
