"""Varying, interpolating and continuing over the wire, and making such clips again."""

import pytest

from oscbridge.errors import JobError
from oscbridge.io.osc_client import Client


@pytest.fixture(scope="module")
def client(daemon):
    with Client("127.0.0.1", daemon.port, tcp=True) as client:
        yield client


@pytest.fixture(scope="module")
def clip(client):
    return client.request("music/generate", 4, 7, 1.0, 100.0)[1]


def test_variations_each_with_the_next_seed(client, clip):
    seed, *made = client.request("music/vary", clip, 0.5, 20, 1.0, 3)
    assert seed == 20 and len(made) == 3
    (again,) = client.request("music/vary", clip, 0.5, 22)[1:]
    notes = [client.get_clip(handle).notes for handle in (*made, again)]
    assert notes[2] == notes[3] and notes[0] != notes[1] != notes[2]
    assert client.get_clip(made[0]).length == 16.0


def test_clips_evenly_between_two(client, clip):
    other = client.request("music/generate", 4, 8, 1.0, 140.0)[1]
    made = client.request("music/interpolate", clip, other, 3)
    assert len({client.get_clip(handle).notes for handle in made}) == 3


def test_new_bars(client, clip):
    seed, made, notes = client.request("music/continue", clip, 3, 5)
    got = client.get_clip(made)
    assert seed == 5 and len(got.notes) == notes > 0 and got.length == 12.0
    assert got.timeline.tempos[0].bpm == 100.0


def test_dances(client):
    one, two = (client.request("dance/generate", 4, seed)[1] for seed in (1, 2))
    seed, varied, frames = client.request("dance/vary", one, 0.4, 9)
    assert seed == 9 and client.get_dance(varied).frames == frames
    between, frames = client.request("dance/interpolate", one, two, 0.25)
    assert client.get_dance(between).frames == frames


def test_all_of_it_can_be_made_again_from_the_library(client, clip):
    other = client.request("music/generate", 2, 8)[1]
    varied = client.request("music/vary", clip, 0.5, 20)[1]
    (between,) = client.request("music/interpolate", varied, other)
    continued = client.request("music/continue", between, 2, 5)[1]
    for handle in (varied, between, continued):
        (name,) = client.request("clip/save", handle)
        made = client.request("clip/again", name)[1]
        assert client.get_clip(made).notes == client.get_clip(handle).notes


@pytest.mark.parametrize(
    "request_",
    [("music/vary", 1, 1.5), ("music/vary", 1, -0.1), ("music/continue", 1, 0),
     ("dance/interpolate", 1, 1, 2.0), ("music/vary", 99999)],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(client, request_):
    with pytest.raises(JobError):
        client.request(*request_)
