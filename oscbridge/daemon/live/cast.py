"""The cast: the voices and dancers there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oscbridge.daemon.live.dancer import Dancer
from oscbridge.daemon.live.voice import Voice
from oscbridge.domain.names import is_name
from oscbridge.errors import JobError

MOST_VOICES, MOST_DANCERS = 16, 16


class Cast:
    """`changed` hears when somebody came or went."""

    def __init__(self) -> None:
        self.voices: dict[str, Voice] = {}
        self.dancers: dict[str, Dancer] = {}
        self.changed: Callable[[], None] = lambda: None

    def open_voice(self, voice: Voice) -> None:
        """Let a voice sound; one of that name gives way. Raises JobError."""
        if len(self.voices) >= MOST_VOICES and voice.name not in self.voices:
            raise JobError("busy", f"there are {MOST_VOICES} voices; close one first")
        self._check_free(voice.name, self.dancers)
        self.voices[voice.name] = voice
        self.changed()

    def open_dancer(self, dancer: Dancer) -> None:
        """Let a dancer dance; one of that name gives way. Raises JobError."""
        if len(self.dancers) >= MOST_DANCERS and dancer.name not in self.dancers:
            raise JobError("busy", f"there are {MOST_DANCERS} dancers; close one first")
        self._check_free(dancer.name, self.voices)
        others = {d.person: d.name for d in self.dancers.values() if d.name != dancer.name}
        if dancer.person in others:
            text = f"dancer {others[dancer.person]} is person {dancer.person} already"
            raise JobError("argument", text)
        self.dancers[dancer.name] = dancer
        self.changed()

    def close_one(self, name: str, of: dict[str, Voice] | dict[str, Dancer]) -> None:
        """Let a voice or a dancer go. Raises JobError."""
        if of.pop(name, None) is None:
            raise JobError("unknown", f"no {name!r} here; there are: {', '.join(of) or 'none'}")
        self.changed()

    def _check_free(self, name: str, others: dict[str, Any]) -> None:
        if not is_name(name) or name in others:
            text = f"the name {name!r} is taken, or could not be that of a file"
            raise JobError("argument", f"{text}; choose another")

    @property
    def everything(self) -> tuple[Voice | Dancer, ...]:
        """All voices, then all dancers."""
        return (*self.voices.values(), *self.dancers.values())

    def one(self, name: str) -> Voice | Dancer:
        """The voice or dancer of that name. Raises JobError."""
        found = self.voices.get(name) or self.dancers.get(name)
        if found is None:
            there = ", ".join((*self.voices, *self.dancers)) or "none"
            raise JobError("unknown", f"no voice or dancer {name!r}; there are: {there}")
        return found
