"""Names that are to be names of files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscbridge.domain.names import is_name


@pytest.mark.parametrize("name", ["take 1", "Übung", "a.b", "夜", "x" * 200])
def test_names_are_taken(name):
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".a", "a.", " a", "a ", "a/b", "a\\b", "C:", "a\n", "a\0", "x" * 201, "\ud800"],
)
def test_others_are_not(name):
    assert not is_name(name)


@given(st.text())
def test_a_name_is_a_file_in_its_folder(tmp_path_factory, name):
    folder = tmp_path_factory.getbasetemp()
    if is_name(name):
        path = folder / f"{name}.x"
        path.touch()
        assert path in folder.iterdir()
        path.unlink()
