"""Sessions with a real daemon, its own process, over UDP and TCP."""

import random
import signal
import socket
import struct
import time
from dataclasses import replace

import numpy as np
import pytest

from oscbridge.api import ROOT
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import Meter, Tempo, Timeline
from oscbridge.errors import JobError
from oscbridge.io.osc import build, bundle, parse
from oscbridge.io.osc_client import Client

WIRES = {"udp": {}, "tcp": {"tcp": True}, "slip": {"tcp": True, "slip": True}}


@pytest.fixture(params=WIRES)
def client(request, daemon):
    with Client("127.0.0.1", daemon.port, timeout=20, **WIRES[request.param]) as client:
        yield client


@pytest.fixture
def udp(daemon):
    with Client("127.0.0.1", daemon.port, timeout=20) as client:
        yield client


def song(notes=2500):
    rng = random.Random(5)
    made = [
        Note(k / 4, Part(k % 3), 36 + rng.randrange(40), 0.25, 1 + rng.randrange(127))
        for k in range(notes)
    ]
    return Clip(tuple(made), notes / 4, Timeline.steady(100.0, 3, 4), "long song")


def refusal(client, address, *args):
    with pytest.raises(JobError) as refused:
        client.request(address, *args, timeout=20)
    return refused.value.code, str(refused.value)


def test_from_a_song_to_a_dance_and_back(client):
    seed, clip = client.request("music/generate", 4, 7)
    assert seed == 7
    fetched = client.get_clip(clip)
    assert fetched.length == 16 and fetched.notes
    seed, dance, frames = client.request("music/to_dance", clip, 3, 0.0)
    assert (seed, frames) == (3, 256)
    danced = client.get_dance(dance)
    assert danced.landmarks.shape == (256, 33, 3) and np.isfinite(danced.landmarks).all()
    again = client.get_dance(client.put_dance(danced))
    assert np.array_equal(again.landmarks, danced.landmarks)
    seed, music, notes = client.request("dance/to_music", dance, 3, 0.0)
    assert len(client.get_clip(music).notes) == notes


def test_the_same_seed_gives_the_same_answer_and_a_seed_picked_is_told(client):
    picked, first = client.request("music/generate")
    _, second = client.request("music/generate", 2, picked)
    assert client.get_clip(first).notes == client.get_clip(second).notes
    assert len(client.request("music/generate", 1, 7, 1.0, 120.0, 4)) == 5


def test_a_pair_is_a_clip_and_its_dance(client):
    _, clip, dance = client.request("pair/generate", 2, 5)
    assert client.get_clip(clip).length == 8
    assert client.get_dance(dance).frames == 128


def test_a_new_dance_and_the_knobs_of_what_is_made(client):
    seed, dance, frames = client.request("dance/generate", 2, 4)
    assert (seed, frames) == (4, 128)
    bare = client.request("music/generate", 2, 7, 1.0, 120.0, 1, 1.0, 0.0, 1.0)[1]
    counts = client.get_clip(bare).counts()
    assert counts["bass"] == 0 and counts["drums"] > 0
    played = client.request("dance/to_music", dance, 1, 0.0, 0.0)[1]
    assert client.get_clip(played).counts()["drums"] == 0
    clip = client.request("music/generate", 2, 7)[1]
    pace = []
    for energy in (0.6, 1.6):
        made = client.get_dance(client.request("music/to_dance", clip, 1, 0.0, energy)[1])
        pace.append(np.abs(np.diff(made.landmarks, axis=0)).mean())
    assert pace[0] < 0.8 * pace[1]
    assert refusal(client, "music/generate", 2, 7, 1.0, 120.0, 1, -1.0)[0] == "argument"


def test_models_swap_under_way_and_keep_serving(client):
    assert client.request("model/load", "paper", 1) == ("paper", 1)
    assert client.request("dance/generate", 2, 4)[2] == 32, "a pose a step"
    assert client.request("model/load", "studio") == ("studio", 1)
    assert client.request("dance/generate", 2, 4)[2] == 128


