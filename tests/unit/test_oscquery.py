"""OSCQuery: what is told of the address space, who is told, and what a bad client can do."""

import asyncio
import contextlib
import json
import random
import socket
import sys

import aiohttp
import jsonschema
import pytest
from aiohttp import WSMsgType, web
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.api import ENDPOINTS, REQUESTS, TYPES, Arg
from oscbridge.errors import DiscoveryError
from oscbridge.io import oscquery, oscquery_listener
from oscbridge.io.mdns import Announcement
from oscbridge.io.osc import parse
from oscbridge.io.oscquery import HostInfo, OscQuery
from oscbridge.io.oscquery_guard import Guard
from oscbridge.io.oscquery_listener import CommandError, Listener
from oscbridge.io.oscquery_tree import (
    _TAGS,
    READ,
    READ_WRITE,
    Node,
    Tree,
    declared,
)

INTENSITY = "/oscbridge/voice/1/intensity"
TEMPO = "/oscbridge/transport/tempo/now"


class Stage:
    """Values and nodes as the daemon has them."""

    def __init__(self):
        self.values = {INTENSITY: (0.5,), TEMPO: (120.0,)}
        self.nodes = [
            Node(INTENSITY, (Arg("intensity", "f", "", low=0, high=1),), READ_WRITE, "How loud."),
            Node(TEMPO, (Arg("tempo", "f", "", low=10, high=1000, unit="BPM"),), READ, "Tempo."),
        ]

    def server(self, **options):
        info = HostInfo("a show", 7720)
        return OscQuery(self.values.get, info, lambda address: False, lambda: self.nodes, **options)


def serving(session, host="127.0.0.1", app=None, **options):
    """Runs `session(server, http, url, stage)` against a server."""

    async def run():
        stage = Stage()
        server = stage.server(**options)
        await server.open(host, 0, app)
        try:
            async with aiohttp.ClientSession() as http:
                shown = f"[{host}]" if ":" in host else host
                return await session(server, http, f"http://{shown}:{server.port}", stage)
        finally:
            await server.close()

    return asyncio.run(asyncio.wait_for(run(), 60))


async def get(http, url, **headers):
    async with http.get(url, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if answer.content_type.endswith("json") else text


NODE = {
    "type": "object",
    "properties": {
        "FULL_PATH": {"type": "string", "pattern": "^/"},
        "CONTENTS": {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}},
        "TYPE": {"type": "string", "pattern": "^[ifsb]+$"},
        "ACCESS": {"enum": [0, 1, 2, 3]},
        "VALUE": {"type": "array", "items": {"type": ["number", "string", "null"]}},
        "DESCRIPTION": {"type": "string", "minLength": 1},
        "CRITICAL": {"type": "boolean"},
        "UNIT": {"type": "array", "items": {"type": ["string", "null"]}},
        "EXTENDED_TYPE": {"type": "array", "items": {"type": "string"}},
        "RANGE": {
            "type": "array",
            "items": {
                "type": ["object", "null"],
                "properties": {
                    "MIN": {"type": "number"}, "MAX": {"type": "number"},
                    "VALS": {"type": "array", "minItems": 1},
                },
                "minProperties": 1, "additionalProperties": False,
            },
        },
    },
    "required": ["FULL_PATH", "ACCESS"],
    "additionalProperties": False,
}  # fmt: skip
SCHEMA = {"$ref": "#/$defs/node", "$defs": {"node": NODE}}
"""The proposal's attributes, those that are told, as a JSON schema."""


def walk(node):
    yield node
    for below in node.get("CONTENTS", {}).values():
        yield from walk(below)


def test_every_type_of_the_address_table_has_its_tags():
    assert set(TYPES) <= set(_TAGS)


