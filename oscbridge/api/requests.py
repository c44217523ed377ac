"""The requests about clips, dances, latents and models, and their replies."""

from __future__ import annotations

from oscbridge.api.clips import CLIP, LIBRARY_JOBS, LIBRARY_REPLIES, NEW_CLIP, NOTES, SEED_USED
from oscbridge.api.table import ID, MAX_INT, Arg, Endpoint, number, whole, word

SEED = Arg(
    "seed", "i", "same seed, same answer; -1: the daemon picks one and tells it",
    -1, -1, MAX_INT,
)  # fmt: skip
TEMPERATURE = Arg("temperature", "f", "0: the most likely answer; 1: as the model", 1.0, 0, 4)
# What answers something of the client's is the model's best answer unless variety is asked for:
# noise in a source's latent makes a translation much denser than its source.
VARIETY = Arg("temperature", "f", "0: the best answer; more: others about it", 0.0, 0, 4)
DENSITY = tuple(
    Arg(part, "f", f"onsets of the {part} for each it would have by itself", 1.0, 0, 8)
    for part in ("drums", "bass", "melody")
)
ENERGY = Arg("energy", "f", "how lively the dance is; 1: as it would be by itself", 1.0, 0, 4)
TEMPO = Arg("tempo", "f", "tempo", 120.0, 10, 1000, "BPM")
BARS = Arg("bars", "i", "length", 2, 1, 256, "bars of 4/4")
DANCE = Arg("dance", "dance", "the dance")
NEW_DANCE = Arg("dance", "i", "handle of the new dance")
AMOUNT = Arg("amount", "f", "how far from it; 0: as the VAE hears it, 1: nothing of it", 0.5, 0, 1)
TO_CLIP = Arg("to", "clip", "the clip at the other end")
TO_DANCE = Arg("to", "dance", "the dance at the other end")
INDEX = Arg("index", "i", "chunk, from 0", low=0, high=MAX_INT)
INDICES = Arg("index", "i", "chunks, from 0", low=0, high=MAX_INT, rest=True)
CHUNKS = Arg("chunks", "i", "number of chunks", low=1, high=65536)
FRAMES = Arg("frames", "i", "number of frames")
LENGTH = Arg("length", "f", "length", low=0.25, high=100_000, unit="beats")
NUMERATOR = Arg("numerator", "i", "beats in a bar", 4, 1, 64)
DENOMINATOR = Arg("denominator", "i", "what counts as a beat", 4, 1, 64)
NAME = Arg("name", "s", "name of the clip", "")
NOTE_LIST = Arg("notes", "notes", "notes of the chunk", rest=True)
TEMPO_LIST = Arg("tempos", "tempos", "tempos of the chunk; each holds until the next", rest=True)
METER_LIST = Arg("meters", "meters", "meters of the chunk; each holds until the next", rest=True)
FRAME_LIST = Arg("frames", "frames", "frames of the chunk", rest=True)
FORMAT = Arg("format", "s", "how frames are sent", "floats", choices=("floats", "blob"))
SPACE = Arg("space", "s", "of which VAE", choices=("music", "dance", "bridge"))
Z = Arg("z", "f", "the latent", rest=True)


_NEW_MUSIC = (SEED_USED, NEW_CLIP, NOTES)
_NEW_DANCE = (SEED_USED, NEW_DANCE, FRAMES)
_SAMPLED = (SEED, TEMPERATURE)
_ANSWERED = (SEED, VARIETY)