def test_a_latent_comes_back_as_a_window(client):
    clip = client.request("music/generate", 2, 7)[1]
    for space, size in (("music", 128), ("bridge", 64)):
        z = client.request("latent/encode", space, clip)
        assert len(z) == size
        (decoded,) = client.request("latent/decode", space, "clip", 120.0, *z)
        assert client.get_clip(decoded).length == 8
    assert refusal(client, "latent/encode", "dance", clip)[0] == "argument"
    assert refusal(client, "latent/encode", "music", clip, 4000)[0] == "argument"
    assert refusal(client, "latent/decode", "music", "clip", 120.0, 1.0)[0] == "argument"


def test_a_song_of_2500_notes_goes_there_and_back_exactly(client):
    clip = song()
    back = client.get_clip(client.put_clip(clip))
    assert back == clip


def test_a_song_keeps_its_tempo_map_and_its_dance_follows_it(client):
    timeline = Timeline(
        (Tempo(0.0, 100.0), Tempo(12.0, 60.0), Tempo(24.0, 140.0)),
        (Meter(0.0, 3, 4), Meter(12.0, 4, 4)),
    )
    song_of_tempos = replace(song(160), timeline=timeline)
    clip = client.put_clip(song_of_tempos)
    assert client.get_clip(clip) == song_of_tempos
    (name,) = client.request("clip/save", clip, "tempos")
    saved = client.get_clip(name)
    assert saved.timeline == timeline
    _, dance, _ = client.request("music/to_dance", clip)
    danced = client.get_dance(dance)
    assert np.abs(danced.time - timeline.seconds(danced.beat)).max() < 1e-4


def test_tempos_and_meters_share_the_numbers_of_the_notes_chunks(udp):
    timeline = Timeline(
        tuple(Tempo(k / 4, 60.0 + k) for k in range(150)),
        tuple(Meter(3.0 * k, 3 + k % 2, 4) for k in range(12)),
    )
    clip = udp.put_clip(replace(song(160), timeline=timeline))
    sent = []
    udp.request("clip/get", clip, heard=sent.append)
    begin, *chunks, _ = sent
    words = [m.address.removeprefix(f"{ROOT}/clip/") for m in chunks]
    assert words == ["chunk"] * 4 + ["tempos"] * 2 + ["meters"]
    assert begin.args[2] == len(chunks)
    assert [m.args[1] for m in chunks] == list(range(len(chunks)))
    again = []
    udp.request("clip/resend", clip, 6, 4, heard=again.append)
    got = [(m.address, m.args[1:]) for m in again]
    assert got == [(chunks[i].address, chunks[i].args[1:]) for i in (6, 4)]


def test_chunks_that_were_lost_are_named_and_asked_for_again(udp):
    udp.send("clip/put", 900, 3, 4.0)
    udp.send("clip/put/chunk", 900, 1, 0, 36, 0.0, 0.5, 100)
    missing = udp.ask("clip/put/end", 900, reply="clip/put/missing")
    assert missing == (900, 0, 2)
    for index in (2, 0, 2):
        udp.send("clip/put/chunk", 900, index, 1, 40 + index, 1.0, 0.5, 100)
    _, job, clip, notes = udp.ask("clip/put/end", 900, reply="done")
    assert (job, notes) == (900, 3)
    chunks = []
    udp.request("clip/resend", clip, 0, heard=chunks.append)
    assert [m.address for m in chunks] == [f"{ROOT}/clip/chunk"]


def test_clips_are_saved_under_names_that_are_free_and_read_by_name(client, daemon):
    clip = client.put_clip(song(40))
    first, second = (client.request("clip/save", clip, "mine")[0] for _ in range(2))
    assert first != second and (daemon.library / second).is_file()
    listed = []
    client.request("clip/list", heard=listed.append)
    assert {first, second} <= {message.args[1] for message in listed}
    assert client.get_clip(first).counts() == song(40).counts()
    for path in ("../mine.mid", "/etc/passwd", "..", "a\\b"):
        assert refusal(client, "clip/save", clip, path)[0] == "name"
        assert refusal(client, "clip/get", path)[0] == "name"