def test_the_tree_is_the_address_table_and_what_is_live():
    async def session(server, http, url, stage):
        return await get(http, f"{url}/")

    status, tree = serving(session)
    assert status == 200
    jsonschema.validate(tree, SCHEMA)
    told = {node["FULL_PATH"]: node for node in walk(tree)}
    methods = {path for path, node in told.items() if node["ACCESS"]}
    assert methods == {*REQUESTS, INTENSITY, TEMPO}
    for path, node in told.items():
        for name, below in node.get("CONTENTS", {}).items():
            assert below["FULL_PATH"] == f"{path.rstrip('/')}/{name}"
        for each in ("VALUE", "RANGE", "UNIT", "EXTENDED_TYPE"):
            assert len(node.get(each, node.get("TYPE", ""))) == len(node.get("TYPE", "")), path
    generate = told["/oscbridge/music/generate"]
    assert generate["TYPE"] == "iiiffifff" and generate["CRITICAL"] is True
    assert generate["RANGE"][1] == {"MIN": 1, "MAX": 256}
    assert generate["UNIT"][4] == "time.bpm"
    assert told["/oscbridge/dance/get"]["RANGE"][2] == {"VALS": ["floats", "blob"]}
    assert told["/oscbridge/clip/put/chunk"]["TYPE"] == "ii" + "iiffi"


def test_a_reply_that_can_be_read_is_told_as_a_value():
    values = {"/oscbridge/version.reply": ("oscbridge", "1")}.get
    tree = Tree(declared(values), values)
    assert tree.described("/oscbridge/version.reply")["ACCESS"] == READ
    assert tree.attribute("/oscbridge/version.reply", "VALUE") == {"VALUE": ["oscbridge", "1"]}
    assert "/oscbridge/status.reply" in ENDPOINTS and "/oscbridge/status.reply" not in tree


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        (f"{INTENSITY}?VALUE", 200, {"VALUE": [0.5]}),
        (f"{INTENSITY}?RANGE", 200, {"RANGE": [{"MIN": 0, "MAX": 1}]}),
        (f"{INTENSITY}?TYPE", 200, {"TYPE": "f"}),
        (f"{INTENSITY}?ACCESS", 200, {"ACCESS": 3}),
        (f"{INTENSITY}/?FULL_PATH", 200, {"FULL_PATH": INTENSITY}),
        (f"{INTENSITY}?DESCRIPTION#there", 200, {"DESCRIPTION": "How loud."}),
        (f"{TEMPO}?UNIT", 200, {"UNIT": ["time.bpm"]}),
        (f"{INTENSITY}?CONTENTS", 200, {}),
        ("/oscbridge/voice?TYPE", 200, {}),
        ("/oscbridge/voice?VALUE", 204, None),
        ("/oscbridge/music/generate?VALUE", 204, None),
        (f"{INTENSITY}?CLIPMODE", 204, None),
        (f"{INTENSITY}?NONSENSE", 400, None),
        (f"{INTENSITY}?VALUE&TYPE", 400, None),
        ("/oscbridge/nowhere", 404, None),
        ("/oscbridge/nowhere?TYPE", 404, None),
        ("/%2e%2e/etc/passwd", 404, None),
    ],
)
def test_each_attribute_is_answered_as_the_proposal_says(path, status, told):
    async def session(server, http, url, stage):
        return await get(http, url + path)

    got = serving(session)
    assert got[0] == status
    if told is not None:
        assert got[1] == told


def test_a_node_that_lost_its_value_has_none():
    async def session(server, http, url, stage):
        del stage.values[INTENSITY]
        return await get(http, f"{url}{INTENSITY}?VALUE")

    assert serving(session) == (200, {})


def test_values_json_cannot_hold_are_nil():
    node = Node("/x", (Arg("a", "f", ""), Arg("b", "f", ""), Arg("c", "frames", "")), READ)
    values = {"/x": (float("nan"), float("inf"), b"blob")}.get
    assert Tree([node], values).attribute("/x", "VALUE") == {"VALUE": [None, None, None]}


