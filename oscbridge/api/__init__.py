"""Every OSC endpoint, declared once: the dispatcher, the argument checks, the documentation and
`oscbridge api` are made from this table. Imports nothing of ours.
"""

from oscbridge.api.live import LIVE_JOBS, LIVE_MESSAGES, LIVE_REPLIES
from oscbridge.api.requests import JOBS as _JOBS
from oscbridge.api.requests import MESSAGES as _MESSAGES
from oscbridge.api.requests import REPLIES as _REPLIES
from oscbridge.api.requests import UPLOADS
from oscbridge.api.table import (
    FRAME,
    HTTP_PORT,
    MAX_INT,
    METER_CHANGE,
    NOTE,
    PORT,
    ROOT,
    TEMPO_CHANGE,
    TYPES,
    Arg,
    Endpoint,
)  # fmt: skip

MESSAGES = (*_MESSAGES, *LIVE_MESSAGES)
JOBS = (*_JOBS, *LIVE_JOBS)
REPLIES = (*_REPLIES, *LIVE_REPLIES)
ENDPOINTS = {e.path: e for e in (*MESSAGES, *JOBS, *UPLOADS, *REPLIES)}
REQUESTS = {path: e for path, e in ENDPOINTS.items() if e.kind != "reply"}

__all__ = [
    "ENDPOINTS",
    "FRAME",
    "HTTP_PORT",
    "JOBS",
    "LIVE_MESSAGES",
    "MAX_INT",
    "MESSAGES",
    "METER_CHANGE",
    "NOTE",
    "PORT",
    "REPLIES",
    "REQUESTS",
    "ROOT",
    "TEMPO_CHANGE",
    "TYPES",
    "UPLOADS",
    "Arg",
    "Endpoint",
]
