"""Making a clip again: the same recipe on the same model, and the same notes or a refusal."""

from __future__ import annotations

from oscbridge.daemon.jobs import Job
from oscbridge.daemon.making import clip_of, source_of
from oscbridge.daemon.recipes import Item, carry_out, item_digest, weights
from oscbridge.daemon.state import State
from oscbridge.domain.made import Made, Parent
from oscbridge.domain.music import Clip
from oscbridge.errors import JobError, ModelError, OscbridgeError
from oscbridge.io import model_files


class Again:
    """One request to make a clip again."""

    def __init__(self, state: State, job: Job) -> None:
        self._state, self._job = state, job

    async def clip(self) -> tuple[Made, Clip]:
        """How the clip the job names was made, and it made again. Raises JobError, ModelError."""
        name = self._job.args["clip"]
        if isinstance(name, str):
            _, told = await self._job.read(self._state.library.look, name)
            made, wanted = told.made, told.digest
        else:
            source = await source_of(self._state, self._job)
            made, wanted = source.made, item_digest(clip_of(source))
        if made is None:
            raise JobError("unknown", f"{name} does not say how it was made")
        item = await self._make(made, "clip")
        if not isinstance(item, Clip) or item_digest(item) != wanted:
            raise JobError(
                "model", f"{made.model} {made.version} makes other notes on this machine than it "
                "made then; nothing was kept",
            )  # fmt: skip
        return made, item

    async def _make(self, made: Made, kind: str) -> Item:
        if made.endpoint.endswith("/put"):
            raise JobError("unknown", f"a {kind} that was handed over cannot be made again")
        if made.endpoint != "clip/part":
            await self._check_model(made)
        sources = [await self._parent(parent) for parent in made.parents]
        job, bridge = self._job, self._state.bridge
        items = await job.infer(carry_out, bridge, made, sources, job.progress)
        for item in items:
            if isinstance(item, Clip) is (kind == "clip"):
                return item
        raise JobError("argument", f"{made.endpoint} makes no {kind}")

    async def _parent(self, parent: Parent) -> Item:
        """What it was made from: from the shelf, from the library, or made again."""
        found = await self._at_hand(parent)
        if found is None and parent.made:
            found = await self._make(parent.made, parent.kind)
        if found is None or item_digest(found) != parent.digest:
            name = f" {parent.name!r}" if parent.name else ""
            raise JobError("unknown", f"the {parent.kind}{name} it was made from is not here")
        return found

    async def _at_hand(self, parent: Parent) -> Item | None:
        shelf, library = self._state.shelf, self._state.library
        try:
            item = shelf.item(parent.handle)
            if item_digest(item) == parent.digest:
                return item
        except JobError:
            pass
        if parent.kind != "clip" or not parent.name:
            return None
        try:
            clip, _ = await self._job.read(library.read, parent.name)
        except OscbridgeError:
            return None
        return clip if item_digest(clip) == parent.digest else None

    async def _check_model(self, made: Made) -> None:
        """Raises ModelError where another model serves than the one that made it."""
        card = self._state.bridge.card
        maker = f"{made.model} {made.version}"
        if (card.name, card.version) == (made.model, made.version):
            if weights(card) != made.weights:
                raise ModelError(f"it was made by another {maker} than the one that serves here")
            return
        try:
            await self._job.read(
                model_files.find, self._state.config.models, made.model, made.version
            )
        except OscbridgeError as error:
            raise ModelError(f"it was made by {maker}, which is not installed here") from error
        raise ModelError(
            f"it was made by {maker}, but {card.name} {card.version} serves; send "
            f"model/load {made.model} {made.version}, then ask again"
        )
