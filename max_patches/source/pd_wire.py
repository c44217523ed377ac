"""oscbridge.client: the connection to the daemon that every other object holds one of."""

from __future__ import annotations

from pd_patch import Patch

from oscbridge import __version__
from oscbridge.api import ENDPOINTS, PORT, ROOT

EVERY = 500
"""Milliseconds from one question after the daemon's state to the next; each renews the lease."""
GONE = 2000
"""Milliseconds of silence after which it counts as gone."""


def address(path: str) -> str:
    """An address of the table, without /oscbridge. Raises KeyError where there is none."""
    return ENDPOINTS[f"{ROOT}/{path}"].address


def client() -> Patch:
    """[oscbridge.client PORT HOST LISTEN]."""
    p = Patch("oscbridge.client")
    p.column(
        "in: an address and its arguments, or connect HOST PORT",
        "in: inlet",
        "|kind: route connect",
        "r $0-ask",
        "|ask: t a a",
        "path: list split 1",
        f"|list prepend set {ROOT.removeprefix('/')}",
        "|set: list trim",
        "rest: list split 1",
        "osc: oscformat",
        "|list prepend send",
        "|list trim",
        "|net: netsend -u -b",
    )
    p.column(
        "where the daemon is: PORT and HOST, else this machine",
        "loadbang",
        "|load: t b b",
        "f1: f $1",
        f"|port: expr if($f1 == 0, {PORT}, $f1)",
        "host: list append $2",
        "|given: route symbol",
        "here: msg symbol 127.0.0.1",
        "where: pack s f",
        "keep: t b a",
        "r $0-open",
        "|open: t b b b",
        "shut: msg disconnect",
        "place: list append",
        "|list prepend connect",
        "|connect: list trim",
    )
    p.column(
        "asks how it is; where it is silent, opens anew",
        "loadbang",
        "|msg 1",
        f"|metro {EVERY}",
        f"|status: msg {address('status')}",
        "|s $0-ask",
        "r $0-heard",
        f"|quiet: delay {GONE}",
        "|lost: t b b b",
        "heard: s $0-heard",
        "anew: s $0-open",
        "none: msg 0",
        "|s $0-here",
        "never: msg -1",
        "|s $0-uptime",
        "loadbang",
        "|first: t b b",
    )
    p.column(
        "LISTEN: the UDP port answers come to; 0: the one it asks from",
        "loadbang",
        "|f $3",
        "|some: moses 1",
        "listen: msg listen $1",
        "|netreceive -u -b",
        "|parse: oscparse",
        "|list trim",
        f"|route {ROOT.removeprefix('/')}",
        "|each: t a a",
        "out: outlet",
        f"what: route {address('status.reply')} {address('version.reply')}",
    )
    p.column(
        "an uptime below the last one: a daemon that has just begun",
        "state: t b a a",
        "alive: s $0-heard",
        "uptime: unpack s f f",
        "both: t f f",
        "r $0-uptime",
        "|1 newer: expr $f1 < $f2 || $f2 < 0",
        "|sel 1",
        "|hello: t b b b b",
        "there: msg 1",
        "|s $0-here",
        "f3: f $3",
        f"|msg {address('notify')} 1 $1",
        "|s $0-ask",
        f"version: msg {address('version')}",
        "|s $0-ask",
        "gone: msg 0",
        "|s $0-here",
    )
    p.column(
        "what the right outlet says",
        "r $0-here",
        "|change -1",
        "|list prepend connected",
        "|here2: list trim",
        "tell: list prepend status",
        "|status2: list trim",
        "named: unpack s s",
        f"same: sel {__version__}",
        f"differs: msg trouble the daemon is $1 and these patches {__version__}",
        "out2: outlet",
    )
    p.wire("""
        kind.0 > keep
        kind.1 > ask
        ask.1 > path
        ask.0 > rest.1 > osc
        set > osc
        load.1 > 0/f1
        load.0 > host
        port > 1/where
        given.0 > where > keep
        given.1 > here > where
        keep.1 > 1/place
        keep.0 > open
        open.2 > shut > net
        open.1 > place
        open.0 > status
        connect > net
        lost.2 > none
        lost.2 > never
        lost.1 > anew
        lost.0 > heard
        first.1 > never
        first.0 > quiet
        some.1 > listen
        net.1 > parse
        each.0 > out
        each.1 > what
        what.0 > state
        what.1 > named
        state.2 > tell
        state.1 > uptime
        state.0 > alive
        uptime.2 > both
        both.1 > newer
        both.0 > 1/newer
        hello.3 > gone
        hello.2 > version
        hello.1 > f3
        hello.0 > there
        here2 > out2
        status2 > out2
        named.1 > same.1 > differs > out2
    """)
    return p
