"""oscbridge.clip: a clip made by the daemon, fetched whole, kept, and played on the beat."""

from __future__ import annotations

from pd_ask import answers, ask, fetch
from pd_patch import Patch
from pd_wire import address

from oscbridge.api import NOTE, ROOT
from oscbridge.io.osc_clip import A_CHUNK

STEP = 0.25
"""Beats a bang at the beat inlet stands for, and the internal beat goes by."""
MAKERS = ("music/generate", "music/reconstruct", "dance/to_music", "music/vary", "music/continue")
SAVE = "clip/save"


def messages(patch: Patch) -> None:
    """The room that turns messages into jobs."""
    p = patch.room("messages")
    p.column(
        "what the left inlet understands",
        "in: inlet",
        "|kind: route generate reconstruct vary get from_dance save play stop loop tempo dump "
        "continue",
    )
    p.row()
    p.column(
        "generate BARS SEED ...",
        f"gen: list prepend {address('music/generate')}",
        "|gen2: list trim",
        "|s $0-job",
    )
    p.column(
        "reconstruct SEED ...",
        "rec1: list prepend",
        f"|list prepend {address('music/reconstruct')}",
        "|list trim",
        "|s $0-job",
        "rh: r $0-handle",
    )
    p.column(
        "vary AMOUNT SEED ...",
        "vary: list prepend",
        f"|list prepend {address('music/vary')}",
        "|list trim",
        "|s $0-job",
        "vr: r $0-handle",
    )
    p.column(
        "continue BARS SEED ...",
        "cont: list prepend",
        f"|list prepend {address('music/continue')}",
        "|list trim",
        "|s $0-job",
        "cr: r $0-handle",
    )
    p.column("get HANDLE or NAME", "get: s $0-fetch")
    p.column(
        "from_dance DANCE SEED ...",
        f"fd: list prepend {address('dance/to_music')}",
        "|list trim",
        "|s $0-job",
    )
    p.column(
        "save NAME",
        "save: list prepend",
        f"|list prepend {address(SAVE)}",
        "|list trim",
        "|s $0-job",
        "sh: r $0-handle",
    )
    p.column(
        "play, stop, loop 1, tempo BPM, dump",
        "play: s $0-play",
        "stop: s $0-stop",
        "loop: s $0-loop",
        "tempo: s $0-tempo",
        "dump: s $0-dump",
    )
    p.wire("""
        kind.0 > gen
        kind.1 > rec1
        rh > 1/rec1
        kind.2 > vary
        kind.3 > get
        kind.4 > fd
        kind.5 > save
        sh > 1/save
        kind.6 > play
        kind.7 > stop
        kind.8 > loop
        kind.9 > tempo
        kind.10 > dump
        vr > 1/vary
        kind.11 > cont
        cr > 1/cont
    """)


def made(patch: Patch) -> None:
    """The room for what jobs made."""
    p = patch.room("made")
    p.column(
        "done: address, seed, clip; or address, name",
        "r $0-made",
        f"|done: route {' '.join(f'{ROOT}/{address(job)}' for job in (*MAKERS, SAVE))}",
    )
    p.row()
    p.column("seed and clip", "new: unpack f f", "fetch: s $0-fetch")
    p.column("", "seed: list prepend seed", "|list trim", "|s $0-info")
    p.column("name of the file", "saved: list prepend saved", "|list trim", "|s $0-info")
    p.wire("""
        done.0 > new
        done.1 > new
        done.2 > new
        done.3 > new
        done.4 > new
        new.1 > fetch
        new.0 > seed
        done.5 > saved
    """)


