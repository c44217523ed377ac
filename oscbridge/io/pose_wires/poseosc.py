"""PoseOSC: what PoseNet sees in a camera's picture, flat (github.com/LingDong-/PoseOSC).

Formats ARR (`/poses/arr`: width, height, count, then for each body its score and 17 times x, y,
score), JSON (`/poses/json`: PoseNet's own output) and XML (`/poses/xml`). Its fourth, ADDR, sends
each number by itself and mixes bodies: it is refused. PoseNet does not know who is who.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from oscbridge.domain.identity import Identities
from oscbridge.domain.joints import COCO, landmarks_of_coco17
from oscbridge.domain.live import PersonLost
from oscbridge.errors import PoseError
from oscbridge.io.osc import Message
from oscbridge.io.pose_wires.wire import Heard, frame, numbers

MOST_BODIES = 16
LEAST = 0.15
"""Score below which a body is none, as PoseNet itself has it."""
LARGEST = 60_000
"""Signs of the longest text that is read."""
FORMATS = "choose ARR, XML or JSON as PoseOSC's format"
_ATOMS = 1 + len(COCO) * 3
_PARTS = {
    first + "".join(word.capitalize() for word in rest): i
    for i, (first, *rest) in enumerate(name.split("_") for name in COCO)
}
_TRUNK = [i for i, name in enumerate(COCO) if name.endswith(("shoulder", "hip"))]
Bodies = NDArray[np.float64]
"""Keypoints (bodies, 17, 3): x, y, score; in pixels"""


class PoseOsc:
    """Several bodies a message, told apart by where they are (`Identities`).

    Depth is guessed from how bones look shortened (`lifting`); hands, feet and what else PoseNet
    does not see is synthetic (`landmarks_of_coco17`). Its picture is not mirrored.
    """

    NAME: ClassVar[str] = "poseosc"
    PORT: ClassVar[int] = 9527

    def __init__(self) -> None:
        self._who = Identities()

    def take(self, message: Message, now: float) -> Heard:
        """The bodies of a message, and who has not been among them for long. Raises PoseError."""
        if message.address not in _READERS:
            raise PoseError(f"{message.address[:80]} is not read; {FORMATS}")
        bodies = _READERS[message.address](message.args)
        if len(bodies) > MOST_BODIES:
            raise PoseError(f"{message.address}: {len(bodies)} bodies; {MOST_BODIES} are the most")
        places, reach = _places(bodies)
        people = self._who.assign(places, reach, now)
        heard: Heard = [
            frame(person, landmarks_of_coco17(body[:, :2], body[:, 2]))
            for person, body in zip(people, bodies, strict=True)
        ]
        return heard + [PersonLost(person) for person in self._who.forgotten(now)]


def _places(bodies: Bodies) -> tuple[NDArray[np.float64], float]:
    """Where the trunks (bodies, 2) are, and how far one may have come unseen: two trunks."""
    trunks = bodies[:, _TRUNK, :2]
    tall = np.ptp(trunks[..., 1], axis=1) + np.ptp(trunks[..., 0], axis=1)
    return trunks.mean(axis=1), 2 * float(tall.max(initial=1.0))


def _checked(bodies: Bodies, what: str) -> Bodies:
    score = bodies[..., 2]
    if score.size and not (score.min() >= 0 and score.max() <= 1):
        raise PoseError(f"{what}: a score is {score.max():g}; expected 0 to 1")
    return bodies


def _arr(args: tuple[Any, ...]) -> Bodies:
    what = "/poses/arr"
    told = numbers(args, what)
    if len(told) < 3 or told[2] < 0 or told[2] != int(told[2]):
        raise PoseError(f"{what} begins with {args[:3]}; expected width, height, number of bodies")
    count = int(told[2])
    if len(told) != 3 + count * _ATOMS:
        raise PoseError(
            f"{what} with {len(told)} numbers for {count} bodies; expected {3 + count * _ATOMS}"
        )
    each = told[3:].reshape(count, _ATOMS)
    bodies = each[:, 1:].reshape(count, len(COCO), 3)
    return _checked(bodies[each[:, 0] >= LEAST], what)


def _text(args: tuple[Any, ...], what: str) -> str:
    if len(args) != 1 or not isinstance(args[0], str):
        raise PoseError(f"{what} with {len(args)} arguments; expected one text")
    if len(args[0]) > LARGEST:
        raise PoseError(f"{what}: a text of {len(args[0])} signs; {LARGEST} are the most")
    return args[0]


def _json(args: tuple[Any, ...]) -> Bodies:
    what = "/poses/json"
    try:
        poses = json.loads(_text(args, what))
        told = [
            (pose["score"], [
                (point["part"], point["position"]["x"], point["position"]["y"], point["score"])
                for point in pose["keypoints"]
            ])
            for pose in poses
        ]  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise PoseError(f"{what}: not JSON ({str(error)[:80]})") from error
    except (TypeError, KeyError) as error:
        raise PoseError(f"{what}: not PoseNet's output ({str(error)[:80]}); {FORMATS}") from error
    return _bodies(told, what)


def _xml(args: tuple[Any, ...]) -> Bodies:
    what = "/poses/xml"
    text = _text(args, what)
    if "<!" in text:  # what could make a short text a huge one is declared so
        raise PoseError(f"{what}: declarations are not read")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - see above
        told = [(pose.attrib["score"], list(_xml_points(pose))) for pose in root.iter("pose")]
    except ElementTree.ParseError as error:
        raise PoseError(f"{what}: not XML ({error})") from error
    except KeyError as error:
        raise PoseError(f"{what}: an element has no {error}") from error
    return _bodies(told, what)


def _xml_points(pose: ElementTree.Element) -> Iterator[tuple[str, str, str, str]]:
    for point in pose.iter("keypoint"):
        part, x, y, score = (point.attrib[name] for name in ("part", "x", "y", "score"))
        yield part, x, y, score


def _bodies(told: list[tuple[Any, list[tuple[Any, Any, Any, Any]]]], what: str) -> Bodies:
    bodies = np.zeros((len(told), len(COCO), 3))
    sure = np.zeros(len(told))
    for i, (score, points) in enumerate(told):
        sure[i] = _number(score, what)
        for part, *values in points:
            if part not in _PARTS:
                raise PoseError(f"{what}: {str(part)[:40]!r} is no part; expected leftWrist ...")
            bodies[i, _PARTS[part]] = [_number(value, what) for value in values]
    return _checked(bodies[sure >= LEAST], what)


def _number(told: Any, what: str) -> float:
    """A number as JSON has it, or as XML writes it."""
    try:
        value = float(told) if isinstance(told, str) else told
    except ValueError as error:
        raise PoseError(f"{what}: {told[:40]!r} is no number") from error
    return float(numbers((value,), what)[0])


_READERS = {"/poses/arr": _arr, "/poses/json": _json, "/poses/xml": _xml}
