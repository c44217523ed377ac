"""Jobs: what clients asked for, run one at a time on the inference thread, each ending once."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import numpy as np

from oscbridge.api import Endpoint
from oscbridge.daemon.clients import Client
from oscbridge.errors import CancelledJob, JobError, OscbridgeError

_LOG = logging.getLogger(__name__)
MOST_JOBS = 64
MOST_OF_ONE_CLIENT = 32
_PROGRESS_EVERY = 0.1
"""Seconds between two messages of progress."""
_REMEMBERED = 1000
Result = TypeVar("Result")


class Job:
    """One request under way."""

    def __init__(self, jobs: Jobs, client: Client, endpoint: Endpoint, args: dict[str, Any]):
        self._jobs = jobs
        self.client = client
        self.endpoint = endpoint
        self.args = args
        self.id: int = args["id"]
        self.started = time.perf_counter()
        self._cancelled = threading.Event()
        self._told = time.monotonic()

    def cancel(self) -> None:
        """Let it end at its next step."""
        self._cancelled.set()

    def check(self) -> None:
        """Raises CancelledJob once its client took it back."""
        if self._cancelled.is_set():
            raise CancelledJob

    def progress(self, fraction: float) -> None:
        """Tell how far it is, from any thread. Raises CancelledJob."""
        self.check()
        now = time.monotonic()
        if now - self._told >= _PROGRESS_EVERY:
            self._told = now
            self._jobs.loop.call_soon_threadsafe(
                self.client.answer, "progress", self.id, float(fraction)
            )

    async def infer(self, function: Callable[..., Result], *args: Any, **named: Any) -> Result:
        """Run a model on the inference thread, when the jobs before are done."""

        async with self._jobs.turns.of(self.client):
            self.check()
            call = partial(function, *args, **named)
            return await self._jobs.loop.run_in_executor(self._jobs.inference, call)

    async def read(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run what waits for files on the thread for those."""
        self.check()
        return await self._jobs.loop.run_in_executor(self._jobs.files, partial(function, *args))


class Turns:
    """The inference thread goes from client to client, so that one with many jobs does not keep
    the others waiting for all of them.
    """

    def __init__(self) -> None:
        self._taken = False
        self._waiting: OrderedDict[Client, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, client: Client) -> AsyncIterator[None]:
        """Wait for the client's turn and hold it."""
        if self._taken:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(client, deque()).append(turn)
            await turn
        self._taken = True
        try:
            yield
        finally:
            self._next()

    def _next(self) -> None:
        self._taken = bool(self._waiting)
        if self._waiting:
            client, turns = self._waiting.popitem(last=False)
            turns.popleft().set_result(None)
            if turns:
                self._waiting[client] = turns


Handler = Callable[[Job], Awaitable[tuple[Any, ...]]]


class Jobs:
    """The bounded queue of jobs, and how long they took."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.inference = ThreadPoolExecutor(1, "inference")
        self.turns = Turns()
        self.files = ThreadPoolExecutor(1, "files")
        self._live: dict[tuple[Client, int], Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self.done = self.failed = 0

    def __len__(self) -> int:
        return len(self._live)

    def start(
        self, client: Client, endpoint: Endpoint, args: dict[str, Any], handler: Handler
    ) -> None:
        """Take a job into the queue. Raises JobError where it is full or the id is in use."""
        key = (client, args["id"])
        if key in self._live:
            raise JobError("busy", f"job {args['id']} is still under way; choose another id")
        mine = sum(owner is client for owner, _ in self._live)
        if len(self._live) >= MOST_JOBS or mine >= MOST_OF_ONE_CLIENT:
            raise JobError("busy", f"{len(self._live)} jobs wait already; ask again later")
        job = self._live[key] = Job(self, client, endpoint, args)
        task = self.loop.create_task(self._run(key, job, handler))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, key: tuple[Client, int], job: Job, handler: Handler) -> None:
        try:
            result = await handler(job)
        except OscbridgeError as error:
            self._fail(key, job, error)
        except Exception as error:  # a fault of ours must not take the daemon or the job's end
            _LOG.exception("%s failed", job.endpoint.path)
            self._fail(key, job, error)
        else:
            del self._live[key]
            self.done += 1
            self._took.append(time.perf_counter() - job.started)
            job.client.answer("done", job.endpoint.path, job.id, *result)

    def _fail(self, key: tuple[Client, int], job: Job, error: Exception) -> None:
        del self._live[key]
        self.failed += 1
        job.client.fail(job.endpoint.path, job.id, error, "internal")

    def cancel(self, client: Client, job: int) -> bool:
        """Take a job back; whether there was one."""
        live = self._live.get((client, job))
        if live:
            live.cancel()
        return live is not None

    def owns(self, client: Client) -> bool:
        """Whether a job of this client is under way."""
        return any(owner is client for owner, _ in self._live)

    def forget(self, client: Client) -> None:
        """Take back all jobs of a client that is gone."""
        for owner, job in tuple(self._live):
            if owner is client:
                self.cancel(owner, job)

    def milliseconds(self) -> tuple[float, float]:
        """Median and 99th percentile of the time the last jobs took; 0 before the first."""
        if not self._took:
            return 0.0, 0.0
        p50, p99 = np.percentile(np.array(self._took) * 1e3, [50, 99])
        return float(p50), float(p99)

    async def close(self) -> None:
        """Take back what waits, and stop both threads."""
        for job in self._live.values():
            job.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=5)
        self.inference.shutdown(wait=False, cancel_futures=True)
        self.files.shutdown(wait=False, cancel_futures=True)