def keep(patch: Patch) -> None:
    """The room that keeps notes: those that come in `new-` arrays until all are there."""
    p = patch.room("keep")
    p.column(
        "makes room: clip, chunks, notes, ...",
        "r $0-sized",
        "|size: unpack f f f",
        "most: expr max($f1, 1)",
        "|resize: msg resize $1",
        *(f"r{n}: s $0-new-{name}" for n, name in enumerate(NOTE)),
    )
    p.column(
        f"a chunk of up to {A_CHUNK['chunk']} notes: index, atoms",
        "r $0-store",
        "|store: route 0",
        "chunk: t a a",
        "first: list split 1",
        f"scale: expr {A_CHUNK['chunk']} * $f1 - 1",
        "atoms: list split 1",
        "begin: t b a",
        "loop: until",
        "hold: list append",
        f"|note: list split {len(NOTE)}",
        "|both: t a b",
        "at: f",
        "|+ 1",
        "|next: t f f",
        "out: unpack f f f f f",
        "over: bang",
    )
    p.column("", *(f"w{n}: tabwrite $0-new-{name}" for n, name in enumerate(NOTE)))
    p.row()
    p.column(
        "all are there: clip, chunks, notes, length, tempo, meter, name",
        "r $0-complete",
        "|complete: t a a a",
        "told: list prepend clip",
        "|list trim",
        "|s $0-info",
        "what: unpack f f f f f",
        "handle: s $0-handle",
        "count: s $0-count",
        "length: s $0-length",
        "bpm: s $0-clip-tempo",
        "sized2: unpack f f f",
        "most2: expr max($f1, 1)",
        "|both2: t b f",
        "resize2: msg resize $1",
        *(f"s{n}: s $0-{name}" for n, name in enumerate(NOTE)),
    )
    for name in NOTE:
        p.column("", f"b{name}: bang", f"|array get $0-new-{name}", f"|array set $0-{name}")
    p.column("the notes", *(f"array define $0-{name} 1" for name in NOTE))
    p.column(
        "those that come",
        *(f"array define $0-new-{name} 1" for name in NOTE),
        "array define $0-got 1",
    )
    p.wire("""
        size.2 > most
        chunk.1 > first.0 > scale > 1/at
        store.0 > chunk
        chunk.0 > atoms.1 > begin
        begin.1 > 1/hold
        begin.0 > loop > hold
        note.1 > 1/hold
        note.2 > over > 1/loop
        both.1 > at
        next.1 > 1/at
        both.0 > out
        complete.2 > sized2.2 > most2
        both2.1 > resize2
        complete.1 > what
        what.0 > handle
        what.2 > count
        what.3 > length
        what.4 > bpm
        complete.0 > told
    """)
    for n, name in enumerate(NOTE):
        p.wire(f"resize > r{n}\nresize2 > s{n}\nboth2.0 > b{name}")
        p.wire(f"out.{n} > w{n}\nnext.0 > 1/w{n}")


def play(patch: Patch) -> None:
    """The room that plays: windows of beats, each note of them at its time."""
    p = patch.room("play")
    p.column(
        "a beat of its own",
        "r $0-play",
        "|start0: t b b",
        "zero: msg 0",
        "tick: t b",
        "beat: f",
        "|at: t b f f",
        f"next: + {STEP}",
        f"window: pack f {STEP} 500",
        "|s $0-window",
        "pace: f 500",
        f"|* {STEP}",
        "|again: delay",
        "own: r $0-tempo",
        "its: r $0-clip-tempo",
        "|ms: expr 60000 / $f1",
        "|s $0-ms",
        "known: r $0-ms",
        "quit: r $0-quit",
        "halt: r $0-stop",
        "|stop: msg stop",
    )
    p.column(
        f"the beat of others: its number, or a bang each {STEP:g}",
        "in: inlet",
        "|came: t a b",
        "|kind: route float",
        f"last: f {-STEP}",
        f"|+ {STEP}",
        "|now: t f f f b b",
        "timer: timer",
        f"width: expr if($f1 > $f2 && $f1 - $f2 <= 4, $f1 - $f2, {STEP})",
        "|w: t f f",
        "each: expr if($f2 / $f1 > 60 && $f2 / $f1 < 6000, $f2 / $f1, $f3)",
        "outer: pack f f f",
        "|s $0-window",
        "s2: s $0-quit",
        "known2: r $0-ms",
    )
    p.column(
        "a window: beat, width, milliseconds of a beat",
        "r $0-window",
        "|win: unpack f f f",
        "ends: t f f",
        "fin: expr $f1 >= $f2 - 0.0001 && $f3 == 0",
        "|change",
        "|ended: sel 1",
        "|done: t b b",
        "q: s $0-quit",
        "past: msg over",
        "|s $0-info",
        "len: r $0-length",
        "loop: r $0-loop",
        "|1 wrapped: expr if($f2 && $f3 > 0, $f1 - $f3 * floor($f1 / $f3), $f1)",
        "|put: expr $f1; min($f2, $f4 - $f1); $f3; $f1 + $f2 - $f4; ($f4 - $f1) * $f3",
        "both: t b f",
        "first: pack f f f 0",
        "|s $0-piece",
        "more: f",
        "|over: expr $f1 > 0.0001 && $f2",
        "|sel 1",
        "|msg 0",
        "|second: pack f f f f",
        "|s $0-piece",
    )
    p.row()
    p.column(
        "the notes of a part of it: from, width, ms, wait",
        "r $0-piece",
        "|cut: unpack f f f f",
        "span: t b f f f f",
        "anew: r $0-play",
        "changed: r $0-complete",
        "|never: msg -1",
        "|1 jumped: expr abs($f1 - $f2) > 0.0001",
        "|sel 1",
        "|begin: msg 0",
        "till: expr $f1 + $f2 - 0.0001",
        "hence: expr $f1 + $f2",
    )
    p.column(
        "one after the other up to the end of the part",
        "round: until",
        "|i: f",
        "|look: t f f f",
        "start: tabread $0-start",
        "|st: t f f f",
        "count: r $0-count",
        "|2 go: expr $f1 < $f3 && $f2 < $f4",
        "|yes: sel 1",
        "do: t b b",
        "s1: f",
        "|late: expr $f1 >= $f2 - 0.0001",
        "k: f",
        "|kk: t f f",
        "inc: + 1",
        "gate: spigot",
        "off: bang",
    )
    p.column(
        "one note, at its time: part, pitch, velocity, duration in ms",
        "n: t f f f f",
        "when: expr max(($f1 - $f2) * $f3 + $f4, 0)",
        "part: tabread $0-part",
        "pitch: tabread $0-pitch",
        "vel: tabread $0-velocity",
        "dur: tabread $0-duration",
        "|long: *",
        "r $0-stop",
        "|msg clear",
        "|pipe: pipe 0 0 0 0 0",
        "note: pack f f f f",
        "|out: outlet",
    )
    p.wire("""
        start0.1 > zero > 1/beat
        start0.0 > tick > beat
        at.2 > next > 1/beat
        at.1 > window
        at.0 > pace
        again > tick
        own > ms
        known > 1/pace
        known > 2/window
        quit > stop
        stop > again
        came.1 > s2
        kind.1 > last
        kind.0 > now
        now.4 > 1/timer
        timer > 1/each
        now.3 > timer
        now.2 > width
        w.1 > 1/outer
        w.0 > each > 2/outer
        known2 > 2/each
        now.1 > 1/width
        now.1 > 1/last
        now.0 > outer
        win.2 > 2/put
        win.1 > 1/put
        win.0 > ends
        ends.1 > fin
        ends.0 > wrapped
        done.1 > q
        done.0 > past
        len > 1/fin
        len > 2/wrapped
        len > 3/put
        loop > 2/fin
        loop > 1/over
        put.4 > 3/second
        put.3 > 1/second
        put.3 > 1/more
        put.2 > 2/first
        put.2 > 2/second
        put.1 > 1/first
        put.0 > both
        both.1 > first
        both.0 > more
        cut.3 > 3/when
        cut.2 > 2/when
        cut.2 > 1/long
        cut.1 > 1/till
        cut.1 > 1/hence
        cut.0 > span
        anew > never
        span.4 > jumped
        begin > 1/i
        span.3 > till > 3/go
        span.2 > 1/late
        span.2 > 1/when
        span.1 > hence > 1/jumped
        span.0 > round
        look.2 > start
        st.2 > 1/go
        st.1 > when > 4/pipe
        st.0 > 1/s1
        look.1 > 1/k
        look.0 > go
        yes.0 > do
        yes.1 > off > 1/round
        do.1 > s1
        late > 1/gate
        do.0 > k
        kk.1 > gate
        kk.0 > inc > 1/i
        gate > n
        n.3 > dur
        long > 3/pipe
        n.2 > vel > 2/pipe
        n.1 > pitch > 1/pipe
        n.0 > part > pipe
        pipe.3 > 3/note
        pipe.2 > 2/note
        pipe.1 > 1/note
        pipe.0 > note
    """)


