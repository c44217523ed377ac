"""Where training runs: on a GPU if there is one, and on several processes at once, on one machine
or more, as torch's own launcher starts them (`torchrun`). Each process then sees its share of every
minibatch and gradients are averaged, so that what is learnt is what one process would learn.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

Net = TypeVar("Net", bound=nn.Module)


@contextmanager
def joined() -> Iterator[None]:
    """Together with the other processes of a launch; alone where there is none."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()
        # Threads of gloo let go of what was exchanged only now. If Python ends meanwhile, the
        # process aborts: of 76 short programs 9 did, with this none of 40.
        gc.collect()


def rank() -> int:
    """Number of this process among all, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def leads() -> bool:
    """Whether this is the one process that writes files and speaks."""
    return rank() == 0


def device() -> torch.device:
    """Where nets are trained."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def share(batch: int) -> int:
    """How many of a minibatch this process sees."""
    return max(1, batch // world())


def seed_of(seed: int, name: str, number: int) -> int:
    """Seed of a net's epoch, or other stretch of its training: of its own in each process."""
    return _hashed(f"{seed}:{name}:{number}" + (f":{rank()}" if rank() else ""))


def common_seed(seed: int, name: str, number: int) -> int:
    """The same seed in every process: of what all must begin alike."""
    return _hashed(f"{seed}:{name}:{number}")


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def agreed(value: float) -> float:
    """The leading process' value, in all of them: what decides must not differ by a rounding."""
    if world() == 1:
        return value
    told = torch.tensor([value], dtype=torch.float64, device=device())
    distributed.broadcast(told, 0)
    return float(told)


def autocast() -> torch.autocast:
    """Mixed precision on a GPU, none elsewhere; a loss is computed within."""
    place = device().type
    return torch.autocast(place, torch.bfloat16, enabled=place == "cuda")


def update(
    net: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor, clip: float | None = None
) -> None:
    """One step down the loss, its gradients averaged over all processes and clipped."""
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    if world() > 1:
        _average(net)
    if clip is not None:
        torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
    optimiser.step()


def _average(net: nn.Module) -> None:
    held = [p for p in net.parameters() if p.grad is not None]
    flat = torch.cat([p.grad.flatten() for p in held if p.grad is not None])
    distributed.all_reduce(flat)
    flat /= world()
    at = 0
    for parameter in held:
        size = parameter.numel()
        parameter.grad = flat[at : at + size].view_as(parameter).clone()
        at += size
