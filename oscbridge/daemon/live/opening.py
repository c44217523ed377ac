"""What a show names, opened: voices, dancers, and the wires they are played and shown on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from oscbridge.config import Config
from oscbridge.daemon.live.dancer import Dancer
from oscbridge.daemon.live.pose_outs import BvhOut, PoseOut, VmcOut, Who, send
from oscbridge.daemon.live.pose_ports import PosePort
from oscbridge.daemon.live.stage import Stage
from oscbridge.daemon.live.voice import Voice
from oscbridge.domain.parameters import Parameters
from oscbridge.errors import OscbridgeError
from oscbridge.io.pose_wires import WIRES
from oscbridge.show_file import BvhTarget, Show, VmcTarget

Go = Callable[[Coroutine[Any, Any, None]], None]


def cast(stage: Stage, show: Show) -> None:
    """Its voices and dancers. Raises JobError."""
    for v in show.voice:
        parameters = Parameters("voice", v.values)
        stage.cast.open_voice(Voice(v.name, v.person, v.mode, v.parts, v.out, parameters))
    for d in show.dancer:
        stage.cast.open_dancer(Dancer(d.name, d.person, d.source, Parameters("dancer", d.values)))


async def pose_ports(stage: Stage, show: Show, config: Config) -> list[PosePort]:
    """Ports on which poses come in; one that cannot be opened is a trouble, no more."""
    opened = []
    for setting in show.pose:
        port = PosePort(WIRES[setting.wire], stage, config.answers)
        try:
            await port.open(setting.host, setting.port)
        except OscbridgeError as error:
            stage.troubles.set(f"{setting.wire}:{setting.port}", str(error))
            continue
        opened.append(port)
    return opened


async def pose_outs(stage: Stage, show: Show, go: Go) -> list[PoseOut]:
    """Where poses go; each is sent by a task of its own, begun by `go`."""
    outs: list[PoseOut] = []
    for vmc in show.vmc:
        out = await VmcOut.open(vmc.host, vmc.port)
        outs.append(out)
        go(send(stage, out, _who(stage, vmc), vmc.fps))
    for bvh in show.bvh:
        file = BvhOut(bvh.folder, bvh.dancer or f"person {bvh.person}", bvh.fps)
        outs.append(file)
        go(send(stage, file, _who(stage, bvh), bvh.fps))
    return outs


def _who(stage: Stage, target: VmcTarget | BvhTarget) -> Who:
    if target.dancer:
        return lambda now: stage.dancer_pose(target.dancer, now)
    return lambda now: stage.person_pose(target.person, now)
