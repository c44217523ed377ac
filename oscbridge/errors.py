"""The errors oscbridge raises on purpose; each says what was wrong and what to do next."""

from __future__ import annotations

from pathlib import Path


class OscbridgeError(Exception):
    """What every deliberate error of oscbridge derives from.

    `code` is the short word a client sees in `/oscbridge/fail address id code text`.
    """

    code = "error"


class FileError(OscbridgeError):
    """A file could not be read or written: names the file, the place in it and the cause."""

    code = "file"

    def __init__(self, path: str | Path, cause: str, *, line: int | None = None) -> None:
        where = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{where}: {cause}")
        self.path = Path(path)
        self.line = line
        self.cause = cause


class ModelError(OscbridgeError):
    """A model version could not be found, or failed one of the checks made before it serves."""

    code = "model"


class JobError(OscbridgeError):
    """A request could not be done; `code` says of which kind the refusal is."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class CancelledJob(JobError):  # noqa: N818 - it is how a job ends, not a mistake
    """The client took its job back while it ran."""

    def __init__(self) -> None:
        super().__init__("cancelled", "cancelled as asked")


class PortInUseError(OscbridgeError):
    """Another program holds the port the daemon was to listen on."""

    code = "port"


class PoseError(OscbridgeError):
    """What came in as a pose is none: says what was wrong and what would be right."""

    code = "pose"


class DiscoveryError(OscbridgeError):
    """The daemon could not be announced to other programs; they still reach it by its port."""

    code = "discovery"
