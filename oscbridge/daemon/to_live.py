"""A clip put into a track of Ableton Live, whole or not at all, through AbletonOSC."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from oscbridge.daemon.jobs import Job
from oscbridge.daemon.making import clip_of, source_of
from oscbridge.daemon.port_owner import owner
from oscbridge.daemon.state import State
from oscbridge.domain.music import Clip, Part
from oscbridge.domain.session_notes import SessionNote, session_notes
from oscbridge.errors import JobError
from oscbridge.io.ableton_osc import AbletonOsc
from oscbridge.io.ableton_slot import Slot

_OLDEST = 11
"""Live's version from which notes can be asked for as they are here."""
_COLOURS = {Part.DRUMS: 0xFF9F40, Part.BASS: 0x5480E4, Part.MELODY: 0x87D24A}
_MIXED = 0xB68DE0
_KEPT = ("name", "looping", "loop_start", "loop_end", "start_marker", "end_marker")
"""Properties put back with the notes of a clip that was to be overwritten."""


class ToLive:
    """A handler for `clip/to_live`; one at a time, for AbletonOSC answers to one port and does not
    say to whom.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._turn = asyncio.Lock()

    async def clip_to_live(self, job: Job) -> tuple[Any, ...]:
        """Put a clip into a slot of Live."""
        source = await source_of(self._state, job)
        clip = clip_of(source)
        name = job.args["name"] or clip.name or source.name or "oscbridge"
        async with self._turn:
            job.check()
            wire = await self._open()
            try:
                return await _Putting(wire, job, clip, name).run()
            finally:
                await wire.close()

    async def _open(self) -> AbletonOsc:
        config = self._state.config
        host, port, reply_port = config.ableton_host, config.ableton_port, config.ableton_reply_port
        try:
            return await AbletonOsc.open(host, port, reply_port)
        except socket.gaierror as error:
            raise JobError("ableton", f"there is no host {host!r}: {error.strerror}") from error
        except OSError as error:
            if error.errno in (48, 98, 10048):  # EADDRINUSE on macOS, Linux, Windows
                who = await _aside(owner, reply_port)
                text = (
                    f"port {reply_port}, to which AbletonOSC answers, is in use by "
                    f"{who or 'another program'}; end that, then try again"
                )
                raise JobError("port", text) from error
            text = f"cannot listen on port {reply_port} for AbletonOSC: {error.strerror or error}"
            raise JobError("port", text) from error


async def _aside(function: Any, *args: Any) -> Any:
    """What a slow look at the system finds, while the loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *args)


def _whole(count: int) -> Callable[[tuple[Any, ...]], bool]:
    """Whether an answer is so many whole numbers."""
    return lambda answer: [type(value) for value in answer] == [int] * count


