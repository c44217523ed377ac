"""The addresses of what is live: poses and notes in and out, transport, voices and dancers."""

from __future__ import annotations

from oscbridge.api.requests import DENOMINATOR, NUMERATOR, TEMPO
from oscbridge.api.table import ID, MAX_INT, Arg, Endpoint, number, whole, word

FASTEST_FPS = 120.0
MODES = ("follow", "loop")
SOURCES = ("internal", "midi", "link", "osc")
STREAMS = ("pose", "note", "transport", "live")
PERSON = Arg("person", "i", "the sender's number for that person", low=0, high=MAX_INT)
VOICE = Arg("name", "s", "name of the voice or dancer")
SECONDS = Arg("seconds", "f", "time it takes to get there", 0.0, 0, 600, "s")
PART = Arg("part", "i", "0 drums, 1 bass, 2 melody", low=0, high=2)
BEAT = Arg("beat", "f", "position", low=-1e6, high=1e6, unit="beats")
PRESET = Arg("name", "s", "name of the preset")

LIVE_MESSAGES = (
    Endpoint(
        "pose/frame", "message",
        "One pose of one person, as soon as there is one: metres from mid-hip, +x the subject's "
        "left, y down, -z the front. Late, double and noisy ones are dealt with.",
        (
            PERSON,
            Arg("seq", "i", "number of the frame; -1 where there is none", low=-1, high=MAX_INT),
            Arg("time", "f", "the sender's seconds, from any zero; -1: when it came", unit="s"),
            Arg("landmarks", "landmarks", "the pose", rest=True),
        ),
    ),
    Endpoint("pose/lost", "message", "That person has left.", (PERSON,)),
    Endpoint(
        "note", "message", "A note is played now; dancers hear it.",
        (
            PART, Arg("pitch", "i", "MIDI note number", low=0, high=127),
            Arg("velocity", "i", "1 to 127; 0: the note ends", low=0, high=127),
            Arg("duration", "f", "0: until it is ended", 0.0, 0, 1000, "beats"),
        ),
    ),
    Endpoint(
        "subscribe", "message",
        "Be sent a stream: `out/pose`, `out/note`, `transport/state` each beat, or what happens "
        "live (`person`, `record/state`, `live/trouble`). Ends with the lease: send anything at "
        "least once a minute.",
        (
            Arg("stream", "s", "which", choices=STREAMS),
            Arg("on", "bool", "0: no more", 1),
            Arg("fps", "f", "poses a second", 30.0, 1, FASTEST_FPS, "fps"),
            Arg("person", "i", "poses of that one only; 0: of all", 0, 0, MAX_INT),
        ),
    ),
    Endpoint("transport/get", "message", "Where the music is.", replies=("transport/state",)),
    Endpoint(
        "transport/play", "message", "Start or stop.", (Arg("on", "bool", "1: start; 0: stop"),)
    ),
    Endpoint("transport/tempo", "message", "Change the tempo; the grid before stays.", (TEMPO,)),
    Endpoint(
        "transport/meter", "message", "Change the meter, from the next bar on.",
        (NUMERATOR, DENOMINATOR),
    ),
    Endpoint(
        "transport/beat", "message",
        "The position now. With `osc` as source, sent every beat or oftener, the transport follows "
        "it; else it jumps there.",
        (BEAT, Arg("tempo", "f", "0: as before, or measured", 0.0, 0, 1000, "BPM")),
    ),
    Endpoint(
        "transport/source", "message", "Whom the transport follows.",
        (Arg("source", "s", "which clock", choices=SOURCES),),
    ),
    Endpoint("panic", "message", "End every note that sounds, and what was to sound."),
    Endpoint(
        "voice/open", "message", "A voice: the music one person's body makes.",
        (
            VOICE,
            Arg("person", "i", "whose; 0: whoever was there first", 0, 0, 16),
            Arg(
                "mode", "s", "follow: note by note; loop: each bar answers the bar before",
                "follow", choices=MODES,
            ),
        ),
    ),
    Endpoint("voice/close", "message", "That voice is no more.", (VOICE,)),
    Endpoint(
        "dancer/open", "message", "A dancer: a figure that dances to what is played.",
        (
            VOICE,
            Arg("person", "i", "its number in `out/pose`", 101, 100, MAX_INT),
            Arg("source", "s", "what it hears: a voice or a MIDI input; empty: all played in", ""),
        ),
    ),
    Endpoint("dancer/close", "message", "That dancer is no more.", (VOICE,)),
    Endpoint(
        "live/set", "message", "Turn a parameter of a voice or a dancer.",
        (
            VOICE, Arg("parameter", "s", "its name, as `live/list` tells it"),
            Arg("value", "f", "where it is to go"), SECONDS,
        ),
    ),
)  # fmt: skip

