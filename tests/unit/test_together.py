"""Several processes learn together what one would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from oscbridge.training import together

PROGRAM = """
import json, sys, torch
from torch import nn
from oscbridge.training import together
with together.joined():
    torch.manual_seed(0)
    net = nn.Linear(3, 1)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    x = torch.arange(12.0).view(4, 3) / 12
    share = together.share(4)
    mine = x[together.rank() * share : (together.rank() + 1) * share]
    together.update(net, optimiser, (net(mine) - 1).square().mean())
    told = {"weight": net.weight.tolist(), "world": together.world(), "leads": together.leads(),
            "agreed": together.agreed(float(together.rank() + 5)),
            "seed": together.seed_of(1, "net", 2)}
    with open(sys.argv[1] + str(together.rank()), "w") as file:
        json.dump(told, file)
"""


def test_a_step_of_two_processes_is_that_of_one(tmp_path: Path) -> None:
    program, out = tmp_path / "program.py", tmp_path / "out"
    program.write_text(PROGRAM)
    launch = [
        sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port",
        "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", str(program), str(out),
    ]  # fmt: skip
    ran = subprocess.run(launch, check=False, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    told = [json.loads(Path(f"{out}{rank}").read_text()) for rank in range(2)]
    torch.manual_seed(0)
    net = nn.Linear(3, 1)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    x = torch.arange(12.0).view(4, 3) / 12
    together.update(net, optimiser, (net(x) - 1).square().mean())
    for one in told:
        assert torch.allclose(torch.tensor(one["weight"]), net.weight, atol=1e-6)
        assert (one["world"], one["agreed"]) == (2, 5.0)
    assert [one["leads"] for one in told] == [True, False]
    assert told[0]["seed"] == together.seed_of(1, "net", 2) != told[1]["seed"]


def test_alone_all_is_as_without() -> None:
    with together.joined():
        assert (together.world(), together.rank(), together.leads()) == (1, 0, True)
        assert together.share(32) == 32
        assert together.agreed(0.25) == 0.25
