"""Clips put into a stand-in for Ableton Live by a real daemon."""

import re
import socket
import time

import pytest
from ableton import Live, LiveClip, LiveTrack
from click.testing import CliRunner

from oscbridge.cli.to_live import to_live
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.session_notes import SessionNote, difference, session_notes
from oscbridge.domain.timeline import Timeline
from oscbridge.errors import JobError
from oscbridge.io.midi_file import write_clip
from oscbridge.io.osc import build
from oscbridge.io.osc_client import Client

OLD = ((60, 0.0, 1.0, 80.0, False), (64, 1.0, 1.0, 70.0, True))


def song(notes=24):
    made = [Note(k / 4, Part(k % 3), 36 + 7 * k % 60, 0.25, 1 + k % 127) for k in range(notes)]
    return Clip(tuple(made), max(4.0, notes / 4), Timeline.steady(100.0), "my song")


@pytest.fixture
def into(start, tmp_path):
    """A client of a daemon that puts clips into a given Live."""
    open_ones = []

    def connected(live):
        show = tmp_path / f"show{live.port}.toml"
        show.write_text(f"[ableton]\nport = {live.port}\nreply_port = {live.reply_port}\n")
        daemon = start("--config", str(show))
        client = Client("127.0.0.1", daemon.port, tcp=True, timeout=60)
        client.daemon_port = daemon.port
        open_ones.extend([client, live])
        return client

    yield connected
    for each in open_ones:
        each.close()


def refusal(client, *args):
    with pytest.raises(JobError) as refused:
        client.request("clip/to_live", *args)
    return refused.value.code, str(refused.value)


def same(clip, live_clip):
    found = [SessionNote(n[1], n[0], n[2], round(n[3]), n[4]) for n in live_clip.notes]
    return difference(session_notes(clip), found) == ([], [])


def test_a_clip_lands_in_the_next_free_slot_of_the_selected_track(into):
    audio = LiveTrack("Audio", midi=False, slots=[None, None])
    live = Live(audio, LiveTrack("Keys", slots=[LiveClip(4.0), None]))
    live.selected = 1
    client = into(live)
    assert client.request("clip/to_live", client.put_clip(song())) == (1, 1, 24)
    made = live.tracks[1].slots[1]
    assert same(song(), made) and made.length == 6.0
    assert made.set["name"] == "my song" and made.set["color"]


@pytest.mark.parametrize("selected", [0, None])
def test_without_a_selected_midi_track_it_is_the_first(into, selected):
    live = Live(LiveTrack("Audio", midi=False), LiveTrack("Keys"))
    live.selected = selected
    client = into(live)
    assert client.request("clip/to_live", client.put_clip(song()))[:2] == (1, 0)


def test_thousands_of_notes_cross_a_wire_that_loses_and_doubles(into):
    live = Live()
    live.lose, live.double = 0.05, 0.05
    client = into(live)
    clip = song(3000)
    assert client.request("clip/to_live", client.put_clip(clip), 0, 2) == (0, 2, 3000)
    assert same(clip, live.tracks[0].slots[2])


def test_an_empty_clip_is_a_clip(into):
    client = into(live := Live())
    clip = Clip((), 8.0, Timeline.steady(100.0), "rest")
    assert client.request("clip/to_live", client.put_clip(clip)) == (0, 0, 0)
    assert live.tracks[0].slots[0].length == 8.0


def test_an_occupied_slot_is_left_alone_unless_asked(into):
    old = LiveClip(4.0, list(OLD))
    client = into(live := Live(LiveTrack("Keys", slots=[old])))
    handle = client.put_clip(song())
    code, text = refusal(client, handle, 0, 0)
    assert code == "live" and "occupied" in text
    assert "no slot" not in text and old.notes == list(OLD)
    assert "all 1 slots of track 0 are occupied" in refusal(client, handle)[1]
    assert client.request("clip/to_live", handle, 0, 0, 1, "mine") == (0, 0, 24)
    assert live.tracks[0].slots[0] is old and same(song(), old)
    assert old.set["loop_end"] == 6.0 and old.set["name"] == "mine"


def test_old_notes_come_back_where_new_ones_fail(into):
    old = LiveClip(4.0, list(OLD), {})
    old.set |= {"name": "old", "color": 0x123456, "loop_start": 2.0, "loop_end": 4.0}
    live = Live(LiveTrack("Keys", slots=[old]))
    client = into(live)
    live.deaf = {"/live/clip/set/loop_end"}
    code, text = refusal(client, client.put_clip(song()), 0, 0, 1)
    assert code == "live" and "loop_end" in text
    assert sorted(old.notes) == sorted(OLD)
    assert old.set["color"] == 0x123456
    assert old.set["name"] == "old" and old.set["loop_start"] == 2.0


def test_what_was_begun_is_taken_back_where_notes_do_not_arrive(into):
    live = Live()
    client = into(live)
    live.deaf = {"/live/clip/add/notes"}
    code, text = refusal(client, client.put_clip(song()))
    assert code == "live" and "lacks 24 notes" in text
    assert live.tracks[0].slots[0] is None


def test_what_live_complained_of_is_passed_on(into):
    live = Live()
    client = into(live)

    def refuse(clip, atoms):
        raise RuntimeError("Live refuses notes")

    live._add = refuse
    text = refusal(client, client.put_clip(song()))[1]
    assert "Live said: Error handling OSC message: Live refuses notes" in text
    assert live.tracks[0].slots[0] is None


