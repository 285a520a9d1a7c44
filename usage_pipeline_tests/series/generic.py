"""A source of its own for tests: lines of the generic types, each field named like its column."""

from pathlib import Path
from typing import Any

FORMAT = """
description: Generic lines for tests.
format: jsonl
identity: [$.id]
tenant: $.tenant
type: $.type
types:
  request:
  prompt:
  message:
  conversation:
  event:
  check: persona_consistency_check
times:
  occurred_at: {field: $.time, format: iso}
fields:
  count: $.count
  messages: $.messages
  api_calls: $.api_calls
  tool_calls: $.tool_calls
  conversation_id: $.conversation_id
  model: $.model
  latency_ms: $.latency_ms
  issue_count: $.issue_count
  issue_types: $.issue_types
  agent: $.agent
"""


def write_format(folder: Path) -> Path:
    """The folder, with the format `generic` in it."""
    folder.mkdir()
    (folder / "generic.yaml").write_text(FORMAT)
    return folder


def line(line_id: str, kind: str, time: str = "2026-05-01T08:00:00Z", **fields: object) -> dict[str, Any]:
    """A line of tenant acme."""
    return {"id": line_id, "tenant": "acme", "type": kind, "time": time, **fields}
