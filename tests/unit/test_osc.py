"""OSC packets as clients of every kind send them, and as hostile ones do."""

import contextlib
import struct
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from oscbridge.io import osc

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None)
WORDS = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20)
ARGS = st.lists(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1), st.floats(width=32, allow_nan=False), WORDS,
        st.binary(min_size=1, max_size=20), st.booleans(),
    ),
    max_size=40,
)  # fmt: skip
FLOATS = st.lists(st.floats(width=32, allow_nan=False), max_size=60)


@SETTINGS
@given(ARGS, FLOATS)
@example([], [0.0] * 200)
def test_a_message_comes_back_as_it_was_and_as_python_osc_reads_and_writes_it(args, floats):
    args = [*args, *floats]
    packet = osc.build("/a/b", *args)
    assert packet == build_msg("/a/b", args).dgram
    assert list(OscMessage(packet)) == args
    assert osc.parse(packet) == [osc.Message("/a/b", tuple(args))]


def test_an_array_is_written_as_its_floats():
    window = np.arange(3168, dtype=np.float32).reshape(32, 33, 3)
    packet = osc.build("/pose", 7, window)
    assert osc.parse(packet)[0].args == (7, *window.ravel().tolist())


@SETTINGS
@given(st.binary(max_size=80))
@example(b"/\xff\xff\0,s\0\0\xff\xfe\0\0")
@example(osc.BUNDLE + bytes(8) + struct.pack(">i", -4))
@example(b"/a\0\0,b\0\0" + struct.pack(">i", -8))
def test_any_bytes_are_messages_or_a_packet_error(junk):
    for packet in (junk, b"/a\0\0," + junk, osc.BUNDLE + bytes(8) + junk):
        try:
            osc.parse(packet)
        except osc.PacketError:
            continue


@SETTINGS
@given(st.data())
def test_a_mutated_packet_is_messages_or_a_packet_error(data):
    good = osc.bundle([osc.build("/a", 1, "word", b"blob", 2.0), osc.build("/b", *[1.0] * 20)])
    packet = bytearray(good)
    for at in data.draw(st.lists(st.integers(0, len(good) - 1), min_size=1, max_size=4)):
        packet[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(osc.PacketError):
        osc.parse(bytes(packet))


def test_nested_bundles_keep_the_time_of_the_inner_one():
    inner = osc.bundle([osc.build("/b")], time=2_000_000_000.5)
    messages = osc.parse(osc.bundle([osc.build("/a"), inner]))
    assert [(m.address, m.time) for m in messages] == [("/a", None), ("/b", 2_000_000_000.5)]


def test_bundles_nested_without_end_are_refused():
    packet = osc.build("/a")
    for _ in range(20):
        packet = osc.bundle([packet])
    with pytest.raises(osc.PacketError, match="nested"):
        osc.parse(packet)


@pytest.mark.parametrize(
    ("pattern", "address", "match"),
    [
        ("/oscbridge/clip/*", "/oscbridge/clip/get", True),
        ("/oscbridge/*", "/oscbridge/clip/get", False),
        ("/oscbridge/{music,dance}/reconstruct", "/oscbridge/dance/reconstruct", True),
        ("/oscbridge/{music,dance}/reconstruct", "/oscbridge/pair/reconstruct", False),
        ("/a/[a-c]?", "/a/bz", True),
        ("/a/[!a-c]?", "/a/bz", False),
        ("/a/b.c", "/a/bxc", False),
    ],
)
def test_patterns_match_as_osc_says(pattern, address, match):
    assert osc.matches(pattern, address) is match


@pytest.mark.parametrize("part", ["*a" * 40, "{,a,aa}" * 30, "[z-a]"])
def test_a_hostile_pattern_is_refused_at_once(part):
    started = time.perf_counter()
    with pytest.raises(osc.PacketError):
        osc.matches(f"/{part}", "/" + "a" * 30)
    assert time.perf_counter() - started < 1


@SETTINGS
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.booleans(), st.integers(1, 9))
def test_a_stream_is_cut_into_the_packets_that_were_sent(bodies, slip, size):
    packets = [osc.build("/a", body) for body in bodies]
    stream = b"".join(osc.framed(packet, slip=slip) for packet in packets)
    unframer = osc.Unframer()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [p for piece in pieces for p in unframer.feed(piece)] == packets


@pytest.mark.parametrize("start", [b"\x7f\xff\xff\xff", b"\xc0" + b"a" * (osc.LARGEST + 8)])
def test_a_stream_that_would_fill_the_memory_is_refused(start):
    with pytest.raises(osc.PacketError, match="bytes"):
        list(osc.Unframer().feed(start))
