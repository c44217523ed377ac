"""Which room of oscbridge may import which, and who may import the heavy libraries.

Imports are read from the source, those inside functions and under TYPE_CHECKING too.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# What is held to the rules is the source beside the tests, not an installed copy of it.
PACKAGE = Path(__file__).parents[2] / "oscbridge"

GROUND = {"errors", "shipped", "__init__"}
"""What every room may import but those that import nothing of ours or almost nothing."""
WITHOUT_GROUND = {"api", "domain", "vae", *GROUND}
ALLOWED = {
    "api": set(),
    "domain": set(),
    "errors": set(),
    "shipped": set(),
    "config": {"api"},
    "show_file": {"api", "config", "domain"},
    "__init__": set(),
    "__main__": {"cli"},
    "vae": {"domain"},
    "io": {"api", "domain"},
    "engine": {"domain", "io"},
    "training": {"domain", "vae", "io", "engine"},
    "daemon": {"api", "config", "show_file", "domain", "io", "engine"},
    "cli": {
        "api", "config", "show_file", "domain", "vae", "io", "engine", "training", "daemon",
    },
}  # fmt: skip
"""Room -> rooms it may import besides its own and the ground."""

WIRES = ("osc", "tcp", "udp", "slip", "midi_port", "midi_in", "midi_out", "vmc", "mdns", "link")
"""Beginnings of the modules of io that speak on a wire; engine reads files only."""

HEAVY = {
    "torch": {"vae", "training", "cli"},
    "onnx": {"training", "cli"},
    "onnxscript": {"training"},
    "safetensors": {"training", "cli"},
    "onnxruntime": {"engine"},
    "pythonosc": {"io"},
    "mido": {"io"},
    "rtmidi": {"io"},
    "matplotlib": {"cli", "training"},
    "ray": {"training", "cli"},
    "cv2": {"io"},
    "mediapipe": {"io"},
    "aiohttp": {"io"},
    "zeroconf": {"io"},
    "ifaddr": {"io"},
    "aalink": {"io"},
}
"""Library -> rooms that may import it; in cli only to see whether it is there (`need_torch`)."""
PROBES = {"cli/progress.py": {"torch", "onnx", "safetensors"}, "cli/search.py": {"ray"}}


def module_name(path):
    parts = ("oscbridge", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


SOURCES = {
    module_name(path): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "share" not in path.relative_to(PACKAGE).parts
}


def room(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def named(node, module, path):
    """What one import statement names, as dotted names from the top."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        here = module.split(".") + (["__init__"] if path.name == "__init__.py" else [])
        base = ".".join([*here[: -node.level], *([base] if base else [])])
    full = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name in SOURCES else base for name in full]


def imports(module, *, top_level=False):
    path = SOURCES[module]
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if top_level else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update(named(node, module, path))
    return found


def ours(module, *, top_level=False):
    return {name for name in imports(module, top_level=top_level) if name.startswith("oscbridge")}


def test_every_module_is_read_and_its_room_is_known():
    assert {"oscbridge.api", "oscbridge.domain.pose", "oscbridge.io.dance_file"} <= set(SOURCES)
    assert {room(module) for module in SOURCES} <= set(ALLOWED)


@pytest.mark.parametrize("module", SOURCES)
def test_rooms_import_only_in_their_direction(module):
    here = room(module)
    free = set() if here in WITHOUT_GROUND else GROUND
    wrong = [name for name in ours(module) if room(name) not in ALLOWED[here] | free | {here}]
    assert not wrong, f"{module} ({here}) must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("module", [m for m in SOURCES if room(m) == "engine"])
def test_the_engine_reads_files_and_speaks_on_no_wire(module):
    wires = [
        name
        for name in ours(module)
        if name.startswith(tuple(f"oscbridge.io.{wire}" for wire in WIRES))
    ]
    assert not wires, f"{module} imports {wires}; the engine uses files of io only"


@pytest.mark.parametrize("module", SOURCES)
def test_heavy_libraries_stay_in_their_rooms(module):
    here = room(module)
    probed = PROBES.get(SOURCES[module].relative_to(PACKAGE).as_posix(), set())
    for name in imports(module):
        top = name.split(".")[0]
        if top in HEAVY:
            assert here in HEAVY[top], f"{module} imports {top}: only {sorted(HEAVY[top])} may"
            if here == "cli" and top != "matplotlib":
                assert top in probed, f"{module} imports {top}; leave that to training"


def test_ray_is_imported_in_one_place_only():
    users = {m for m in SOURCES if {n.split(".")[0] for n in imports(m)} & {"ray"}}
    assert users == {"oscbridge.cli.search", "oscbridge.training.search_ray"}


@pytest.mark.parametrize("module", [m for m in SOURCES if room(m) in ("cli", "__main__")])
def test_a_light_command_loads_nothing_heavy(module):
    """What `oscbridge --help` would load, it must not have to."""
    heavy = {"scipy", *HEAVY}
    loaded = {name.split(".")[0] for name in imports(module, top_level=True)}
    assert not loaded & heavy


def test_imports_make_no_circle():
    graph = {module: ours(module, top_level=True) - {module} for module in SOURCES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from error


def test_no_room_is_in_a_circle_of_rooms():
    graph = {}
    for module in SOURCES:
        reached = {room(name) for name in ours(module)}
        graph.setdefault(room(module), set()).update(reached - {room(module)})
    TopologicalSorter(graph).prepare()
