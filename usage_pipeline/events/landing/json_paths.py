"""JSON paths such as `$.a."b.c"`, structures that read them, and patches that remove them."""

import csv
from collections.abc import Iterable

Tree = dict[str, "Tree | str"]
"""The structure of an object: for each key a tree, or the name of a type."""


def keys(path: str) -> list[str]:
    """Split a path into keys: `$.a."b.c"` has `a` and `b.c`."""
    return next(csv.reader([path.removeprefix("$.")], delimiter="."))


def inner_keys(paths: Iterable[str]) -> list[str]:
    """Return the names of the objects in these paths, innermost first."""
    depths = {key: depth for path in paths for depth, key in enumerate(keys(path)[:-1])}
    return sorted(depths, key=lambda key: (-depths[key], key))


def add(tree: Tree, path: str) -> bool:
    """Add a path as a text, if it fits. Returns False if it does not.

    A path does not fit below a text, or if one of its keys differs from another only by case.
    """
    *outer, last = keys(path)
    for key in outer:
        if _is_taken(tree, key):
            return False
        inner = tree.setdefault(key, {})
        if isinstance(inner, str):
            return False
        tree = inner
    if last in tree or _is_taken(tree, last):
        return False
    tree[last] = "VARCHAR"
    return True


def _is_taken(tree: Tree, key: str) -> bool:
    return any(other != key and other.casefold() == key.casefold() for other in tree)


def nulls_at(paths: Iterable[str]) -> dict[str, object]:
    """Return a JSON merge patch that removes these paths."""
    patch: dict[str, object] = {}
    for path in paths:
        *outer, last = keys(path)
        inner = patch
        for key in outer:
            child = inner.setdefault(key, {})
            if not isinstance(child, dict):
                break  # the whole object is removed already
            inner = child
        else:
            inner[last] = None
    return patch
