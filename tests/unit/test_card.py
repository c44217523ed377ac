"""A model's card says what the model is, or is refused with the field that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oscbridge.domain.card import SCHEMA, Card, Source, files_of
from oscbridge.domain.graphs import GRAPHS, nets


def card(**other: Any) -> Card:
    values: dict[str, Any] = {
        "name": "mine", "version": 3, "preset": "paper",
        "config": {"midi_vae": {"hidden": [512, 256, 128]}},
        "window": 32, "latent": 128, "bridge_latent": 32,
        "files": dict.fromkeys(files_of("paper"), "0" * 64),
        "sources": (Source("Mine", "CC0", "Thanks to me", songs=2),),
        "seed": 1, "recipe": {"epochs": 50}, "metrics": {"table_1": {"MIDI VAE": 0.025}},
        "golden": {"tolerance": 1e-4},
    }  # fmt: skip
    return Card(**values | other)


def test_a_card_survives_json() -> None:
    assert Card.from_json(json.loads(json.dumps(card().to_json()))) == card()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": 99}, "schema is 99"),
        ({"latent": "128"}, "latent is '128'"),
        ({"latent": True}, "latent is True"),
        ({"window": 0}, "window is 0"),
        ({"colour": "red"}, "colour"),
        ({"sources": [{"name": "x"}]}, "a source must have"),
        ({"sources": [7]}, "a source must have"),
        ({"files": {}}, "midi_vae.safetensors"),
        ({"metrics": None}, "metrics is None"),
        ({"preset": "baroque"}, "preset is 'baroque'.*paper, studio"),
        ({"preset": "studio"}, "no hash of .*midi_prior.onnx"),
    ],
)
def test_a_wrong_card_is_refused_with_the_field_that_is_wrong(
    change: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        Card.from_json(card().to_json() | change)


def test_a_missing_field_is_named_and_a_list_is_no_card() -> None:
    values = card().to_json()
    del values["seed"]
    with pytest.raises(ValueError, match="it lacks seed"):
        Card.from_json(values)
    with pytest.raises(ValueError, match="JSON object"):
        Card.from_json([values])


def test_the_graphs_shapes_come_from_the_card() -> None:
    graphs = GRAPHS["paper"]
    encoder, bridge = graphs["midi_encoder"], graphs["bridge_decoder"]
    assert card().shape(encoder.inputs[0]) == (32, 128)
    assert card(latent=64).shape(encoder.outputs[0]) == (64,)
    assert [card().shape(t) for t in bridge.inputs] == [(32,), (2,)]
    assert card().shape(graphs["pose_decoder"].outputs[0]) == (32, 33, 3)
    poses = GRAPHS["studio"]["pose_decoder"].outputs[0]
    assert card().shape(poses) == (128, 33, 3)


@pytest.mark.parametrize("preset", GRAPHS)
def test_each_vae_has_an_encoder_and_a_decoder_and_a_schema_is_stamped(preset: str) -> None:
    for vae in ("midi", "pose", "bridge"):
        for half in ("encoder", "decoder"):
            assert GRAPHS[preset][f"{vae}_{half}"].net == f"{vae}_vae"
    assert {"midi_vae", "pose_vae", "bridge_vae"} <= set(nets(preset))
    assert card().to_json()["schema"] == SCHEMA
