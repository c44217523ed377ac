"""A real daemon, as its own process, for the tests that speak to one."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

# Nets as small as the tests' are slower on several threads, and far slower where cores are busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

READY_WITHIN = 30


class Daemon:
    """`python -m oscbridge serve` on a free port with a library of its own."""

    def __init__(self, library: Path, *options: str) -> None:
        self.library = library
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "oscbridge", "serve", "--port", "0", "--http", "0",
             "--no-discovery", "--library", str(library), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"XDG_DATA_HOME": str(library.parent / "data")},
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.said: list[str] = []
        self.port = self._await_port()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def _await_port(self):
        while True:
            line = self._lines.get(timeout=READY_WITHIN)
            self.said.append(line)
            assert line, f"the daemon ended before it was ready: {''.join(self.said)}"
            if found := re.match(r"ready .*:(\d+)", line):
                return int(found[1])

    def stop(self, with_signal=signal.SIGTERM):
        """End it as a user would; its exit status."""
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=10)


@contextlib.contextmanager
def running(library, *options):
    daemon = Daemon(library, *options)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.wait(timeout=10)


@pytest.fixture
def start(tmp_path):
    """Starts daemons that end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *options: stack.enter_context(running(tmp_path / "clips", *options))


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """One daemon for a module's tests."""
    with running(tmp_path_factory.mktemp("home") / "clips") as daemon:
        yield daemon
