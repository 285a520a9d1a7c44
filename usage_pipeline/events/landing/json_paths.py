"""JSON paths such as `$.a."b.c"`, structures that read them, and patches that remove them."""

import re
from collections.abc import Iterable

_STEP = re.compile(r'\.(?:"([^"\\]+)"|([A-Za-z_][A-Za-z0-9_]*))|(\[)')
_ATTRIBUTE = re.compile(r'(.*?)\["([^"\\]+)"\](.*)', re.DOTALL)
_ELEMENT = re.compile(r'(.*?)\[([A-Za-z_][A-Za-z0-9_]*)=(?:"([^"]+)"|([^"\[\]]+))\](.*)', re.DOTALL)

Tree = dict[str, "Tree | str"]
"""The structure of an object: for each key a tree, or the name of a type."""


def keys(path: str) -> list[str]:
    """Split a path into keys: `$.a."b.c"` has `a` and `b.c`. A path into a list has those of the list."""
    found = []
    for quoted, plain, bracket in _STEP.findall(path):
        if bracket:
            break
        found.append(quoted or plain)
    return found


def last_keys(path: str) -> set[str]:
    """Return the names that a number at this path may have in the line."""
    if attribute(path):
        return {"value", "doubleValue"}
    return {quoted or plain for quoted, plain, bracket in _STEP.findall(path)[-1:] if not bracket}


def is_in_list(path: str) -> bool:
    """Return True for a path into a list."""
    return any(bracket for _, _, bracket in _STEP.findall(path))


def attribute(path: str) -> tuple[str, str, str] | None:
    """Split a path such as `$.a["b"].c` into list, key, and the path within the value, `$.c`."""
    found = _ATTRIBUTE.fullmatch(path)
    return (found[1], found[2], f"${found[3]}") if found else None


def element(path: str) -> tuple[str, str, str, str] | None:
    """Split a path such as `$.a[b=c].d` into list, the field `$.b`, its text, and the path within the element."""
    found = _ELEMENT.fullmatch(path)
    return (found[1], f"$.{found[2]}", found[3] or found[4], f"${found[5]}") if found else None


def searched_list(path: str) -> str | None:
    """Return the list of which a path takes the element that has a key or a text."""
    found = attribute(path) or element(path)
    return found[0] if found else None


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
