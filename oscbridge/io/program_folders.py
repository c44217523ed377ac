"""Where Max, Pure Data and Ableton Live look for what a user adds, on each system."""

from __future__ import annotations

import html
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from oscbridge.errors import OscbridgeError

_PACKAGE = (
    "package-info.json", "README.md", "icon.png", "patchers", "help", "docs", "javascript",
    "extras", "examples", "media", "init", "devices",
)  # fmt: skip
"""What a Max package holds."""
_DEVICES = Path("Presets", "MIDI Effects", "Max MIDI Effect")


def _roaming() -> Path:
    return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")


@dataclass(frozen=True)
class System:
    """The machine as far as it says where programs look; `name` as sys.platform has it."""

    name: str = sys.platform
    home: Path = field(default_factory=Path.home)
    documents: Path = field(default_factory=platformdirs.user_documents_path)
    roaming: Path = field(default_factory=_roaming)

    @property
    def preferences(self) -> Path:
        """Where Live keeps a folder for each of its versions."""
        if self.name == "darwin":
            return self.home / "Library" / "Preferences" / "Ableton"
        return self.roaming / "Ableton"


@dataclass(frozen=True)
class Program:
    """A program that pieces are installed for; `pieces` names what of the shipped patches."""

    title: str
    pieces: tuple[str, ...]
    then: str


MAX = Program(
    "Max", _PACKAGE,
    "start Max again; the Extras menu has oscbridge, and any patch takes a box [oscbridge.clip]",
)  # fmt: skip
PD = Program(
    "Pure Data", ("pd",),
    "in a patch make the boxes [declare -path oscbridge] and [oscbridge.clip]; a right click has "
    "Help",
)  # fmt: skip
LIVE = Program(
    "Ableton Live", ("devices",),
    "in Live's browser open User Library > Presets > MIDI Effects > Max MIDI Effect > oscbridge "
    "and drag a device onto a MIDI track (Max for Live is needed)",
)  # fmt: skip
PROGRAMS = {"max": MAX, "pd": PD, "live": LIVE}


def folders(program: Program, system: System) -> list[Path]:
    """The folders, each named oscbridge, that its pieces go into. Raises OscbridgeError where the
    program has none.
    """
    found = {MAX: _max, PD: _pd, LIVE: _live}[program](system)
    if not found:
        only = " (it is made for macOS and Windows only)" if system.name == "linux" else ""
        raise OscbridgeError(
            f"no folder of {program.title} was found{only}; start it once, or say where: --to DIR"
        )
    return [folder / "oscbridge" for folder in found]


def _max(system: System) -> list[Path]:
    """Of each version from 8 on that has run, and so has made its folder."""
    versions = sorted(_there(system.documents.glob("Max [0-9]*")))
    return [v / "Packages" for v in versions if re.fullmatch(r"Max ([89]|\d\d)", v.name)]


def _pd(system: System) -> list[Path]:
    chosen = system.documents / "Pd" / "externals"
    if chosen.is_dir():
        return [chosen]
    if system.name == "win32":
        return [system.roaming / "Pd"]
    if system.name == "darwin":
        return [system.home / "Library" / "Pd"]
    return [system.home / ".local" / "lib" / "pd" / "extra"]


def _live(system: System) -> list[Path]:
    default = (system.home / "Music" if system.name == "darwin" else system.documents) / "Ableton"
    libraries = [*_chosen_libraries(system), default / "User Library"]
    return [library / _DEVICES for library in _there(libraries)][:1]


def _chosen_libraries(system: System) -> list[Path]:
    """The User Library as Live's settings have it, those of the version used last first."""
    settings = [*_there_files(system.preferences.glob("Live *"))]
    settings.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    found = []
    for path in settings:
        text = path.read_text("utf-8", "replace").partition("<UserLibrary")[2]
        place, name = (
            re.search(rf'<{key} Value="([^"]*)"', text) for key in ("ProjectPath", "ProjectName")
        )
        if place and place[1]:
            named = html.unescape(name[1]) if name else "User Library"
            folder = Path(html.unescape(place[1]))
            found += [folder / named, folder]
    return found


def _there(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.is_dir()]


def _there_files(versions: Iterable[Path]) -> list[Path]:
    places = (v / inner for v in versions for inner in ("Library.cfg", "Preferences/Library.cfg"))
    return [place for place in places if place.is_file()]
