import numpy as np
import pytest
from dancers import walker

from oscbridge.domain import figure
from oscbridge.domain.beat import FASTEST_BEAT, SLOWEST_BEAT, estimate_tempo
from oscbridge.domain.pose import INDEX


@pytest.mark.parametrize("bpm", [100.0, 120.0, 141.0, 175.0])
@pytest.mark.parametrize("fps", [30.0, 120.0])
def test_a_walkers_tempo_is_the_tempo_of_the_steps(bpm, fps):
    landmarks, time = walker(seconds=20, fps=fps, bpm=bpm)
    found = estimate_tempo(landmarks, time)
    assert found.source == "motion"
    assert found.bpm == pytest.approx(bpm, rel=0.01)
    assert found.confidence > 0.6


def salsa(count, seconds=25.0, fps=60.0):
    """Feet that step on 1 2 3 and 5 6 7 of eight counts, left and right in turn."""
    time = np.arange(int(seconds * fps)) / fps
    landmarks = np.repeat(figure.rest()[None].astype(float), len(time), axis=0)
    for side, counts in (("left", (0, 2, 5)), ("right", (1, 4, 6))):
        place = np.zeros(len(time))
        for step, at in enumerate(counts):
            phase = (time / count - at) % 8
            place += np.where(phase < 1, np.sin(np.pi * phase), 0) * (0.15 + 0.05 * step)
        landmarks[:, INDEX[f"{side}_foot_index"], 2] += place
    return landmarks, time


@pytest.mark.parametrize("eight", [2.58, 2.75, 2.93])
def test_salsa_is_counted_in_eights_as_dancers_count_it(eight):
    landmarks, time = salsa(eight / 8)
    found = estimate_tempo(landmarks, time)
    assert found.source == "motion"
    assert found.bpm == pytest.approx(8 * 60 / eight, rel=0.01)
    assert 160 < found.bpm < 190


def test_the_first_beat_is_where_the_feet_come_to_rest():
    landmarks, time = walker(seconds=20, bpm=120)
    beat = 60 / estimate_tempo(landmarks, time).bpm
    early = estimate_tempo(landmarks, time).first_beat
    late = estimate_tempo(landmarks[6:], time[6:]).first_beat  # 0.1 s later
    assert 0 <= early < beat
    assert (early - late - 0.1 + beat / 2) % beat - beat / 2 == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("frames", [1, 2, 30, 900])
def test_a_still_body_has_the_nominal_tempo_and_no_confidence(frames):
    landmarks = np.repeat(figure.rest()[None], frames, axis=0)
    found = estimate_tempo(landmarks, np.arange(frames) / 30)
    assert found == (120.0, 0.0, 0.0, "nominal")


def test_aimless_movement_has_the_nominal_tempo():
    from scipy.ndimage import gaussian_filter1d

    for seed in range(5):
        rng = np.random.default_rng(seed)
        way = gaussian_filter1d(rng.normal(size=(900, 33, 3)), 8, axis=0)
        found = estimate_tempo(figure.rest() + way, np.arange(900) / 30)
        assert found.source == "nominal"
        assert found.bpm == 120.0


def test_tempos_stay_within_their_octave():
    for bpm in (60.0, 80.0, 230.0):
        landmarks, time = walker(seconds=20, bpm=bpm, stride=0.2)
        found = estimate_tempo(landmarks, time)
        assert SLOWEST_BEAT <= found.bpm <= FASTEST_BEAT
        assert np.log2(found.bpm / bpm) == pytest.approx(round(np.log2(found.bpm / bpm)), abs=0.02)
