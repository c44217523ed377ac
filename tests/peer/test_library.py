"""What a producer does with the clip library of a real daemon."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import mido
import pytest

from oscbridge.api import ROOT
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import Timeline
from oscbridge.errors import JobError
from oscbridge.io.midi_file import write_clip
from oscbridge.io.osc_client import Client

SONG = Clip(
    (
        Note(0.0, Part.DRUMS, 36, 0.25, 100), Note(1.0, Part.BASS, 40, 1.0, 90),
        Note(2.0, Part.MELODY, 72, 0.5, 80),
    ),
    8.0, Timeline.steady(96.0), "mine",
)  # fmt: skip


@pytest.fixture
def speak():
    """Clients that leave with the test."""
    clients = []

    def connected(daemon):
        clients.append(Client("127.0.0.1", daemon.port, tcp=True))
        return clients[-1]

    yield connected
    for client in clients:
        client.close()


def heard(client, reply, address, *args):
    """What a job answers, and the `reply` messages that came before."""
    found = []

    def take(message):
        if message.address == f"{ROOT}/{reply}":
            found.append(message.args[1:])

    done = client.request(address, *args, heard=take)
    return done, found


def facts(client, clip):
    told = heard(client, "clip/fact", "clip/info", clip)[1]
    return {name: tuple(values) for name, *values in told}


def names(client, *args):
    return [item[0] for item in heard(client, "clip/item", "clip/find", *args)[1]]


def refusal(client, *request):
    with pytest.raises(JobError) as caught:
        client.request(*request)
    return caught.value.code, str(caught.value)


def test_a_name_says_what_made_a_clip_and_its_file_how(start, speak):
    daemon = start()
    client = speak(daemon)
    seed, clip = client.request("music/generate", 4, 7, 1.0, 128.0)
    (name,) = client.request("clip/save", clip)
    assert name == "generate 4 bars 128 bpm seed 7.mid"
    told = facts(client, name)
    assert told["endpoint"] == ("music/generate",) and told["seed"] == (seed,)
    assert told["model"] == ("studio", 1) and told["length"] == (16.0,)
    assert sum(told["notes"]) == len(client.get_clip(clip).notes)
    assert told["favourite"] == (0,)


def test_any_clip_can_be_made_again_even_by_the_next_daemon(start, speak):
    first = start()
    client = speak(first)
    seed, clip = client.request("music/generate", 2, 11)
    _, dance, _ = client.request("music/to_dance", clip, 5, 0.5)
    _, music, _ = client.request("dance/to_music", dance, 6, 0.5)
    (name,) = client.request("clip/save", music)
    notes = client.get_clip(music).notes
    first.stop()
    again = speak(start())
    seed, made, count = again.request("clip/again", name)
    assert (seed, count) == (6, len(notes))
    assert again.get_clip(made).notes == notes


def test_what_was_handed_over_cannot_be_made_again_and_says_so(start, speak):
    client = speak(start())
    (name,) = client.request("clip/save", client.put_clip(SONG))
    assert name == "mine.mid"
    code, text = refusal(client, "clip/again", name)
    assert code == "unknown" and "handed over" in text


def test_parts_are_saved_beside_the_whole_each_with_its_own_notes(start, speak):
    daemon = start()
    client = speak(daemon)
    saved = client.request("clip/save", client.put_clip(SONG), "", 1)
    assert saved == ("mine.mid", "mine drums.mid", "mine bass.mid", "mine melody.mid")
    for name, part in zip(saved[1:], Part, strict=True):
        clip = client.get_clip(name)
        assert clip.notes == SONG.part(part) and clip.length == SONG.length


def test_a_file_is_what_a_daw_wants(start, speak):
    daemon = start()
    client = speak(daemon)
    (name,) = client.request("clip/save", client.put_clip(SONG))
    song = mido.MidiFile(daemon.library / name)
    assert song.ticks_per_beat == 480
    assert [track.name for track in song.tracks][1:] == ["Drums", "Bass", "Melody"]
    assert {sum(event.time for event in track) for track in song.tracks} == {8 * 480}
    drums = [e for e in song.tracks[1] if e.type == "note_on"]
    assert {e.channel for e in drums} == {9}
    (tempo,) = [e for e in song.tracks[0] if e.type == "set_tempo"]
    assert tempo.tempo == 625_000


def test_favourites_and_tags_stay_with_a_file_that_is_renamed_by_hand(start, speak):
    first = start()
    client = speak(first)
    (name,) = client.request("clip/save", client.put_clip(SONG))
    assert client.request("clip/favourite", name) == (1,)
    assert client.request("clip/tag", name, "slow groove") == ("slow groove",)
    (first.library / name).rename(first.library / "other.mid")
    first.stop(signal.SIGKILL)
    client = speak(start())
    (item,) = heard(client, "clip/item", "clip/find", "groove", 1)[1]
    assert item[0] == "other.mid" and item[6] == 1 and item[7:] == ("slow groove",)


def test_files_of_other_programs_are_found_with_their_facts_and_never_purged(start, speak):
    daemon = start()
    write_clip(SONG, daemon.library / "théirs.mid")
    (daemon.library / "broken.mid").write_bytes(b"MThd nonsense")
    client = speak(daemon)
    (mine,) = client.request("clip/save", client.request("music/generate", 2, 3)[1])
    found = {item[0]: item for item in heard(client, "clip/item", "clip/find")[1]}
    assert set(found) == {"théirs.mid", "broken.mid", mine}
    assert found["théirs.mid"][2:6] == (2, 96.0, -1, 3) and found["broken.mid"][5] == -1
    assert "problem" in facts(client, "broken.mid")
    assert client.request("clip/purge") == (1, 0)
    assert sorted(names(client)) == ["broken.mid", "théirs.mid"]
    assert (daemon.library / ".trash" / mine).is_file()


def test_a_purge_keeps_favourites_unless_told_otherwise(start, speak):
    client = speak(start())
    saved = [client.request("clip/save", client.put_clip(SONG))[0] for _ in range(3)]
    client.request("clip/favourite", saved[1])
    assert client.request("clip/purge") == (2, 0)
    assert names(client) == [saved[1]]
    assert client.request("clip/purge", 0) == (1, 0)
    assert names(client) == []


def test_a_file_deleted_by_hand_is_gone_from_the_next_search(start, speak):
    daemon = start()
    client = speak(daemon)
    (name,) = client.request("clip/save", client.put_clip(SONG))
    assert names(client, "mine") == [name]
    (daemon.library / name).unlink()
    assert names(client, "mine") == []
    assert refusal(client, "clip/favourite", name)[0] == "unknown"


def test_a_damaged_index_is_made_anew_and_what_a_person_said_stays(start, speak):
    first = start()
    client = speak(first)
    (name,) = client.request("clip/save", client.put_clip(SONG))
    client.request("clip/favourite", name)
    first.stop()
    (first.library / ".oscbridge.db").write_bytes(b"no database at all" * 1000)
    client = speak(start())
    assert names(client, "", 1) == [name]


def test_two_daemons_of_one_library_overwrite_nothing(start, speak):
    clients = [speak(start()) for _ in range(2)]
    handles = [client.put_clip(SONG) for client in clients]
    saved = [[], []]

    def save(i):
        for _ in range(20):
            saved[i] += clients[i].request("clip/save", handles[i], "same")

    threads = [threading.Thread(target=save, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*saved[0], *saved[1]}) == 40
    for client in clients:
        assert sorted(names(client, "same")) == sorted(saved[0] + saved[1])
    assert clients[0].request("clip/favourite", saved[1][0]) == (1,)


def test_a_full_disk_refuses_the_save_and_leaves_no_half_file(start, speak, tmp_path):
    library = tmp_path / "clips"
    library.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(library)]
    if not shutil.which("mount") or subprocess.run(small, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here; run the tests as root")
    try:
        daemon = start()
        client = speak(daemon)
        clip = client.put_clip(SONG)
        kept = []
        with pytest.raises(JobError) as full:
            for _ in range(200):
                kept += client.request("clip/save", clip)
        assert full.value.code == "file" and "space" in str(full.value)
        assert sorted(p.name for p in daemon.library.glob("*.mid")) == sorted(kept)
        assert client.get_clip(kept[-1]).notes == SONG.notes
        assert set(kept) == set(names(client))
        assert daemon.stop() == 0
    finally:
        subprocess.run(["umount", "-l", str(library)], check=True)


def test_a_library_that_cannot_be_written_is_still_read(start, speak, tmp_path):
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and there is no setpriv; install util-linux")
    library = tmp_path / "clips"
    library.mkdir()
    write_clip(SONG, library / "there.mid")
    bound = ["mount", "--bind", "-o", "ro", str(library), str(library)]
    if subprocess.run(bound, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here; run the tests as root")
    subprocess.run(["mount", "-o", "remount,ro,bind", str(library)], check=True)
    try:
        client = speak(start())
        assert names(client) == ["there.mid"]
        assert client.get_clip("there.mid").notes == SONG.notes
        clip = client.put_clip(SONG)
        for request in (("clip/save", clip), ("clip/favourite", "there.mid"), ("clip/purge",)):
            if request[0] == "clip/purge":
                assert client.request(*request) == (0, 0)
            else:
                assert refusal(client, *request)[0] == "file"
    finally:
        subprocess.run(["umount", "-l", str(library)], check=True)


def test_marks_are_lines_of_json(start, speak):
    daemon = start()
    client = speak(daemon)
    (name,) = client.request("clip/save", client.put_clip(SONG))
    client.request("clip/tag", name, "ok")
    (line,) = Path(daemon.library / ".oscbridge.marks").read_text().splitlines()
    assert json.loads(line)["tags"] == ["ok"]


def test_the_command_line_lists_and_searches(start, speak):
    daemon = start()
    client = speak(daemon)
    for seed in (1, 2):
        client.request("clip/save", client.request("music/generate", 2, seed)[1])
    client.request("clip/favourite", "generate 2 bars 120 bpm seed 1.mid")
    client.request("clip/tag", "generate 2 bars 120 bpm seed 1.mid", "intro")

    def clips(*words):
        command = [sys.executable, "-m", "oscbridge", "clips", "--port", str(daemon.port), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert clips().count("generate 2 bars") == 2 and "2 of 2 clips" in clips()
    (line,) = clips("INTRO", "--json").splitlines()
    told = json.loads(line)
    assert told["seed"] == 1 and told["tags"] == ["intro"] and told["favourite"] is True
    assert "1 of 1 clips" in clips("--favourites")
    assert "1 of 2 clips" in clips("--limit", "1")


def test_the_command_line_says_that_no_daemon_is_there(start):
    daemon = start()
    daemon.stop()
    command = [sys.executable, "-m", "oscbridge", "clips", "--port", str(daemon.port)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 1 and "oscbridge serve" in ended.stderr
