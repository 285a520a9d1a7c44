"""Which paths fit into one structure, and what removes them from an object."""

import pytest

from usage_pipeline.events.landing.json_paths import Tree, add, inner_keys, keys, nulls_at


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.a", ["a"]),
        ("$.a.b", ["a", "b"]),
        ('$.a."b.c"', ["a", "b.c"]),
        ('$."a b".c', ["a b", "c"]),
        ("$.a[0].b", ["a"]),
        ('$.a.b["c.d"].e', ["a", "b"]),
    ],
)
def test_a_path_is_a_list_of_keys(path: str, expected: list[str]) -> None:
    assert keys(path) == expected


def test_inner_objects_are_named_innermost_first() -> None:
    assert inner_keys(["$.a.b.c", "$.a.d", "$.e"]) == ["b", "a"]


def structure(*paths: str) -> tuple[Tree, list[str]]:
    tree: Tree = {}
    return tree, [path for path in paths if not add(tree, path)]


def test_paths_through_one_object_share_it() -> None:
    assert structure("$.a", "$.m.b", "$.m.c") == ({"a": "VARCHAR", "m": {"b": "VARCHAR", "c": "VARCHAR"}}, [])


def test_below_a_text_there_is_no_place() -> None:
    assert structure("$.error", "$.error.code", "$.error.cause.code") == (
        {"error": "VARCHAR"},
        ["$.error.code", "$.error.cause.code"],
    )


def test_an_object_that_is_there_cannot_be_a_text_too() -> None:
    assert structure("$.error.code", "$.error") == ({"error": {"code": "VARCHAR"}}, ["$.error"])


@pytest.mark.parametrize("path", ["$.ID", "$.Id", "$.M.b", "$.m.B"])
def test_there_is_no_place_for_a_key_that_differs_only_by_case(path: str) -> None:
    tree, beside = structure("$.id", "$.m.b", path)
    assert (tree, beside) == ({"id": "VARCHAR", "m": {"b": "VARCHAR"}}, [path])


def test_a_patch_removes_fields_and_where_an_object_is_named_all_of_it() -> None:
    assert nulls_at(["$.a", "$.m.b", "$.o", "$.o.c"]) == {"a": None, "m": {"b": None}, "o": None}