MESSAGES = (
    Endpoint(
        "notify", "message",
        "Say where answers go (without it: to the port the message came from) and hold a lease "
        "of 60 s that any message renews.",
        (
            Arg("on", "bool", "1: send answers there; 0: to the source port again"),
            Arg("port", "i", "UDP port of the client; 0: the source port", 0, 0, 65535),
            Arg("host", "s", "loopback or the sender's own address; empty: the sender's", ""),
            Arg(
                "shared", "bool",
                "1: all senders of this host that have not said notify count as this one client, "
                "as oscsend needs it, which speaks from a new port each time; the lease is theirs "
                "together, the latest such notify of a host wins, on = 0 from any of them ends it",
                0,
            ),
        ),
        replies=("notified",),
    ),
    Endpoint("status", "message", "How the daemon is.", replies=("status.reply",)),
    Endpoint("version", "message", "Which oscbridge this is.", replies=("version.reply",)),
    Endpoint(
        "sync", "message", "Answered once everything sent before it was received.", (ID,),
        replies=("synced",),
    ),
    Endpoint("cancel", "message", "Take a job back; it then ends in `fail ... cancelled`.", (ID,)),
)  # fmt: skip

JOBS = (
    Endpoint(
        "music/generate", "job", "New clips; clip k of several is made with seed + k.",
        (
            ID, BARS, *_SAMPLED, TEMPO, Arg("count", "i", "number of clips", 1, 1, 64), *DENSITY,
        ),
        (SEED_USED, Arg("clip", "i", "handles of the new clips", rest=True)),
    ),
    Endpoint(
        "music/reconstruct", "job", "What the music VAE makes of a clip.",
        (ID, CLIP, *_ANSWERED, *DENSITY), _NEW_MUSIC,
    ),
    Endpoint(
        "music/vary", "job", "Clips like a clip, in its key; clip k of several is made with seed "
        "+ k.",
        (
            ID, CLIP, AMOUNT, *_SAMPLED, Arg("count", "i", "number of clips", 1, 1, 64), *DENSITY,
        ),
        (SEED_USED, Arg("clip", "i", "handles of the new clips", rest=True)),
    ),
    Endpoint(
        "music/interpolate", "job",
        "Clips on the way from one to another, evenly between them: as long as the longer one, "
        "during which the other is repeated; tempo and meter of the first, key of the nearer.",
        (ID, CLIP, TO_CLIP, Arg("count", "i", "number of clips", 1, 1, 64), *DENSITY),
        (Arg("clip", "i", "handles of the new clips", rest=True),),
    ),
    Endpoint(
        "music/continue", "job",
        "New bars that follow a clip, in the key, tempo and meter it ends in; the new bars alone.",
        (ID, CLIP, Arg("bars", "i", "length", 2, 1, 256, "bars"), *_SAMPLED, *DENSITY), _NEW_MUSIC,
    ),
    Endpoint(
        "music/to_dance", "job", "A dance to a clip.", (ID, CLIP, *_ANSWERED, ENERGY), _NEW_DANCE
    ),
    Endpoint(
        "dance/to_music", "job", "A clip to a dance.", (ID, DANCE, *_ANSWERED, *DENSITY), _NEW_MUSIC
    ),
    Endpoint(
        "dance/generate", "job", "A new dance.",
        (ID, BARS, *_SAMPLED, TEMPO, ENERGY), _NEW_DANCE,
    ),
    Endpoint(
        "dance/reconstruct", "job", "What the dance VAE makes of a dance.",
        (ID, DANCE, *_ANSWERED, ENERGY), _NEW_DANCE,
    ),
    Endpoint(
        "dance/vary", "job", "A dance like a dance.",
        (ID, DANCE, AMOUNT, *_SAMPLED, ENERGY), _NEW_DANCE,
    ),
    Endpoint(
        "dance/interpolate", "job",
        "A dance on the way from one to another: as long as the longer one, during which the other "
        "is repeated; on the beat of the first.",
        (
            ID, DANCE, TO_DANCE, Arg("at", "f", "0: the first; 1: the other", 0.5, 0, 1), ENERGY,
        ),
        (NEW_DANCE, FRAMES),
    ),
    Endpoint(
        "pair/generate", "job", "One sample of the bridge, decoded as a clip and as its dance.",
        (ID, BARS, *_SAMPLED, TEMPO, *DENSITY, ENERGY), (SEED_USED, NEW_CLIP, NEW_DANCE),
    ),
    Endpoint(
        "latent/encode", "job", "The latent (mean of the posterior) of one window.",
        (
            ID, SPACE, Arg("item", "item", "the clip or dance"),
            Arg("step", "i", "where the window starts", 0, 0, MAX_INT, "steps"),
        ),
        (Z,),
    ),
    Endpoint(
        "latent/decode", "job", "A latent as a clip or a dance of one window.",
        (
            ID, SPACE, Arg("kind", "s", "what to make", choices=("clip", "dance")), TEMPO, Z,
        ),
        (Arg("item", "i", "handle of the new clip or dance"),),
    ),
    Endpoint(
        "clip/put", "job",
        "Begin to hand a clip over; then `clip/put/chunk` for each chunk of notes (where tempo or "
        "meter change, `clip/put/tempos` and `clip/put/meters` too, with indices of their own), "
        "then `clip/put/end`.",
        (
            ID, CHUNKS, LENGTH, TEMPO,
            NUMERATOR, DENOMINATOR, NAME,
        ),
        (NEW_CLIP, NOTES), ("clip/put/missing",),
    ),
    Endpoint(
        "clip/get", "job", "Fetch a clip: `clip/begin`, `clip/chunk`s, where tempo or meter change "
        "`clip/tempos` and `clip/meters`, `clip/end`.",
        (ID, CLIP), (whole("clip", "its handle"), NOTES),
        ("clip/begin", "clip/chunk", "clip/tempos", "clip/meters", "clip/end"),
    ),
    Endpoint(
        "clip/resend", "job", "Fetch chunks of a clip again, as `clip/get` numbered them.",
        (ID, CLIP, INDICES), (), ("clip/chunk", "clip/tempos", "clip/meters"),
    ),
    *LIBRARY_JOBS,
    Endpoint(
        "dance/put", "job",
        "Begin to hand a dance over; then `dance/put/chunk` for each chunk, then `dance/put/end`.",
        (ID, CHUNKS, Arg("name", "s", "name of the dance", "")), (NEW_DANCE, FRAMES),
        ("dance/put/missing",),
    ),
    Endpoint(
        "dance/get", "job", "Fetch a dance: `dance/begin`, `dance/chunk`s, `dance/end`.",
        (ID, DANCE, FORMAT), (whole("dance", "its handle"), FRAMES),
        ("dance/begin", "dance/chunk", "dance/end"),
    ),
    Endpoint(
        "dance/resend", "job", "Fetch chunks of a dance again, as `dance/get` numbered them.",
        (ID, DANCE, FORMAT, INDICES), (), ("dance/chunk",),
    ),
    Endpoint(
        "model/list", "job", "The installed models.",
        (ID,), (whole("count", "number of versions"),), ("model/item",),
    ),
    Endpoint(
        "model/load", "job",
        "Check a model and serve it; on failure the one that serves goes on serving.",
        (
            ID, Arg("name", "s", "name of the model"),
            Arg("version", "i", "version; 0: the newest", 0, 0, MAX_INT),
        ),
        (word("name", "name of the model"), whole("version", "the version now served")),
    ),
)  # fmt: skip

