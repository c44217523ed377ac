"""Who the daemon takes a packet's sender for, where answers go, and when clients are forgotten."""

import pytest

from oscbridge.daemon.clients import LEASE, MOST_CLIENTS, Clients
from oscbridge.errors import JobError
from oscbridge.io.osc import parse

HERE = "127.0.0.1"


class Wire:
    """Stands for the UDP socket: what was sent, and where."""

    def __init__(self):
        self.sent = []

    def send(self, packet, to):
        self.sent.append((parse(packet)[0].args, to))


class Room:
    """Clients on a wire, with a clock that goes when told to."""

    def __init__(self):
        self.now, self.busy, self.forgotten = 0.0, set(), []
        self.wire = Wire()
        self.clients = Clients(self.forgotten.append, self.busy.__contains__, lambda: self.now)

    def hear(self, port, host=HERE):
        return self.clients.udp(self.wire, (host, port))

    def notify(self, source, on=True, port=0, host="", shared=False, sender_host=HERE):
        client = self.hear(source, sender_host)
        return self.clients.notify(client, on, port, host, shared)

    def answered(self, client):
        client.answer("synced", 1)
        return self.wire.sent[-1][1]


@pytest.fixture
def room():
    return Room()


def test_a_shared_registration_makes_one_client_of_all_senders_of_its_host(room):
    shared, to = room.notify(5001, port=9000, shared=True)
    assert to == (HERE, 9000)
    assert room.hear(5002) is room.hear(5003) is shared
    assert room.answered(room.hear(5004)) == (HERE, 9000)
    assert len(room.clients) == 1
    other = room.hear(5002, "10.0.0.7")
    assert other is not shared and room.answered(other) == ("10.0.0.7", 5002)


def test_who_is_registered_or_has_jobs_under_way_keeps_its_own(room):
    registered, _ = room.notify(6001, port=6100)
    working, idle = room.hear(6002), room.hear(6003)
    room.busy.add(working)
    shared, _ = room.notify(5001, port=9000, shared=True)
    assert room.hear(6001) is registered and room.answered(registered) == (HERE, 6100)
    assert room.hear(6002) is working and room.answered(working) == (HERE, 6002)
    assert room.hear(6003) is shared
    assert room.answered(idle) == (HERE, 6003), "what it had timed ahead comes back to it"


def test_one_of_the_senders_may_go_its_own_way(room):
    shared, _ = room.notify(5001, port=9000, shared=True)
    own, to = room.notify(5002)
    assert own is not shared and to == (HERE, 5002)
    assert room.hear(5002) is own and room.hear(5003) is shared
    room.notify(5002, on=False)
    assert room.hear(5003) is shared, "ending its own registration ends nobody else's"


def test_the_latest_shared_registration_wins(room):
    first, _ = room.notify(5001, port=9000, shared=True)
    again, _ = room.notify(5002, port=9001, shared=True)
    assert again is first and room.answered(room.hear(5003)) == (HERE, 9001)
    apart, _ = room.notify(5004, port=9002)
    latest, _ = room.notify(5004, port=9003, shared=True)
    assert latest is apart and room.hear(5005) is latest


def test_any_sender_ends_it_and_the_port_that_listened_hears_of_it(room):
    shared, _ = room.notify(5001, port=9000, shared=True)
    told, to = room.notify(5002, on=False)
    assert room.answered(told) == (HERE, 9000) and to == (HERE, 5002)
    assert room.answered(room.hear(5002)) == (HERE, 5002)
    assert room.hear(5001) is not shared


def test_its_own_sender_ends_it_and_hears_at_its_port_again(room):
    shared, _ = room.notify(5001, port=9000, shared=True)
    told, to = room.notify(5001, on=False)
    assert told is shared and to == room.answered(shared) == (HERE, 5001)
    assert room.hear(5002) is not shared


def test_any_sender_renews_the_shared_lease_and_silence_ends_it(room):
    shared, _ = room.notify(5001, port=9000, shared=True)
    for port in range(5002, 5010):
        room.now += LEASE - 1
        room.clients.expire()
        assert room.hear(port) is shared
    room.now += LEASE
    room.clients.expire()
    assert room.forgotten == [shared] and shared.gone
    assert room.answered(room.hear(5010)) == (HERE, 5010)


def test_a_silent_client_is_forgotten_and_no_other(room):
    silent, waiting = room.hear(5001), room.hear(5002)
    room.busy.add(waiting)
    room.now += LEASE - 1
    active = room.hear(5003)
    room.clients.expire()
    assert not room.forgotten
    room.now += 1
    room.clients.expire()
    assert room.forgotten == [silent] and silent.gone
    assert room.hear(5002) is waiting and room.hear(5003) is active
    assert room.hear(5001) is not silent
    sent = len(room.wire.sent)
    silent.answer("synced", 1)
    assert len(room.wire.sent) == sent


def test_the_longest_silent_makes_room(room):
    first = room.hear(1)
    for port in range(2, MOST_CLIENTS + 1):
        room.now += 0.1
        room.hear(port)
    room.hear(MOST_CLIENTS + 1)
    assert room.forgotten == [first] and len(room.clients) == MOST_CLIENTS


@pytest.mark.parametrize("shared", [False, True])
def test_answers_never_go_to_another_host(room, shared):
    with pytest.raises(JobError, match=r"answers go to the sender only: 10\.0\.0\.7"):
        room.notify(5001, port=9000, host="10.0.0.8", shared=shared, sender_host="10.0.0.7")
    with pytest.raises(JobError, match="sender only"):
        room.notify(5001, port=9000, host="10.0.0.8", shared=shared)
    assert room.hear(5002) is not room.hear(5001), "a refusal changes nothing"
    assert room.notify(5001, port=9000, host="localhost", shared=shared)[1] == (HERE, 9000)
