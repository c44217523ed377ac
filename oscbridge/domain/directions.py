"""Directions and rotations over time: unit vectors that stay finite and do not flip where what was
measured says nothing.

Arrays are float64. Vectors are (..., frames, 3): time is the last axis but one, and whatever comes
before it (limbs, sides) is worked on at once. A `fallback` is asked for only where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.float64]
"""(..., frames, 3)"""
Rotations = NDArray[np.float64]
"""(..., frames, 3, 3), columns the turned axes"""
Fallback = Callable[[], NDArray[Any]]
"""Vectors (..., frames, 3) or (3,)"""

TINY = 1e-4
"""Metres below which a vector is taken to have no direction."""


def length(vectors: NDArray[Any]) -> Vectors:
    """Length (..., 1) of vectors (..., 3)."""
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None])


def unit(vectors: NDArray[Any]) -> Vectors:
    """Vectors (..., 3) brought to length 1; a vector of no length stays zero."""
    return np.asarray(vectors / np.maximum(length(vectors), 1e-12))


def cross(a: NDArray[Any], b: NDArray[Any]) -> Vectors:
    """Cross product of vectors (..., 3) of one shape: numpy's own, at a fifth of its overhead."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    out = np.empty(a.shape)
    out[..., 0] = ay * bz - az * by
    out[..., 1] = az * bx - ax * bz
    out[..., 2] = ax * by - ay * bx
    return out


def across(vectors: NDArray[Any], axis: NDArray[Any]) -> Vectors:
    """The share of `vectors` that is at right angles to the unit vectors `axis`."""
    along = np.einsum("...i,...i->...", vectors, axis)[..., None]
    return np.asarray(vectors - along * axis)


def apply(rotations: Rotations, vectors: ArrayLike) -> Vectors:
    """Each rotation (..., frames, 3, 3) on its vector (..., frames, 3), or all on one (3,)."""
    return np.asarray((rotations @ np.asarray(vectors, float)[..., None])[..., 0])


def seen(vectors: NDArray[Any], fallback: Fallback) -> Vectors:
    """Unit vectors along `vectors`; those too short to tell as `steady` has them."""
    size = length(vectors)
    if size.min(initial=1.0) > TINY:
        return np.asarray(vectors / size)
    return steady(vectors, known(vectors), fallback())


def steady(vectors: Vectors, trust: NDArray[Any], fallback: NDArray[Any]) -> Vectors:
    """Unit vectors (..., frames, 3) along `vectors` as far as `trust` (..., frames, 1) in [0, 1]
    goes.

    Where it is less than 1 the rest comes from the trusted frames around in time; with none of
    these, from `fallback` (..., frames, 3) or (3,).
    """
    measured = unit(vectors)
    sure = trust[..., 0] >= 1
    if sure.all():
        return measured
    default = np.broadcast_to(fallback, measured.shape)
    blend = trust * measured + (1 - trust) * _held(measured, sure, default)
    return np.where(sure[..., None], measured, _unit_or(blend, default))


def _unit_or(vectors: Vectors, default: Vectors) -> Vectors:
    """Vectors brought to length 1; where one has none, `default` so."""
    size = length(vectors)
    if size.min(initial=1.0) > 1e-6:
        return np.asarray(vectors / size)
    return unit(np.where(size > 1e-6, vectors, default))


def _held(measured: Vectors, sure: NDArray[np.bool_], default: Vectors) -> Vectors:
    """`measured` where it is `sure` (..., frames), and between as a straight way from one to the
    next goes; `default` where it never is.
    """
    frames = sure.shape[-1]
    at = np.arange(frames)
    before = np.maximum.accumulate(np.where(sure, at, -1), axis=-1)
    after = np.minimum.accumulate(np.where(sure, at, frames)[..., ::-1], axis=-1)[..., ::-1]
    never = (before < 0) & (after >= frames)
    first = np.where(before < 0, after, before).clip(0, frames - 1)
    last = np.where(after >= frames, before, after).clip(0, frames - 1)
    share = ((at - first) / np.maximum(last - first, 1))[..., None]
    start, end = (np.take_along_axis(measured, i[..., None], axis=-2) for i in (first, last))
    held = start + share * (end - start)
    # A path between opposite directions goes by way of the default instead of through nothing.
    held = unit(held + (1 - np.minimum(length(held), 1)) * default)
    return np.where(never[..., None], default, held)


def known(vectors: NDArray[Any], least: float = TINY) -> NDArray[np.float64]:
    """Trust (..., frames, 1) for `steady`: 1 where a vector is longer than `least`, else 0."""
    return np.asarray(length(vectors) > least, np.float64)


def perpendicular(primary: Vectors, hint: NDArray[Any], fallback: Fallback) -> Vectors:
    """Unit vectors at right angles to the unit vectors `primary`, as near to `hint` as that allows;
    where the two are parallel, as near to `fallback`.
    """
    second = across(hint, primary)
    size = length(second)
    least = 1e-3 * np.maximum(length(hint).max(axis=-2, keepdims=True, initial=0.0), 1e-9)
    if (size > np.maximum(least, 1e-9)).all():
        return np.asarray(second / size)
    second = across(steady(second, (size > least).astype(float), fallback()), primary)
    if (length(second) < 1e-3).any():
        second = np.where(length(second) < 1e-3, _any_across(primary), second)
    return unit(second)


def _any_across(axis: Vectors) -> Vectors:
    least = np.eye(3)[np.argmin(np.abs(axis), axis=-1)]
    return across(least, axis)


def frames(primary: Vectors, hint: NDArray[Any], fallback: Fallback) -> Rotations:
    """Right-handed frames (..., frames, 3, 3): first column `primary` (unit), second
    `perpendicular` to it.
    """
    result = np.empty((*primary.shape, 3))
    second = perpendicular(primary, hint, fallback)
    result[..., 0] = primary
    result[..., 1] = second
    result[..., 2] = cross(primary, second)
    return result


def align(
    primary: Vectors,
    hint: NDArray[Any],
    rest_primary: ArrayLike,
    rest_hint: ArrayLike,
    fallback: Fallback,
) -> Rotations:
    """Rotations (..., frames, 3, 3) that carry `rest_primary` (3,) onto `primary` (..., frames, 3),
    and `rest_hint` as near to `hint` as that allows.
    """
    rest = unit(np.array(rest_primary, float, ndmin=2))
    rest_frame = frames(rest, np.array(rest_hint, float, ndmin=2), lambda: np.zeros(3))
    return np.asarray(frames(primary, hint, fallback) @ rest_frame[0].T)
