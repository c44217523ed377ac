"""A film of a real person goes through MediaPipe, into a file and over the wire.

MediaPipe 0.10.14 wants an older protobuf than onnx does, so it may live in a venv of its own, whose
Python OSCBRIDGE_CAMERA_PYTHON names.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oscbridge.domain import figure
from oscbridge.domain.live import PoseFrame
from oscbridge.domain.pose import COUNT, INDEX
from oscbridge.domain.track import Track
from oscbridge.io.dance_file import read_dance
from oscbridge.io.osc import parse

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("OSCBRIDGE_CAMERA_PYTHON", sys.executable)
INSTALL = (
    'python3 -m venv camera && camera/bin/pip install -c constraints.txt ".[camera]" scikit-image'
    " && export OSCBRIDGE_CAMERA_PYTHON=$PWD/camera/bin/python"
)
FRAMES, FPS = 30, 15
FILM = f"""
import sys, cv2, numpy as np
from pathlib import Path
from skimage.data import astronaut
film, folder = Path(sys.argv[1]), Path(sys.argv[2])
folder.mkdir()
person = astronaut()[..., ::-1]
out = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"mp4v"), {FPS}, (512, 512))
assert out.isOpened()
for i in range({FRAMES}):
    size = 0.85 + 0.002 * i
    move = np.float32([[size, 0, 20 + 30 * np.sin(i / 5)], [0, size, 20]])
    picture = cv2.warpAffine(person, move, (512, 512))
    out.write(picture)
    if i < 8:
        cv2.imwrite(str(folder / f"{{i:03}}.png"), picture)
out.release()
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film of somebody, and a folder of its first 8 pictures."""
    where = tmp_path_factory.mktemp("film")
    found = subprocess.run([PYTHON, "-c", "import cv2, mediapipe, skimage"], capture_output=True)
    if found.returncode:
        text = f"MediaPipe and scikit-image are not installed: {INSTALL}"
        if os.environ.get("OSCBRIDGE_REQUIRE_PEERS") == "1":
            pytest.fail(f"{text}\n{found.stderr.decode()[-500:]}")
        pytest.skip(text)
    film, folder = where / "film.mp4", where / "pictures"
    subprocess.run([PYTHON, "-c", FILM, film, folder], check=True, timeout=60)
    return film, folder


def camera(*options):
    return subprocess.Popen(
        [PYTHON, "-m", "oscbridge", "camera", *map(str, options)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)
        yield server


def hear(receiver):
    """Messages until the person is lost."""
    while True:
        (message,) = parse(receiver.recv(4000))
        yield message
        if message.address == "/oscbridge/pose/lost":
            return


def upright(landmarks):
    nose, ears = INDEX["nose"], [INDEX["left_ear"], INDEX["right_ear"]]
    shoulders = [side("shoulder") for side in figure.SIDES]
    assert (landmarks[:, nose, 1] < landmarks[:, shoulders, 1].max(axis=1)).all(), "head up"
    assert (landmarks[:, shoulders[0], 0] > landmarks[:, shoulders[1], 0]).all(), "left is +x"
    assert (landmarks[:, nose, 2] < landmarks[:, ears, 2].max(axis=1)).all(), "the front is -z"


def test_a_film_becomes_a_landmark_file(film, tmp_path):
    output = tmp_path / "dance.npz"
    process = camera(film[0], "-o", output)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    dance = read_dance(output).dance
    assert FRAMES - 2 <= dance.frames <= FRAMES
    assert np.diff(dance.time) == pytest.approx(1 / FPS, abs=1e-3)
    upright(dance.landmarks)
    assert f"{dance.frames} poses in {FRAMES} pictures" in said
    assert float(said.split("mean confidence ")[1].split()[0]) > 0.5


def test_a_film_becomes_a_stream_that_a_track_takes(film, receiver):
    process = camera(film[0], "--to", f"127.0.0.1:{receiver.getsockname()[1]}", "--person", 5)
    heard = list(hear(receiver))
    assert process.wait(timeout=30) == 0
    *told, lost = [message.args for message in heard]
    assert lost == (5,)
    assert len(told) >= FRAMES / 2, "what a slow machine leaves out"
    assert [args[0] for args in told] == [5] * len(told)
    assert [args[1] for args in told] == list(range(len(told)))
    values = np.array([args[2:] for args in told], np.float32)
    assert values.shape[1] == 1 + 4 * COUNT
    time, landmarks = values[:, 0], values[:, 1:100].reshape(-1, COUNT, 3)
    confidence = values[:, 100:]
    assert np.diff(time).min() > 0.9 / FPS and time[-1] < 2.5
    assert confidence.mean() > 0.5
    track = Track()
    for i, (at, pose, sure) in enumerate(zip(time, landmarks, confidence, strict=True)):
        assert track.take(PoseFrame(5, i, float(at), pose, sure), 100 + float(at)) is None
    found, _, seen = track.poses(100 + np.arange(0.5, 1.5, 0.1))
    assert seen.all()
    upright(found)


def test_a_folder_and_a_pattern_of_pictures_do_too(film, tmp_path):
    running = [camera(source, "--fps", 10, "-o", tmp_path / name) for source, name in (
        (film[1], "a.json"), (film[1] / "00[0-9].png", "none.json"), (film[1] / "*.png", "b.csv"),
    )]  # fmt: skip
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0, 1, 0]
    for name in ("a.json", "b.csv"):
        assert read_dance(tmp_path / name).dance.time[-1] >= 0.6


def test_a_file_that_cannot_be_read_ends_with_status_1(film, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film[0].read_bytes()[:200])
    (tmp_path / "empty").mkdir()
    for source in (broken, tmp_path / "empty"):
        process = camera(source, "-o", tmp_path / "a.npz")
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert str(source) in errors


def test_without_a_camera_it_waits_and_ctrl_c_ends_it_cleanly(film):
    process = camera("--device", 63)
    assert "camera 63 is not there or in use; trying again" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped" in said and "0 poses in 0 pictures" in said
