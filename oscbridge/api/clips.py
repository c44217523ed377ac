"""The requests about the clip library, and their replies."""

from __future__ import annotations

from oscbridge.api.table import ID, MAX_INT, Arg, Endpoint, number, whole, word

SEED_USED = Arg("seed", "i", "the seed that gave this answer")
CLIP = Arg("clip", "clip", "the clip")
NEW_CLIP = Arg("clip", "i", "handle of the new clip")
NOTES = Arg("notes", "i", "number of notes")
FILE = Arg("clip", "s", "name of a file in the clip library, with or without .mid")
MOST_FOUND = 1000

LIBRARY_JOBS = (
    Endpoint(
        "clip/save", "job",
        "Write a clip into the clip library, with how it was made; a taken name gets -2, -3, ...",
        (
            ID, CLIP,
            Arg(
                "name", "s", "file name, with or without .mid; empty: one that says what made it, "
                "bars, tempo and seed, or the own name of a clip that was handed over", "",
            ),
            Arg("parts", "bool", "1: each part in a file of its own beside it, too", 0),
        ),
        (Arg("name", "s", "name of the file, then those of the parts'", rest=True),),
    ),
    Endpoint(
        "clip/list", "job", "The files of the clip library.",
        (ID,), (whole("count", "number of files"),), ("clip/item",),
    ),
    Endpoint(
        "clip/info", "job", "How a clip was made, and what is in it.",
        (ID, CLIP), (whole("count", "number of facts"),), ("clip/fact",),
    ),
    Endpoint(
        "clip/again", "job",
        "Make a clip again as it was made: the same notes from the same model, or a refusal that "
        "says what differs or is missing.",
        (ID, CLIP),
        (whole("seed", "the seed; -1 where there was none"), NEW_CLIP, NOTES),
    ),
    Endpoint(
        "clip/find", "job", "Clips of the library by name and tags, the newest first.",
        (
            ID, Arg("text", "s", "each of its words is in the name or a tag; empty: all", ""),
            Arg("favourites", "bool", "1: only favourites", 0),
            Arg("offset", "i", "so many are passed over", 0, 0, MAX_INT),
            Arg("limit", "i", "so many are told", 100, 0, MOST_FOUND),
        ),
        (whole("count", "clips told"), whole("total", "clips there are")), ("clip/item",),
    ),
    Endpoint(
        "clip/favourite", "job", "Make a clip of the library a favourite, or no longer.",
        (ID, FILE, Arg("on", "bool", "1: a favourite", 1)), (whole("on", "1: it is one"),),
    ),
    Endpoint(
        "clip/tag", "job", "Give a clip of the library a tag, or take it away.",
        (ID, FILE, Arg("tag", "s", "a word or a few"), Arg("on", "bool", "0: take it away", 1)),
        (Arg("tag", "s", "its tags", rest=True),),
    ),
    Endpoint(
        "clip/purge", "job",
        "Move the clips that oscbridge wrote to the folder `.trash` in the library. Nothing is "
        "deleted, and files of other programs stay where they are.",
        (ID, Arg("keep_favourites", "bool", "0: favourites go too", 1)),
        (whole("moved", "clips that went"), whole("left", "clips that could not be moved")),
    ),
    Endpoint(
        "clip/to_live", "job",
        "Put a clip into a slot of Ableton Live's Session View through AbletonOSC, all parts in "
        "one MIDI clip, whole or not at all (docs/ableton.md).",
        (
            ID, CLIP,
            Arg(
                "track", "i", "the track, from 0; -1: the selected one if it takes MIDI, else the "
                "first that does", -1, -1, MAX_INT,
            ),
            Arg("slot", "i", "the slot, from 0; -1: the track's next free one", -1, -1, MAX_INT),
            Arg("overwrite", "bool", "1: what is in the slot may be replaced", 0),
            Arg("name", "s", "name of Live's clip; empty: that of the clip", ""),
        ),
        (whole("track", "where it is"), whole("slot", "where it is"), NOTES),
    ),
)  # fmt: skip

LIBRARY_REPLIES = (
    Endpoint(
        "clip/item", "reply",
        "A file of the clip library: from `clip/list` its name alone, from `clip/find` all that "
        "follows; empty or -1 where it is not known.",
        (
            ID, word("name", "its name"), word("endpoint", "what made it"),
            whole("bars", "length in bars"), number("tempo", "tempo at the start", "BPM"),
            whole("seed", "its seed"), whole("notes", "number of notes"),
            whole("favourite", "1: it is one"), Arg("tag", "s", "its tags", rest=True),
        ),
    ),
    Endpoint(
        "clip/fact", "reply",
        "One thing that is known of a clip: `endpoint`, `model` (name, version), `seed`, "
        "`argument` (name, value), `latent`, `parent` (clip or dance, name, what made it), "
        "`created`, `length`, `bars`, `tempo`, `meter`, `notes` (of drums, bass, melody), "
        "`favourite`, `tag`, `problem`.",
        (
            ID, word("fact", "what it is about"),
            Arg("value", "s", "what is known: numbers as i or f, else words", rest=True),
        ),
    ),
)  # fmt: skip
