"""docs/data.md describes the fields of a store, and no others."""

from pathlib import Path

from oscbridge.training.store_format import tables

PAGE = (Path(__file__).parents[2] / "docs/data.md").read_text("utf-8")


def test_every_field_of_a_store_is_described():
    for table, fields in tables(4).items():
        assert f"| {table}" in PAGE or f", {table} |" in PAGE
        for field in fields:
            assert f"`{field.name}`" in PAGE, f"{table}.{field.name}"
