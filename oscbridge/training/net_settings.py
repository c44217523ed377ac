"""What may be set of each net of a preset by name, and the JSON file that sets it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oscbridge.errors import FileError, OscbridgeError
from oscbridge.training import studio_bridge, studio_dance_fit, studio_music, studio_prior
from oscbridge.training.fit import Settings
from oscbridge.training.studio_train import Recipe as StudioRecipe
from oscbridge.vae import presets
from oscbridge.vae.paper import bridge_vae, midi_vae, pose_vae
from oscbridge.vae.studio import bridge_vae as studio_bridge_vae
from oscbridge.vae.studio import midi_prior as studio_midi_prior
from oscbridge.vae.studio import midi_vae as studio_midi_vae
from oscbridge.vae.studio import pose_vae as studio_pose_vae

Values = Mapping[str, Any]
"""Name -> value of one net."""
NetSettings = Mapping[str, Values]
"""Net -> name -> value."""


class SettingsError(OscbridgeError):
    """Settings or a search space name something that there is not, or give it an impossible
    value.
    """

    code = "settings"


@dataclass(frozen=True)
class Settable:
    """What may be set of one net: some fields of its Config and some of its recipe."""

    config: Any
    recipe: Any
    in_config: tuple[str, ...]
    in_recipe: tuple[str, ...]
    renamed: Mapping[str, str] | None = None
    """Name -> the recipe's own word for it."""

    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self.in_config + self.in_recipe

    def default(self, name: str) -> Any:
        """The preset's own value."""
        owner = self.config if name in self.in_config else self.recipe
        return getattr(owner, self.field(name))

    def field(self, name: str) -> str:
        """What the recipe or Config calls it."""
        return (self.renamed or {}).get(name, name)

    def parted(self, values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values by field of the Config, and by field of the recipe."""
        return (
            {k: v for k, v in values.items() if k in self.in_config},
            {self.field(k): v for k, v in values.items() if k in self.in_recipe},
        )


_SIZES = ("hidden", "latent", "dropout", "kl_weight")
_RATE = {"learning_rate": "rate"}
SETTABLE: dict[str, dict[str, Settable]] = {
    "paper": {
        "midi_vae": Settable(
            midi_vae.Config(), presets.Recipe(), _SIZES, ("learning_rate", "batch")
        ),
        "pose_vae": Settable(
            pose_vae.Config(), presets.Recipe(),
            ("hidden", "dropout", "kl_weight"), ("learning_rate", "batch"),
        ),
        "bridge_vae": Settable(
            bridge_vae.Config(), presets.Recipe(),
            (*_SIZES, "swd_weight", "projections"), ("learning_rate", "batch"),
        ),
    },
    "studio": {
        "midi_vae": Settable(
            studio_midi_vae.Config(), studio_music.Settings(),
            ("widths", "latents", "blocks", "dropout", "input_dropout", "kl_weight", "free_nats",
             "velocity_weight", "timing_weight"),
            ("learning_rate", "steps", "batch", "weight_decay"), _RATE,
        ),
        "midi_prior": Settable(
            studio_midi_prior.Config(), studio_prior.Settings(),
            ("width", "blocks", "token_hidden", "dropout"),
            ("learning_rate", "steps", "batch", "weight_decay", "recombine", "noise"), _RATE,
        ),
        "pose_vae": Settable(
            studio_pose_vae.Config(), studio_dance_fit.Recipe(),
            ("width", "token_latent", "blocks", "dropout", "kl_weight", "noise",
             "velocity_weight", "acceleration_weight", "liveliness_weight", "feet_weight"),
            ("learning_rate", "epochs", "batch", "weight_decay", "recombined"),
        ),
        "bridge_vae": Settable(
            studio_bridge_vae.Config(), studio_bridge.Recipe(),
            ("width", "blocks", "latent", "listener", "dropout", "kl_weight", "swd_weight",
             "label_weight", "contrast_weight", "softness", "trait_weight", "cross_weight",
             "rhythm_weight"),
            ("learning_rate", "epochs", "batch", "weight_decay"),
        ),
    },
}  # fmt: skip
"""Preset -> net -> what may be set of it.

A pose VAE's latent is none of it: the bridge takes both, so it is as large as the music VAE's.
"""
_LEAST = {("studio", "bridge_vae", "latent"): studio_bridge_vae.Config().rhythm + 1}
"""Smallest value of what may not go down to 1."""


def value(preset: str, net: str, name: str, given: Any) -> Any:
    """A value as the net's Config or recipe takes it. Raises SettingsError if there is no such name
    or the value is impossible.
    """
    nets = SETTABLE[preset]
    if net not in nets:
        raise SettingsError(f"no net {net!r} in {preset}; there are {', '.join(nets)}")
    known = nets[net]
    if name not in known.names():
        hint = (
            "; it is as large as the music VAE's" if (net, name) == ("pose_vae", "latent") else ""
        )
        raise SettingsError(
            f"{net}: nothing called {name!r} may be set{hint}; there are {', '.join(known.names())}"
        )
    try:
        return _like(known.default(name), given, name, _LEAST.get((preset, net, name), 1))
    except ValueError as error:
        raise SettingsError(f"{net}: {name} is {json.dumps(given)}, but must be {error}") from None


def _like(default: Any, given: Any, name: str, least: int) -> Any:
    """The value in the type of the default. Raises ValueError that says what is wanted."""
    if isinstance(default, tuple):
        # The studio's lists have a place for each part; layers may be as many as one likes.
        count = None if name == "hidden" else len(default)
        whole = isinstance(given, list | tuple) and given and all(_whole(v, 1) for v in given)
        if not whole or count not in (None, len(given)):
            raise ValueError(f"a list of {count or ''} whole numbers from 1 up".replace("  ", " "))
        return tuple(given)
    if isinstance(default, int):
        if not _whole(given, least):
            raise ValueError(f"a whole number from {least} up")
        return given
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise ValueError("a number")
    top = 1.0 if "dropout" in name or name.startswith("recombine") else math.inf
    if given < 0 or given >= top or (name == "learning_rate" and given == 0):
        raise ValueError("a number from 0 to 1" if top == 1 else "a number above 0")
    return float(given)


def _whole(given: Any, least: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= least


def read(path: Path) -> tuple[str, dict[str, dict[str, Any]]]:
    """Preset and settings of a JSON file: `preset` beside net -> name -> value.

    Raises FileError if it is no such file, SettingsError for a name or value that cannot be.
    """
    given = read_json(path)
    preset = given.pop("preset", None)
    if preset not in SETTABLE:
        raise FileError(path, f'"preset" must be one of {", ".join(SETTABLE)}')
    for net, values in given.items():
        if not isinstance(values, dict):
            raise FileError(path, f'"{net}" must be an object of name and value')
    try:
        return preset, {
            net: {name: value(preset, net, name, one) for name, one in values.items()}
            for net, values in given.items()
        }
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises FileError."""
    try:
        given = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileError(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise FileError(path, f"not JSON: {error}") from error
    if not isinstance(given, dict):
        raise FileError(path, "not a JSON object")
    return given


def paper(settings: NetSettings, base: Settings) -> Settings:
    """How `paper` is trained with these settings, `base` otherwise."""
    config: dict[str, dict[str, Any]] = {}
    recipes = {}
    for net, known in SETTABLE["paper"].items():
        of_config, of_recipe = known.parted(settings.get(net, {}))
        config[net] = of_config
        if of_recipe:
            recipes[net] = replace(base.recipe, **of_recipe)
    latent = config["midi_vae"].get("latent", midi_vae.Config().latent)
    config["pose_vae"]["latent"] = config["bridge_vae"]["latent_in"] = latent
    return replace(base, config=config, recipes=recipes)


def studio(settings: NetSettings) -> StudioRecipe:
    """How `studio` is trained with these settings."""
    configs, recipes = {}, {}
    for net, known in SETTABLE["studio"].items():
        of_config, of_recipe = known.parted(settings.get(net, {}))
        configs[net] = replace(known.config, **of_config)
        recipes[net] = replace(known.recipe, **of_recipe)
    music = configs["midi_vae"]
    prior = replace(configs["midi_prior"], latent=music.latent)
    return StudioRecipe(
        replace(recipes["midi_vae"], config=music),
        replace(recipes["midi_prior"], config=prior, latents=music.latents),
        recipes["pose_vae"],
        recipes["bridge_vae"],
        replace(configs["pose_vae"], latent=music.latent),
        replace(configs["bridge_vae"], latent_in=music.latent),
    )
