"""Shows are read whole, or refused with the place and what would be right."""

import tomllib
from contextlib import suppress
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscbridge import shipped
from oscbridge.domain.music import Part
from oscbridge.errors import FileError
from oscbridge.show_file import Show, read_show, show_of
from oscbridge.show_file.show import LISTS, SECTIONS

SHOWS = sorted(shipped.folder("examples").glob("shows/*.toml"))


def show(text, folder=Path("/shows")):
    return show_of(tomllib.loads(text), folder / "evening.toml")


def refused(text):
    with pytest.raises(FileError) as error:
        show(text)
    assert "evening.toml: " in str(error.value)
    return error.value.cause


@pytest.mark.parametrize("path", SHOWS, ids=lambda path: path.name)
def test_the_examples_are_shows(path):
    assert read_show(path) != Show()


def test_the_examples_are_there():
    assert [path.stem for path in SHOWS] == ["camera-to-midi", "keyboard-to-vmc", "two-visitors"]


def test_an_empty_show_is_that_of_a_daemon_without_one():
    assert show("") == Show()
    assert [v.name for v in Show().voice] == ["voice"]
    assert [(d.name, d.person) for d in Show().dancer] == [("dancer", 101)]


def test_every_key_comes_through():
    read = show(
        """
        [daemon]
        host = "0.0.0.0"
        port = 0
        allow = ["10.0.0.0/8", "fe80::/10"]
        model = "mine/3"
        library = "songs"
        [transport]
        source = "midi"
        tempo = 90.5
        numerator = 3
        play = false
        midi = "drum"
        [[pose]]
        wire = "poseosc"
        [[midi_in]]
        port = "keys"
        parts = {1 = "melody", 10 = "drums"}
        [[midi_out]]
        virtual = "out"
        name = "band"
        channels = {drums = 10, bass = 1}
        clock = true
        [[voice]]
        name = "one"
        person = 2
        mode = "loop"
        parts = ["bass"]
        out = ["band"]
        hold = true
        offset = [1, -0.5]
        drums = 0
        [[dancer]]
        name = "a"
        source = "keys"
        [[dancer]]
        name = "b"
        person = 101
        energy = 2
        [[vmc]]
        dancer = "a"
        [[bvh]]
        person = 3
        folder = "takes"
        [record]
        folder = "/sessions"
        [preset.calm.one]
        intensity = 0.5
        [preset.calm.b]
        energy = 0.5
        hold = false
        """
    )
    assert read.daemon.allow == (ip_network("10.0.0.0/8"), ip_network("fe80::/10"))
    assert read.daemon.named == ("mine", 3)
    assert read.daemon.library == Path("/shows/songs")
    assert (read.transport.source, read.transport.tempo, read.transport.play) == (
        "midi", 90.5, False,
    )  # fmt: skip
    assert read.pose[0].port == 9527
    assert read.midi_in[0].name == "keys"
    assert read.midi_in[0].parts == {1: Part.MELODY, 10: Part.DRUMS}
    assert read.midi_out[0].channels == {Part.DRUMS: 10, Part.BASS: 1}
    voice = read.voice[0]
    assert voice.values == {"hold": 1.0, "offset1": 1.0, "offset2": -0.5, "drums": 0.0}
    assert voice.parts == {Part.BASS}
    assert [(d.name, d.person) for d in read.dancer] == [("a", 102), ("b", 101)]
    assert read.vmc[0].port == 39539
    assert read.bvh[0].folder == Path("/shows/takes")
    assert read.record.folder == Path("/sessions")
    assert read.presets == {"calm": {"one": {"intensity": 0.5}, "b": {"energy": 0.5, "hold": 0.0}}}


