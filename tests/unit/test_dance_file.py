from dataclasses import replace

import numpy as np
import pytest
from dancers import dance, walker

from oscbridge.domain.dance import Dance
from oscbridge.domain.timeline import Tempo, Timeline
from oscbridge.errors import FileError
from oscbridge.io.bvh import read_bvh
from oscbridge.io.bvh_figure import motion_of
from oscbridge.io.bvh_write import format_bvh
from oscbridge.io.dance_file import ENDINGS, read_dance, write_dance

WALK, TIMELINE = dance(seconds=4)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_dance_comes_back_from_every_format(tmp_path, ending):
    path = tmp_path / f"walk{ending}"
    write_dance(WALK, TIMELINE, path)
    found = read_dance(path)
    assert found.dance.frames == WALK.frames
    assert found.dance.name == "walk"
    assert np.abs(found.dance.landmarks - WALK.landmarks).max() < 1e-3
    assert np.ptp(found.dance.root, axis=0) == pytest.approx(np.ptp(WALK.root, axis=0), abs=2e-3)
    if ending != ".bvh":
        assert found.dance.beat == pytest.approx(WALK.beat, abs=1e-6)
        assert "own beats" in found.tempo_source


@pytest.mark.parametrize("ending", [".npz", ".json", ".csv"])
def test_a_tempo_map_comes_back_from_time_and_beat(tmp_path, ending):
    timeline = Timeline((Tempo(0, 120), Tempo(2, 90), Tempo(5, 150)))
    beat = np.arange(33) / 4
    landmarks = np.repeat(WALK.landmarks[:1], 33, axis=0)
    path = tmp_path / f"song{ending}"
    song = Dance(landmarks, np.zeros((33, 3), np.float32), timeline.seconds(beat), beat)
    write_dance(song, timeline, path)
    found = read_dance(path)
    assert [t.beat for t in found.timeline.tempos] == pytest.approx([0, 2, 5], abs=1e-6)
    assert [t.bpm for t in found.timeline.tempos] == pytest.approx([120, 90, 150], rel=1e-5)
    assert found.dance.time == pytest.approx(song.time, abs=1e-6)


def test_beats_that_start_later_are_moved_by_whole_beats(tmp_path):
    path = tmp_path / "late.npz"
    write_dance(replace(WALK, beat=WALK.beat + 7.5, time=WALK.time + 3), TIMELINE, path)
    found = read_dance(path)
    assert found.dance.beat[0] == pytest.approx(0.5)
    assert found.dance.time == pytest.approx(found.timeline.seconds(found.dance.beat))


def test_a_bvh_is_written_at_a_constant_frame_rate(tmp_path):
    for fps, expected in ((None, 30), (24, 24), (60, 60)):
        path = tmp_path / "walk.bvh"
        write_dance(WALK, TIMELINE, path, fps)
        motion = read_bvh(path)
        assert motion.frame_time == pytest.approx(1 / expected, abs=1e-7)
        assert motion.frames == pytest.approx(WALK.time[-1] * expected + 1, abs=1)


def test_the_tempo_of_a_bvh_is_seen_in_its_motion(tmp_path):
    landmarks, time = walker(seconds=20, fps=60, bpm=132)
    root = np.zeros((len(time), 3), np.float32)
    walk = Dance(landmarks, root, time, TIMELINE.beats(time))
    path = tmp_path / "walk.bvh"
    path.write_bytes(format_bvh(motion_of(walk, 60)))
    found = read_dance(path)
    assert found.timeline.tempos[0].bpm == pytest.approx(132, rel=0.01)
    assert "from the motion" in found.tempo_source
    assert 0 <= found.dance.beat[0] < 1
    slow = read_dance(path, fps=50)
    assert slow.timeline.tempos[0].bpm == pytest.approx(110, rel=0.01)
    given = read_dance(path, tempo=100)
    assert given.timeline == Timeline.steady(100)
    assert given.dance.beat[0] == 0
    assert given.tempo_source == "100.0 BPM as given"


def test_a_still_body_says_that_its_tempo_is_nominal(tmp_path):
    still = replace(WALK, landmarks=np.repeat(WALK.landmarks[:1], WALK.frames, axis=0))
    still = replace(still, root=np.repeat(WALK.root[:1], WALK.frames, axis=0))
    path = tmp_path / "still.bvh"
    write_dance(still, TIMELINE, path)
    assert "nominal 120 BPM" in read_dance(path).tempo_source


def test_landmarks_without_root_are_stood_on_the_floor(tmp_path):
    path = tmp_path / "camera.npz"
    np.savez(path, landmarks=WALK.landmarks * 1.2, time=WALK.time)
    found = read_dance(path)
    assert found.dance.landmarks == pytest.approx(WALK.landmarks, abs=1e-4)
    soles = found.dance.world[:, [29, 30, 31, 32], 1].max(axis=1)
    assert np.abs(soles).max() < 0.03


def test_a_frame_rate_replaces_the_files_times(tmp_path):
    path = tmp_path / "walk.npz"
    write_dance(WALK, TIMELINE, path)
    assert np.diff(read_dance(path, fps=50).dance.time) == pytest.approx(1 / 50)


@pytest.mark.parametrize("name", ["walk.fbx", "walk", "walk.mid"])
def test_an_unknown_ending_names_the_known_ones(tmp_path, name):
    with pytest.raises(FileError, match=r"\.bvh, \.npz, \.json, \.csv"):
        read_dance(tmp_path / name)
    with pytest.raises(FileError, match=r"\.bvh, \.npz, \.json, \.csv"):
        write_dance(WALK, TIMELINE, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_rates_and_tempos_beyond_reason_are_refused(tmp_path):
    path = tmp_path / "walk.bvh"
    write_dance(WALK, TIMELINE, path)
    for options in ({"fps": 0}, {"fps": -5}, {"fps": float("nan")}, {"tempo": 0}, {"tempo": 1e9}):
        with pytest.raises(FileError, match="expected"):
            read_dance(path, **options)
    with pytest.raises(FileError, match="expected"):
        write_dance(WALK, TIMELINE, path, fps=1e9)


def test_a_bvh_with_no_frame_time_asks_for_a_rate(tmp_path):
    path = tmp_path / "walk.bvh"
    write_dance(WALK, TIMELINE, path)
    lines = [
        "Frame Time: 0" if t.startswith("Frame Time") else t for t in path.read_text().split("\n")
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(FileError, match="fps"):
        read_dance(path)
    assert read_dance(path, fps=30).dance.frames == WALK.frames


def test_a_bvh_without_a_human_names_what_is_missing(tmp_path):
    path = tmp_path / "chain.bvh"
    path.write_text(
        "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
        "End Site\n{\nOFFSET 0 1 0\n}\n}\nMOTION\nFrames: 1\nFrame Time: 0.03\n0 0 0\n"
    )
    with pytest.raises(FileError, match=r"chain\.bvh: no human body.*left shoulder"):
        read_dance(path)


def test_times_that_are_no_tempo_are_refused(tmp_path):
    path = tmp_path / "walk.npz"
    write_dance(replace(WALK, beat=WALK.beat * 100), TIMELINE, path)
    with pytest.raises(FileError, match="12000 BPM"):
        read_dance(path)
