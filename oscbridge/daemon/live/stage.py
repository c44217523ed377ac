"""The stage: people, voices and dancers on one transport, and what each step makes of them."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from oscbridge.daemon.live import dancer as dancers
from oscbridge.daemon.live import voice as voices
from oscbridge.daemon.live.cast import Cast
from oscbridge.daemon.live.dancer import Dancer
from oscbridge.daemon.live.pulse import Pulse
from oscbridge.daemon.live.subscribers import Pose, Subscribers
from oscbridge.daemon.live.troubles import Troubles
from oscbridge.daemon.live.voice import Voice
from oscbridge.domain.course import Course
from oscbridge.domain.live import Played, PoseFrame
from oscbridge.domain.music import Clip, Note
from oscbridge.domain.presence import MOST_PEOPLE, Arrived, Event, People
from oscbridge.domain.timeline import STEPS_PER_BEAT
from oscbridge.domain.transport import Transport
from oscbridge.engine.bridge import Bridge
from oscbridge.errors import OscbridgeError

_LOG = logging.getLogger(__name__)
_MOST_SOURCES = 256
HERE = 1.0
"""Seconds after which somebody who is not seen any more is played no more."""
LONGEST_BAR = 8.0
"""Seconds a new model waits for the bar to end."""
UNWELL = 1.0
"""Seconds without a frame that can be used after which that is a trouble."""


class NoteOut(Protocol):
    """Where notes are played."""

    def play(self, part: int, pitch: int, velocity: int, at: float, until: float) -> None:
        """A note between two moments, seconds."""

    def panic(self) -> None:
        """End every note, and what was to sound."""


class Stage:
    """Owned by the loop; the bridge is asked on a thread of its own, so that a long job never
    makes the music wait.
    """

    def __init__(self, bridge: Callable[[], Bridge], transport: Transport) -> None:
        self._bridge = bridge
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "live")
        self.course = Course(transport)
        self.people = People()
        self.cast = Cast()
        self.outs: dict[str, NoteOut] = {}
        self.heard: list[Callable[[Played, float, float], None]] = []
        self.turned: list[Callable[[Transport], None]] = []
        self.subscribers = Subscribers(self.poses)
        self.troubles = Troubles(partial(self.subscribers.tell, "live", "live/trouble"))
        self.pulse = Pulse(transport, self._step)
        self.on_beat: Callable[[], None] = lambda: None
        self._well: dict[str, float] = {}
        self._bars: list[asyncio.Future[None]] = []
        self._timers: set[asyncio.TimerHandle] = set()

    # --- what comes in

    def pose(self, source: str, frame: PoseFrame) -> None:
        """A frame of somebody. What networks do to frames is dealt with; it is a trouble only
        where none of a source can be used.
        """
        now = perf_counter()
        taken = self.people.take(source, frame, now)
        self._tell(taken.events)
        if taken.refused is None:
            self._well[source] = now
            while len(self._well) > _MOST_SOURCES:
                del self._well[next(iter(self._well))]
            self.troubles.set(source, "")
        elif not taken.id and len(self.people) >= MOST_PEOPLE:
            self.troubles.set("people", taken.refused)
        elif now - self._well.get(source, -math.inf) > UNWELL:
            self.troubles.set(source, taken.refused)

    def lost(self, source: str, person: int) -> None:
        """Somebody has left, says the sender."""
        self.people.lost(source, person)

    def play(self, played: Played, duration: float = 0.0) -> None:
        """A note that is played in; with a duration (beats) it ends by itself."""
        beat = self.course.beat_at(played.time)
        for listen in self.heard:
            listen(played, beat, duration)
        note = Note(beat, played.part, played.pitch, duration, max(1, played.velocity))
        for dancer in self.cast.dancers.values():
            if not dancer.hears(played.source, played_in=True):
                continue
            if not played.velocity:
                dancer.end(played.source, played.part, played.pitch, beat)
            elif duration:
                dancer.hear(note)
            else:
                dancer.begin(played.source, note)

    def play_from(self, source: str) -> Callable[[Played], None]:
        """What takes the notes of a source that goes by this name."""
        return lambda played: self.play(replace(played, source=source))

    def moved(self, transport: Transport) -> bool:
        """The transport goes on like this; whether its position jumped."""
        for turn in self.turned:  # while the course still knows where it was
            turn(transport)
        left = self.course.beat_at(perf_counter())
        jumped = self.course.take(transport)
        if jumped or not transport.playing:
            self.hush()
        if jumped:
            for dancer in self.cast.dancers.values():
                dancer.restart(transport.beat, left)
        self.pulse.follow(transport, jumped)
        if not transport.playing:
            self._no_more_bars()
        return jumped

    # --- what is there

    def body(self, person: int, now: float) -> voices.Body | None:
        """The person of that number, or whoever was there first, if they are here."""
        for number, track in self.people:
            if person in (0, number) and self.people.present(number, now, HERE):
                return track
        return None

    def poses(self, now: float) -> tuple[float, Iterable[Pose]]:
        """The position, and everybody's pose at that moment."""
        people = (self.person_pose(number, now) for number, _ in self.people)
        beat = self.course.beat_at(now)
        dancers = (Pose(d.person, *d.pose(beat)) for d in self.cast.dancers.values())
        return beat, chain(filter(None, people), dancers)

    def person_pose(self, number: int, now: float) -> Pose | None:
        """Somebody's pose, None while they are not here."""
        if not self.people.present(number, now, HERE):
            return None
        landmarks, root, _ = self.people[number].poses(np.array([now]))
        return Pose(number, landmarks[0], root[0])

    def dancer_pose(self, name: str, now: float) -> Pose | None:
        """A dancer's pose, None where there is none of that name."""
        dancer = self.cast.dancers.get(name)
        return Pose(dancer.person, *dancer.pose(self.course.beat_at(now))) if dancer else None

    def tidy(self) -> None:
        """Let go of those who have not been seen for long."""
        self._tell(self.people.expire(perf_counter()))
        if len(self.people) < MOST_PEOPLE:
            self.troubles.set("people", "")

    # --- what a step makes

    async def _step(self, step: int) -> None:
        transport, now = self.course.transport, perf_counter()
        beat = step / STEPS_PER_BEAT
        if transport.next_bar(beat) == transport.bar_at(beat):
            self._no_more_bars()
        if not step % STEPS_PER_BEAT and self.subscribers.wanted("transport"):
            self._later(transport.time_of(beat), self.on_beat)
        bridge = self._bridge()
        await asyncio.gather(
            self._voices(bridge, step, now),
            *(
                self._dancer(bridge, dancer, question)
                for dancer in self.cast.dancers.values()
                if (question := dancer.question(step, transport, now))
            ),
        )

    async def _voices(self, bridge: Bridge, step: int, now: float) -> None:
        """Ask for all voices at once: together their windows take the model half as long."""
        asked = []
        for voice in self.cast.voices.values():
            body = self.body(voice.person, now)
            if question := voice.question(step, self.course, body, now):
                asked.append((voice, question))
        questions = [question for _, question in asked]
        tempo = self.course.transport.bpm
        if asked and (clips := await self._infer("voices", _music, bridge, questions, tempo)):
            for (voice, question), clip in zip(asked, clips, strict=True):
                voice.answer(question, clip)
        transport = self.course.transport
        for voice in self.cast.voices.values():
            for note in voice.notes(step, transport, now):
                self._sound(voice, note, transport)

    async def _dancer(self, bridge: Bridge, dancer: Dancer, question: dancers.Question) -> None:
        dance = await self._infer(dancer.name, bridge.dance_of, question.clip, question.sampling)
        if dance is not None:
            dancer.answer(question, dance, self.course.beat_at(perf_counter()))

    async def _infer(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        try:
            answer = await self._loop.run_in_executor(self._thread, partial(function, *args))
        except (OscbridgeError, ValueError, RuntimeError) as error:
            self.troubles.set(name, f"the model could not answer: {error}")
            return None
        self.troubles.set(name, "")
        return answer

    def _sound(self, voice: Voice, note: Note, transport: Transport) -> None:
        at = transport.time_of(note.start)
        until = transport.time_of(note.start + note.duration)
        for name in voice.outs:
            if out := self.outs.get(name):
                out.play(note.part, note.pitch, note.velocity, at, until)
        for dancer in self.cast.dancers.values():
            if dancer.hears(voice.name, played_in=False):
                dancer.hear(note)
        if self.subscribers.wanted("note"):
            self._later(at, partial(self._told, voice.name, note))

    def _told(self, voice: str, note: Note) -> None:
        self.subscribers.tell(
            "note", "out/note", voice, int(note.part), note.pitch, note.velocity,
            float(note.duration), float(note.start),
        )  # fmt: skip

    def _later(self, at: float, call: Callable[[], None]) -> None:
        def due() -> None:
            self._timers.discard(handle)
            call()

        handle = self._loop.call_later(max(0.0, at - perf_counter()), due)
        self._timers.add(handle)

    # --- bars, ends

    async def bar_line(self) -> None:
        """Wait until the next bar is about to begin; not at all while nothing plays."""
        if self.course.transport.playing and (self.cast.voices or self.cast.dancers):
            line = self._loop.create_future()
            self._bars.append(line)
            await asyncio.wait([line], timeout=LONGEST_BAR)

    def _no_more_bars(self) -> None:
        for line in self._bars:
            if not line.done():
                line.set_result(None)
        self._bars.clear()

    def panic(self) -> None:
        """Silence at once."""
        self.hush()
        for out in self.outs.values():
            out.panic()

    def hush(self) -> None:
        """Nothing that was to sound sounds any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            here = int(isinstance(event, Arrived))
            self.subscribers.tell("live", "person", event.id, here)

    async def close(self) -> None:
        """Stop."""
        self.hush()
        self._no_more_bars()
        await self.subscribers.close()
        self._thread.shutdown(wait=False, cancel_futures=True)


def _music(bridge: Bridge, questions: Sequence[voices.Question], tempo: float) -> list[Clip]:
    """What the bridge answers all voices."""
    poses = np.stack([question.poses() for question in questions])
    return bridge.music_now(poses, tempo, [question.sampling for question in questions])
