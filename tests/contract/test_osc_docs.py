"""docs/osc.md says what the address table says, and the daemon handles all of it."""

import asyncio
import json
import re
from pathlib import Path

from click.testing import CliRunner

from oscbridge.api import ENDPOINTS, JOBS, LIVE_MESSAGES, REQUESTS
from oscbridge.cli.api import api, markdown
from oscbridge.daemon.filing import Filing
from oscbridge.daemon.keeping import Keeping
from oscbridge.daemon.live.jobs import LiveJobs
from oscbridge.daemon.live.messages import Messages
from oscbridge.daemon.making import Making
from oscbridge.daemon.to_live import ToLive

DOCS = Path(__file__).parents[2] / "docs" / "osc.md"


def test_the_page_is_the_one_the_table_makes():
    assert DOCS.read_text("utf-8") == markdown(), (
        "write it anew: oscbridge api --format markdown > docs/osc.md"
    )


def test_the_page_names_every_address():
    named = re.findall(r"^### `([^\s`]+)", DOCS.read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(ENDPOINTS)


def test_json_and_text_name_every_address():
    told = CliRunner().invoke(api, ["--format", "json"])
    assert json.loads(told.output)["endpoints"].keys() == ENDPOINTS.keys()
    told = CliRunner().invoke(api)
    assert all(endpoint.usage in told.output for endpoint in ENDPOINTS.values())


def test_every_handler_has_its_address_and_every_job_its_handler():
    handlers = {
        name
        for room in (Making, Keeping, Filing, ToLive, LiveJobs)
        for name, function in vars(room).items()
        if asyncio.iscoroutinefunction(function) and not name.startswith("_")
    }
    jobs = {j.address.replace("/", "_") for j in JOBS if not j.address.endswith("/put")}
    assert handlers == jobs
    assert {j.path for j in JOBS} <= REQUESTS.keys()


def test_every_live_message_has_its_handler():
    handlers = {name for name in vars(Messages) if not name.startswith("_")}
    assert handlers == {message.address.replace("/", "_") for message in LIVE_MESSAGES}
