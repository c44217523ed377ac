"""Windows while they happen, and the dance and the notes they are made of."""

import numpy as np
import pytest
from dancers import walker

from oscbridge.domain.body_tree import at_ease
from oscbridge.domain.dance import Dance
from oscbridge.domain.figure import LEG
from oscbridge.domain.graphs import PER_BEAT
from oscbridge.domain.live_window import first_step, phrase, sources
from oscbridge.domain.music import Note, Part
from oscbridge.domain.phrase import KEPT, Phrase
from oscbridge.domain.pose import INDEX, SOLES
from oscbridge.domain.rolling import FADED, STAGE, Rolling, standing
from oscbridge.domain.timeline import Meter
from oscbridge.domain.transport import Transport


def test_what_is_to_come_stands_as_it_was_two_bars_ago():
    steps = sources(first=32, newest=39, period=32)
    assert steps[:8].tolist() == list(range(32, 40))
    assert steps[8:].tolist() == list(range(8, 32))


def test_of_three_beats_the_phrase_is_two_bars_too():
    waltz = Transport(meter=Meter(0.0, 3, 4))
    assert phrase(waltz) == 24
    steps = sources(first=24, newest=30, period=24)
    assert steps[:7].tolist() == list(range(24, 31))
    assert steps[7:].tolist() == [*range(7, 31), 7], "always the latest that is known"


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (7, 8), (6, 4), (12, 4)])
def test_a_window_starts_with_a_bar_and_holds_its_step(meter):
    transport = Transport(meter=Meter(0.0, *meter))
    bar = round(transport.meter.bar * 4)
    for before in (0, 1):
        for step in range(4 * bar):
            first = first_step(transport, step, before)
            assert first <= step < first + 32
            if bar <= 16:
                assert first % bar == 0


def note(beat, pitch=60, length=0.5):
    return Note(beat, Part.MELODY, pitch, length, 90)


def test_a_phrase_gives_its_notes_where_they_are_wanted():
    played = Phrase()
    played.add(note(0.02))
    played.add(note(4.0, 64, 9.0))
    clip = played.window(sources(0, 17, 32), 100.0)
    assert [(n.start, n.pitch) for n in clip.notes] == [(0.02, 60), (4.0, 64)]
    assert clip.notes[1].duration == 4.0, "no longer than the window"
    assert clip.timeline.tempos[0].bpm == 100.0
    later = played.window(sources(32, 33, 32), 100.0)
    assert [n.pitch for n in later.notes] == [64], "the first bar came again, silent this time"


def test_a_note_that_sounds_is_as_long_as_it_was_held():
    played = Phrase()
    played.begin("keys", note(1.0))
    assert played.window(range(32), 120.0).notes[0].duration == 0.25
    played.end("keys", Part.MELODY, 60, 2.5)
    assert played.window(range(32), 120.0).notes[0].duration == 1.5
    played.end("keys", Part.MELODY, 60, 3.0)
    played.begin("keys", note(3.0))
    played.begin("keys", note(3.5))
    starts = {n.start: n.duration for n in played.window(range(32), 120.0).notes}
    assert starts == {1.0: 1.5, 3.0: 0.5, 3.5: 0.25}, "struck again, the first has ended"


def test_a_phrase_forgets_what_is_long_past():
    played = Phrase()
    for beat in range(200):
        played.begin("keys", note(float(beat)))
    assert len(played._steps) <= KEPT // 4 + 1
    assert played.silent_since(801) and not played.silent_since(790)


def test_who_stands_at_ease_stands_on_the_floor_with_hanging_arms():
    pose, dance = at_ease(), standing()
    assert pose[INDEX["left_wrist"], 1] > pose[INDEX["left_shoulder"], 1] + 0.4
    soles = dance.world[:, SOLES, 1]
    assert abs(soles.max()) < 1e-5
    assert dance.frames == 8 * PER_BEAT


def danced(seed=1, beats=8):
    beat = np.arange(beats * PER_BEAT) / PER_BEAT
    poses, _ = walker(beats / 2, 2 * PER_BEAT, 120.0, 0.2 + 0.05 * (seed % 5))
    root = np.zeros((len(beat), 3), np.float32)
    root[:, 0] = beat / 4
    root[:, 1] = -poses[:, SOLES, 1].max(axis=1)
    return Dance(poses, root, beat / 2, beat)


def test_one_window_takes_over_from_another_without_a_jump():
    dancer = Rolling()
    dancer.take(danced(1), 0, 0)
    path, roots = [], []
    for frame in range(4 * 4 * PER_BEAT):
        if frame and frame % PER_BEAT == 0:
            first = frame - frame % (4 * PER_BEAT)
            dancer.take(danced(frame // PER_BEAT), first, frame)
        landmarks, root = dancer.at(frame)
        path.append(landmarks)
        roots.append(root)
    own = np.abs(np.diff(danced(1).landmarks, axis=0)).max()
    assert np.abs(np.diff(path, axis=0)).max() < 3 * own
    assert np.linalg.norm(np.diff(roots, axis=0), axis=1).max() < 0.15
    thigh = np.array(path)[:, INDEX["left_hip"]] - np.array(path)[:, INDEX["left_knee"]]
    assert np.ptp(np.linalg.norm(thigh, axis=1)) < 1e-4, "bones keep their length"


def test_a_dancer_between_frames_and_past_the_end():
    dancer = Rolling()
    still = dancer.at(12.5)[0]
    assert np.allclose(still, at_ease())
    dancer.take(danced(2), 0, 0)
    half = dancer.at(FADED + 10.5)[0]
    assert np.allclose(half, (dancer.at(FADED + 10)[0] + dancer.at(FADED + 11)[0]) / 2, atol=1e-6)
    assert np.array_equal(dancer.at(10_000)[0], dancer.at(20_000)[0])


def test_a_dancer_stays_on_the_stage():
    dancer = Rolling()
    for bar in range(20):
        dancer.take(danced(bar), bar * 64, bar * 64)
    farthest = np.abs(dancer.at(20 * 64)[1][[0, 2]]).max()
    assert farthest < STAGE + 4 * LEG, "who goes a metre a bar to one side is held back"
