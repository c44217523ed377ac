import io
import json
import zipfile

import numpy as np
import pytest
from dancers import dance
from hypothesis import given, settings
from hypothesis import strategies as st

from oscbridge.errors import FileError
from oscbridge.io.landmark_file import FIELDS, read_landmarks, write_landmarks

WALK, TIMELINE = dance(seconds=1)
ENDINGS = (".npz", ".json", ".csv")


def refused(path, said):
    with pytest.raises(FileError, match=said) as caught:
        read_landmarks(path)
    assert str(path) in str(caught.value)
    return caught.value


def npz(path, **fields):
    np.savez(path, **fields)
    return path


def document(**changes):
    fields = {name: getattr(WALK, name).tolist() for name in FIELDS}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read(tmp_path, ending):
    path = tmp_path / f"walk{ending}"
    write_landmarks(WALK, path)
    found = read_landmarks(path)
    assert found.landmarks == pytest.approx(WALK.landmarks, abs=1e-6)
    assert found.root == pytest.approx(WALK.root, abs=1e-6)
    assert found.time == pytest.approx(WALK.time, abs=1e-9)
    assert found.beat == pytest.approx(WALK.beat, abs=1e-9)


def test_an_npz_is_what_the_documentation_says(tmp_path):
    write_landmarks(WALK, tmp_path / "walk.npz")
    with np.load(tmp_path / "walk.npz", allow_pickle=False) as found:
        assert set(found.files) == {"landmarks", "root", "time", "beat"}
        assert found["landmarks"].shape == (30, 33, 3)
        assert found["landmarks"].dtype == np.float32
        assert found["root"].shape == (30, 3)
        assert found["time"].shape == found["beat"].shape == (30,)


def test_a_csv_has_named_columns_in_any_order(tmp_path):
    path = tmp_path / "walk.csv"
    write_landmarks(WALK, path)
    table = [line.split(",") for line in path.read_text().splitlines()]
    assert table[0][:8] == [
        "time", "beat", "root_x", "root_y", "root_z", "nose_x", "nose_y", "nose_z"
    ]  # fmt: skip
    assert table[0][-1] == "right_foot_index_z"
    mixed = "\r\n".join(",".join(["7", *reversed(row)]) for row in table)
    path.write_text(mixed.replace("7", "comment", 1) + "\r\n")
    assert read_landmarks(path).landmarks == pytest.approx(WALK.landmarks, abs=1e-6)


