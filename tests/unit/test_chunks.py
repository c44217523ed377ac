"""Clips and dances in the chunks of the wire, and out of them again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.api import REQUESTS, ROOT
from oscbridge.daemon import chunks
from oscbridge.daemon.arguments import checked
from oscbridge.daemon.uploads import Upload
from oscbridge.domain.dance import Dance
from oscbridge.domain.music import Clip, Note, Part
from oscbridge.domain.timeline import Meter, Tempo, Timeline
from oscbridge.errors import JobError
from oscbridge.io.osc import build
from oscbridge.io.osc_clip import Cut


def still(beat, timeline):
    frames = len(beat)
    landmarks = np.random.default_rng(1).normal(size=(frames, 33, 3)).astype(np.float32)
    root = np.zeros((frames, 3), np.float32)
    return Dance(landmarks, root, timeline.seconds(beat), np.asarray(beat, float))


def test_a_steady_dance_keeps_one_tempo():
    dance = still(np.arange(0, 400, 0.25), Timeline.steady(93.0))
    back, timeline = chunks.dance_of(chunks.frames_of(dance), "")
    assert [round(t.bpm, 3) for t in timeline.tempos] == [93.0]
    assert np.array_equal(back.landmarks, dance.landmarks)
    assert np.allclose(back.beat, dance.beat)


def test_a_dance_that_changes_tempo_is_followed():
    true = Timeline((Tempo(0.0, 120.0), Tempo(8.0, 90.0)))
    dance = still(np.arange(0, 16, 0.25), true)
    _, timeline = chunks.dance_of(chunks.frames_of(dance), "")
    assert np.abs(timeline.seconds(dance.beat) - dance.time).max() < 0.005


def test_frames_further_apart_than_a_beat_are_taken():
    dance = still(np.array([0, 1, 4, 9, 11.0]), Timeline((Tempo(0.0, 120.0), Tempo(4.0, 60.0))))
    _, timeline = chunks.dance_of(chunks.frames_of(dance), "")
    assert all(60 - 1e-3 <= t.bpm <= 120 + 1e-3 for t in timeline.tempos)


@pytest.mark.parametrize("beat", [[0.0], [0.0, 0.0], [1.0, 0.5]])
def test_frames_that_do_not_go_forward_are_refused(beat):
    frames = np.zeros((len(beat), 104), np.float32)
    frames[:, 1] = beat
    frames[:, 0] = np.arange(len(beat))
    with pytest.raises(JobError):
        chunks.dance_of(frames, "")


def test_a_note_beyond_the_clip_is_refused():
    notes = [np.array([[0, 36, 4.0, 1, 100]])]
    with pytest.raises(JobError, match="the clip ends at 4"):
        chunks.clip_of(notes, 4.0, Timeline(), "")


quarters = st.integers(0, 2000).map(lambda n: n / 4)
tempos = st.dictionaries(quarters, st.integers(10, 1000).map(float), max_size=250)
meters = st.dictionaries(
    quarters, st.tuples(st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 16, 32, 64])), max_size=90
)
onsets = st.dictionaries(
    st.tuples(quarters, st.sampled_from(Part), st.integers(0, 127)), st.integers(1, 127)
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(tempos, meters, onsets, st.randoms())
def test_a_clip_with_its_tempo_map_goes_through_the_wires_chunks_in_any_order(
    pace, bars, played, order
):
    timeline = Timeline(
        tuple(Tempo(at, bpm) for at, bpm in sorted(({0.0: 120.0} | pace).items())),
        tuple(Meter(at, *kind) for at, kind in sorted(({0.0: (4, 4)} | bars).items())),
    )
    notes = tuple(
        Note(start, part, pitch, 0.25, velocity)
        for (start, part, pitch), velocity in sorted(played.items())
    )
    clip = Clip(notes, 501.0, timeline)
    cut = Cut(clip)
    tempo, meter = timeline.tempos[0], timeline.meters[0]
    begin = (len(cut), clip.length, tempo.bpm, meter.numerator, meter.denominator)
    upload = Upload(f"{ROOT}/clip/put", checked(REQUESTS[f"{ROOT}/clip/put"], (1, *begin)), 0.0)
    indices = list(range(len(cut)))
    order.shuffle(indices)
    for index in indices:
        kind, atoms = cut[index]
        address = f"{ROOT}/clip/put/{kind}"
        assert len(atoms) + 2 <= 256
        assert len(build(address, 1, index, *atoms)) <= 1400
        args = checked(REQUESTS[address], (1, index, *atoms))
        (rows,) = (args[w] for w in ("notes", "tempos", "meters") if w in args)
        upload.chunks[index] = kind, rows
    assert upload.finished() == clip


@pytest.mark.parametrize(
    ("kind", "atoms", "wrong"),
    [
        ("tempos", (4.0, 5.0), "bpm of tempo 0 is 5; it must be from 10 to 1000"),
        ("tempos", (-1.0, 90.0), "beat of tempo 0"),
        ("tempos", (4.0,), "1 atoms; 2 for each of the tempos"),
        ("tempos", (), "0 atoms"),
        ("meters", (4.0, 3, 5), "denominator of meter 0 is 5; it must be 1, 2, 4"),
        ("meters", (4.0, 2.5, 4), "numerator of meter 0 is 2.5; it must be a whole number"),
        ("meters", (float("nan"), 3, 4), "beat of meter 0"),
    ],
)
def test_a_wrong_tempo_or_meter_is_named(kind, atoms, wrong):
    with pytest.raises(JobError, match=wrong):
        checked(REQUESTS[f"{ROOT}/clip/put/{kind}"], (1, 0, *atoms))