LIVE_JOBS = (
    Endpoint(
        "live/list", "job",
        "Everything that is live: people, voices, dancers, ports, and how each fares.",
        (ID,), (whole("count", "number of items"),), ("live/item",),
    ),
    Endpoint(
        "preset/save", "job", "Keep the parameters of all voices and dancers under a name.",
        (ID, PRESET), (word("name", "name it was kept under"),),
    ),
    Endpoint(
        "preset/recall", "job", "Go to the parameters of a preset.",
        (ID, PRESET, SECONDS), (whole("count", "parameters that were set"),),
    ),
    Endpoint(
        "preset/list", "job", "The presets.", (ID,), (whole("count", "number of presets"),),
        ("preset/item",),
    ),
    Endpoint(
        "record/start", "job",
        "Record music and poses as a session for training, from the next bar on.",
        (
            ID, Arg("name", "s", "name of the session; a taken one gets -2, -3, ..."),
            Arg("bars", "i", "after which it ends by itself; 0: until stopped", 0, 0, 4000),
        ),
        (word("name", "its name"), word("folder", "where it lies")),
    ),
    Endpoint(
        "record/stop", "job",
        "End the recording and write its files; one that has ended by itself tells its files.",
        (ID,), (whole("notes", "notes"), whole("frames", "poses"),
                Arg("file", "s", "the files", rest=True)),
    ),
)  # fmt: skip

LIVE_REPLIES = (
    Endpoint(
        "out/pose", "reply", "A pose, to those who subscribed to `pose`.",
        (
            whole("person", "1 to 16: somebody seen; from 100: a dancer"),
            whole("seq", "counts up"), number("time", "since the daemon started", "s"),
            number("beat", "position", "beats"),
            number("rootx", "mid-hip in the room: to the left", "m"),
            number("rooty", "down; the floor is 0", "m"), number("rootz", "back", "m"),
            Arg("landmarks", "f", "x y z of 33 landmarks from mid-hip, metres", rest=True),
        ),
    ),
    Endpoint(
        "out/note", "reply", "A note sounds now, to those who subscribed to `note`.",
        (
            word("voice", "whose"), whole("part", "0 drums, 1 bass, 2 melody"),
            whole("pitch", "MIDI note number"), whole("velocity", "1 to 127"),
            number("duration", "how long", "beats"), number("beat", "where", "beats"),
        ),
    ),
    Endpoint(
        "transport/state", "reply", "Where the music is.",
        (
            word("source", "whom it follows"), word("state", "running, stopped, or what is amiss"),
            number("tempo", "tempo", "BPM"), number("beat", "position", "beats"),
            number("phase", "position in the bar, 0 to 1"),
            whole("numerator", "of the meter"), whole("denominator", "of it"),
        ),
    ),
    Endpoint(
        "person", "reply", "Somebody came or left, to those who subscribed to `live`.",
        (whole("person", "1 to 16"), whole("here", "1: came; 0: left")),
    ),
    Endpoint(
        "live/trouble", "reply", "Something is amiss, to those who subscribed to `live`.",
        (word("what", "what it is about"), word("text", "what is wrong, and what to do")),
    ),
    Endpoint(
        "live/item", "reply", "Something that is live.",
        (
            ID, word("kind", "transport, person, voice, dancer, parameter, pose, midi, ..."),
            word("name", "its name"), word("text", "how it fares"),
        ),
    ),
    Endpoint("preset/item", "reply", "A preset.", (ID, word("name", "its name"))),
    Endpoint(
        "record/state", "reply", "How a recording goes, each second, to who started it and to "
        "those who subscribed to `live`.",
        (
            whole("notes", "notes so far"), whole("frames", "poses so far"),
            number("seconds", "length so far", "s"),
            word("state", "`waiting` for its bar, `recording` or `over`"),
        ),
    ),
)  # fmt: skip
