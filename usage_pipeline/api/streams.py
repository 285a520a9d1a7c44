"""In which form a list is asked for: as pages of JSON, or as a stream."""

from usage_pipeline.api.media_types import best_accepted

JSON, JSON_LINES, CSV = "application/json", "application/jsonl", "text/csv"
FORMATS = {"jsonl": JSON_LINES, "csv": CSV}
"""Streams by the ending of their files."""


def stream_of(accept: str, file_format: str | None) -> str | None:
    """Return the type of the stream that a header `Accept`, or a format, asks for; None for pages."""
    if file_format in FORMATS:
        return FORMATS[file_format]
    found = best_accepted(accept, (JSON, JSON_LINES, CSV))
    return None if found == JSON else found
