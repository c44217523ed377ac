"""Other people's programs speak to the daemon and read what it makes."""

import contextlib
import os
import shutil
import socket
import subprocess
import time

import mido
import numpy as np
import pytest

from oscbridge.shipped import EXAMPLE_SONG

INSTALL = {
    "pd": "apt-get install puredata-core",
    "oscsend": "apt-get install liblo-tools",
    "oscdump": "apt-get install liblo-tools",
    "fluidsynth": "apt-get install fluidsynth timgm6mb-soundfont",
}
SOUNDFONT = "/usr/share/sounds/sf2/TimGM6mb.sf2"


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            text = f"{program} is not installed: {INSTALL[program]}"
            if os.environ.get("OSCBRIDGE_REQUIRE_PEERS") == "1":
                pytest.fail(text)
            pytest.skip(text)


def read_until(stream, word):
    said = []
    for line in stream:
        said.append(line)
        if word in line:
            return said
    raise AssertionError(f"no {word} in {said}")


PATCH = """#N canvas 0 0 600 400 12;
#X obj 10 10 r go;
#X msg 10 40 connect 127.0.0.1 {port};
#X obj 10 160 netsend -u -b;
#X obj 10 190 oscparse;
#X obj 10 220 print osc;
#X msg 150 40 list /oscbridge/sync 77;
#X obj 150 70 oscformat oscbridge sync;
#X msg 150 55 77;
#X obj 150 100 list prepend send;
#X obj 150 130 list trim;
#X obj 300 10 t b b;
#X connect 0 0 10 0;
#X connect 10 1 1 0;
#X connect 10 0 7 0;
#X connect 1 0 2 0;
#X connect 7 0 6 0;
#X connect 6 0 8 0;
#X connect 8 0 9 0;
#X connect 9 0 2 0;
#X connect 2 1 3 0;
#X connect 3 0 4 0;
"""


def test_pure_data_hears_its_answer(daemon, tmp_path):
    need("pd")
    patch = tmp_path / "sync.pd"
    patch.write_text(PATCH.format(port=daemon.port))
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-open", str(patch)]
    with subprocess.Popen([*command, "-send", "go bang"], stderr=subprocess.PIPE, text=True) as pd:
        try:
            heard = read_until(pd.stderr, "synced")[-1]
        finally:
            pd.kill()
    assert heard.split()[-3:] == ["oscbridge", "synced", "77"]


def test_fluidsynth_sounds_the_example_song_for_its_length(tmp_path):
    need("fluidsynth")
    sound = tmp_path / "song.raw"
    subprocess.run(
        ["fluidsynth", "-ni", "-q", "-T", "raw", "-F", str(sound), SOUNDFONT, str(EXAMPLE_SONG)],
        check=True,
        timeout=100,
        capture_output=True,
    )
    samples = np.frombuffer(sound.read_bytes(), np.int16).reshape(-1, 2)
    seconds = len(samples) / 44100
    assert np.sqrt(np.mean(samples.astype(float) ** 2)) > 200
    assert mido.MidiFile(EXAMPLE_SONG).length <= seconds < mido.MidiFile(EXAMPLE_SONG).length + 10


class Liblo:
    """oscsend speaks from a new port each time; oscdump reads what is answered at one port."""

    def __init__(self, daemon, dump, port):
        self._daemon, self._dump = daemon, dump
        self.send("notify", 1, port, "", 1)
        assert self.hear("notified").split()[3:5] == ["1", '"127.0.0.1"']

    def send(self, address, *args):
        types = "".join({int: "i", float: "f", str: "s"}[type(arg)] for arg in args)
        where = ["oscsend", "127.0.0.1", str(self._daemon.port), f"/oscbridge/{address}"]
        subprocess.run([*where, types, *map(str, args)], check=True, timeout=20)

    def hear(self, word):
        return read_until(self._dump.stdout, f"/oscbridge/{word} ")[-1]


@pytest.fixture
def liblo(daemon):
    need("oscsend", "oscdump")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["oscdump", "-L", str(port)]
    with contextlib.ExitStack() as stack:
        dump = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(dump.kill)
        wait_until_bound(port)
        yield Liblo(daemon, dump, port)


def wait_until_bound(port):
    for _ in range(200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                return
        time.sleep(0.02)
    raise AssertionError(f"oscdump does not listen on {port}")


def test_oscsend_asks_and_oscdump_hears_the_answer(liblo):
    liblo.send("music/generate", 41, 1, 7)
    _, _, address, job, seed, clip = liblo.hear("done").split()[1:7]
    assert (address, job, seed) == ('"/oscbridge/music/generate"', "41", "7")
    liblo.send("music/to_dance", 42, int(clip))
    assert liblo.hear("done").split()[4] == "42"


def test_a_clip_put_by_several_oscsends_comes_back_note_for_note(liblo):
    notes = [(0, 36, 0.0, 0.5, 100), (1, 40, 1.5, 0.25, 90), (2, 72, 3.0, 1.0, 64)]
    liblo.send("clip/put", 51, 2, 4.0, 96.0, 3, 4, "by hand")
    liblo.send("clip/put/chunk", 51, 0, *notes[0], *notes[1])
    liblo.send("clip/put/end", 51)
    assert liblo.hear("clip/put/missing").split()[3:] == ["51", "1"]
    liblo.send("clip/put/chunk", 51, 1, *notes[2])
    liblo.send("clip/put/end", 51)
    clip, count = liblo.hear("done").split()[-2:]
    assert int(count) == len(notes)
    liblo.send("clip/get", 52, int(clip))
    begin = liblo.hear("clip/begin").split()
    assert [float(word) for word in begin[6:11]] == [3, 4, 96, 3, 4]
    atoms = [float(word) for word in liblo.hear("clip/chunk").split()[5:]]
    assert atoms == [float(atom) for note in notes for atom in note]


def test_a_job_of_one_oscsend_is_taken_back_by_another(liblo):
    liblo.send("music/generate", 61, 256, 1, 1.0, 120.0, 64)
    liblo.send("cancel", 61)
    assert liblo.hear("fail").split()[3:6] == ['"/oscbridge/music/generate"', "61", '"cancelled"']
    liblo.send("notify", 0)
    assert liblo.hear("notified").split()[3] == "0"
