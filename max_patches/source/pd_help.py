"""Help patches: what an object understands, ready to be clicked."""

from __future__ import annotations

from pd_patch import Patch

CLICKS = (
    ("four new bars, seed 7", "generate 4 7"),
    ("one like it: how far from it, seed", "vary 0.4 3"),
    ("two new bars that follow it", "continue 2 5"),
    ("as the VAE hears it", "reconstruct"),
    ("music to a dance, by its handle", "from_dance 1"),
    ("a file of the library, or a handle", "get example.mid"),
    ("into the library", "save"),
    ("all notes, at the right outlet", "dump"),
)
PARTS, CHANNELS = ("drums", "bass", "melody"), (10, 2, 1)
PLAYING = (
    ("from its beginning, on a beat of its own", "play"),
    ("", "stop"),
    ("over and over (loop 0: once)", "loop 1"),
    ("beats a minute", "tempo 120"),
)


def clip_help() -> Patch:
    """[oscbridge.clip] with all it understands."""
    p = Patch("oscbridge.clip-help")
    p.column(
        "oscbridge.clip PORT HOST: a clip of music made by the daemon (oscbridge serve), kept, "
        "and played. Without arguments: port 7720 of this machine.",
        *_clicks(CLICKS),
    )
    p.column(
        "playing",
        *_clicks(PLAYING),
        "text a beat from outside instead: a number of beats, or a bang each sixteenth",
        "bng 22 250 50 0 empty empty empty 17 7 0 10 #fcfcfc #000000 #000000",
        "|s $0-beat",
    )
    p.column(
        "left: part (0 drums, 1 bass, 2 melody), pitch, velocity, milliseconds, each at its time",
        "r $0-do",
        "|clip: oscbridge.clip",
        "|parts: route 0 1 2",
        *(f"d{part}: s $0-part{part}" for part in range(len(PARTS))),
        "text right: connected 0 or 1, clip, seed, saved, note, dumped, over, trouble, fail",
        "info: print oscbridge",
    )
    p.column("", "beat: r $0-beat")
    p.row()
    for part, channel in enumerate(CHANNELS):
        p.column(
            f"{PARTS[part]}, on MIDI channel {channel}", f"r $0-part{part}",
            f"|n{part}: unpack f f f", f"m{part}: makenote", f"o{part}: noteout {channel}",
        )  # fmt: skip
        p.wire(f"parts.{part} > d{part}\nn{part}.0 > m{part}.0 > o{part}\nn{part}.1 > 1/m{part}")
        p.wire(f"n{part}.2 > 2/m{part}\nm{part}.1 > 1/o{part}")
    p.wire("beat > 1/clip\nclip.1 > info")
    return p


def _clicks(clicks: tuple[tuple[str, str], ...]) -> list[str]:
    """Message boxes, what each does above it."""
    made = []
    for doc, click in clicks:
        made += [f"text {doc}"] if doc else []
        made += [f"msg {click}", "|s $0-do"]
    return made