def test_host_info_claims_what_works_and_nothing_else():
    async def session(server, http, url, stage):
        told = await get(http, f"{url}/anything/at/all?HOST_INFO")
        return told, server.port

    (status, info), port = serving(session)
    assert status == 200
    can = info.pop("EXTENSIONS")
    assert info == {
        "NAME": "a show", "OSC_IP": "127.0.0.1", "OSC_PORT": 7720, "OSC_TRANSPORT": "UDP",
        "WS_PORT": port,
    }  # fmt: skip
    assert {name for name, works in can.items() if works} == {
        "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "EXTENDED_TYPE", "LISTEN",
        "PATH_CHANGED", "PATH_ADDED", "PATH_REMOVED",
    }  # fmt: skip
    (_, info), _ = serving(session, receive=lambda packet, send: None)
    assert info["EXTENSIONS"]["CRITICAL"] is True


def test_other_routes_come_first_and_are_guarded_too():
    async def panel(request):
        return web.Response(text="a page")

    app = web.Application()
    app.router.add_get("/panel", panel)

    async def session(server, http, url, stage):
        return (
            await get(http, f"{url}/panel"),
            (await get(http, f"{url}/panel", Host="evil.example"))[0],
            (await get(http, f"{url}{INTENSITY}?TYPE"))[0],
        )

    assert serving(session, app=app) == ((200, "a page"), 403, 200)