def test_a_show_with_a_dancer_only_has_no_voice():
    assert show('[[dancer]]\nname = "a"').voice == ()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[transprot]", "there is no section ['transprot']; did you mean transport?"),
        ("[transport]\ntemp = 3", "[transport] has no key 'temp'; did you mean tempo?"),
        ("[transport]\ntempo = 5", "[transport] tempo is 5; it must be a number from 10 to 1000"),
        ("[transport]\ntempo = nan", "[transport] tempo is nan; it must be"),
        ("[transport]\ntempo = true", "[transport] tempo is True; it must be"),
        ("[transport]\nnumerator = 3.0", "[transport] numerator is 3.0; it must be a whole number"),
        ("[transport]\ndenominator = 6", "denominator is 6; it must be one of 1, 2, 4, 8"),
        ("[transport]\ndenominator = [4]", "denominator is [4]; it must be one of"),
        ('[transport]\nsource = "ntp"', 'it must be one of "internal", "midi", "link", "osc"'),
        ("[[transport]]", "[transport] must be a section"),
        ("[pose]\nwire = 'vmc'", "write [[pose]], once for each pose"),
        ("[[pose]]", "[[pose]] wire is missing; it must be one of"),
        ('[daemon]\nallow = ["192.168.1.7/24"]', "[daemon] allow is ['192.168.1.7/24']; it must"),
        ('[daemon]\nmodel = "studio/x"', "[daemon] model is 'studio/x'; it must be text such as"),
        ("[daemon]\nport = 7720\nhttp = 7720", "[daemon] port and http are both 7720"),
        ('[[pose]]\nwire = "vmc"\nport = 7110\n[[pose]]\nwire = "osceleton"', "7110 is both"),
        ('[[pose]]\nwire = "vmc"\nport = 7721', "[[pose]] port 7721 is [daemon] http too"),
        ("[[midi_in]]", "[[midi_in]] needs a port or a virtual one"),
        ('[[midi_in]]\nport = "a"\nvirtual = "b"', "[[midi_in]] needs a port or a virtual one"),
        ('[[midi_in]]\nport = "a"\nparts = {17 = "bass"}', "[[midi_in]] parts is"),
        ('[[midi_in]]\nport = "a"\nparts = {x = "bass"}', "[[midi_in]] parts is"),
        ('[[midi_out]]\nport = "a"\nchannels = {bass = 1, drums = 1}', "no two the same"),
        ('[[midi_in]]\nport = "a"\n[[midi_in]]\nport = "a"', "[[midi_in]] name 'a' is given twice"),
        ('[[voice]]\nname = "a"\n[[dancer]]\nname = "a"', "'a' is given twice"),
        ('[[voice]]\nname = "a"\n[[midi_in]]\nport = "a"', "'a' is given twice"),
        ('[[voice]]\nname = "a/b"', "[[voice]] name is 'a/b'; it must be a name without"),
        ('[[voice]]\nname = "a"\nenergy = 1', "[[voice]] has no key 'energy'; there are: name"),
        ('[[voice]]\nname = "a"\nhold = 1', "[[voice]] hold is 1; it must be true or false"),
        ('[[voice]]\nname = "a"\noffset = [0,0,0,0,0,0,0,0,0]', "offset is [0, 0, 0, 0, 0"),
        ('[[voice]]\nname = "a"\noffset = [9]', "[[voice]] offset is [9]; it must be a list"),
        (
            '[[midi_out]]\nport = "band"\n[[voice]]\nname = "a"\nout = ["bund"]',
            "[[voice]] a: out is 'bund', which is nowhere in the show; did you mean 'band'?",
        ),
        ('[[dancer]]\nname = "a"\nsource = "b"', "[[dancer]] a: source is 'b', which is nowhere"),
        ('[[dancer]]\nname = "a"\nperson = 3', "[[dancer]] person is 3; it must be a whole"),
        (
            '[[dancer]]\nname = "a"\nperson = 100\n[[dancer]]\nname = "b"\nperson = 100',
            "[[dancer]] person 100 is given twice",
        ),
        ('[[dancer]]\nname = "a"\n[[dancer]]\nnam = "b"', "[[dancer]] 2 has no key 'nam'"),
        ("[[vmc]]", "[[vmc]] needs a dancer or a person"),
        ('[[vmc]]\ndancer = "dancer"\nperson = 1', "[[vmc]] needs a dancer or a person"),
        ('[[bvh]]\nfolder = "x"\ndancer = "dance"', "did you mean 'dancer'?"),
        ("[[bvh]]\nperson = 1", "[[bvh]] folder is missing"),
        ('[[bvh]]\nperson = 1\nfolder = ""', "[[bvh]] folder is ''; it must be a folder"),
        ("[preset.calm.vioce]", "[preset.calm] there is no voice or dancer 'vioce'; did you mean"),
        ("[preset.calm.dancer]\ndrums = 1", "[preset.calm.dancer] has no key 'drums'; there are"),
        ("[preset.calm.voice]\ndrums = 9", "[preset.calm.voice] drums is 9; it must be a number"),
        ("[preset]\ncalm = 1", "[preset.calm] must hold sections"),
        ('[preset."a/b".voice]', "[preset] name is 'a/b'; it must be a name"),
        ("[[voice]]\nname='a'\n" + "[[vmc]]\nperson=1\n" * 17, "[[vmc]] comes 17 times"),
    ],
)
def test_what_is_wrong_is_named(text, cause):
    assert cause in refused(text)


def test_broken_toml_is_named_with_its_line(tmp_path):
    path = tmp_path / "evening.toml"
    for content, line in ((b"[daemon]\nhost = \n", 2), (b"[daemon]\n# \xff\n", 2)):
        path.write_bytes(content)
        with pytest.raises(FileError) as error:
            read_show(path)
        assert error.value.line == line
    for content in (
        b"a = " + b"[" * 5000,
        b"a = " + b"9" * 5000,
        b"[daemon]\nport = 0x" + b"9" * 5000,
        b"#" * (1 << 21),
    ):
        path.write_bytes(content)
        with pytest.raises(FileError):
            read_show(path)
    with pytest.raises(FileError, match="cannot be read"):
        read_show(tmp_path / "none.toml")
    with pytest.raises(FileError, match="cannot be read"):
        read_show(tmp_path)


KEYS = st.sampled_from(
    sorted({f.name for cls in (SECTIONS | LISTS).values() for f in fields(cls)} - {"values"})
)
WORDS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["a", "b", "vmc", "osceleton", "drums", "bass", "~x/y", "studio/1", "follow"]),
)
VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(), WORDS, st.integers(0, 200), st.datetimes(),
        st.just(10**400),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | WORDS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
SECTION = st.dictionaries(KEYS, VALUES, max_size=4)
NAMED = st.fixed_dictionaries({"name": WORDS, "wire": st.just("vmc"), "port": WORDS | VALUES})
TABLES = st.dictionaries(
    st.sampled_from([*SECTIONS, *LISTS, "preset"]) | WORDS,
    VALUES | SECTION | st.lists(SECTION | NAMED, max_size=3)
    | st.dictionaries(WORDS, st.dictionaries(WORDS, SECTION, max_size=2), max_size=2),
    max_size=4,
)  # fmt: skip


@given(TABLES)
def test_no_toml_does_worse_than_to_be_refused(values):
    try:
        assert isinstance(show_of(values, "evening.toml"), Show)
    except FileError as error:
        assert str(error).startswith("evening.toml: ")


@given(st.binary(max_size=200))
def test_no_file_does_worse_than_to_be_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with suppress(FileError):
        read_show(path)
