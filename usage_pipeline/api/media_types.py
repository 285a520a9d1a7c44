"""In which form a list is asked for: as pages of JSON, or as a stream of the type that a request likes best."""

from collections.abc import Sequence

JSON, JSON_LINES, CSV = "application/json", "application/jsonl", "text/csv"
FORMATS = {"jsonl": JSON_LINES, "csv": CSV}
"""Streams by the ending of their files."""
_ANY = "*/*"


def stream_of(accept: str, file_format: str | None) -> str | None:
    """Return the type of the stream that a header `Accept`, or a format, asks for; None for pages."""
    if file_format in FORMATS:
        return FORMATS[file_format]
    found = _best_accepted(accept, (JSON, JSON_LINES, CSV))
    return None if found == JSON else found


def _best_accepted(accept: str, offered: Sequence[str]) -> str:
    """Return the type that a header `Accept` prefers; of equal ones, and where none is accepted, the first."""
    ranges = _ranges(accept)
    return max(offered, key=lambda media_type: _weight(media_type, ranges))


def _ranges(accept: str) -> dict[str, float]:
    """Return the weight of each range of types: `text/*;q=0.5` has half of one."""
    found = {}
    for entry in accept.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weights = [_number(value) for key, _, value in (part.partition("=") for part in parameters) if key == "q"]
        found[name] = weights[0] if weights else 1.0
    return found


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else 0.0


def _weight(media_type: str, ranges: dict[str, float]) -> float:
    """Return the weight by the range that says most of the type; 0 if none has it."""
    kind = media_type.partition("/")[0]
    return next((ranges[name] for name in (media_type, f"{kind}/*", _ANY) if name in ranges), 0.0)
