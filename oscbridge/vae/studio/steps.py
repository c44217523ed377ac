"""Reading a dance's steps off its feet: which soles bear the body, and how that moves the hips."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from oscbridge.domain.pose import SOLES

_HEARD = 12 + 12 + 1 + 4
_WIDTH, _REACH = 48, 7


class StepReader(nn.Module):
    """Landmarks and turning to the way of the hips and the logits of bearing soles: convolutions
    along time over where the soles are under the hips and how they move.
    """

    soles: Tensor

    def __init__(self, per_beat: int) -> None:
        super().__init__()
        self.per_beat = per_beat
        self.register_buffer("soles", torch.as_tensor(SOLES), persistent=False)
        self.layers = nn.Sequential(
            nn.Conv1d(_HEARD, _WIDTH, _REACH, padding=_REACH // 2, padding_mode="replicate"),
            nn.GELU(),
            nn.Conv1d(_WIDTH, _WIDTH, _REACH, padding=_REACH // 2, padding_mode="replicate"),
            nn.GELU(),
        )
        self.read = nn.Conv1d(_WIDTH, 4 + 4 + 3, 1)
        for parameter in self.read.parameters():
            nn.init.zeros_(parameter)

    def forward(self, front: Tensor, turning: Tensor) -> tuple[Tensor, Tensor]:
        """Landmarks (B, frames, 33, 3), each frame facing the front, and `turning` (B, frames) in
        radians -> `way` (B, frames, 3) and `contact` (B, frames, 4) as `PoseVae.decode` has them.
        """
        own, contact = self.own_way(front, turning)
        c, s = torch.cos(turning), torch.sin(turning)
        left, back = own[..., 0], own[..., 1]
        return torch.stack([c * left - s * back, s * left + c * back, own[..., 2]], -1), contact

    def own_way(self, front: Tensor, turning: Tensor) -> tuple[Tensor, Tensor]:
        """The same with the way as the body itself is turned in each frame."""
        soles = front[:, :, self.soles]  # (B, frames, 4, 3)
        spin = _rate(turning[..., None])[..., 0]
        moved = _rate(soles) * self.per_beat
        # In the room a sole under turning hips also goes round with them.
        x, z = soles[..., 0], soles[..., 2]
        round_ = spin[..., None] * self.per_beat
        moved = torch.stack(
            [moved[..., 0] - round_ * z, moved[..., 1], moved[..., 2] + round_ * x], -1
        )
        lowest = soles[..., 1].amax(dim=-1)  # (B, frames)
        above = lowest[..., None] - soles[..., 1]
        heard = torch.cat(
            [4 * soles.flatten(2), moved.flatten(2) / 2, spin[..., None] * 8, 10 * above], -1
        )
        out = self.read(self.layers(heard.transpose(1, 2))).transpose(1, 2)  # (B, frames, 11)
        # What bears the body stays where it is: the hips go as the bearing soles do not.
        share = torch.softmax(out[..., :4] - 20 * above - moved.norm(dim=-1), dim=-1)
        ground = -(share[..., None] * moved[..., (0, 2)]).sum(dim=2)
        way = torch.cat([ground, lowest[..., None]], -1) + 0.2 * out[..., 8:]
        return way, out[..., 4:8] + 2 - 40 * above - moved.norm(dim=-1)

    def loss(self, front: Tensor, turning: Tensor, way: Tensor, contact: Tensor) -> Tensor:
        """Error of the way, its path over the window, and the bearing soles (0 or 1)."""
        made, logits = self(front, turning)
        gone = torch.cumsum(made[..., :2] - way[..., :2], dim=1) / self.per_beat
        rise = functional.smooth_l1_loss(made[..., 2], way[..., 2], beta=0.02) * 20
        pace = functional.smooth_l1_loss(made[..., :2], way[..., :2], beta=0.2)
        path = functional.smooth_l1_loss(gone, torch.zeros_like(gone), beta=0.1)
        return pace + path + rise + functional.binary_cross_entropy_with_logits(logits, contact)


def _rate(values: Tensor) -> Tensor:
    """Change a frame of values (B, frames, ...), by both neighbours where there are two."""
    ends = torch.cat([values[:, :1], values, values[:, -1:]], dim=1)
    rate = (ends[:, 2:] - ends[:, :-2]) / 2
    return torch.cat([2 * rate[:, :1], rate[:, 1:-1], 2 * rate[:, -1:]], dim=1)