@pytest.mark.parametrize(
    ("request_", "code", "told"),
    [
        (("clip/get", 99_999), "unknown", "no clip or dance 99999"),
        (("clip/get", "nowhere.mid"), "unknown", "clip/list"),
        (("music/generate", 2, 1, float("nan")), "argument", "temperature is nan"),
        (("music/generat",), "address", "did you mean /oscbridge/music/generate?"),
        (("dance/get", 1, "jpeg"), "argument", "floats, blob"),
        (("model/load", "none"), "model", "installed: paper 1"),
        (("dance/put",), "count", "chunks is missing"),
    ],
)
def test_a_bad_request_is_told_what_would_be_right(client, request_, code, told):
    got, text = refusal(client, *request_)
    assert got == code and told in text
    assert client.ask("version", reply="version.reply")[0] == "oscbridge"


def test_a_bad_dance_is_refused_whole(client):
    frames = np.zeros((2, 104), np.float32)
    client.send("dance/put", 901, 1)
    client.send("dance/put/chunk", 901, 0, frames)
    client.send("dance/put/end", 901)
    message = client.receive()
    assert message.args[:3] == (f"{ROOT}/dance/put", 901, "argument")
    assert "increase" in message.args[3]


def test_models_are_listed_and_loaded(client):
    items = []
    assert client.request("model/list", heard=items.append) == (len(items),)
    assert {("paper", 1), ("studio", 1)} <= {tuple(m.args[1:3]) for m in items}
    assert client.request("model/load", "studio", 1) == ("studio", 1)


def test_many_clients_at_once_each_get_their_own_answers(daemon):
    clients = [Client("127.0.0.1", daemon.port, timeout=30) for _ in range(6)]
    for number, client in enumerate(clients):
        for job in range(5):
            client.send("music/generate", 100 * number + job, 1, job)
    for number, client in enumerate(clients):
        ended: list[int] = []
        while len(ended) < 5:
            message = client.receive()
            if message.address != f"{ROOT}/progress":  # a busy machine tells how far it is
                assert message.address == f"{ROOT}/done"
                ended.append(message.args[1])
        assert sorted(ended) == [100 * number + job for job in range(5)]
        client.close()


def test_a_full_queue_says_busy_and_every_job_ends_once(udp):
    for job in range(60):
        udp.send("music/generate", job, 64, 1, 1.0, 120.0, 4)
    ended = {}
    while len(ended) < 60:
        message = udp.receive()
        if message.address != f"{ROOT}/progress":
            assert message.args[1] not in ended
            ended[message.args[1]] = message
    codes = {m.args[2] for m in ended.values() if m.address == f"{ROOT}/fail"}
    assert codes == {"busy"}


def test_a_client_with_many_jobs_does_not_keep_the_others_waiting_for_all(daemon, udp):
    with Client("127.0.0.1", daemon.port, timeout=20) as greedy:
        for job in range(32):
            greedy.send("music/generate", job, 64, 1, 1.0, 120.0, 8)
        assert udp.request("music/generate", 1, 7)[0] == 7
        greedy.send("sync", 99)
        ended = []
        while (message := greedy.receive()).address != f"{ROOT}/synced":
            ended += [message] if message.address == f"{ROOT}/done" else []
        assert len(ended) < 16
        for job in range(32):
            greedy.send("cancel", job)


def test_a_job_taken_back_ends_as_cancelled(udp):
    for job in range(8):
        udp.send("music/generate", job, 256, 1, 1.0, 120.0, 64)
    for job in range(8):
        udp.send("cancel", job)
    told = {}
    while len(told) < 8:
        message = udp.receive()
        if message.address == f"{ROOT}/fail":
            told[message.args[1]] = message.args[2]
    assert set(told.values()) == {"cancelled"}


