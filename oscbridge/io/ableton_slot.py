"""A clip slot of a Live set through AbletonOSC: looked at, filled, read back, emptied.

Everything told is asked for afterwards, and told again where it was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from oscbridge.domain.session_notes import FARTHEST, SessionNote, Window, difference, windows
from oscbridge.errors import JobError
from oscbridge.io.ableton_osc import AbletonOsc, Asked
from oscbridge.io.osc import Message

_ATOMS = 5
"""Of a note: pitch, start, duration, velocity, mute."""
_AT_ONCE = 1000
"""Notes under way at once: 21 KB, for what Windows lets wait for Live is 64 KB."""
_ROUNDS = 8
_TRIES = 10
_SHORT = 0.4
"""Seconds the answers to several questions may take before each is asked by itself."""
_MOST_CLIPS = 1024.0
"""Beats within which most clips end."""
_FINEST = 1.0
"""Beats of the shortest stretch whose notes are asked for."""
_BESIDE = 1e-3
Progress = Callable[[float], None]


class Slot:
    """A slot by the numbers of its track and its row, from 0."""

    def __init__(self, wire: AbletonOsc, track: int, row: int) -> None:
        self._wire, self._at = wire, (track, row)

    async def has_clip(self) -> bool:
        """Whether a clip lies in it. Raises JobError."""
        return bool(await self._get("/live/clip_slot/get/has_clip"))

    async def create(self, length: float) -> None:
        """Make an empty MIDI clip of so many beats. Raises JobError."""
        for _ in range(_TRIES):
            self._wire.send("/live/clip_slot/create_clip", *self._at, float(length))
            if await self.has_clip():
                return
        track, row = self._at
        raise JobError("live", f"Live made no clip in track {track} slot {row}{self._complaint()}")

    async def delete(self) -> None:
        """Empty it. Raises JobError."""
        for _ in range(_TRIES):
            self._wire.send("/live/clip_slot/delete_clip", *self._at)
            if not await self.has_clip():
                return
        raise JobError("live", f"Live kept the clip in track {self._at[0]} slot {self._at[1]}")

    async def get(self, names: Iterable[str]) -> dict[str, Any]:
        """Properties of the clip. Raises JobError."""
        return {name: await self._get(f"/live/clip/get/{name}") for name in names}

    async def _get(self, address: str) -> Any:
        (value, *_) = await self._wire.ask(address, *self._at, echo=2, fits=lambda a: len(a) == 1)
        return value

    async def set(self, properties: Mapping[str, Any]) -> None:
        """Set properties of the clip. Raises JobError naming one that Live would not take.

        They are told again until all are as told: a loop's start cannot move past its end before
        that has moved.
        """
        different: dict[str, Any] = dict(properties)
        for _ in range(_TRIES):
            for name, value in different.items():
                self._wire.send(f"/live/clip/set/{name}", *self._at, value)
            found = await self.get(different)
            different = {n: v for n, v in different.items() if not _alike(v, found[n])}
            if not different:
                return
        raise JobError("live", f"Live would not take {', '.join(different)} of the clip")

    def tell(self, name: str, value: Any) -> None:
        """Set a property that Live rounds or that does not matter much."""
        self._wire.send(f"/live/clip/set/{name}", *self._at, value)

    async def notes(self, begin: float = -FARTHEST, end: float = FARTHEST) -> list[SessionNote]:
        """The clip's notes that start in that time. Raises JobError.

        What does not fit a datagram Live refuses to answer: then each half is asked for.
        """
        window = Window(begin, end, ())
        try:
            return await self._ask_notes(window, once=True)
        except JobError as error:
            if error.code != "live" or end - begin <= _FINEST:
                raise
        middle = 0.0 if begin < 0 < end else begin + min((end - begin) / 2, _MOST_CLIPS)
        return await self.notes(begin, middle) + await self.notes(middle, end)

    async def put(self, notes: Sequence[SessionNote], progress: Progress) -> None:
        """Make the clip's notes these, sorted by start, and no others. Raises JobError."""
        cut = windows(notes, self._wire.notes_a_message)
        await self._round([(w, list(w.notes), []) for w in cut], progress)

    async def others(self, notes: Sequence[SessionNote]) -> list[SessionNote]:
        """The clip's notes that are none of these, sorted by start. Raises JobError."""
        cut = windows(notes, self._wire.notes_a_message)
        found = await self._read(cut)
        return [note for window in cut for note in difference(window.notes, found[window])[1]]

    async def _round(self, todo: list[_Todo], progress: Progress) -> None:
        whole = sum(len(window.notes) for window, _, _ in todo)
        for number in range(_ROUNDS):
            wrong: list[_Todo] = []
            reached = 0
            for batch in _batches(todo):
                for _, missing, extra in batch:
                    self._remove(extra)
                    self._add(missing)
                found = await self._read([window for window, _, _ in batch])
                for window, _, _ in batch:
                    missing, extra = difference(window.notes, found[window])
                    if missing or extra:
                        wrong.append((window, missing, extra))
                    reached += len(window.notes)
                progress(reached / whole if whole and not number else 1.0)
            if not wrong:
                return
            todo = wrong
        lacking = sum(len(missing) for _, missing, _ in todo)
        surplus = sum(len(extra) for _, _, extra in todo)
        raise JobError(
            "live", f"Live's clip still lacks {lacking} notes and has {surplus} others "
            f"after {_ROUNDS} tries{self._complaint()}",
        )  # fmt: skip

    def _complaint(self) -> str:
        return f"; Live said: {self._wire.complaint}" if self._wire.complaint else ""

    def clear(self) -> None:
        """Take all notes out, lost or not: `put` finds what stayed."""
        self._wire.send("/live/clip/remove/notes", *self._at, 0, 128, -FARTHEST, 2 * FARTHEST)

    def _add(self, notes: Sequence[SessionNote]) -> None:
        most = self._wire.notes_a_message
        for first in range(0, len(notes), most):
            atoms = [
                atom
                for start, pitch, duration, velocity, mute in notes[first : first + most]
                for atom in (pitch, start, duration, velocity, mute)
            ]
            self._wire.send("/live/clip/add/notes", *self._at, *atoms)

    def _remove(self, notes: Iterable[SessionNote]) -> None:
        for note in notes:
            self._wire.send(
                "/live/clip/remove/notes", *self._at,
                note.pitch, 1, note.start - _BESIDE, 2 * _BESIDE,
            )  # fmt: skip

    async def _read(self, asked: Sequence[Window]) -> dict[Window, list[SessionNote]]:
        """The notes in windows of which each should have some: an answer is known by its notes, for
        it does not say what was asked. Raises JobError.
        """
        found: dict[Window, list[SessionNote]] = {}

        def take(message: Message) -> bool:
            notes = self._notes_of(message)
            if notes:
                window = next((w for w in asked if w.holds(notes[0].start)), None)
                if window and all(window.holds(note.start) for note in notes):
                    found[window] = notes
            return len(found) == len(asked)

        if len(asked) > 1:
            await self._wire.exchange([self._question(w) for w in asked], take, _SHORT)
        for window in asked:
            if window not in found:
                found[window] = await self._ask_notes(window)
        return found

    def _question(self, window: Window) -> Asked:
        span = window.end - window.begin
        return ("/live/clip/get/notes", *self._at, 0, 128, window.begin, span)

    async def _ask_notes(self, window: Window, *, once: bool = False) -> list[SessionNote]:
        def fits(atoms: tuple[Any, ...]) -> bool:
            notes = _notes(atoms)
            return notes is not None and all(window.holds(note.start) for note in notes)

        address, *args = self._question(window)
        return _notes(await self._wire.ask(address, *args, echo=2, fits=fits, once=once)) or []

    def _notes_of(self, message: Message) -> list[SessionNote] | None:
        if message.address != "/live/clip/get/notes" or message.args[:2] != self._at:
            return None
        return _notes(message.args[2:])


_Todo = tuple[Window, list[SessionNote], list[SessionNote]]
"""A window, what it lacks, and what it should not have."""


def _batches(todo: Sequence[_Todo]) -> Iterable[Sequence[_Todo]]:
    batch: list[_Todo] = []
    size = 0
    for each in todo:
        work = len(each[1]) + 2 * len(each[2])
        if batch and size + work > _AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += work
    if batch:
        yield batch


def _notes(atoms: tuple[Any, ...]) -> list[SessionNote] | None:
    """The notes of an answer; None where it is none."""
    numbers = all(isinstance(atom, int | float) and abs(atom) <= FARTHEST for atom in atoms)
    if len(atoms) % _ATOMS or not numbers:  # not a number is no number either
        return None
    return [
        SessionNote(float(start), int(pitch), float(duration), round(velocity), bool(mute))
        for pitch, start, duration, velocity, mute in zip(*[iter(atoms)] * _ATOMS, strict=True)
    ]


def _alike(told: Any, found: Any) -> bool:
    if isinstance(told, float) and isinstance(found, int | float):
        return abs(told - found) <= _BESIDE
    return bool(told == found)
