"""A report of a small made-up model: its tables say what was put in, its page stands alone."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from oscbridge.domain import figure
from oscbridge.errors import FileError
from oscbridge.training.intervals import Interval
from oscbridge.training.report import page, pictures
from oscbridge.training.report.seeds import over_seeds
from oscbridge.training.samples import Dances, Music, Samples, music_of_rolls
from oscbridge.training.tables import Cell, Table, text

SONGS, TAKES = np.repeat(["a.mid", "b.mid", "c & d.mid"], 2), np.repeat(["x.bvh", "y.bvh"], 3)


def music(count: int, seed: int) -> Music:
    rng = np.random.default_rng(seed)
    held = rng.random((count, 32, 128)) < 0.05
    held[:, ::4, 0] = True
    return music_of_rolls(held)


def dances(count: int, seed: int) -> Dances:
    rng = np.random.default_rng(seed)
    steps = np.arange(32)[None, :, None, None]
    sway = 0.08 * np.sin(steps * np.pi / 4 + rng.normal(size=(count, 1, 33, 1)))
    return Dances.of_steps((figure.rest() + sway).astype(np.float32), 120)


@pytest.fixture(scope="module")
def samples() -> Samples:
    real_music, real_dance = music(6, 1), dances(6, 2)
    rng = np.random.default_rng(3)
    shared = rng.normal(size=(6, 5))
    return Samples(
        "mine <1>",
        {
            "real": real_music, "reconstructed": real_music, "generated": music(4, 4),
            "translated": music(6, 5), "random": music(6, 6), "known": music(9, 7),
        },
        {
            "real": real_dance, "reconstructed": real_dance, "generated": dances(4, 8),
            "translated": dances(6, 9), "random": dances(6, 10), "known": dances(9, 11),
        },
        SONGS,
        TAKES,
        {"music": shared, "dance": shared},
        {n: {"kl": 9.0, "active": 3.0, "units": 5.0, "variance_ratio": 0.5} for n in ("m", "d")},
        pairs=np.stack([np.arange(6)] * 2, axis=1),
        notes=("made up",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def tables(samples: Samples) -> dict[str, Table]:
    return {table.title: table for table in page.measured(samples)}


def cell(table: Table, row: str, column: str) -> Cell:
    return dict(table.rows)[row][table.columns.index(column)]


def value(table: Table, row: str, column: str) -> float:
    found = cell(table, row, column)
    assert found is not None
    return found.value if isinstance(found, Interval) else found


def test_a_perfect_reconstruction_is_perfect(tables: dict[str, Table]) -> None:
    rebuilt = tables["Music, reconstructed, by song"]
    for row in ("drums onset F1", "melody onset time recall", "bass density ratio"):
        assert cell(rebuilt, row, "reconstructed") == (1, 1, 1, 3)
        assert value(rebuilt, "melody onset F1", "random") < 0.3
    moved = tables["Dance, reconstructed, by take"]
    assert value(moved, "MPJPE, mm", "reconstructed") == 0
    assert cell(moved, "MPJPE, mm", "real") is None
    assert value(moved, "range of motion ratio", "reconstructed") == pytest.approx(1)


def test_music_made_is_beside_real_music(tables: dict[str, Table]) -> None:
    made = tables["Music, made anew and of dances"]
    assert value(made, "pitch-class KL from real", "real") == pytest.approx(0)
    assert value(made, "drums density ratio", "real") == pytest.approx(1)
    assert value(made, "distinct", "generated") == 1
    assert 0 < value(made, "distance to nearest training window", "generated") < 1
    assert cell(made, "distance to nearest training window", "random") is None


def test_few_windows_are_warned_of(tables: dict[str, Table]) -> None:
    made = tables["Dance, made anew and of music"]
    assert "only 4 windows" in made.note
    for row in ("FID_k", "FID_k, compat", "FID_g", "Div_k", "PFC"):
        assert np.isfinite(value(made, row, "real"))


def test_every_timing_has_its_null_and_pairs_are_found(tables: dict[str, Table]) -> None:
    timing = tables["Music to dance: does it meet the beat?"]
    assert 0 <= value(timing, "  its shift null", "translated") < 1
    accents = tables["Dance to music: does it meet the beat?"]
    assert "Beat Align Score" not in dict(accents.rows), "it does not depend on the music made"
    assert value(accents, "  shift null of accent F1", "random") < 1
    found = tables["Retrieval of mates by z'"]
    assert value(found, "R@1", "music to dance") == 1
    assert value(found, "median rank", "dance to music") == 1


def test_intervals_read_as_words_and_missing_ones_as_nothing() -> None:
    lone = Interval(0.5, float("nan"), float("nan"), 1)
    table = Table.of("t", {"a": {"x": Interval(0.5, 0.25, 0.75, 3), "y": lone}, "b": {"x": 1.0}})
    assert "0.500 [0.250 0.750]" in text([table])
    assert table.cells()[2] == ["y", "0.500", "-"]


class Reader(HTMLParser):
    """What a page loads, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_beside_its_pictures(samples: Samples, tmp_path: Path) -> None:
    table = Table.of("T", {"a": {"x < y": 1.0}}, "note")
    path = page.write(tmp_path / "new" / "report", samples, [table], "oscbridge evaluate")
    names = {p.name for p in path.parent.iterdir()}
    assert names == {
        "index.html", "piano_rolls.png", "figures.png", "beats.png", "latents.png", "collapse.png",
    }  # fmt: skip
    for name in names - {"index.html"}:
        assert (path.parent / name).read_bytes().startswith(b"\x89PNG")
    reader = Reader()
    written = path.read_text("utf-8")
    reader.feed(written)
    assert reader.open == []
    assert len(reader.sources) == 5
    assert all(source.startswith("data:image/png;base64,") for source in reader.sources)
    assert "mine &lt;1&gt;" in written
    assert "x &lt; y" in written