def test_max_gets_its_answers_at_the_port_it_names(udp):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patch:
        patch.bind(("127.0.0.1", 0))
        patch.settimeout(10)
        port = patch.getsockname()[1]
        udp.send("notify", 1.0, float(port))
        (notified,) = parse(patch.recv(2000))
        assert notified.args[:3] == (1, "127.0.0.1", port)
        udp.send("sync", 5)
        assert parse(patch.recv(2000))[0].args == (5,)
    udp.send("notify", 0)
    assert udp.receive().address == f"{ROOT}/notified"
    with pytest.raises(JobError, match="sender"):
        udp.ask("notify", 1, 9000, "192.0.2.1", reply="notified")


def test_patterns_and_bundles_reach_what_they_name(udp):
    udp.send_packet(bundle([build(f"{ROOT}/sync", 1), build(f"{ROOT}/versio[a-n]")]))
    assert [udp.receive().address for _ in range(2)] == [
        f"{ROOT}/synced", f"{ROOT}/version.reply",
    ]  # fmt: skip


def test_a_bundle_timed_ahead_waits_and_nobody_else_does(udp):
    started = time.time()
    udp.send_packet(bundle([build(f"{ROOT}/sync", 1)], time=started + 0.5))
    udp.send("sync", 2)
    assert udp.receive().args == (2,)
    assert time.time() - started < 0.4
    assert udp.receive().args == (1,)
    assert time.time() - started >= 0.49


def test_packets_on_udp_stay_small_enough_for_max(udp):
    clip = udp.put_clip(song(200))
    dance = udp.request("music/to_dance", clip, 1, 0.0)[1]
    sizes, atoms = [], []
    for address, args in (("clip/get", (clip,)), ("dance/get", (dance,)),
                          ("dance/get", (dance, "blob"))):  # fmt: skip
        udp.send(address, 950, *args)
        while True:
            packet = udp._socket.recv(65536)
            sizes.append(len(packet))
            atoms.append(len(parse(packet)[0].args))
            if parse(packet)[0].address == f"{ROOT}/done":
                break
    assert max(sizes) <= 1400 and max(atoms) <= 256


def test_hostile_packets_and_clients_that_vanish_harm_nobody(daemon, udp):
    rng = random.Random(3)
    good = build(f"{ROOT}/music/generate", 1, 2, 3, 1.0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
        for k in range(2000):
            packet = bytearray(good)
            for _ in range(3):
                packet[rng.randrange(len(packet))] = rng.randrange(256)
            hostile.sendto(packet, ("127.0.0.1", daemon.port))
            if k % 20 == 0:
                time.sleep(0.002)
    for start in (b"\x7f\xff\xff\xff", b"\xc0junk\xc0", struct.pack(">I", 8) + b"12345678"):
        with socket.create_connection(("127.0.0.1", daemon.port)) as stream:
            stream.sendall(start)
    vanishing = Client("127.0.0.1", daemon.port, tcp=True)
    vanishing.send("dance/put", 1, 500)
    vanishing.send("music/generate", 2, 256, 1, 1.0, 120.0, 64)
    vanishing.close()
    # UDP may have dropped what was sent amid the flood; TCP may not.
    with Client("127.0.0.1", daemon.port, tcp=True, timeout=30) as client:
        assert client.request("music/generate", 2, 7)[0] == 7
    assert udp.request("music/generate", 2, 7)[0] == 7
    status = udp.ask("status", reply="status.reply")
    assert status[0] == "studio" and status[3] <= 70


@pytest.mark.parametrize("wire", WIRES)
def test_it_serves_on_ipv6(start, wire):
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no ::1: {error}")
    daemon = start("--host", "::1")
    with Client("::1", daemon.port, timeout=20, **WIRES[wire]) as client:
        assert client.request("music/generate", 1, 7)[0] == 7
        if wire == "udp":
            host, port = client._socket.getsockname()[:2]
            notified = client.ask("notify", 1, port, "::1", reply="notified")
            assert notified[:3] == (1, host, port)


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(start, with_signal):
    daemon = start()
    assert any(line.startswith("model    studio 1") for line in daemon.said)
    assert daemon.stop(with_signal) == 0


def test_a_port_in_use_is_told_with_its_owner(start, daemon):
    with pytest.raises(AssertionError, match=r"process \d+.*--port"):
        start("--port", str(daemon.port))