STRANGE = [
    ({"Host": "evil.example"}, 403),
    ({"Host": "127.0.0.1.evil.example:7721"}, 403),
    ({"Host": "10.0.0.7:7721"}, 403),
    ({"Host": ""}, 403),
    ({"Host": "["}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://[bad"}, 403),
    ({"Origin": "http://127.0.0.1:5173"}, 200),
    ({"Origin": "http://localhost"}, 200),
    ({"Host": "localhost:7721"}, 200),
    ({"Host": "[::1]:7721"}, 200),
]


@pytest.mark.parametrize(("headers", "status"), STRANGE)
def test_pages_of_strangers_are_refused(headers, status):
    async def session(server, http, url, stage):
        asked = await get(http, f"{url}/oscbridge/voice", **headers)
        try:
            async with http.ws_connect(url, headers=headers):
                return asked[0], 200
        except aiohttp.WSServerHandshakeError as error:
            return asked[0], error.status

    assert serving(session) == (status, status)


def test_the_guard_lets_allowed_networks_in():
    guard = Guard("192.168.1.5", lambda address: address.startswith("192.168.1."))
    assert guard.refusal("192.168.1.9", "192.168.1.5:7721", None) is None
    assert guard.refusal("192.168.1.9", f"{socket.gethostname().split('.')[0]}.local", None) is None
    assert "--allow" in guard.refusal("192.168.2.9", "192.168.1.5", None)
    assert guard.refusal("192.168.1.9", "attacker.local", None)
    assert guard.refusal("127.0.0.1", "192.168.1.5", "http://192.168.1.9:8000") is None


def listen(wire, path, command="LISTEN"):
    return wire.send_json({"COMMAND": command, "DATA": path})


async def until_listening(server, path, count=1):
    while sum(path in one.paths for one in server._listeners) < count:
        await asyncio.sleep(0.005)


async def heard(wire):
    message = await wire.receive(10)
    assert message.type is WSMsgType.BINARY, message
    (said,) = parse(message.data)
    return said.address, said.args


def test_who_listens_hears_what_changes_and_nobody_else():
    async def session(server, http, url, stage):
        async with http.ws_connect(url) as one, http.ws_connect(url) as two:
            await listen(one, INTENSITY)
            await listen(two, TEMPO)
            await until_listening(server, INTENSITY)
            await until_listening(server, TEMPO)
            stage.values |= {INTENSITY: (0.25,), TEMPO: (90.0,)}
            server.changed(INTENSITY)
            server.changed(TEMPO)
            assert await heard(one) == (INTENSITY, (0.25,))
            assert await heard(two) == (TEMPO, (90.0,))
            await listen(one, INTENSITY, "IGNORE")
            await listen(one, TEMPO)
            await until_listening(server, TEMPO, 2)
            server.changed(INTENSITY)
            server.changed(TEMPO)
            assert await heard(one) == (TEMPO, (90.0,))

    serving(session)


def test_everybody_is_told_when_the_tree_changes():
    async def session(server, http, url, stage):
        async with http.ws_connect(url) as wire:
            await listen(wire, TEMPO)
            await until_listening(server, TEMPO)
            new = Node("/oscbridge/voice/2/intensity", (Arg("i", "f", ""),), READ_WRITE)
            stage.nodes = [Node(TEMPO, (), READ, "Otherwise."), new]
            server.restructured()
            said = [json.loads((await wire.receive(10)).data) for _ in range(3)]
            server.restructured()
            server.changed(TEMPO)
            assert (await heard(wire))[0] == TEMPO, "nothing changed the second time"
            return said

    assert serving(session) == [
        {"COMMAND": "PATH_REMOVED", "DATA": INTENSITY},
        {"COMMAND": "PATH_CHANGED", "DATA": TEMPO},
        {"COMMAND": "PATH_ADDED", "DATA": "/oscbridge/voice/2/intensity"},
    ]


def test_osc_by_websocket_is_handed_on_and_answered():
    def receive(packet, send):
        taken.append(packet)
        send(b"/answer\0,\0\0\0")

    taken = []

    async def session(server, http, url, stage):
        async with http.ws_connect(url) as wire:
            await wire.send_bytes(b"/ping\0\0\0,\0\0\0")
            return await heard(wire)

    assert serving(session, receive=receive) == ("/answer", ())
    assert taken == [b"/ping\0\0\0,\0\0\0"]


BAD = [
    ("{", "not JSON"),
    ("[" * 50_000, "not JSON"),
    ("3", "not a JSON object"),
    ('{"COMMAND": "SING", "DATA": "/x"}', "neither LISTEN nor IGNORE"),
    ('{"COMMAND": {}, "DATA": "/x"}', "neither LISTEN nor IGNORE"),
    ('{"COMMAND": "LISTEN"}', "DATA is not a path"),
    ('{"COMMAND": "LISTEN", "DATA": ["/x"]}', "DATA is not a path"),
    (json.dumps({"COMMAND": "LISTEN", "DATA": "/" * 300}), "DATA is not a path"),
    (b"/osc\0\0\0\0,\0\0\0", "OSC_PORT"),
]


@pytest.mark.parametrize(("sent", "told"), BAD)
def test_a_bad_command_is_told_why_it_ends_and_nobody_else_notices(sent, told):
    async def session(server, http, url, stage):
        async with http.ws_connect(url) as good, http.ws_connect(url) as bad:
            await listen(good, TEMPO)
            await (bad.send_bytes(sent) if isinstance(sent, bytes) else bad.send_str(sent))
            end = await bad.receive(10)
            await until_listening(server, TEMPO)
            server.changed(TEMPO)
            assert (await heard(good))[0] == TEMPO
            return end.type, end.data, end.extra

    kind, code, reason = serving(session)
    assert kind is WSMsgType.CLOSE and code == 1008 and told in reason


def test_a_message_too_large_ends_its_sender_only():
    async def session(server, http, url, stage):
        async with http.ws_connect(url) as wire:
            await wire.send_str(" " * (oscquery.LARGEST_COMMAND + 1))
            assert (await wire.receive(10)).data == 1009
        return (await get(http, f"{url}{INTENSITY}?TYPE"))[0]

    assert serving(session) == 200


async def deaf(server, path):
    """A client that listens to a path and never reads a byte after that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    text = json.dumps({"COMMAND": "LISTEN", "DATA": path}).encode()
    writer.write(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
    writer.transport.pause_reading()
    return writer


def test_a_listener_that_never_reads_delays_nobody_and_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(oscquery_listener, "PATIENCE", 0.05)

    async def session(server, http, url, stage):
        async with http.ws_connect(url) as good:
            stuck = await deaf(server, TEMPO)
            await listen(good, TEMPO)
            await until_listening(server, TEMPO, 2)
            for number in range(300):  # far more than all buffers on the way hold
                stage.values[TEMPO] = (f"{number:>50000}",)
                server.changed(TEMPO)
                assert (await heard(good))[1] == stage.values[TEMPO]
            waiting = sorted(len(one._values) + len(one._messages) for one in server._listeners)
            assert waiting == [0, 1], "of the deaf one's 300 values only the newest waits"
            for number in range(oscquery_listener.MOST_WAITING + 2):
                server._tell("PATH_CHANGED", f"/{number}")
                await asyncio.sleep(0)
            while len(server._listeners) > 1:
                await asyncio.sleep(0.01)
            stuck.close()
            return (await get(http, f"{url}{INTENSITY}?TYPE"))[0]

    assert serving(session) == 200


def test_clients_on_top_of_those_there_may_be_are_refused(monkeypatch):
    monkeypatch.setattr(oscquery, "MOST_LISTENERS", 3)
    monkeypatch.setattr(oscquery, "MOST_CONNECTIONS", 6)

    async def session(server, http, url, stage):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(http.ws_connect(url))
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(url)
            assert refused.value.status == 503
            idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(5)]
            ended = [await asyncio.wait_for(idle[-1][0].read(), 10)]
            for _, writer in idle:
                writer.close()
        while len(server._listeners):
            await asyncio.sleep(0.01)
        return ended, (await get(http, f"{url}{INTENSITY}?TYPE"))[0]

    assert serving(session) == ([b""], 200)


def test_it_ends_while_clients_listen():
    async def session(server, http, url, stage):
        async with http.ws_connect(url) as wire:
            await server.close()
            end = await wire.receive(10)
            return end.data, end.extra

    assert serving(session) == (1001, "oscbridge ends")


def test_a_port_in_use_is_an_oserror():
    async def session(server, http, url, stage):
        with pytest.raises(OSError):
            await stage.server().open("127.0.0.1", server.port)
        return (await get(http, f"{url}{INTENSITY}?TYPE"))[0]

    assert serving(session) == 200


def test_mangled_requests_harm_nobody():
    rng = random.Random(4)
    good = f"GET {INTENSITY}?VALUE HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()

    async def mangled(port):
        request = bytearray(good)
        for _ in range(rng.randrange(1, 6)):
            request[rng.randrange(len(request))] = rng.randrange(256)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer[9:12]

    async def session(server, http, url, stage):
        statuses = {await mangled(server.port) for _ in range(400)}
        return statuses, (await get(http, f"{url}{INTENSITY}?TYPE"))[0]

    statuses, after = serving(session)
    assert after == 200 and statuses - {b""} <= {
        b"200", b"204", b"400", b"403", b"404", b"405", b"426", b"417",
    }  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), min_size=20, max_size=20))
def test_whatever_is_asked_for_is_answered(asked):
    async def session(server, http, url, stage):
        found = []
        for path, query in asked:
            address = aiohttp.client.URL(url).with_path(f"/{path}").with_query(query)
            async with http.get(address) as answer:
                found.append(answer.status)
        return found

    assert set(serving(session)) <= {200, 204, 400, 404}


COMMANDS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8)
    | st.sampled_from(("LISTEN", "IGNORE", "/x")),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(("COMMAND", "DATA", "X")), inner, max_size=3),
)  # fmt: skip


@given(st.one_of(COMMANDS.map(json.dumps), st.text(max_size=40)))
def test_whatever_is_commanded_is_taken_or_refused_with_a_reason(text):
    async def take():
        listener = Listener(None, lambda: None)
        try:
            listener.command(text)
        except CommandError as error:
            assert str(error)

    asyncio.run(take())


def test_one_client_listens_to_so_many_paths():
    async def take():
        listener = Listener(None, lambda: None)
        for number in range(oscquery_listener.MOST_PATHS):
            listener.command(json.dumps({"COMMAND": "LISTEN", "DATA": f"/{number}"}))
        with pytest.raises(CommandError, match="more than"):
            listener.command('{"COMMAND": "LISTEN", "DATA": "/one/more"}')

    asyncio.run(take())


@pytest.mark.parametrize(
    ("library", "open_"),
    [
        ("aiohttp", lambda: Stage().server().open("127.0.0.1", 0)),
        ("zeroconf", lambda: Announcement.open("127.0.0.1", osc_port=1)),
    ],
)
def test_without_its_library_the_reason_is_told(monkeypatch, library, open_):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(DiscoveryError, match=library):
        asyncio.run(open_())
