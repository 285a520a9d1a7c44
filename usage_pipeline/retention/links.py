"""Landing files that are links to files elsewhere in the landing folder: what a link leads to goes with it."""

import os
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path

from usage_pipeline.events.landing.scan import UNFINISHED

_PLACES = ("*/*/*", "*/*/*/*")
"""Where landing files may lie: in the folder of a day, or of a tenant there."""


def target_of(file: Path, landing: Path) -> Path | None:
    """Return the file that a landing file is a link to, if nothing else in the landing folder makes it land.

    One that lies in the place of a landing file goes by its own term, and one of several links with the last.
    """
    target = Path(os.path.realpath(file))
    if not file.is_symlink() or not target.is_relative_to(os.path.realpath(landing)):
        return None
    return target if _leading_to_each(landing)[target] == 1 else None


def _leading_to_each(landing: Path) -> Counter[Path]:
    """Return how many landing files are a file: itself, if it is one, and the links to it."""
    paths = (path for place in _PLACES for path in landing.glob(place))
    return Counter(Path(os.path.realpath(path)) for path in paths if _may_land(path.relative_to(landing)))


def _may_land(path: Path) -> bool:
    if any(name.startswith(".") or name.endswith(UNFINISHED) for name in path.parts):
        return False
    with suppress(ValueError):
        return date.fromisoformat(path.parts[1]).isoformat() == path.parts[1]
    return False
