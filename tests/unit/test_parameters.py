"""What can be turned while it plays."""

import pytest

from oscbridge.domain.parameters import NAMED, OFFSETS, Parameters, parameters_of
from oscbridge.domain.sampling import DIRECTIONS, Sampling


def test_a_value_glides_to_where_it_was_set():
    knobs = Parameters("voice", {"intensity": 0.2})
    knobs.set("intensity", 1.0, now=10.0, seconds=4.0)
    assert knobs.value("intensity", 10.0) == pytest.approx(0.2)
    assert knobs.value("intensity", 12.0) == pytest.approx(0.6)
    assert knobs.value("intensity", 15.0) == 1.0
    knobs.set("intensity", 0.0, now=12.0, seconds=1.0)
    assert knobs.value("intensity", 12.5) == pytest.approx(0.3), "on from where it was"


def test_a_switch_does_not_glide():
    knobs = Parameters("voice")
    knobs.set("hold", 1, now=0.0, seconds=5.0)
    assert knobs.value("hold", 0.0) == 1


def test_they_ask_of_an_answer_what_was_set():
    voice = Parameters("voice", {"seed": 7, "drums": 0.5, "offset2": 1.5})
    offset = (0.0, 1.5, *[0.0] * (DIRECTIONS - 2))
    assert voice.sampling(0.0) == Sampling(7, 0.0, 0.5, 1.0, 1.0, 1.0, offset)
    assert Parameters("dancer", {"energy": 2}).sampling(0.0) == Sampling(energy=2)
    assert voice.goals()["drums"] == 0.5


def test_voices_and_dancers_have_what_is_theirs():
    assert "intensity" in parameters_of("voice") and "energy" not in parameters_of("voice")
    assert "energy" in parameters_of("dancer") and "drums" not in parameters_of("dancer")
    assert set(OFFSETS) <= set(NAMED)
    for parameter in NAMED.values():
        assert parameter.low <= parameter.default <= parameter.high
