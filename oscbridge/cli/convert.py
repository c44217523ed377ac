"""Commands that turn files into files with a model loaded for the occasion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oscbridge.cli.loading import (
    clear_errors,
    json_option,
    load,
    model_option,
    progress,
    seed_option,
    tell,
)

if TYPE_CHECKING:
    from oscbridge.domain.music import Clip

source_argument = click.argument("source", type=click.Path(path_type=Path))
output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write."
)
temperature_option = click.option(
    "--temperature",
    type=click.FloatRange(0, 4),
    default=0.0,
    show_default=True,
    help="How far latents are sampled around their mean.",
)
_density = click.FloatRange(0, 8)
_DENSITY = "Onsets of the part for each it would have by itself."
drums_option = click.option("--drums", type=_density, default=1.0, help=_DENSITY)
bass_option = click.option("--bass", type=_density, default=1.0, help=_DENSITY)
melody_option = click.option("--melody", type=_density, default=1.0, help=_DENSITY)
energy_option = click.option(
    "--energy",
    type=click.FloatRange(0, 4),
    default=1.0,
    show_default=True,
    help="How lively the dance is, 1 as it would be by itself.",
)
fps_option = click.option("--fps", type=click.FloatRange(1, 1000), help="Frames a second to write.")
tempo_option = click.option(
    "--tempo", type=click.FloatRange(10, 1000), help="BPM of the dance, where you know it."
)
read_fps_option = click.option(
    "--fps", type=click.FloatRange(1, 1000), help="Frames a second of the dance, if its file errs."
)


def _notes(clip: Clip) -> str:
    return ", ".join(f"{count} {part}" for part, count in clip.counts().items())


@click.command()
@source_argument
@output_option
@model_option
@seed_option
@temperature_option
@energy_option
@fps_option
@json_option
def dance(
    source: Path,
    output: Path,
    model: str,
    seed: int,
    temperature: float,
    energy: float,
    fps: float | None,
    as_json: bool,
) -> None:
    """Turn a song (.mid) of any length into a dance (.bvh .npz .json .csv), on its tempo map."""
    from oscbridge.domain.sampling import Sampling
    from oscbridge.io.dance_file import write_dance
    from oscbridge.io.midi_file import read_clip

    with clear_errors():
        clip = read_clip(source)
        bridge = load(model)
        with progress("dancing") as watch:
            made = bridge.dance_of(clip, Sampling(seed, temperature, energy=energy), watch)
        write_dance(made, clip.timeline, output, fps)
    seconds = float(made.time[-1])
    facts = {"output": str(output), "poses": made.frames, "seconds": seconds, **clip.counts()}
    text = f"{output}: {seconds:.1f} s of dance, {made.frames} poses, to {_notes(clip)} notes"
    tell(as_json, facts, text)


@click.command()
@source_argument
@output_option
@model_option
@seed_option
@temperature_option
@drums_option
@bass_option
@melody_option
@tempo_option
@read_fps_option
@json_option
def music(
    source: Path,
    output: Path,
    model: str,
    seed: int,
    temperature: float,
    drums: float,
    bass: float,
    melody: float,
    tempo: float | None,
    fps: float | None,
    as_json: bool,
) -> None:
    """Turn a dance (.bvh .npz .json .csv) into music (.mid) at its tempo."""
    from oscbridge.domain.sampling import Sampling
    from oscbridge.io.dance_file import read_dance
    from oscbridge.io.midi_file import write_clip

    with clear_errors():
        danced = read_dance(source, fps=fps, tempo=tempo)
        bridge = load(model)
        with progress("playing") as watch:
            sampling = Sampling(seed, temperature, drums, bass, melody)
            clip = bridge.music_of(danced.dance, danced.timeline, sampling, watch)
        write_clip(clip, output)
    facts = {"output": str(output), "tempo": danced.tempo_source, "beats": clip.length}
    text = f"{output}: {clip.length:g} beats, {_notes(clip)} notes; {danced.tempo_source}"
    tell(as_json, facts | clip.counts(), text)


@click.command()
@click.option("-n", "count", type=click.IntRange(1, 1000), default=1, help="How many clips.")
@click.option("--bars", type=click.IntRange(1, 64), default=2, show_default=True)
@seed_option
@click.option("--temperature", type=click.FloatRange(0, 4), default=1.0, show_default=True)
@click.option("--tempo", type=click.FloatRange(10, 1000), default=120.0, show_default=True)
@drums_option
@bass_option
@melody_option
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder.")
@model_option
@json_option
def generate(
    count: int,
    bars: int,
    seed: int,
    temperature: float,
    tempo: float,
    drums: float,
    bass: float,
    melody: float,
    output: Path,
    model: str,
    as_json: bool,
) -> None:
    """Make new clips; the i-th has seed SEED + i - 1."""
    from oscbridge.domain.sampling import Sampling
    from oscbridge.errors import FileError
    from oscbridge.io.midi_file import write_clip

    made: list[dict[str, object]] = []
    with clear_errors():
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(output, f"no folder to write to: {error.strerror}") from error
        bridge = load(model)
        for each in range(seed, seed + count):
            sampling = Sampling(each, temperature, drums, bass, melody)
            clip = bridge.generate(bars=bars, tempo=tempo, sampling=sampling)
            path = output / f"{bridge.card.name}-{bars}bars-{tempo:g}bpm-seed{each}.mid"
            write_clip(clip, path)
            made.append({"output": str(path), "seed": each, **clip.counts()})
            if not as_json:
                click.echo(f"{path}: {_notes(clip)} notes")
    if as_json:
        tell(True, {"clips": made}, "")


@click.command()
@source_argument
@output_option
@model_option
@seed_option
@temperature_option
@json_option
def reconstruct(
    source: Path, output: Path, model: str, seed: int, temperature: float, as_json: bool
) -> None:
    """Write what the model's VAE makes of a song (.mid) or of a dance, in the same form."""
    with clear_errors():
        if source.suffix.lower() in (".mid", ".midi", ".rmi"):
            text = _reconstruct_song(source, output, model, seed, temperature)
        else:
            text = _reconstruct_dance(source, output, model, seed, temperature)
    tell(as_json, {"output": str(output)}, f"{output}: {text}")


def _reconstruct_song(source: Path, output: Path, model: str, seed: int, temperature: float) -> str:
    from oscbridge.domain.sampling import Sampling
    from oscbridge.io.midi_file import read_clip, write_clip

    clip = read_clip(source)
    with progress("reconstructing") as watch:
        made = load(model).reconstruct_music(clip, Sampling(seed, temperature), watch)
    write_clip(made, output)
    return f"{_notes(made)} notes of {_notes(clip)}"


def _reconstruct_dance(
    source: Path, output: Path, model: str, seed: int, temperature: float
) -> str:
    from oscbridge.domain.sampling import Sampling
    from oscbridge.io.dance_file import read_dance, write_dance

    danced = read_dance(source)
    with progress("reconstructing") as watch:
        made = load(model).reconstruct_dance(
            danced.dance, danced.timeline, Sampling(seed, temperature), watch
        )
    write_dance(made, danced.timeline, output)
    return f"{made.time[-1]:.1f} s of dance; {danced.tempo_source}"