UPLOADS = (
    Endpoint(
        "clip/put/chunk", "message", "One chunk of a clip: notes; none in that of an empty clip.",
        (ID, INDEX, NOTE_LIST),
    ),
    Endpoint(
        "clip/put/tempos", "message",
        "One chunk of a clip: where its tempo changes. What `clip/put` said holds until the first; "
        "of several at one beat the last counts.",
        (ID, INDEX, TEMPO_LIST),
    ),
    Endpoint(
        "clip/put/meters", "message",
        "One chunk of a clip: where its meter changes. What `clip/put` said holds until the first; "
        "of several at one beat the last counts.",
        (ID, INDEX, METER_LIST),
    ),
    Endpoint("clip/put/end", "message", "The clip is sent; ends the job `clip/put`.", (ID,)),
    Endpoint("dance/put/chunk", "message", "One chunk of a dance.", (ID, INDEX, FRAME_LIST)),
    Endpoint("dance/put/end", "message", "The dance is sent; ends the job `dance/put`.", (ID,)),
)  # fmt: skip

REPLIES = (
    Endpoint(
        "done", "reply", "A job is done; the rest is what its endpoint answers.",
        (word("address", "of the job"), ID),
    ),
    Endpoint(
        "fail", "reply", "A request could not be done, and changed nothing.",
        (
            word("address", "of the request"), whole("id", "of the job, -1 where there is none"),
            word("code", "one word"), word("text", "what was wrong and what would be right"),
        ),
    ),
    Endpoint("progress", "reply", "How far a job is.", (ID, number("fraction", "0 to 1"))),
    Endpoint(
        "notified", "reply", "Where answers go from now on.",
        (
            whole("on", "0 or 1"), word("host", "host"), whole("port", "port"),
            number("lease", "lease", "s"),
        ),
    ),
    Endpoint(
        "status.reply", "reply", "How the daemon is.",
        (
            word("model", "name of the model"), whole("version", "its version"),
            number("uptime", "time since the start", "s"), whole("clients", "clients with a lease"),
            whole("queue", "jobs that wait or run"), whole("done", "jobs done"),
            whole("failed", "jobs failed"), number("p50", "median time of a job", "ms"),
            number("p99", "99th percentile of it", "ms"), whole("clips", "clips held"),
            whole("dances", "dances held"), number("memory", "resident memory", "MB"),
            whole("people", "people seen"), word("source", "whom the transport follows"),
            word("state", "of the transport"), number("tempo", "tempo", "BPM"),
            number("beat", "position", "beats"),
        ),
    ),
    Endpoint(
        "version.reply", "reply", "Which oscbridge this is.",
        (word("name", "oscbridge"), word("version", "its version")),
    ),
    Endpoint("synced", "reply", "Answers `sync`.", (ID,)),
    Endpoint(
        "clip/begin", "reply", "A clip follows.",
        (
            ID, whole("clip", "its handle"),
            whole("chunks", "number of chunks, those of tempos and meters too"), NOTES,
            number("length", "length", "beats"), number("tempo", "tempo at the start", "BPM"),
            whole("numerator", "of the meter at the start"), whole("denominator", "of it"),
            word("name", "name of the clip"),
        ),
    ),
    Endpoint("clip/chunk", "reply", "Notes of a clip.", (ID, INDEX, NOTE_LIST)),
    Endpoint(
        "clip/tempos", "reply", "Tempos of a clip, from beat 0 on; only where there are several.",
        (ID, INDEX, TEMPO_LIST),
    ),
    Endpoint(
        "clip/meters", "reply", "Meters of a clip, from beat 0 on; only where there are several.",
        (ID, INDEX, METER_LIST),
    ),
    Endpoint("clip/end", "reply", "All chunks were sent.", (ID,)),
    *LIBRARY_REPLIES,
    Endpoint(
        "clip/put/missing", "reply",
        "Chunks that did not arrive: send them again, then `clip/put/end`.", (ID, INDICES),
    ),
    Endpoint(
        "dance/begin", "reply", "A dance follows.",
        (ID, whole("dance", "its handle"), whole("chunks", "number of chunks"), FRAMES),
    ),
    Endpoint("dance/chunk", "reply", "Frames of a dance.", (ID, INDEX, FRAME_LIST)),
    Endpoint("dance/end", "reply", "All chunks were sent.", (ID,)),
    Endpoint(
        "dance/put/missing", "reply",
        "Chunks that did not arrive: send them again, then `dance/put/end`.", (ID, INDICES),
    ),
    Endpoint(
        "model/item", "reply", "An installed model.",
        (
            ID, word("name", "its name"), whole("version", "its version"),
            word("preset", "its preset"), whole("serving", "1 if it is the one served"),
        ),
    ),
)  # fmt: skip