def dump(patch: Patch) -> None:
    """The room that tells all notes, as they came."""
    p = patch.room("dump")
    p.column(
        "dump: note part pitch start duration velocity, of each",
        "r $0-dump",
        "|ask: t b b b",
        "zero: msg 0",
        "loop: until",
        "|i: f",
        "|t: t f f f",
        "count: r $0-count",
        "|1 go: expr $f1 < $f2",
        "|yes: sel 1",
        "gate: spigot",
        "inc: + 1",
        "off: bang",
        "end: msg dumped",
        "|s $0-info",
    )
    p.column(
        "a note",
        "n: t f f f f f",
        *(f"{name}: tabread $0-{name}" for name in NOTE),
        "pack: pack f f f f f",
        "|list prepend note",
        "|list trim",
        "|s $0-info",
    )
    p.wire(
        """
        ask.2 > zero > 1/i
        ask.1 > loop
        ask.0 > end
        t.2 > go
        yes.0 > m1
        yes.1 > off > 1/loop
        t.1 > gate > n
        t.0 > inc > 1/i
    """.replace("yes.0 > m1\n", "go > 1/gate\n")
    )
    for number, name in enumerate(NOTE):
        p.wire(f"n.{number} > {name} > {number}/pack")


def clip() -> Patch:
    """[oscbridge.clip PORT HOST]."""
    p = Patch("oscbridge.clip")
    p.column("generate 4 7, vary, get, play, ... : see the help", "in: inlet", "|m: pd messages")
    p.column(
        "a beat from outside: bang or number", "beat: inlet", "|play: pd play", "|notes: outlet"
    )
    p.column(
        "the daemon",
        "r $0-out",
        "|daemon: oscbridge.client $1 $2",
        "|answers: pd answers",
        "said: route status",
    )
    p.column("", "pd ask", "pd made", "pd fetch", "pd keep", "pd dump")
    p.column("what happens", "r $0-info", "|info: outlet")
    p.wire("""
        daemon.1 > said.1 > info
    """)
    messages(p)
    answers(p, "clip", ("chunk", "tempos", "meters"))
    ask(p)
    made(p)
    fetch(p, "clip")
    keep(p)
    play(p)
    dump(p)
    return p
