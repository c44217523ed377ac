from dataclasses import replace

import pytest
from visitors import NOW, POSE

from oscbridge.domain.presence import FULL, MOST_PEOPLE, Arrived, Left, People


def test_numbers_are_small_in_order_of_arrival_and_used_again():
    people = People()
    for i, person in enumerate((70, 3, 12)):
        taken = people.take("a", replace(POSE, person=person), NOW)
        assert taken == (i + 1, None, (Arrived(i + 1),))
    assert people.take("a", replace(POSE, person=3, time=0.1, seq=1), NOW + 0.1) == (2, None, ())
    assert people.named(3) == ("a", 12)
    assert [number for number, _ in people] == [1, 2, 3]
    assert people.expire(NOW + 3.05) == (Left(1), Left(3))
    assert people.take("a", replace(POSE, person=99), NOW + 3.06).id == 1
    assert len(people) == 2
    with pytest.raises(KeyError):
        people.named(3)


def test_the_same_number_of_two_senders_is_two_people():
    people = People()
    assert [people.take(source, POSE, NOW).id for source in ("a", "b")] == [1, 2]


def test_a_short_dropout_keeps_the_number_and_says_nothing():
    people = People(keep=2.0)
    people.take("a", POSE, NOW)
    assert people.lost("a", 1) == 1
    assert not people.present(1, NOW)
    assert people.expire(NOW + 1.9) == ()
    assert people.take("a", replace(POSE, seq=1, time=1.9), NOW + 1.9) == (1, None, ())
    assert people.present(1, NOW + 2.0, within=0.5)
    assert not people.present(1, NOW + 2.5, within=0.5)
    assert people.expire(NOW + 3.9) == ()
    assert people.expire(NOW + 4.0) == (Left(1),)
    assert people.lost("a", 1) == 0


def test_a_flood_of_people_is_bounded_counted_and_named():
    people = People()
    for person in range(500):
        taken = people.take("wild", replace(POSE, person=person), NOW)
        assert (taken.id > 0) == (person < MOST_PEOPLE)
    assert taken.refused == f"person 499 of wild: {FULL}"
    assert people.refused[FULL] == 500 - MOST_PEOPLE
    assert people.take("wild", replace(POSE, person=3, seq=1, time=0.1), NOW + 0.1).refused is None


def test_nobody_arrives_by_a_frame_that_is_none():
    people = People()
    taken = people.take("a", replace(POSE, confidence=POSE.confidence * 0), NOW)
    assert taken.id == 0 and taken.events == () and "joints" in taken.refused
    assert len(people) == 0 and sum(people.refused.values()) == 1
