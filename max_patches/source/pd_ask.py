"""Rooms that clip and dance share: asking for a job until it ends, and fetching in chunks."""

from __future__ import annotations

from pd_patch import Patch
from pd_wire import address

RETRY = 1000
"""Milliseconds after which a job that gave no sign is asked for again."""
TRIES = 40
SILENCE = 60
"""Milliseconds without a chunk after which those that are missing are asked for again."""
MOST_MISSING = 200
FIRST_FETCH = 1_000_000
"""Ids of fetches begin here, those of other jobs at 1; Pd counts exactly to 16,777,216."""


def answers(patch: Patch, noun: str, kinds: tuple[str, ...], more: tuple[str, ...] = ()) -> None:
    """The room that hands on what comes from the daemon, by what it is."""
    p = patch.room("answers")
    for kind in ("begin", "end", *kinds, *more):
        address(f"{noun}/{kind}")
    p.column(
        "what the daemon answers, by its address",
        "in: inlet",
        f"|top: route done fail progress {noun}",
        f"kinds: route begin end {' '.join((*kinds, *(m.split('/')[0] for m in more)))}",
    )
    p.column("", "d: s $0-done", "f: s $0-fail", "p: s $0-progress", "b: s $0-begin", "e: s $0-end")
    p.column(
        "of a chunk: which kind, id, index, atoms",
        *(f"k{n}: list prepend {n}" for n in range(len(kinds))),
        "c: s $0-chunk",
        *(f"m{n}: s $0-{m.replace('/', '-')}" for n, m in enumerate(more)),
    )
    p.wire("top.0 > d\ntop.1 > f\ntop.2 > p\ntop.3 > kinds\nkinds.0 > b\nkinds.1 > e")
    for n in range(len(kinds)):
        p.wire(f"kinds.{n + 2} > k{n} > c")
    for n in range(len(more)):
        p.wire(f"kinds.{n + 2 + len(kinds)} > m{n}")


def ask(patch: Patch) -> None:
    """The room that asks for a job until it is done or refused. In: `r $0-job`, an address and its
    arguments without the id. Out: `s $0-made`, the address and what was made.
    """
    p = patch.room("ask")
    p.column(
        "a job: its address, then its arguments but the id",
        "r $0-job",
        "|job: t a b b",
        "zero: msg 0",
        "count: f",
        "|+ 1",
        "|next: t f f f",
        "mine: s $0-mine",
        "parts: list split 1",
        "id: list prepend",
        "full: list append",
        "|kept: t b a",
    )
    p.column(
        "asked again while there is no sign of it",
        "r $0-again",
        "|go: t b b b",
        "request: list append",
        "|list trim",
        "|s $0-out",
        f"wait: delay {RETRY}",
        "|s $0-again",
        "tries: f",
        "|+ 1",
        "|tried: t f f",
        f"|sel {TRIES}",
        "|give: t b b",
        "silent: msg fail silent no answer from the daemon",
        "|s $0-info",
        "r $0-ended",
        "|stop: msg stop",
        "r $0-refused",
        "|refused: bang",
    )
    p.column(
        "done: address, id, what was made",
        "r $0-done",
        "|done: t a a",
        "head: list split 1",
        "tail: list split 1",
        "rest: list split 1",
        "r $0-mine",
        "|1 own: sel",
        "|found: t b b",
        "made: list append",
        "|whole: list prepend",
        "|list trim",
        "|s $0-made",
        "over: s $0-ended",
    )
    p.column(
        "refused: address, id, code, text; busy is no refusal",
        "r $0-fail",
        "|fail: t a a",
        "refusal: unpack s f s",
        "busy: sel busy",
        "no: msg 0",
        "yes: msg 1",
        "fetched: r $0-fetched",
        "r $0-mine",
        "|1 about: expr ($f1 == $f2 || $f1 == $f3 || $f1 < 0) && $f4",
        "|sel 1",
        "|told: t b b",
        "text: list append",
        "|list prepend fail",
        "|list trim",
        "|s $0-info",
        "end: s $0-refused",
    )
    p.column(
        "how far it is: wait on",
        "r $0-progress",
        "|sign: unpack f f",
        "r $0-mine",
        "|1 same: sel",
        "|still: t b b",
        "rested: msg 0",
    )
    p.wire("""
        job.2 > zero > 1/tries
        job.1 > count
        next.2 > 1/count
        next.1 > 1/id
        next.0 > mine
        job.0 > parts.1 > id > 1/full
        parts.0 > full
        kept.1 > 1/request
        kept.0 > go
        go.2 > tries
        tried.1 > 1/tries
        go.1 > wait
        go.0 > request
        give.1 > stop
        give.0 > silent
        stop > wait
        refused > stop
        done.1 > head.0 > 1/whole
        done.0 > tail.1 > rest.1 > 1/made
        rest.0 > own
        found.1 > over
        found.0 > made
        fail.1 > 1/text
        fail.0 > refusal
        refusal.2 > busy
        busy.0 > no > 3/about
        busy.1 > yes > 3/about
        refusal.1 > about
        fetched > 2/about
        told.1 > end
        told.0 > text
        sign.0 > same
        still.1 > rested > 1/tries
        still.0 > wait
    """)


