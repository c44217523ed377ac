"""Checks what came over the wire against the address table, and coerces it as clients need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oscbridge.api import FRAME, MAX_INT, METER_CHANGE, NOTE, TEMPO_CHANGE, Arg, Endpoint
from oscbridge.domain.pose import COUNT as LANDMARK_COUNT
from oscbridge.domain.timeline import FASTEST, SLOWEST
from oscbridge.errors import JobError

_LAST_BEAT = 1e5
_TABLES = {
    "notes": (NOTE, (0, 0, 0, 1e-3, 1), (2, 127, _LAST_BEAT, _LAST_BEAT, 127)),
    "tempos": (TEMPO_CHANGE, (0, SLOWEST), (_LAST_BEAT, FASTEST)),
    "meters": (METER_CHANGE, (0, 1, 1), (_LAST_BEAT, 64, 64)),
}
"""Of what comes in rows: the atoms of a row, the least and the most of each."""
_NUMBERS = {int, float, bool}
_FARTHEST = 1e6
"""Seconds, beats and metres beyond which a frame is taken for an error."""


def wrong(text: str) -> JobError:
    """The refusal of an argument."""
    return JobError("argument", text)


def checked(endpoint: Endpoint, values: Sequence[Any]) -> dict[str, Any]:
    """Each argument of the endpoint by its name: values of its type and range, or its default.

    Notes come as (n, 5), tempos as (n, 2), meters as (n, 3) float64, frames as (n, 104) float32,
    landmarks as (33, 3) with their confidence (33,) float32, other repeated arguments as a tuple.
    Raises JobError naming the argument and what would be right.
    """
    taken: dict[str, Any] = {}
    singles = [arg for arg in endpoint.args if not arg.rest]
    for position, arg in enumerate(singles):
        if position < len(values):
            taken[arg.name] = one(arg, values[position])
        elif arg.default is not None:
            taken[arg.name] = arg.default
        else:
            raise JobError("count", f"{arg.name} is missing; it is {endpoint.usage}")
    rest = values[len(singles) :]
    if len(singles) < len(endpoint.args):
        arg = endpoint.args[-1]
        taken[arg.name] = _repeated(arg, rest)
    elif rest:
        raise JobError("count", f"{len(rest)} arguments too many; it is {endpoint.usage}")
    return taken


def one(arg: Arg, value: Any) -> Any:
    """The value as the argument's type. Raises JobError."""
    if arg.type == "s":
        return _word(arg, value)
    if arg.type == "bool":
        return _number(arg, value) != 0
    if arg.type == "clip" and isinstance(value, str):
        return value
    number = _number(arg, value)
    if arg.type == "f":
        return number
    if number != int(number) or abs(number) > MAX_INT:
        raise wrong(f"{arg.name} is {value!r}; it must be a whole number up to {MAX_INT}")
    return int(number)


def _word(arg: Arg, value: Any) -> str:
    # Max sends a symbol that looks like a number as a number.
    word = f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, bytes) or len(word) > 255 or not word.isprintable():
        raise wrong(f"{arg.name} must be a word of up to 255 printable signs")
    if arg.choices and word not in arg.choices:
        raise wrong(f"{arg.name} is {word!r}; it must be one of {', '.join(arg.choices)}")
    return word


def _number(arg: Arg, value: Any) -> float:
    if not isinstance(value, int | float):
        raise wrong(f"{arg.name} is {value!r}; it must be a number ({arg.doc})")
    if not math.isfinite(value):
        raise wrong(f"{arg.name} is {value}; it must be a finite number")
    low = -math.inf if arg.low is None else arg.low
    high = math.inf if arg.high is None else arg.high
    if not low <= value <= high:
        raise wrong(f"{arg.name} is {value:g}; it must be {_range(arg)}")
    return float(value)


def _range(arg: Arg) -> str:
    if arg.low is None or arg.high is None:
        return f"at least {arg.low}" if arg.high is None else f"at most {arg.high}"
    return f"from {arg.low:g} to {arg.high:g}" + (f" {arg.unit}" if arg.unit else "")


