"""Words of messages: numbers with their nouns, short lists, and names that were probably meant."""

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches

_LISTED = 5


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 day`, `2 days`, `3 entries`."""
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def is_or_are(number: int) -> str:
    """Return the verb of so many."""
    return "is" if number == 1 else "are"


def listed(values: Sequence[object]) -> str:
    """Join the first values with commas, and mark that there are more."""
    return ", ".join(map(str, values[:_LISTED])) + (", ..." if len(values) > _LISTED else "")


def did_you_mean(name: str, known: Collection[str], most: int = 3) -> str:
    """Return `did you mean 'acme'?` with at most so many known names that are near; empty if none is."""
    near = get_close_matches(name, known, most)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


def _plural(noun: str) -> str:
    return re.sub(r"(?<![aeo])y$", "ie", noun) + "s"