def fetch(patch: Patch, noun: str) -> None:
    """The room that fetches a clip or a dance whole. In: `r $0-fetch`, its handle or name. Out:
    `s $0-sized`, what `begin` says but the id; `s $0-store`, each chunk once, as kind, index and
    atoms; `s $0-complete`, what `begin` says again.
    """
    p = patch.room("fetch")
    p.column(
        "a handle or a name: asked for until it begins",
        "r $0-fetch",
        "|what: t b b a",
        "reset: t b b b",
        "none: msg -1",
        "|s $0-chunks",
        "fresh: msg 0",
        "|s $0-tries",
        f"count: f {FIRST_FETCH}",
        "|+ 1",
        "|next: t f f f",
        "fid: s $0-fetched",
        "r $0-get",
        "|get: t b b",
        f"soon: msg {SILENCE}",
        "|s $0-wait",
        "which: list append",
        "|id: list prepend",
        f"|list prepend {address(f'{noun}/get')}",
        "|list trim",
        "|s $0-out",
    )
    p.column(
        f"it begins: id, {noun}, number of chunks, ...",
        "r $0-begin",
        "|begin: t a a",
        "bid: unpack f",
        "bchunks: r $0-chunks",
        "r $0-fetched",
        "|1 first: expr $f1 == $f2 && $f3 == -1",
        "bgate: spigot",
        "|rest: list split 1",
        "begun: t a a",
        "size: unpack f f",
        "handle: s $0-coming",
        "chunks: t f f f",
        "known: s $0-chunks",
        "left: s $0-left",
        "room: msg resize $1, const 0",
        "|s $0-got",
        "sized: s $0-sized",
        "r $0-end",
        "|msg 5",
        "|s $0-wait",
    )
    p.column(
        "a chunk: kind, id, index, atoms; taken once",
        "r $0-chunk",
        "|chunk: t a a",
        "where: unpack f f f",
        "index: t f f",
        "had: tabread $0-got",
        "cchunks: r $0-chunks",
        "r $0-fetched",
        "|1 wanted: expr $f1 == $f2 && $f3 >= 0 && $f3 < $f4 && $f5 == 0",
        "cgate: spigot",
        "|taken: t b a a",
        "marked: unpack f f f",
        "one: t b f",
        "one1: msg 1",
        "|mark: tabwrite $0-got",
    )
    p.column(
        "kept; and is it the last?",
        "both: t a a",
        "kind: list split 1",
        "tail: list split 1",
        "index2: list split 1",
        "kept: list prepend",
        "|s $0-store",
        "fewer: f",
        "|- 1",
        "|remain: t f f",
        "|last: sel 0",
        "all: s $0-all",
        "more: t b b",
        "again: msg 0",
        "|s $0-tries",
        f"wait: msg {SILENCE}",
        "|s $0-wait",
        "r $0-left",
        "|set: f",
    )
    p.column(
        "silence: ask for what is missing",
        "r $0-wait",
        "|delay: delay",
        "|tries: f",
        "|+ 1",
        "|tried: t f f",
        f"|few: sel {TRIES}",
        "give: msg fail silent no answer from the daemon",
        "|s $0-info",
        "silent: bang",
        "|state: f",
        "|begun2: sel -1 -2",
        "get2: s $0-get",
        "missing: s $0-missing",
        "dchunks: r $0-chunks",
        "dtries: r $0-tries",
        "r $0-refused",
        "|stop: msg stop",
    )
    p.column(
        f"up to {MOST_MISSING} numbers of missing chunks",
        "r $0-missing",
        "|scan: t b b b",
        "zero: msg 0",
        "none2: bang",
        "loop: until",
        "|at: f",
        "|each: t f f f",
        "step: + 1",
        "read: t f f",
        "got: tabread $0-got",
        "|absent: == 0",
        "agate: spigot",
        "|list: list append",
        "|grown: t a a",
        "length: list length",
        "mchunks: r $0-chunks",
        f"enough: expr $f1 >= $f2 - 1 || $f3 >= {MOST_MISSING}",
        "|over: sel 1",
    )
    p.column(
        "ask for them",
        "ask: list append",
        "|whom: list prepend",
        "|with: list prepend",
        f"|list prepend {address(f'{noun}/resend')}",
        "|list trim",
        "|s $0-out",
        "coming: r $0-coming",
        "mid: r $0-fetched",
        "pause: t b b",
        f"wait2: msg {SILENCE}",
        "|s $0-wait",
        "r $0-all",
        "|whole: t b b b",
        "says: list append",
        "|s $0-complete",
        "stop2: msg stop",
        "|s $0-wait",
        "full: msg -2",
        "|s $0-chunks",
        "begins: r $0-sized",
    )
    p.wire("""
        what.2 > 1/which
        what.1 > reset
        what.0 > get
        reset.2 > none
        reset.1 > fresh
        reset.0 > count
        next.2 > 1/count
        next.1 > 1/id
        next.0 > fid
        get.1 > soon
        get.0 > which
        begin.1 > bid > first > 1/bgate
        bchunks > 2/first
        begin.0 > bgate
        rest.1 > begun
        begun.1 > size
        begun.0 > sized
        size.1 > chunks
        size.0 > handle
        chunks.2 > room
        chunks.1 > left
        chunks.0 > known
        chunk.1 > where
        where.2 > index
        index.1 > had > 4/wanted
        index.0 > 2/wanted
        where.1 > wanted > 1/cgate
        cchunks > 3/wanted
        chunk.0 > cgate
        taken.2 > marked.2 > one
        one.1 > 1/mark
        one.0 > one1
        taken.1 > both
        both.1 > kind.0 > 1/kept
        both.0 > tail.1 > index2.1 > kept
        taken.0 > fewer
        remain.1 > 1/fewer
        last.0 > all
        last.1 > more
        more.1 > again
        more.0 > wait
        set > 1/fewer
        tried.1 > 1/tries
        few.0 > give
        few.1 > silent
        begun2.0 > get2
        begun2.2 > missing
        dchunks > 1/state
        dtries > 1/tries
        stop > delay
        scan.2 > zero > 1/at
        zero > 2/enough
        scan.2 > none2 > 1/list
        none2 > 1/ask
        scan.1 > loop
        scan.0 > pause
        pause.1 > ask
        pause.0 > wait2
        each.2 > read
        read.1 > got
        absent > 1/agate
        read.0 > agate
        grown.1 > 1/list
        grown.1 > 1/ask
        grown.0 > length > 2/enough
        each.1 > enough
        each.0 > step > 1/at
        mchunks > 1/enough
        over.0 > 1/loop
        coming > 1/whom
        mid > 1/with
        whole.2 > full
        whole.1 > stop2
        whole.0 > says
        begins > 1/says
    """)
