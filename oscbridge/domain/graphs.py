"""The graphs of a model version, by preset: halves of VAEs as ONNX files, with the names and shapes
of what goes in and comes out.
"""

from __future__ import annotations

from dataclasses import dataclass

from oscbridge.domain.pianoroll import ROWS
from oscbridge.domain.pose import COUNT, SOLES
from oscbridge.domain.score_channels import INPUTS, OUTPUTS
from oscbridge.domain.timeline import STEPS_PER_BEAT, WINDOW

DOMAINS = ("music", "dance")
"""Order of the bridge's one-hot `domain`."""
FRAMES_PER_STEP = 4
"""Poses a step in the windows of the `studio` preset."""
FRAMES, PER_BEAT = WINDOW * FRAMES_PER_STEP, STEPS_PER_BEAT * FRAMES_PER_STEP
"""Poses a window, and a beat, of the same."""
TRAITS = ("energy", "contour")
"""What the `studio` bridge is told of a window as ranks, in this order."""

Size = int | str
"""A dimension: a number, or the name of a field of the card that holds it."""


@dataclass(frozen=True)
class Tensor:
    """An input or output (B, *shape) float32 of a graph."""

    name: str
    shape: tuple[Size, ...]


@dataclass(frozen=True)
class Graph:
    """Half a net as an ONNX file `<name>.onnx`, its weights lying in `<net>.safetensors`; `method`
    is what it is of the net.
    """

    name: str
    net: str
    method: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


_ROLL = Tensor("roll", ("window", ROWS))
_POSES = Tensor("poses", ("window", COUNT, 3))
_SCORE = Tensor("score", ("window", INPUTS))
_FRAMES = Tensor("poses", (FRAMES, COUNT, 3))
_WAY = Tensor("way", (FRAMES, 3))
_CONTACT = Tensor("contact", (FRAMES, len(SOLES)))
_LATENT = Tensor("latent", ("latent",))
_LATENT_OUT = Tensor("latent_out", ("latent",))
_BRIDGE_LATENT = Tensor("latent", ("bridge_latent",))
_DOMAIN = Tensor("domain", (len(DOMAINS),))
_ENVELOPE = Tensor("envelope", ("window",))
_TRAITS = Tensor("traits", (len(TRAITS),))


def _posterior(size: Size) -> tuple[Tensor, ...]:
    return Tensor("mean", (size,)), Tensor("log_variance", (size,))


_PAPER = (
    Graph("midi_encoder", "midi_vae", "encode", (_ROLL,), _posterior("latent")),
    Graph("midi_decoder", "midi_vae", "play", (_LATENT,), (_ROLL,)),
    Graph("pose_encoder", "pose_vae", "encode", (_POSES,), _posterior("latent")),
    Graph("pose_decoder", "pose_vae", "decode", (_LATENT,), (_POSES,)),
    Graph(
        "bridge_encoder", "bridge_vae", "encode", (_LATENT, _DOMAIN), _posterior("bridge_latent")
    ),
    Graph("bridge_decoder", "bridge_vae", "decode", (_BRIDGE_LATENT, _DOMAIN), (_LATENT_OUT,)),
)
_STUDIO = (
    Graph("midi_encoder", "midi_vae", "encode", (_SCORE,), _posterior("latent")),
    Graph(
        "midi_decoder", "midi_vae", "decode", (_LATENT,), (Tensor("logits", ("window", OUTPUTS)),)
    ),
    Graph(
        "midi_prior", "midi_prior", "velocity", (_LATENT, Tensor("time", (1,))),
        (Tensor("velocity", ("latent",)),),
    ),
    Graph("pose_encoder", "pose_vae", "encode", (_FRAMES,), _posterior("latent")),
    Graph("pose_decoder", "pose_vae", "decode", (_LATENT,), (_FRAMES, _WAY, _CONTACT)),
    Graph(
        "bridge_encoder", "bridge_vae", "encode", (_LATENT, _DOMAIN, _ENVELOPE, _TRAITS),
        _posterior("bridge_latent"),
    ),
    Graph("bridge_decoder", "bridge_vae", "decode", (_BRIDGE_LATENT, _DOMAIN), (_LATENT_OUT,)),
    Graph("bridge_teller", "bridge_vae", "tell", (_BRIDGE_LATENT,), (_ENVELOPE, _TRAITS)),
)  # fmt: skip
GRAPHS: dict[str, dict[str, Graph]] = {
    preset: {graph.name: graph for graph in graphs}
    for preset, graphs in (("paper", _PAPER), ("studio", _STUDIO))
}
"""Preset -> name -> graph.

`paper`: `roll` is in [0, 1], 1 where a note sounds; `poses` are a pose a step, metres from mid-hip,
facing the front on average (`domain.pose.to_front`). `studio`: `score` and `logits` are those of
`domain.score_channels`, `poses` four a step; `way`, `contact` as the pose VAE says; `envelope` is a
standardised accent or motion-beat envelope, `traits` are ranks from 0 to 1.
"""


def nets(preset: str) -> tuple[str, ...]:
    """The nets of a preset whose weights lie in a version's folder. Raises KeyError."""
    return tuple(dict.fromkeys(graph.net for graph in GRAPHS[preset].values()))
