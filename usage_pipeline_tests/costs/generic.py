"""A source for tests whose lines say what a call used, each field named like its column."""

from pathlib import Path
from typing import Any

FORMAT = """
description: Calls of models, for tests.
format: jsonl
identity: [$.id]
tenant: $.tenant
type: {constant: request}
times:
  occurred_at: {field: $.time, format: iso}
fields:
  model: $.model
  provider: $.provider
  tokens_in: $.tokens_in
  tokens_cached: $.tokens_cached
  tokens_cache_write: $.tokens_cache_write
  tokens_cache_write_1h: $.tokens_cache_write_1h
  tokens_in_audio: $.tokens_in_audio
  tokens_out_audio: $.tokens_out_audio
  service_tier: $.service_tier
  region: $.region
  speed: $.speed
  web_searches: $.web_searches
  tokens_out: $.tokens_out
  tokens_reasoning: $.tokens_reasoning
  tokens_total: $.tokens_total
  tool_calls: $.tool_calls
  api_calls: $.api_calls
  member_id: $.member
  project: $.project
  feature: $.feature
  reported_cost: $.cost
  currency: {constant: USD}
"""

WITHOUT_CACHED = FORMAT + "input_includes_cached: false\n"


def write_format(folder: Path) -> Path:
    """The folder, with the format `calls` in it, and `calls_without_cached` for input that leaves it out."""
    folder.mkdir()
    (folder / "calls.yaml").write_text(FORMAT)
    (folder / "calls_without_cached.yaml").write_text(WITHOUT_CACHED)
    return folder


def write_prices(folder: Path, text: str) -> Path:
    """The file `prices.yaml` with this text."""
    file = folder / "prices.yaml"
    file.write_text(text)
    return file


def call(
    record_id: str, time: str = "2026-05-01T08:00:00Z", tenant: str = "acme", **fields: object
) -> dict[str, Any]:
    """A line of tenant acme, of the model `m`."""
    return {"id": record_id, "tenant": tenant, "time": time, "model": "m", **fields}


def price(price_id: str, prices: str, **keys: str) -> str:
    """An entry of `prices.yaml`: a price of `m` per token, from the start of 2026."""
    written = {"provider": "p", "model": "m", "from": "2026-01-01", "unit": "token", "source": "test", **keys}
    lines = "".join(f"  {key}: {value}\n" for key, value in written.items())
    return f"- id: {price_id}\n{lines}  prices: {{{prices}}}\n"
