"""Exports as the two providers write them, of days of May 2026."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Results = list[dict[str, Any]]
MAY = datetime(2026, 5, 1, tzinfo=UTC)


def openai_bucket(results: Results, day: int = 1, hours: tuple[int, int] = (0, 24)) -> dict[str, Any]:
    start, end = (int((MAY + timedelta(days=day - 1, hours=hour)).timestamp()) for hour in hours)
    return {"object": "bucket", "start_time": start, "end_time": end, "results": results}


def anthropic_bucket(results: Results, day: int = 1) -> dict[str, Any]:
    start, end = ((MAY + timedelta(days=offset)).strftime("%Y-%m-%dT00:00:00Z") for offset in (day - 1, day))
    return {"starting_at": start, "ending_at": end, "results": results}


def openai_usage(model: str | None = "gpt-4o", **tokens: object) -> dict[str, Any]:
    """100 tokens in, 20 out, unless said otherwise."""
    kind = "organization.usage.completions.result"
    return {"object": kind, "model": model, "input_tokens": 100, "output_tokens": 20, **tokens}


def openai_cost(value: object, line_item: str | None = None, currency: str = "usd") -> dict[str, Any]:
    amount = {"value": value, "currency": currency}
    return {"object": "organization.costs.result", "amount": amount, "line_item": line_item, "project_id": None}


def anthropic_usage(model: str | None = "claude-haiku-4-5", **tokens: object) -> dict[str, Any]:
    """100 tokens in, 20 out, unless said otherwise."""
    return {"model": model, "uncached_input_tokens": 100, "output_tokens": 20, **tokens}


def anthropic_cost(amount: str, model: str | None = None, **fields: object) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD", "model": model, "description": None, **fields}


def page(*buckets: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "page", "data": list(buckets), "has_more": has_more, "next_page": None}


def write(folder: Path, content: object) -> Path:
    """The file `usage.json`; a text is written as it is."""
    file = folder / "usage.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file
