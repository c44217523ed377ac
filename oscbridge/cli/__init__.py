"""The `oscbridge` command. Each subcommand is imported only when it is called, so that
`oscbridge --help` is instant."""

from __future__ import annotations

from importlib import import_module

import click

from oscbridge import __version__

COMMANDS = {
    "demo": ("oscbridge.cli.demo:demo", "See and hear the whole bridge in a minute."),
    "serve": ("oscbridge.cli.serve:serve", "Keep the models loaded and answer over OSC."),
    "camera": ("oscbridge.cli.camera:camera", "Turn a camera or a video into poses."),
    "record": ("oscbridge.cli.record:record", "Record music and poses to train on."),
    "midi": ("oscbridge.cli.midi:midi", "List the MIDI ports of this system."),
    "to-live": ("oscbridge.cli.to_live:to_live", "Put a clip into a track of Ableton Live."),
    "install": ("oscbridge.cli.install:install", "Put the patches where Max, Pd and Live look."),
    "dance": ("oscbridge.cli.convert:dance", "Turn a song into a dance."),
    "music": ("oscbridge.cli.convert:music", "Turn a dance into music."),
    "generate": ("oscbridge.cli.convert:generate", "Make new clips."),
    "reconstruct": ("oscbridge.cli.convert:reconstruct", "What a VAE makes of a song or dance."),
    "clips": ("oscbridge.cli.clips:clips", "List the clip library of a daemon."),
    "models": ("oscbridge.cli.models:models", "List the models that are installed."),
    "api": ("oscbridge.cli.api:api", "Print the OSC address table."),
    "data": ("oscbridge.cli.data:data", "Build and look at stores of windows to train on."),
    "train": ("oscbridge.cli.train:train", "Train a model on songs and dances."),
    "search": ("oscbridge.cli.search:search", "Try a grid of settings; find the best."),
    "evaluate": ("oscbridge.cli.evaluate:evaluate", "Measure a model on held-out data."),
}
"""Command -> where it is defined, and its one line in the help."""


class _Lazy(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="oscbridge")
def main() -> None:
    """A bridge between music and dance."""
