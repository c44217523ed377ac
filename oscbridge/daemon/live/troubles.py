"""What is amiss now, by what it is about; told once when it begins and once when it is over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

_LOG = logging.getLogger(__name__)
MOST = 64


class Troubles:
    """`tell(what, text)` hears of each change; an empty text says that it is over."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._now: dict[str, str] = {}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(tuple(self._now.items()))

    def set(self, what: str, text: str) -> None:
        """That is amiss, or with an empty text no more."""
        if self._now.get(what, "") == text:
            return
        if text:
            if len(self._now) >= MOST and what not in self._now:
                del self._now[next(iter(self._now))]
            self._now[what] = text
            _LOG.warning("%s: %s", what, text)
        else:
            del self._now[what]
            _LOG.info("%s: well again", what)
        self._tell(what, text)
