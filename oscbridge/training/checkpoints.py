"""Where training stands, in a folder: enough to go on after a kill as if it had not happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from oscbridge.errors import FileError
from oscbridge.training import together

_SETTINGS = "settings.json"


class Checkpoints:
    """One file a VAE, `<vae>.checkpoint`: a safetensors file of its weights and its Adam's moments,
    with the epochs done and the figures so far in its metadata.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Opens the folder for a training with these settings (JSON-able).

        Raises FileError if an unfinished training with other settings lies there.
        """
        self.folder = folder
        path = folder / _SETTINGS
        text = json.dumps(settings, indent=1, sort_keys=True)
        if path.exists() and path.read_text("utf-8") != text:
            raise FileError(
                folder,
                "an unfinished training with other settings or other data lies here; repeat its "
                "command to end it, or start over with --fresh",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if together.leads():
                _replace(path, text.encode())
        except OSError as error:
            raise FileError(folder, f"cannot be written: {error.strerror or error}") from error

    def save(
        self,
        name: str,
        epoch: int,
        model: nn.Module,
        optimiser: torch.optim.Adam,
        log: list[dict[str, float]],
    ) -> None:
        """Store the state after `epoch` epochs; the former one stays until this is complete."""
        if not together.leads():
            return
        tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
        for (parameter, _), state in zip(
            model.named_parameters(), optimiser.state_dict()["state"].values(), strict=True
        ):
            tensors |= {f"adam.{parameter}.{k}": v for k, v in state.items()}
        draft = self.folder / f"{name}.draft"
        save_file(tensors, draft, metadata={"epoch": str(epoch), "log": json.dumps(log)})
        draft.replace(self.folder / f"{name}.checkpoint")

    def restore(
        self, name: str, model: nn.Module, optimiser: torch.optim.Adam
    ) -> tuple[int, list[dict[str, float]]]:
        """Put the stored state into model and optimiser; the epochs done and their figures."""
        path = self.folder / f"{name}.checkpoint"
        if not together.agreed(path.exists()):
            return 0, []
        try:
            with safe_open(path, framework="pt") as stored:
                about = stored.metadata()
                tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
            model.load_state_dict(_under("model.", tensors))
            optimiser.load_state_dict(_adam(optimiser, model, tensors))
            return int(about["epoch"]), json.loads(about["log"])
        except (SafetensorError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise FileError(
                path, f"not a checkpoint of this training ({error}); start over with --fresh"
            ) from error


def forget(folder: Path) -> None:
    """Remove an unfinished training, of one net or of several in folders of their own: it is over,
    or is to start afresh.
    """
    for inner in [path for path in folder.glob("*") if path.is_dir()]:
        forget(inner)
    for path in (*folder.glob("*.checkpoint"), *folder.glob("*.draft"), folder / _SETTINGS):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _under(prefix: str, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _adam(
    optimiser: torch.optim.Adam, model: nn.Module, tensors: Mapping[str, torch.Tensor]
) -> dict[str, Any]:
    names = [name for name, _ in model.named_parameters()]
    state = {i: _under(f"adam.{name}.", tensors) for i, name in enumerate(names)}
    return {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)
