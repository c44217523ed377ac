"""Other people's programs speak to the daemon and read what it makes."""

import os
import shutil
import subprocess

import mido
import numpy as np
import pytest

from oscbridge.shipped import EXAMPLE_SONG

INSTALL = {
    "pd": "apt-get install puredata-core",
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