def _repeated(arg: Arg, values: Sequence[Any]) -> Any:
    if arg.type in _TABLES:
        return _table(arg.type, values)
    if arg.type == "frames":
        return _frames(values)
    if arg.type == "landmarks":
        return _landmarks(values)
    if not values:
        raise JobError("count", f"{arg.name} is missing; at least one is needed")
    if arg.type == "f" and _all_good_floats(arg, values):
        return tuple(values)
    return tuple(one(arg, value) for value in values)


def _all_good_floats(arg: Arg, values: Sequence[Any]) -> bool:
    """Whether `one` would take each as it is. One by one the numbers of a latent take several times
    as long to check as to parse.
    """
    if not all(type(value) is float for value in values):
        return False
    numbers = np.array(values)
    low = -np.inf if arg.low is None else arg.low
    high = np.inf if arg.high is None else arg.high
    return bool((np.isfinite(numbers) & (low <= numbers) & (numbers <= high)).all())


def _rows(values: Sequence[Any], width: int, what: str) -> NDArray[np.float64]:
    if not values or len(values) % width:
        raise JobError("count", f"{len(values)} atoms; {width} for each of the {what} are needed")
    if not {*map(type, values)} <= _NUMBERS:
        raise wrong(f"the {what} must be numbers")
    return np.array(values, np.float64).reshape(-1, width)


def _table(what: str, values: Sequence[Any]) -> NDArray[np.float64]:
    names, low, high = _TABLES[what]
    if what == "notes" and not values:
        return np.empty((0, len(names)))
    rows = _rows(values, len(names), what)
    good = (np.array(low) <= rows) & (rows <= np.array(high))  # NaN is neither
    if not good.all():
        row, atom = np.argwhere(~good)[0]
        raise wrong(
            f"{names[atom]} of {what[:-1]} {row} is {rows[row, atom]:g}; "
            f"it must be from {low[atom]:g} to {high[atom]:g}"
        )
    if what == "meters":
        _check_meters(rows)
    return rows


def _check_meters(rows: NDArray[np.float64]) -> None:
    for row, (_, top, bottom) in enumerate(rows.tolist()):
        if top != int(top):
            raise wrong(f"numerator of meter {row} is {top:g}; it must be a whole number")
        if not is_note_value(bottom):
            raise wrong(
                f"denominator of meter {row} is {bottom:g}; it must be 1, 2, 4, 8, 16, 32 or 64"
            )


def is_note_value(denominator: float) -> bool:
    """Whether there are notes of this fraction: halves, quarters, eighths, ..."""
    return math.frexp(denominator)[0] == 0.5


def _frames(values: Sequence[Any]) -> NDArray[np.float32]:
    if len(values) == 1 and isinstance(values[0], bytes):
        if not values[0] or len(values[0]) % (4 * FRAME):
            raise JobError("count", f"{len(values[0])} bytes; {4 * FRAME} for each frame")
        frames = np.frombuffer(values[0], ">f4").reshape(-1, FRAME).astype(np.float32)
    else:
        frames = _rows(values, FRAME, "frames").astype(np.float32)
    good = np.abs(frames) < _FARTHEST
    if not good.all():
        frame, atom = np.argwhere(~good)[0]
        raise wrong(f"float {atom} of frame {frame} is {frames[frame, atom]}; it must be a number")
    return frames


def _landmarks(values: Sequence[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Landmarks (33, 3) and confidence (33,)."""
    plain = 3 * LANDMARK_COUNT
    if len(values) not in (plain, plain + LANDMARK_COUNT):
        raise JobError(
            "count",
            f"{len(values)} numbers; {plain} are needed, x y z of {LANDMARK_COUNT} landmarks, and "
            f"{LANDMARK_COUNT} confidences may follow",
        )
    row = _rows(values, len(values), "landmarks")[0].astype(np.float32)
    good = np.abs(row) < _FARTHEST
    if not good.all():
        at = int(np.argmin(good))
        raise wrong(f"number {at} of the landmarks is {row[at]}; it must be a number")
    points, told = row[:plain].reshape(LANDMARK_COUNT, 3), row[plain:]
    if len(told) and not ((told >= 0) & (told <= 1)).all():
        raise wrong("a confidence is not from 0 to 1")
    return points, told if len(told) else np.ones(LANDMARK_COUNT, np.float32)
