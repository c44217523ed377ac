"""Pieces are put where programs look for them, and nothing of the user is lost."""

import json

import pytest
from click.testing import CliRunner

from oscbridge import __version__, shipped
from oscbridge.cli.install import install as command
from oscbridge.errors import OscbridgeError
from oscbridge.io.installing import RECORD, install, pieces
from oscbridge.io.program_folders import LIVE, MAX, PD, System, folders


def system(home, name):
    return System(name, home, home / "Documents", home / "AppData" / "Roaming")


def kinds(steps):
    return {step.path.name: step.what for step in steps}


@pytest.fixture
def patches(tmp_path):
    """Patches as they are shipped."""
    root = tmp_path / "shipped" / "max_patches"
    for name in (
        "package-info.json", "patchers/oscbridge.clip.maxpat", "devices/oscbridge Clips.amxd",
        "pd/oscbridge.clip.pd", "pd/examples/installation.pd", "source/build.py",
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name} as shipped")
    return root


def test_each_program_gets_its_own_pieces(patches):
    assert set(pieces(patches, MAX.pieces)) == {
        "package-info.json", "patchers/oscbridge.clip.maxpat", "devices/oscbridge Clips.amxd",
    }  # fmt: skip
    assert set(pieces(patches, PD.pieces)) == {"oscbridge.clip.pd", "examples/installation.pd"}
    assert set(pieces(patches, LIVE.pieces)) == {"oscbridge Clips.amxd"}


@pytest.mark.parametrize("name", ["darwin", "win32"])
def test_every_max_that_has_run_is_found(tmp_path, name):
    for version in ("Max 7", "Max 8", "Max 9", "Max 9 copy", "Maxwell"):
        (tmp_path / "Documents" / version).mkdir(parents=True)
    found = folders(MAX, system(tmp_path, name))
    assert [f.relative_to(tmp_path / "Documents").as_posix() for f in found] == [
        "Max 8/Packages/oscbridge",
        "Max 9/Packages/oscbridge",
    ]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("linux", ".local/lib/pd/extra"), ("darwin", "Library/Pd"),
        ("win32", "AppData/Roaming/Pd"),
    ],
)  # fmt: skip
def test_pd_has_a_folder_on_each_system_and_the_one_that_was_chosen_wins(tmp_path, name, place):
    assert folders(PD, system(tmp_path, name)) == [tmp_path / place / "oscbridge"]
    chosen = tmp_path / "Documents/Pd/externals"
    chosen.mkdir(parents=True)
    assert folders(PD, system(tmp_path, name)) == [chosen / "oscbridge"]


@pytest.mark.parametrize(
    ("name", "settings", "default"),
    [
        ("darwin", "Library/Preferences/Ableton/Live 12.1/Library.cfg", "Music/Ableton"),
        (
            "win32", "AppData/Roaming/Ableton/Live 12.1/Preferences/Library.cfg",
            "Documents/Ableton",
        ),
    ],
)  # fmt: skip
def test_lives_user_library_is_where_its_settings_say(tmp_path, name, settings, default):
    devices = "Presets/MIDI Effects/Max MIDI Effect/oscbridge"
    usual = tmp_path / default / "User Library"
    usual.mkdir(parents=True)
    assert folders(LIVE, system(tmp_path, name)) == [usual / devices]
    moved = tmp_path / "Drums & Bass" / "My Library"
    moved.mkdir(parents=True)
    (tmp_path / settings).parent.mkdir(parents=True)
    place = str(moved.parent).replace("&", "&amp;")
    (tmp_path / settings).write_text(
        '<Ableton><ContentLibrary><ProjectPath Value="/elsewhere" /></ContentLibrary><UserLibrary>'
        f'<LibraryProject><ProjectName Value="{moved.name}" /><ProjectPath Value="{place}" />'
        "</LibraryProject></UserLibrary></Ableton>"
    )
    assert folders(LIVE, system(tmp_path, name)) == [moved / devices]


@pytest.mark.parametrize("program", [MAX, LIVE])
def test_a_program_that_is_not_there_is_said_so(tmp_path, program):
    with pytest.raises(OscbridgeError, match="--to DIR"):
        folders(program, system(tmp_path, "darwin"))
    with pytest.raises(OscbridgeError, match="macOS and Windows only"):
        folders(program, system(tmp_path, "linux"))


