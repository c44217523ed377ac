"""Directions and rotations over time: unit vectors that stay finite and do not flip where what was
measured says nothing.

Arrays are float64; the first axis is time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.float64]
"""(frames, 3)"""
Rotations = NDArray[np.float64]
"""(frames, 3, 3), columns the turned axes"""

TINY = 1e-4
"""Metres below which a vector is taken to have no direction."""


def length(vectors: NDArray[Any]) -> Vectors:
    """Length (..., 1) of vectors (..., 3)."""
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None])


def unit(vectors: NDArray[Any]) -> Vectors:
    """Vectors (..., 3) brought to length 1; a vector of no length stays zero."""
    return np.asarray(vectors / np.maximum(length(vectors), 1e-12))


def cross(a: NDArray[Any], b: NDArray[Any]) -> Vectors:
    """Cross product of vectors (..., 3): numpy's own, at a fifth of its overhead."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def across(vectors: NDArray[Any], axis: NDArray[Any]) -> Vectors:
    """The share of `vectors` that is at right angles to the unit vectors `axis`."""
    along = np.einsum("...i,...i->...", vectors, axis)[..., None]
    return np.asarray(vectors - along * axis)


def apply(rotations: Rotations, vectors: ArrayLike) -> Vectors:
    """Each rotation (frames, 3, 3) on its vector (frames, 3), or all on one (3,)."""
    return np.asarray((rotations @ np.asarray(vectors, float)[..., None])[..., 0])


def steady(vectors: Vectors, trust: NDArray[Any], fallback: NDArray[Any]) -> Vectors:
    """Unit vectors (frames, 3) along `vectors` as far as `trust` (frames, 1) in [0, 1] goes.

    Where it is less than 1 the rest comes from the trusted frames around in time; with none of
    these, from `fallback` (frames, 3) or (3,).
    """
    measured = unit(vectors)
    sure = trust[:, 0] >= 1
    if sure.all():
        return measured
    blend = trust * measured + (1 - trust) * _held(measured, sure, fallback)
    return unit(np.where(length(blend) > 1e-6, blend, fallback))


def _held(measured: Vectors, sure: NDArray[np.bool_], fallback: NDArray[Any]) -> Vectors:
    default = np.broadcast_to(fallback, measured.shape)
    if not sure.any():
        return default
    at, known = np.arange(len(measured)), np.flatnonzero(sure)
    held = np.stack([np.interp(at, known, measured[known, i]) for i in range(3)], axis=-1)
    # A path between opposite directions goes by way of the default instead of through nothing.
    return unit(held + (1 - np.minimum(length(held), 1)) * default)


def known(vectors: NDArray[Any], least: float = TINY) -> NDArray[np.float64]:
    """Trust (frames, 1) for `steady`: 1 where a vector is longer than `least`, else 0."""
    return np.asarray(length(vectors) > least, np.float64)


def frame(primary: Vectors, hint: NDArray[Any], fallback: NDArray[Any]) -> Rotations:
    """Right-handed frames (frames, 3, 3): first column `primary` (unit), second as near to `hint`
    as a right angle allows; where the two are parallel, as near to `fallback`.
    """
    second = across(hint, primary)
    trust = known(second, 1e-3 * float(np.max(length(hint), initial=1e-9)))
    second = across(steady(second, trust, fallback), primary)
    if (length(second) < 1e-3).any():
        second = np.where(length(second) < 1e-3, _any_across(primary), second)
    second = unit(second)
    return np.stack([primary, second, cross(primary, second)], axis=-1)


def _any_across(axis: Vectors) -> Vectors:
    least = np.eye(3)[np.argmin(np.abs(axis), axis=-1)]
    return across(least, axis)


def align(
    primary: Vectors,
    hint: NDArray[Any],
    rest_primary: ArrayLike,
    rest_hint: ArrayLike,
    fallback: NDArray[Any],
) -> Rotations:
    """Rotations (frames, 3, 3) that carry `rest_primary` (3,) onto `primary` (frames, 3), and
    `rest_hint` as near to `hint` as that allows.
    """
    rest = unit(np.array(rest_primary, float, ndmin=2))
    rest_frame = frame(rest, np.array(rest_hint, float, ndmin=2), np.zeros(3))
    return np.asarray(frame(primary, hint, fallback) @ rest_frame[0].T)
