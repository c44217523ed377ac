"""A daemon with a wire and a clock of the test's: whom it answers, and whom it gives up."""

import asyncio
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace

import pytest

from oscbridge.api import ROOT
from oscbridge.config import Config
from oscbridge.daemon.clients import LEASE
from oscbridge.daemon.library import Library
from oscbridge.daemon.server import Daemon
from oscbridge.daemon.uploads import PATIENCE
from oscbridge.io.osc import build, parse

HERE = "127.0.0.1"


class Session:
    """A daemon without a model that hears `send` and answers into `heard`."""

    def __init__(self, **settings):
        self.now = 1000.0
        config = Config(library=Path("none"), **settings)
        card = SimpleNamespace(name="none", version=1)
        bridge = SimpleNamespace(card=card)
        self.daemon = Daemon(config, bridge, Library(config.library), lambda: self.now)
        self.daemon._udp = SimpleNamespace(send=self._sent)
        self.heard = []

    def _sent(self, packet, to):
        (message,) = parse(packet)
        self.heard.append((to, message.address.removeprefix(f"{ROOT}/"), message.args))

    def send(self, source, address, *args):
        self.heard.clear()
        self.daemon._udp_packet(build(f"{ROOT}/{address}", *args), source)
        return list(self.heard)

    def passes(self, seconds):
        """What is said after so much silence."""
        self.heard.clear()
        self.now += seconds
        self.daemon.expire()
        return list(self.heard)


@pytest.fixture
def session():
    """Starts a session and runs what is done in it on its loop."""

    def run(steps, **settings):
        async def on_the_loop():
            made = Session(**settings)
            steps(made)
            await made.daemon.state.jobs.close()

        asyncio.run(on_the_loop())

    return run


def test_a_stalled_upload_is_given_up_and_told(session):
    def steps(daemon):
        ours = (HERE, 5001)
        daemon.send(ours, "clip/put", 7, 3, 4.0)
        daemon.send(ours, "clip/put/chunk", 7, 0, 0, 36, 0.0, 0.5, 100)
        assert daemon.passes(PATIENCE) == []
        daemon.send(ours, "clip/put/chunk", 7, 2, 0, 38, 1.0, 0.5, 100)
        assert daemon.passes(PATIENCE) == [], "each chunk renews its patience"
        ((to, address, args),) = daemon.passes(0.1)
        assert (to, address) == (ours, "fail")
        assert args == (f"{ROOT}/clip/put", 7, "expired", "given up: 2 of 3 chunks came")
        ((_, _, args),) = daemon.send(ours, "clip/put/end", 7)
        assert args[2] == "unknown"

    session(steps)


def test_a_silent_client_loses_its_lease_and_uploads_and_harms_nobody(session):
    def steps(daemon):
        silent, active = (HERE, 5001), (HERE, 5002)
        daemon.send(silent, "dance/put", 1, 500)
        daemon.send(silent, "clip/put", 2, 3, 4.0)
        daemon.send(active, "clip/put", 1, 1, 4.0)
        daemon.now += PATIENCE - 1
        daemon.send(active, "clip/put/chunk", 1, 0, 0, 36, 0.0, 0.5, 100)
        told = daemon.passes(2)
        assert [(to, args[1:3]) for to, _, args in told] == [
            (silent, (1, "expired")), (silent, (2, "expired")),
        ]  # fmt: skip
        assert len(daemon.daemon.clients) == 2, "the lease is longer than an upload's patience"
        ((to, address, args),) = daemon.send(active, "clip/put/end", 1)
        assert (to, address, args[1], args[-1]) == (active, "done", 1, 1)
        assert daemon.passes(LEASE - PATIENCE - 1) == []
        assert len(daemon.daemon.clients) == 1
        assert daemon.send(active, "sync", 3) == [(active, "synced", (3,))]
        assert daemon.send(silent, "sync", 4) == [(silent, "synced", (4,))]

    session(steps)


def test_chunks_from_many_ports_are_one_upload_once_shared(session):
    def steps(daemon):
        listener = (HERE, 9000)
        ((to, address, args),) = daemon.send((HERE, 1001), "notify", 1, 9000, "", 1)
        assert (to, address, args) == (listener, "notified", (1, HERE, 9000, LEASE))
        daemon.send((HERE, 1002), "clip/put", 7, 2, 4.0)
        daemon.send((HERE, 1003), "clip/put/chunk", 7, 1, 0, 38, 1.0, 0.5, 100)
        assert daemon.send((HERE, 1004), "clip/put/end", 7) == [
            (listener, "clip/put/missing", (7, 0))
        ]
        daemon.send((HERE, 1005), "clip/put/chunk", 7, 0, 0, 36, 0.0, 0.5, 100)
        ((to, address, args),) = daemon.send((HERE, 1006), "clip/put/end", 7)
        assert (to, address, args[1], args[-1]) == (listener, "done", 7, 2)
        daemon.send((HERE, 1007), "clip/put", 8, 2, 4.0)
        ((to, address, args),) = daemon.send((HERE, 1008), "cancel", 8)
        assert (to, address, args[2]) == (listener, "fail", "cancelled")
        daemon.passes(LEASE)
        assert daemon.send((HERE, 1009), "sync", 9) == [((HERE, 1009), "synced", (9,))]

    session(steps)


def test_an_upload_begun_before_the_shared_registration_stays_its_senders(session):
    def steps(daemon):
        early = (HERE, 1001)
        daemon.send(early, "clip/put", 7, 1, 4.0)
        daemon.send((HERE, 1002), "notify", 1, 9000, "", 1)
        daemon.send(early, "clip/put/chunk", 7, 0, 0, 36, 0.0, 0.5, 100)
        ((to, address, _),) = daemon.send(early, "clip/put/end", 7)
        assert (to, address) == (early, "done")

    session(steps)


NETWORKS = tuple(map(ip_network, ("192.168.1.0/24", "fd00::/64")))


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("127.0.0.1", True), ("::1", True), ("192.168.1.77", True), ("fd00::5", True),
        ("192.168.2.1", False), ("10.0.0.1", False), ("fd00:0:0:1::5", False),
        ("fe80::1%eth0", False), ("nowhere", False),
    ],
)  # fmt: skip
def test_only_this_machine_and_networks_allowed_are_answered(session, host, answered):
    assert Config(allow=NETWORKS).answers(host) is answered

    def steps(daemon):
        said = daemon.send((host, 5001), "sync", 1)
        assert said == ([((host, 5001), "synced", (1,))] if answered else [])
        assert len(daemon.daemon.clients) == int(answered), "a stranger takes no room"

    session(steps, allow=NETWORKS)


def test_without_allow_no_other_host_is_answered(session):
    def steps(daemon):
        assert daemon.send(("192.168.1.77", 5001), "sync", 1) == []
        assert daemon.send((HERE, 0), "sync", 1) == [], "nothing can be sent to port 0"

    session(steps)