def test_what_was_edited_is_kept_and_what_was_not_is_replaced(tmp_path):
    folder = tmp_path / "oscbridge"
    assert kinds(install({"a.pd": b"1", "b.pd": b"1", "c.pd": b"1"}, folder)) == {
        "a.pd": "written", "b.pd": "written", "c.pd": "written",
    }  # fmt: skip
    (folder / "b.pd").write_bytes(b"mine")
    (folder / "own.pd").write_bytes(b"my own")
    steps = install({"a.pd": b"2", "b.pd": b"2", "c.pd": b"1"}, folder)
    assert kinds(steps) == {"a.pd": "written", "b.pd": "kept", "c.pd": "same"}
    assert (folder / "a.pd").read_bytes() == b"2" == (folder / "b.pd").read_bytes()
    assert (folder / "b.pd.edited").read_bytes() == b"mine"
    (folder / "b.pd").write_bytes(b"mine again")
    install({"a.pd": b"2", "b.pd": b"3"}, folder)
    assert (folder / "b.pd.edited-2").read_bytes() == b"mine again"
    assert (folder / "b.pd.edited").read_bytes() == b"mine"
    assert not (folder / "c.pd").exists() and (folder / "own.pd").read_bytes() == b"my own"


def test_a_file_no_longer_shipped_stays_if_it_was_edited(tmp_path):
    folder = tmp_path / "oscbridge"
    install({"a.pd": b"1", "old.pd": b"1"}, folder)
    (folder / "old.pd").write_bytes(b"mine")
    install({"a.pd": b"1"}, folder)
    assert (folder / "old.pd").read_bytes() == b"mine"


def test_a_folder_nobody_installed_keeps_its_files(tmp_path):
    folder = tmp_path / "oscbridge"
    folder.mkdir()
    (folder / "a.pd").write_bytes(b"theirs")
    install({"a.pd": b"1"}, folder)
    assert (folder / "a.pd.edited").read_bytes() == b"theirs"


def test_a_newer_installation_is_refused(tmp_path):
    folder = tmp_path / "oscbridge"
    install({"a.pd": b"1"}, folder)
    told = json.loads((folder / RECORD).read_text())
    assert told["version"] == __version__
    (folder / RECORD).write_text(json.dumps(told | {"version": "999.0"}))
    with pytest.raises(OscbridgeError, match=r"999\.0"):
        install({"a.pd": b"2"}, folder)
    assert (folder / "a.pd").read_bytes() == b"1"


@pytest.mark.parametrize("content", ["", "[]", "nonsense", '{"version": 1}', '{"files": 3}'])
def test_a_damaged_record_loses_nothing(tmp_path, content):
    folder = tmp_path / "oscbridge"
    install({"a.pd": b"1"}, folder)
    (folder / RECORD).write_text(content)
    install({"a.pd": b"2"}, folder)
    assert (folder / "a.pd.edited").read_bytes() == b"1" and (folder / "a.pd").read_bytes() == b"2"


def test_a_record_cannot_lead_out_of_its_folder(tmp_path):
    folder = tmp_path / "oscbridge"
    install({"a.pd": b"1"}, folder)
    (tmp_path / "precious").write_bytes(b"1")
    told = json.loads((folder / RECORD).read_text())
    told["files"]["../precious"] = told["files"]["a.pd"]
    (folder / RECORD).write_text(json.dumps(told))
    install({"a.pd": b"1"}, folder)
    assert (tmp_path / "precious").exists()


def test_the_command_says_what_it_did_and_what_comes_next(tmp_path, patches, monkeypatch):
    monkeypatch.setattr(shipped, "folder", lambda name: patches.parent / name)
    to = ["pd", "--to", str(tmp_path / "there")]
    dry = CliRunner().invoke(command, [*to, "--dry-run"])
    assert dry.exit_code == 0 and "write oscbridge.clip.pd" in dry.output
    assert "nothing was changed" in dry.output and not (tmp_path / "there").exists()
    told = CliRunner().invoke(command, to)
    assert told.exit_code == 0 and "next: " in told.output
    patch = tmp_path / "there/oscbridge/oscbridge.clip.pd"
    patch.write_text("mine")
    again = CliRunner().invoke(command, to)
    assert "oscbridge.clip.pd.edited" in again.output
    assert (patch.parent / "oscbridge.clip.pd.edited").read_text() == "mine"


def test_the_command_says_what_is_not_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "folder", lambda name: tmp_path / name)
    told = CliRunner().invoke(command, ["max", "--to", str(tmp_path)])
    assert told.exit_code == 1 and "ships nothing for Max" in told.output
    assert CliRunner().invoke(command, ["blender"]).exit_code == 2
