"""`oscbridge midi` on systems with and without MIDI."""

from click.testing import CliRunner

from oscbridge.cli import main
from oscbridge.io import midi_ports
from oscbridge.io.midi_ports import Listing, MidiError


def test_ports_are_listed_with_their_back_end(monkeypatch):
    monkeypatch.setattr(midi_ports, "look", lambda api: Listing("UNIX_JACK", ("keys",), ()))
    said = CliRunner().invoke(main, ["midi"])
    assert said.exit_code == 0
    assert said.output.splitlines() == [
        "back end: UNIX_JACK",
        "inputs, to listen to:",
        "  keys",
        "outputs, to play to:",
        "  (none)",
    ]


def test_why_there_is_no_midi_is_said(monkeypatch):
    def none(api):
        raise MidiError("no MIDI here (UNIX_JACK: not running)")

    monkeypatch.setattr(midi_ports, "look", none)
    said = CliRunner().invoke(main, ["midi"])
    assert said.exit_code == 1
    assert "no MIDI here (UNIX_JACK: not running)" in said.output