def test_root_and_beat_may_be_missing(tmp_path):
    found = read_landmarks(npz(tmp_path / "a.npz", landmarks=WALK.landmarks, time=WALK.time))
    assert found.root is None
    assert found.beat is None
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document(root=None, beat=None)))
    assert read_landmarks(path).root is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time": None}, "no field 'time'"),
        ({"landmarks": None}, "no field 'landmarks'"),
        ({"time": WALK.time[:-1].tolist()}, "time has the shape"),
        ({"time": WALK.time[::-1].tolist()}, "frame 2: time does not rise"),
        ({"beat": np.zeros(30).tolist()}, "frame 2: beat does not rise"),
        ({"landmarks": [[[0, 0, 0]] * 32] * 30}, "landmarks: frame 1 is not 33 x 3"),
        ({"landmarks": [[[0, 0, 0]] * 32 + [[0, 0]]] * 30}, "landmarks: frame 1"),
        ({"landmarks": []}, "empty"),
        ({"root": [["a", 0, 0]] * 30}, "root: frame 1"),
        ({"time": 3}, "time is empty or no list"),
        ({"root": [[1e9, 0, 0]] * 30}, "root holds"),
    ],
)
def test_json_that_is_wrong_is_named(tmp_path, changes, said):
    path = tmp_path / "walk.json"
    path.write_text(json.dumps(document(**changes)))
    refused(path, said)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "empty"),
        ('{"landmarks":\n[[[0,0,\n', 3, "not JSON"),
        ("[1, 2]", None, "object"),
        ('{"time":\n[0, NaN]}', 2, "NaN"),
        ('{"time": [0, 1e999], "landmarks": [' + "0," * 100 + "0]}", None, "landmarks: frame 1"),
        ("[" * 90, 1, "not JSON"),
        ("[]," * 1_000_000, None, "does not look like landmarks"),
        ("[" * 100_000, None, "does not look like"),
        ('"a",' * 1_000_000, None, "does not look like"),
        ("{" * 1000, None, "many objects"),
    ],
)
def test_text_that_is_no_landmark_json_is_refused(tmp_path, text, line, said):
    path = tmp_path / "walk.json"
    path.write_text(text)
    assert refused(path, said).line == line


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (lambda rows: [], None, "empty"),
        (lambda rows: rows[:1], 2, "no line after its first"),
        (lambda rows: [r[1:] for r in rows], 1, "name the columns"),
        (lambda rows: [r[:-1] for r in rows], 1, "no column 'right_foot_index_z'"),
        (lambda rows: [*rows[:4], rows[4][:-1], *rows[5:]], 5, "has 103 of 104"),
        (lambda rows: [*rows[:4], ["nan", *rows[4][1:]], *rows[5:]], 5, "frame 4: time holds NaN"),
        (lambda rows: [*rows[:4], ["x", *rows[4][1:]], *rows[5:]], 5, "'x'"),
        (lambda rows: [*rows[:4], rows[3], *rows[5:]], 5, "time does not rise"),
        (lambda rows: [*rows[:4], [""], *rows[5:]], 5, "empty line"),
        (lambda rows: [r[:2] + r[3:] for r in rows], 1, "root_x"),
        (lambda rows: [[*rows[0][:1], "time", *rows[0][2:]], *rows[1:]], 1, "two of one name"),
    ],
)
def test_a_csv_that_is_wrong_is_named_with_its_line(tmp_path, change, line, said):
    path = tmp_path / "walk.csv"
    write_landmarks(WALK, path)
    rows = change([text.split(",") for text in path.read_text().splitlines()])
    path.write_text("\n".join(",".join(row) for row in rows))
    assert refused(path, said).line == line


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"landmarks": WALK.landmarks}, "no field 'time'"),
        ({"landmarks": WALK.landmarks[..., :2], "time": WALK.time}, "expected .frames, 33, 3"),
        ({"landmarks": WALK.landmarks[0], "time": WALK.time}, "expected .frames, 33, 3"),
        ({"landmarks": WALK.landmarks[:0], "time": WALK.time[:0]}, "0 frames"),
        ({"landmarks": WALK.landmarks * np.nan, "time": WALK.time}, "frame 1: landmarks holds NaN"),
        ({"landmarks": WALK.landmarks, "time": WALK.time.astype(object)}, "object"),
        ({"landmarks": WALK.landmarks, "time": WALK.time.astype("U8")}, "expected numbers"),
        ({"landmarks": np.zeros((200_001, 33, 3), np.uint8), "time": [0.0]}, "200001"),
    ],
)
def test_an_npz_that_is_wrong_is_named(tmp_path, fields, said):
    refused(npz(tmp_path / "walk.npz", **fields), said)


def test_an_array_that_claims_more_than_is_there_takes_no_memory(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (200_000, 33, 3)}
    )
    path = tmp_path / "walk.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("landmarks.npy", header.getvalue())
    refused(path, "truncated: landmarks has 0 of 79200000 bytes")


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "walk.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("landmarks.npy", bytes(100_000_000))
    refused(path, "cannot be read")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_or_empty_file_is_refused(tmp_path, ending):
    refused(tmp_path / f"none{ending}", rf"none\{ending}")
    (tmp_path / f"empty{ending}").touch()
    refused(tmp_path / f"empty{ending}", rf"empty\{ending}")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    short, _ = dance(seconds=0.1)
    for ending in ENDINGS:
        write_landmarks(short, folder / f"walk{ending}")
    return folder


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=120, derandomize=True, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(written, ending, data):
    content = bytearray((written / f"walk{ending}").read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        end = at + data.draw(st.integers(0, 20))
        content[at:end] = data.draw(st.binary(max_size=6))
        content = content or bytearray(b" ")
    path = written / f"damaged{ending}"
    path.write_bytes(content)
    try:
        found = read_landmarks(path)
    except FileError:
        return
    assert np.isfinite(found.landmarks).all()
    assert found.landmarks.shape[1:] == (33, 3)