@dataclass
class _Putting:
    """One clip on its way."""

    wire: AbletonOsc
    job: Job
    clip: Clip
    name: str

    async def run(self) -> tuple[int, int, int]:
        """Look, create, fill, read back; track, slot and notes. Raises JobError, and leaves all as
        it was.
        """
        await self.wire.ahead(
            "/live/application/get/version", "/live/song/get/num_tracks",
            "/live/song/get/num_scenes", "/live/view/get/selected_track",
        )  # fmt: skip
        await self._version()
        track = await self._track()
        row, occupied = await self._row(track)
        slot, notes = Slot(self.wire, track, row), session_notes(self.clip)
        self.job.check()
        if occupied:
            await self._overwrite(slot, notes)
        else:
            await self._create(slot, notes)
        return track, row, len(notes)

    async def _version(self) -> None:
        major, minor = await self.wire.ask("/live/application/get/version", fits=_whole(2))
        if major < _OLDEST:
            raise JobError("live", f"this is Live {major}.{minor}; Live {_OLDEST} is needed")

    async def _track(self) -> int:
        """The track that was asked for, else the selected one, else the first for MIDI."""
        (count,) = await self.wire.ask("/live/song/get/num_tracks", fits=_whole(1))
        takes_midi = await self.wire.ask(
            "/live/song/get/track_data", 0, count, "track.has_midi_input",
            fits=lambda answer: len(answer) == count,
        )  # fmt: skip
        asked: int = self.job.args["track"]
        if asked >= count:
            last = f"the last of Live's {count} tracks is {count - 1}"
            raise JobError("live", f"there is no track {asked}, counted from 0; {last}")
        if asked >= 0 and not takes_midi[asked]:
            (name,) = await self.wire.ask("/live/track/get/name", asked, echo=1)
            raise JobError(
                "live", f"track {asked}, counted from 0, {name!r}, takes no MIDI; choose a MIDI "
                "track",
            )  # fmt: skip
        if asked >= 0:
            return asked
        selected = -1
        with suppress(JobError):  # a return or the main track is no track by number
            (selected,) = await self.wire.ask("/live/view/get/selected_track", fits=_whole(1))
        if 0 <= selected < count and takes_midi[selected]:
            return selected
        if True not in takes_midi:
            raise JobError("live", "Live's set has no MIDI track; make one and try again")
        return takes_midi.index(True)

    async def _row(self, track: int) -> tuple[int, bool]:
        """The slot that was asked for, else the next free one, and whether it is occupied."""
        (scenes,) = await self.wire.ask("/live/song/get/num_scenes", fits=_whole(1))
        _, *occupied = await self.wire.ask(
            "/live/song/get/track_data", track, track + 1, "track.name", "clip_slot.has_clip",
            fits=lambda answer: len(answer) == scenes + 1 and isinstance(answer[0], str),
        )  # fmt: skip
        asked: int = self.job.args["slot"]
        if asked < 0:
            if False in occupied:
                return occupied.index(False), False
            raise JobError(
                "live", f"all {scenes} slots of track {track} are occupied; add a scene in Live, "
                "or name a slot to overwrite",
            )  # fmt: skip
        if asked >= scenes:
            raise JobError(
                "live", f"there is no slot {asked}, counted from 0; the last of Live's {scenes} "
                f"scenes is {scenes - 1}",
            )  # fmt: skip
        if occupied[asked] and not self.job.args["overwrite"]:
            raise JobError(
                "live", f"slot {asked} of track {track} is occupied; choose another, or ask to "
                "overwrite",
            )  # fmt: skip
        return asked, bool(occupied[asked])

    async def _create(self, slot: Slot, notes: tuple[SessionNote, ...]) -> None:
        try:
            await slot.create(self.clip.length)
            if await slot.notes():
                raise JobError("live", "another program filled the slot meanwhile")
            await slot.put(notes, self.job.progress)
            slot.tell("color", self._colour())
            await slot.set({"name": self.name})
        except BaseException as error:
            await self._mend(
                self._take_back(slot, notes), error, "an unfinished clip may be left there"
            )
            raise

    async def _take_back(self, slot: Slot, notes: tuple[SessionNote, ...]) -> None:
        """Delete the clip if it holds none but our notes."""
        if await slot.has_clip() and not await slot.others(notes):
            await slot.delete()

    async def _overwrite(self, slot: Slot, notes: tuple[SessionNote, ...]) -> None:
        old, kept = await slot.notes(), await slot.get((*_KEPT, "color"))
        length = float(self.clip.length)
        new = {"looping": True, "loop_start": 0.0, "loop_end": length, "start_marker": 0.0,
               "end_marker": length, "name": self.name}  # fmt: skip
        try:
            slot.clear()
            await slot.put(notes, self.job.progress)
            slot.tell("color", self._colour())
            await slot.set(new)
        except BaseException as error:
            await self._mend(
                self._put_back(slot, old, kept), error, "the old notes could not all be put back: "
                "undo in Live brings them back",
            )  # fmt: skip
            raise

    async def _put_back(self, slot: Slot, old: list[SessionNote], kept: dict[str, Any]) -> None:
        slot.clear()
        await slot.put(sorted(old), lambda fraction: None)
        slot.tell("color", kept.pop("color"))
        await slot.set(kept)

    async def _mend(self, mending: Any, error: BaseException, otherwise: str) -> None:
        """Undo what was begun. Raises JobError saying what is left where that fails too."""
        try:
            await mending
        except JobError as second:
            code = error.code if isinstance(error, JobError) else "live"
            raise JobError(code, f"{error}; {otherwise} ({second})") from error

    def _colour(self) -> int:
        parts = {note.part for note in self.clip.notes}
        return _COLOURS[parts.pop()] if len(parts) == 1 else _MIXED
