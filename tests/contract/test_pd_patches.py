"""The patches for Pure Data are what their source writes, and hold together."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from oscbridge.api import ENDPOINTS, ROOT

HERE = Path(__file__).parents[2] / "max_patches"
PATCHES = sorted((HERE / "pd").glob("*.pd"))


def test_they_are_what_their_source_writes():
    program = (
        f"import sys, json; sys.path.insert(0, {str(HERE / 'source')!r})\n"
        "import pd; print(json.dumps(pd.files()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    written = json.loads(run.stdout)
    assert written == {p.name: p.read_text("utf-8") for p in PATCHES}, (
        "run: python3 max_patches/source/pd.py"
    )


@pytest.mark.parametrize("patch", PATCHES, ids=lambda p: p.stem)
def test_every_wire_joins_two_boxes(patch):
    stack, most = [[0, []]], 0
    for line in patch.read_text("utf-8").replace("\n", " ").split("; "):
        kind = line.split()[:2]
        if kind[:1] == ["#N"]:
            stack.append([0, []])
        elif kind == ["#X", "restore"]:
            boxes, wires = stack.pop()
            assert all(end < boxes for end in wires)
            stack[-1][0] += 1
        elif kind == ["#X", "connect"]:
            start, _, stop, _ = map(int, re.findall(r"\d+", line))
            stack[-1][1] += [start, stop]
            most += 1
        elif kind[:1] == ["#X"] and kind[1] != "coords":
            stack[-1][0] += 1
    boxes, wires = stack[-1]
    assert most and all(end < boxes for end in wires)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda p: p.stem)
def test_every_address_is_one_of_the_table(patch):
    named = re.findall(
        r"\b((?:music|dance|clip|pair|model|latent)/[a-z_/]+)", patch.read_text("utf-8")
    )
    known = {path.removeprefix(f"{ROOT}/") for path in ENDPOINTS}
    assert set(named) <= known
