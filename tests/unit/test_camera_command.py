"""Cameras and pictures, without either: what is done when they are not there."""

import itertools
import socket
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from oscbridge.cli import main
from oscbridge.cli.camera import Watch
from oscbridge.errors import FileError, OscbridgeError
from oscbridge.io.camera import CameraError, Picture, in_real_time, pictures_of, pictures_of_device
from oscbridge.io.mediapipe_pose import Found, PoseFinder
from oscbridge.io.osc import parse
from oscbridge.io.pose_sender import WRAP, PoseSender

BLUE = np.full((4, 6, 3), (255, 0, 0), np.uint8)
"""As OpenCV has it: blue, green, red."""


class Capture:
    """A camera that is pulled out after some pictures."""

    def __init__(self, pictures):
        self.left = pictures
        self.released = False

    def read(self):
        self.left -= 1
        return (True, BLUE) if self.left >= 0 else (False, None)

    def release(self):
        self.released = True


def test_a_camera_that_is_missing_or_pulled_out_is_waited_for():
    said, waited = [], []
    captures = [None, None, Capture(2), None, Capture(1)]
    opened = [*captures]
    pictures = pictures_of_device(3, said.append, lambda number: opened.pop(0), waited.append)
    seen = list(itertools.islice(pictures, 3))
    pictures.close()
    assert [picture.pixels[0, 0].tolist() for picture in seen] == [[0, 0, 255]] * 3
    assert np.diff([picture.time for picture in seen]).min() > 0
    assert waited == [0.5, 1.0, 0.5, 1.0]
    assert all(capture.released for capture in captures if capture)
    assert said[0] == "camera 3 is not there or in use; trying again in 0.5 s"
    assert said[2] == "camera 3 is there"
    assert said[3] == "camera 3 gives no more pictures; trying again in 0.5 s"


def test_it_is_not_tried_more_often_than_every_few_seconds():
    waited = []

    def wait(seconds):
        waited.append(seconds)
        if len(waited) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(pictures_of_device(0, lambda text: None, lambda number: None, wait))
    assert waited == [0.5, 1, 2, 4, 8, 8, 8, 8]


def test_a_film_is_shown_in_real_time_and_what_comes_too_late_is_left_out():
    now, waited = [0.0], []

    def wait(seconds):
        waited.append(seconds)
        now[0] += seconds

    film = [Picture(BLUE, i / 10) for i in range(10)]
    shown = []
    for picture in in_real_time(iter(film), lambda: now[0], wait):
        shown.append(round(picture.time * 10))
        now[0] += 0.24 if picture.time < 0.5 else 0.01
    assert shown == [0, 2, 4, 7, 8, 9]
    assert waited[-1] == pytest.approx(0.09)


@pytest.mark.parametrize("name", ["none.mp4", "none.png"])
def test_a_file_that_is_not_there_ends_with_status_1(tmp_path, name):
    with pytest.raises(FileError, match="no such file"):
        pictures_of(tmp_path / name)


def test_extras_that_are_not_installed_are_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(CameraError, match=r"\.\[camera\]"):
        PoseFinder()
    film = tmp_path / "film.mp4"
    film.write_bytes(b"no film")
    with pytest.raises(CameraError, match=r"\.\[camera\]"):
        next(pictures_of(film))
    ended = CliRunner().invoke(main, ["camera", str(film), "-o", str(tmp_path / "a.npz")])
    assert ended.exit_code == 1
    assert "MediaPipe" in ended.output and ".[camera]" in ended.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "nowhere"], "give HOST:PORT"),
        (["--to", "127.0.0.1:99999"], "give HOST:PORT"),
        (["film.mp4", "--device", "1"], "not both"),
        (["-o", "a.txt"], ".npz"),
        (["--fps", "0"], "--fps"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    ended = CliRunner().invoke(main, ["camera", *options])
    assert ended.exit_code > 0
    assert said in ended.output


@pytest.fixture
def daemon_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        yield server


def test_a_pose_is_sent_as_the_daemon_takes_it(daemon_port):
    sender = PoseSender("127.0.0.1", daemon_port.getsockname()[1], 7)
    landmarks = np.arange(99, dtype=np.float32).reshape(33, 3) / 64
    confidence = np.linspace(0, 1, 33, dtype=np.float32)
    sender.send(landmarks, confidence, 1.25)
    sender.send(landmarks, confidence, WRAP + 0.5)
    sender.lost()
    sender.close()
    packets = [daemon_port.recv(2000) for _ in range(3)]
    assert max(map(len, packets)) <= 1400
    first, second, lost = (parse(packet)[0] for packet in packets)
    assert first.address == "/oscbridge/pose/frame"
    assert first.args[:3] == (7, 0, 1.25)
    assert first.args[3:102] == tuple(landmarks.ravel().tolist())
    assert first.args[102:] == tuple(confidence.tolist())
    assert second.args[:3] == (7, 1, 0.5), "time begins again before a float32 tells it coarsely"
    assert (lost.address, lost.args) == ("/oscbridge/pose/lost", (7,))


def test_a_host_without_an_address_is_named():
    with pytest.raises(OscbridgeError, match=r"no\.such\.host\.invalid: no such host"):
        PoseSender("no.such.host.invalid", 7720, 1)


def test_the_watch_tells_rate_and_confidence_line_by_line_without_a_terminal(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr("oscbridge.cli.camera.time.perf_counter", lambda: now[0])
    watch = Watch()
    found = Found(np.zeros((33, 3), np.float32), np.full(33, 0.5, np.float32))
    for i in range(75):
        now[0] += 1 / 25
        watch.see(found if i < 50 else None)
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines[:2]] == [
        "25.0 fps  confidence 0.50  25 poses", "25.0 fps  confidence 0.50  50 poses",
    ]  # fmt: skip
    assert "nobody is seen" in lines[2]
    assert watch.summary() == "50 poses in 75 pictures, 3.0 s, 25.0 fps, mean confidence 0.50"
