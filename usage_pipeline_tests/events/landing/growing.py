"""A log that writes a record again while it grows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Add = Callable[..., Path]
CHAT: dict[str, Any] = {
    "description": "A chat that writes an answer again while it grows.",
    "format": "jsonl",
    "identity": ["$.id"],
    "tenant": "$.team",
    "type": {"constant": "request"},
    "times": {
        "occurred_at": {"field": "$.at", "format": "iso"},
        "updated_at": {"field": "$.changed", "format": "iso"},
    },
    "fields": {"tokens_in": "$.in", "tokens_out": "$.out", "reported_cost": "$.cost", "model": "$.model"},
    "content": {"response": "$.text"},
}


def answer(record_id: str, out: int | None, clock: str = "08:00:00", **fields: object) -> dict[str, Any]:
    """A line of the chat."""
    return {"id": record_id, "team": "acme", "at": f"2026-05-01T{clock}Z", "out": out, **fields}
