"""oscbridge.clip in a real Pure Data: made, fetched note for note, played, after a restart too."""

import contextlib
import os
import queue
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from oscbridge.io.osc_client import Client

HERE = Path(__file__).parents[2] / "max_patches" / "pd"
WITHIN = 20
PATCH = """#N canvas 0 0 600 400 12;
#X obj 10 10 netreceive {ear};
#X obj 10 100 oscbridge.clip {port};
#X obj 10 200 print info;
#X obj 200 200 print note;
#X connect 0 0 1 0;
#X connect 1 1 2 0;
#X connect 1 0 3 0;
"""


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Pd:
    """Pure Data with one oscbridge.clip, spoken to as a patch would."""

    def __init__(self, folder, port):
        ear = free_port()
        (folder / "try.pd").write_text(PATCH.format(ear=ear, port=port))
        self.process = subprocess.Popen(
            ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-noprefs", "-path", str(HERE),
             "-open", str(folder / "try.pd")],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.lines = queue.Queue()
        self.said = []
        threading.Thread(target=self._read, daemon=True).start()
        self.until("info: connected 0")
        self.ear = socket.create_connection(("127.0.0.1", ear), 5)

    def _read(self):
        for line in self.process.stderr:
            self.lines.put(line.strip())

    def say(self, text):
        self.ear.sendall(f"{text};\n".encode())

    def until(self, start):
        """The line that begins so, and those before it."""
        lines = []
        while True:
            try:
                lines.append(self.lines.get(timeout=WITHIN))
            except queue.Empty:
                raise AssertionError(f"no {start!r} in {lines[-20:]}") from None
            self.said.append(lines[-1])
            if lines[-1].startswith(start):
                return lines

    def close(self):
        self.ear.close()
        self.process.kill()
        self.process.wait(timeout=10)


@pytest.fixture
def pd(tmp_path):
    if shutil.which("pd") is None:
        text = "pd is not installed: apt-get install puredata-core"
        if os.environ.get("OSCBRIDGE_REQUIRE_PEERS") == "1":
            pytest.fail(text)
        pytest.skip(text)
    with contextlib.ExitStack() as stack:

        def started(port):
            program = Pd(tmp_path, port)
            stack.callback(program.close)
            return program

        yield started


def notes_of(lines):
    rows = [line.split()[2:] for line in lines if line.startswith("info: note ")]
    return [tuple(map(float, row)) for row in rows]


def clip_of(pd):
    """Handle of the clip that Pure Data now has."""
    return int(pd.until("info: clip ")[-1].split()[2])


def as_rows(clip):
    return [(n.part, n.pitch, n.start, n.duration, n.velocity) for n in clip.notes]


def same(told, clip):
    """Whether they are alike, as far as Pure Data prints digits."""
    wanted = as_rows(clip)
    return len(told) == len(wanted) and all(
        a == pytest.approx(b, rel=1e-4, abs=1e-4) for a, b in zip(told, wanted, strict=True)
    )


def test_clips_made_in_pd_are_the_daemons_note_for_note(pd, daemon):
    program = pd(daemon.port)
    program.until("info: connected 1")
    with Client("127.0.0.1", daemon.port) as client:
        for request in ("generate 4 7", "vary 0.4 3", "continue 2 5", "generate 64 9"):
            program.say(request)
            clip = client.get_clip(clip_of(program))
            program.say("dump")
            assert same(notes_of(program.until("info: dumped")), clip), request
            assert clip.notes
    errors = [line for line in program.said if "error" in line or "couldn't create" in line]
    assert errors == []


def test_a_clip_is_played_on_the_beat_note_for_note(pd, daemon):
    program = pd(daemon.port)
    program.until("info: connected 1")
    program.say("generate 2 7")
    with Client("127.0.0.1", daemon.port) as client:
        clip = client.get_clip(clip_of(program))
    program.say("tempo 960")
    program.say("play")
    lines = program.until("info: over")
    played = [tuple(map(float, line.split()[1:4])) for line in lines if line.startswith("note:")]
    assert sorted(played) == sorted((n.part, n.pitch, n.velocity) for n in clip.notes)


def test_what_is_refused_is_told_at_the_right_outlet(pd, daemon):
    program = pd(daemon.port)
    program.until("info: connected 1")
    program.say("get nothing.mid")
    assert "nothing.mid" in program.until("info: fail")[-1]


def test_a_daemon_that_is_restarted_is_found_again(pd, start):
    port = free_port(socket.SOCK_DGRAM)
    program = pd(port)
    first = start("--port", str(port))
    program.until("info: connected 1")
    first.stop()
    program.until("info: connected 0")
    start("--port", str(port))
    program.until("info: connected 1")
    program.say("generate 2 3")
    assert clip_of(program) == 1
