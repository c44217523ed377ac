"""The address table, and what it makes of the arguments that clients send."""

import numpy as np
import pytest

from oscbridge.api import ENDPOINTS, FRAME, JOBS, REQUESTS, ROOT
from oscbridge.daemon.arguments import checked
from oscbridge.errors import JobError

GENERATE = ENDPOINTS[f"{ROOT}/music/generate"]


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
def test_every_endpoint_is_told_in_full_and_its_defaults_are_allowed(endpoint):
    assert endpoint.doc.endswith(".")
    names = [arg.name for arg in endpoint.args]
    assert len(set(names)) == len(names)
    assert not any(arg.rest for arg in endpoint.args[:-1])
    optional = [arg.default is not None for arg in endpoint.args if not arg.rest]
    assert optional == sorted(optional), "what may be left out comes last"
    for arg in endpoint.args:
        if arg.default is not None:
            checked(type(endpoint)("x", "message", "", (arg,)), [arg.default])
    assert {f"{ROOT}/{reply}" for reply in endpoint.replies} <= ENDPOINTS.keys() - REQUESTS.keys()


def test_every_job_starts_with_an_id():
    assert all(job.args[0].name == "id" for job in JOBS)


def test_what_is_left_out_gets_its_default():
    args = checked(GENERATE, [3, 4])
    assert args == {
        "id": 3, "bars": 4, "seed": -1, "temperature": 1.0, "tempo": 120.0, "count": 1,
        "drums": 1.0, "bass": 1.0, "melody": 1.0,
    }  # fmt: skip


def test_numbers_are_taken_as_max_sends_them():
    args = checked(GENERATE, [3.0, True, 7.0, 1])
    assert (args["id"], args["bars"], args["seed"], args["temperature"]) == (3, 1, 7, 1.0)
    assert [type(args[n]) for n in ("id", "bars", "temperature")] == [int, int, float]
    on = ENDPOINTS[f"{ROOT}/notify"]
    assert [checked(on, [value])["on"] for value in (True, 1, 1.0, False, 0)] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "code", "told"),
    [
        ([], "count", "id is missing; it is /oscbridge/music/generate id"),
        ([1, 2, 3, 1.0, 120.0, 1, 1.0, 1.0, 1.0, 9], "count", "1 arguments too many"),
        ([1, float("nan")], "argument", "bars is nan; it must be a finite number"),
        ([1, 2, 3, float("inf")], "argument", "temperature is inf"),
        ([1, 2.5], "argument", "bars is 2.5; it must be a whole number"),
        ([1, 0], "argument", "bars is 0; it must be from 1 to 256 bars"),
        ([1, "two"], "argument", "bars is 'two'; it must be a number"),
        ([-1], "argument", "id is -1"),
        ([1, 2, 2**40], "argument", "seed is"),
        ([1, None], "argument", "bars is None"),
    ],
)
def test_a_wrong_argument_is_named_with_what_would_be_right(values, code, told):
    with pytest.raises(JobError) as refusal:
        checked(GENERATE, values)
    assert refusal.value.code == code
    assert told in str(refusal.value)


def test_the_numbers_of_a_latent_are_taken_as_they_are_and_a_bad_one_is_named():
    decode = ENDPOINTS[f"{ROOT}/latent/decode"]
    head = [1, "music", "clip", 120.0]
    z = np.random.default_rng(2).normal(size=128).tolist()
    assert checked(decode, [*head, *z])["z"] == tuple(z)
    mixed = checked(decode, [*head, 1, True, 0.5])["z"]
    assert mixed == (1.0, 1.0, 0.5) and all(type(value) is float for value in mixed)
    for bad in (float("nan"), float("inf"), "x", b"x", None):
        with pytest.raises(JobError, match="z is"):
            checked(decode, [*head, *z[:50], bad, *z[51:]])
    with pytest.raises(JobError, match="z is missing"):
        checked(decode, head)


def test_notes_and_frames_come_as_arrays_and_bad_ones_are_named():
    chunk = ENDPOINTS[f"{ROOT}/clip/put/chunk"]
    notes = checked(chunk, [1, 0, 0, 36, 0.0, 0.5, 100, 2, 60, 1.0, 1.0, 90])["notes"]
    assert notes.tolist() == [[0, 36, 0, 0.5, 100], [2, 60, 1, 1, 90]]
    with pytest.raises(JobError, match="pitch of note 0 is 200; it must be from 0 to 127"):
        checked(chunk, [1, 0, 0, 200, 0.0, 0.5, 100])
    with pytest.raises(JobError, match="4 atoms"):
        checked(chunk, [1, 0, 0, 36, 0.0, 0.5])
    chunk = ENDPOINTS[f"{ROOT}/dance/put/chunk"]
    frames = np.arange(2 * FRAME, dtype=np.float32)
    blob = checked(chunk, [1, 0, frames.astype(">f4").tobytes()])["frames"]
    assert np.array_equal(blob, frames.reshape(2, FRAME))
    assert np.array_equal(checked(chunk, [1, 0, *frames.tolist()])["frames"], blob)
    frames[FRAME + 5] = np.nan
    with pytest.raises(JobError, match="float 5 of frame 1 is nan"):
        checked(chunk, [1, 0, *frames.tolist()])
