"""Other processes find oscbridge by mDNS and ask it by OSCQuery: zeroconf browses, python-oscquery
(not ours) queries, aiohttp listens.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

import oscbridge
from oscbridge.io.osc import parse

PACKAGE = str(Path(oscbridge.__file__).parents[1])
INTENSITY = "/oscbridge/live/lead/intensity"
NAME = f"show {os.getpid()}"

SHOW = """
import asyncio, sys
from oscbridge.api import Arg
from oscbridge.errors import DiscoveryError
from oscbridge.io.mdns import Announcement
from oscbridge.io.oscquery import HostInfo, OscQuery
from oscbridge.io.oscquery_tree import READ_WRITE, Node

async def main(host, name, path):
    values = {path: (0.5,)}
    node = Node(path, (Arg("intensity", "f", "", low=0, high=1),), READ_WRITE, "How loud.")
    query = OscQuery(values.get, HostInfo(name, 7720), lambda address: False, lambda: [node])
    await query.open("127.0.0.1", 0)
    try:
        announced = await Announcement.open(host, osc_port=7720, http_port=query.port, name=name)
    except DiscoveryError as error:
        print("impossible:", error, flush=True)
        await query.close()
        return
    print("announced", query.port, *announced.names.values(), sep="|", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        values[path] = (float(line),)
        query.changed(path)
    await announced.close()
    await query.close()
    print("closed", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""

BROWSER = """
import sys, time
from zeroconf import IPVersion, ServiceBrowser, Zeroconf

TYPES = ["_osc._udp.local.", "_oscjson._tcp.local."]

class Seen:
    def add_service(self, wire, kind, name):
        info = wire.get_service_info(kind, name, 5000)
        if info and sys.argv[1] in name:
            print("+", name, info.port, *info.parsed_addresses(), info.server, sep="|", flush=True)
    update_service = lambda *_: None
    def remove_service(self, wire, kind, name):
        if sys.argv[1] in name:
            print("-", name, sep="|", flush=True)

wire = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
browser = ServiceBrowser(wire, TYPES, Seen())
print("browsing", flush=True)
sys.stdin.read()
wire.close()
"""

CLIENT = """
import json, sys, time
from pythonoscquery.osc_query_browser import OSCQueryListener
from pythonoscquery.osc_query_client import OSCQueryClient
from zeroconf import IPVersion, ServiceBrowser, Zeroconf

wire = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
listener = OSCQueryListener()
browser = ServiceBrowser(wire, ["_oscjson._tcp.local."], listener)
name = f"{sys.argv[1]}._oscjson._tcp.local."
while not listener.oscjson_services.get(name):
    time.sleep(0.02)
client = OSCQueryClient(listener.oscjson_services[name])
info = client.get_host_info()
voices = client.query_node("/oscbridge/live/lead")
node = voices.find_subnode(sys.argv[2])
print(json.dumps({
    "name": info.name, "ip": info.osc_ip, "port": info.osc_port, "transport": info.osc_transport,
    "extensions": info.extensions, "path": node.full_path, "value": node.value,
    "access": node.access.value, "doc": node.description,
    "nowhere": client.query_node("/oscbridge/nowhere"),
}))
wire.close()
"""


def missing(text):
    if os.environ.get("OSCBRIDGE_REQUIRE_PEERS") == "1":
        pytest.fail(text)
    pytest.skip(text)


@contextlib.contextmanager
def running(script, *arguments):
    command = [sys.executable, "-c", script, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": PACKAGE}, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process, start):
    """The next line that begins with `start`, split at |."""
    for said in process.stdout:
        if said.startswith(start):
            return said.strip().split("|")
    raise AssertionError(f"it ended without {start!r}")


@pytest.fixture
def show():
    """A process that announces itself, the port of its OSCQuery and its names."""
    with running(SHOW, "127.0.0.1", NAME, INTENSITY) as process:
        said = line(process, ("announced", "impossible"))
        if said[0] != "announced":
            missing(said[0])
        yield process, int(said[1]), said[2:]


def end(process):
    process.stdin.close()
    line(process, "closed")
    assert process.wait(10) == 0


def test_another_process_finds_both_services_and_sees_them_go(show):
    process, port, names = show
    with running(BROWSER, NAME) as browser:
        line(browser, "browsing")
        found = {}
        while len(found) < 2:
            _, name, *where = line(browser, "+")
            found[name] = where
        osc, oscjson = (f"{n}.{k}.local." for n, k in
                        zip(names, ("_osc._udp", "_oscjson._tcp"), strict=True))  # fmt: skip
        assert found[osc][:2] == ["7720", "127.0.0.1"]
        assert found[oscjson][:2] == [str(port), "127.0.0.1"]
        assert found[osc][2].endswith(".local.")
        end(process)
        assert {line(browser, "-")[1] for _ in range(2)} == {osc, oscjson}


def test_a_second_one_of_the_same_name_is_numbered(show):
    _, port, names = show
    # An answer is sent again only a second after it was last (RFC 6762, 6), an announcement too.
    time.sleep(1.2)
    with running(SHOW, "127.0.0.1", NAME, INTENSITY) as second:
        _, other, *others = line(second, "announced")
        assert others == [f"{name}-2" for name in names]
        assert int(other) != port
        end(second)


def test_where_nothing_can_be_announced_the_reason_is_told():
    # 192.0.2.1 (TEST-NET-1) is no address of any machine.
    with running(SHOW, "192.0.2.1", NAME, INTENSITY) as process:
        (said,) = line(process, "impossible")
        assert "by its address and port" in said
        assert process.wait(10) == 0


def test_a_client_that_is_not_ours_finds_and_queries_it(show):
    if importlib.util.find_spec("pythonoscquery") is None:
        missing("python-oscquery is not installed: pip install python-oscquery")
    _, _, names = show
    with running(CLIENT, names[1], INTENSITY) as client:
        told = json.loads(client.stdout.read())
    assert told["name"] == NAME
    assert (told["ip"], told["port"], told["transport"]) == ("127.0.0.1", 7720, "UDP")
    assert told["extensions"]["LISTEN"] is True
    assert (told["path"], told["value"], told["access"]) == (INTENSITY, [0.5], 3)
    assert told["doc"] == "How loud." and told["nowhere"] is None


def test_a_change_reaches_who_listens_in_another_process(show):
    process, port, _ = show

    async def listen():
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"http://127.0.0.1:{port}") as wire,
        ):
            await wire.send_json({"COMMAND": "LISTEN", "DATA": INTENSITY})
            async with http.get(f"http://127.0.0.1:{port}{INTENSITY}?VALUE") as answer:
                before = await answer.json()
            heard = None
            while heard is None:  # until the server has read that somebody listens
                process.stdin.write("0.25\n")
                process.stdin.flush()
                with contextlib.suppress(TimeoutError):
                    heard = await wire.receive(0.2)
            return before, heard.data

    before, packet = asyncio.run(listen())
    assert before == {"VALUE": [0.5]}
    (said,) = parse(packet)
    assert (said.address, said.args) == (INTENSITY, (0.25,))
