"""The nets of `studio`: the three VAEs, and the prior that new music is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oscbridge.vae.nets import Nets, told
from oscbridge.vae.studio import bridge_vae, midi_prior, midi_vae, pose_vae


@dataclass(frozen=True)
class Studio(Nets):
    """The nets of one model of `studio`."""

    midi_vae: midi_vae.MidiVae
    midi_prior: midi_prior.MidiPrior
    pose_vae: pose_vae.PoseVae
    bridge_vae: bridge_vae.BridgeVae


def build(config: dict[str, dict[str, Any]]) -> Studio:
    """The untrained nets; `config` maps a net's name to what its Config should have other than the
    default.
    """
    return Studio(
        midi_vae.MidiVae(midi_vae.Config(**told(config, "midi_vae"))),
        midi_prior.MidiPrior(midi_prior.Config(**told(config, "midi_prior"))),
        pose_vae.PoseVae(pose_vae.Config(**told(config, "pose_vae"))),
        bridge_vae.BridgeVae(bridge_vae.Config(**told(config, "bridge_vae"))),
    )