def test_a_clip_somebody_else_put_there_meanwhile_stays(into):
    live = Live()
    client = into(live)
    theirs = LiveClip(4.0, list(OLD))

    def filled():
        live.tracks[0].slots[0] = theirs

    live.after["/live/song/get/num_scenes"] = filled
    live._track_data = lambda *args, told=live._track_data: (
        iter(("Keys", False, False, False, False)) if "clip_slot.has_clip" in args else told(*args)
    )
    assert "another program" in refusal(client, client.put_clip(song()))[1]
    assert live.tracks[0].slots[0] is theirs and theirs.notes == list(OLD)


def test_what_live_refuses_is_said_plainly(into):
    live = Live(LiveTrack("Vocals", midi=False), LiveTrack("Keys"))
    client = into(live)
    handle = client.put_clip(song())
    assert "'Vocals', takes no MIDI" in refusal(client, handle, 0)[1]
    assert "there is no track 7" in refusal(client, handle, 7)[1]
    assert "there is no slot 9" in refusal(client, handle, 1, 9)[1]
    live.tracks[1].midi = False
    assert "no MIDI track" in refusal(client, handle)[1]
    live.version = (10, 1)
    assert "this is Live 10.1" in refusal(client, handle)[1]


def test_silence_and_a_taken_port_are_told_apart(into):
    live = Live()
    client = into(live)
    handle = client.put_clip(song())
    live.silent = True
    code, text = refusal(client, handle)
    assert code == "ableton" and "control surface" in text and str(live.port) in text
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", live.reply_port))
        code, text = refusal(client, handle)
    assert code == "port" and re.search(rf"port {live.reply_port}.* in use by .*process \d+", text)
    live.silent = False
    assert client.request("clip/to_live", handle)[1:] == (0, 24)


def test_jobs_for_one_slot_come_one_after_the_other(into):
    live = Live()
    client = into(live)
    handle = client.put_clip(song())
    for job in (1001, 1002, 1003):
        client.send("clip/to_live", job, handle, 0)
    ends = []
    while len(ends) < 3:
        if (message := client.receive()).address == "/oscbridge/done":
            ends.append(message)
    assert sorted(m.args[1:] for m in ends) == [(1001 + k, 0, k, 24) for k in range(3)]


def test_a_job_taken_back_leaves_nothing(into):
    live = Live(tick=0.1)
    client = into(live)
    handle = client.put_clip(song(3000))
    client.send("clip/to_live", 77, handle)
    while "/live/clip/add/notes" not in live.said:
        time.sleep(0.01)
    client.send("cancel", 77)
    while (end := client.receive()).address != "/oscbridge/fail":
        assert end.address == "/oscbridge/progress"
    assert end.args[2] == "cancelled"
    assert live.tracks[0].slots[0] is None


def test_a_long_clip_is_put_back_whole(into):
    notes = [(36 + k % 48, k / 4, 0.25, float(1 + k % 127), False) for k in range(2500)]
    old = LiveClip(625.0, list(notes))
    live = Live(LiveTrack("Keys", slots=[old]))
    client = into(live)
    live.deaf = {"/live/clip/set/end_marker"}
    assert refusal(client, client.put_clip(song()), 0, 0, 1)[0] == "live"
    assert sorted(old.notes) == sorted(notes)


def test_the_command_takes_a_file_a_name_and_a_handle(into, tmp_path):
    client = into(live := Live())
    port = ["--port", str(client.daemon_port)]
    write_clip(song(), tmp_path / "groove.mid")
    (saved,) = client.request("clip/save", client.put_clip(song()))
    for row, clip in enumerate([str(tmp_path / "groove.mid"), saved, str(client.put_clip(song()))]):
        told = CliRunner().invoke(to_live, [clip, "--track", "0", *port])
        assert told.output == f"track 0, slot {row}, counted from 0: 24 notes\n"
        assert same(song(), live.tracks[0].slots[row])
    refused = CliRunner().invoke(to_live, [saved, "--slot", "1", *port])
    assert refused.exit_code == 1 and "occupied" in refused.output
    again = CliRunner().invoke(to_live, [saved, "--slot", "1", "--overwrite", *port])
    assert again.exit_code == 0


def test_the_command_without_a_daemon_says_how_to_start_one():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = CliRunner().invoke(to_live, ["x.mid", "--port", str(port)])
    assert told.exit_code == 1 and "oscbridge serve" in told.output


def test_nonsense_on_the_reply_port_changes_nothing(into):
    live = Live()
    client = into(live)
    answer, words = "/live/clip/get/notes", ["nan", 1, 2, 3, 4]
    packets = (
        b"", b"nonsense", build(answer), build(answer, 0, 0, 1), build(answer, 0, 0, *words),
        build(answer, 0, 0, 60, float("nan"), float("inf"), float("nan"), 0), build("/live/error"),
    )  # fmt: skip

    def babble():
        for packet in packets:
            live._socket.sendto(packet, ("127.0.0.1", live.reply_port))

    live.after[answer] = babble
    live.after["/live/clip/add/notes"] = babble
    assert client.request("clip/to_live", client.put_clip(song())) == (0, 0, 24)
    assert not live.after and same(song(), live.tracks[0].slots[0])