def test_a_folder_that_cannot_be_made_is_named(samples: Samples, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(FileError, match="taken"):
        page.write(tmp_path / "taken", samples, [], "")


def test_the_plane_holds_most_of_the_variance() -> None:
    rng = np.random.default_rng(12)
    points = rng.normal(size=(50, 4)) * [3, 2, 0.1, 0.1]
    flat, share = pictures.plane(points)
    assert flat.shape == (50, 2)
    assert share.sum() > 0.98


def test_seeds_put_together_add_their_doubt() -> None:
    def run(value: float) -> list[Table]:
        figures = {"x": Interval(value, value - 0.3, value + 0.4, 5), "plain": value}
        return [Table.of("t", {"a": figures, "b": {"x": 1.0}}, "How.")]

    (alike,) = over_seeds([run(0.5)] * 3)
    assert alike.rows[0][1][0] == pytest.approx((0.5, 0.2, 0.9, 5)), "no doubt between equal seeds"
    assert alike.rows[1][1][1] is None
    (unlike,) = over_seeds([run(0.4), run(0.5), run(0.6)])
    found = unlike.rows[0][1][0]
    assert isinstance(found, Interval)
    # t of two degrees of freedom is 4.303, the standard error of .4 .5 .6 is .1 / sqrt 3.
    between = 4.303 * 0.1 / np.sqrt(3)
    assert found.low == pytest.approx(0.5 - np.hypot(between, 0.3), abs=1e-4)
    assert found.high == pytest.approx(0.5 + np.hypot(between, 0.4), abs=1e-4)
    assert unlike.note == "How. Over 3 seeds."


def test_other_tables_are_not_put_together() -> None:
    one, other = (Table.of(title, {"a": {"x": 1.0}}) for title in ("one", "other"))
    with pytest.raises(ValueError, match="not the same table"):
        over_seeds([[one], [other]])
    renamed = Table.of("one", {"a": {"y": 1.0}})
    with pytest.raises(ValueError, match="rows differ"):
        over_seeds([[one], [renamed]])
