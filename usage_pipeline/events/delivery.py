"""What may differ between two deliveries of a line, by the `delivery_fields` of its format.

A delivery field is a column, the name of a text, or a field of the log: then it is what reads that field. What is
derived from a column that may differ may differ, too.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from usage_pipeline.events.format_values import places
from usage_pipeline.events.source_format import SourceFormat

_DERIVED = {
    "count": ("messages", "tokens_total"),
    "status": ("messages",),
    "occurred_at": ("duration_ms",),
    "started_at": ("duration_ms",),
    "tokens_in": ("tokens_total",),
    "tokens_out": ("tokens_total",),
    "tokens_cached": ("tokens_in", "tokens_total"),
    "tokens_cache_write": ("tokens_in", "tokens_total"),
    "tokens_reasoning": ("tokens_out", "tokens_total"),
    "tokens_cached_audio": ("tokens_in_audio",),
    "tokens_cached_image": ("tokens_in_image",),
}
"""Columns that `validated_lines.sql` derives from others, where the format does not have them or changes them."""


@dataclass(frozen=True)
class Deliveries:
    """The columns and texts of a format that may differ between two deliveries."""

    columns: frozenset[str]
    texts: frozenset[str]


def deliveries(source_format: SourceFormat) -> Deliveries:
    """Return what the delivery fields of a format name."""
    named = frozenset(source_format.delivery_fields)
    columns = {name: time.values for name, time in source_format.times.items()} | source_format.fields
    found = {name for name, value in columns.items() if name in named or _reads(value, named)}
    derived = {name for column in found for name in _derived(source_format, column)}
    texts = {name for name, value in source_format.content.items() if name in named or _reads(value, named)}
    return Deliveries(frozenset(found | derived | _digests(texts)), frozenset(texts))


def _reads(value: object, fields: Collection[str]) -> bool:
    return not set(places(value)).isdisjoint(fields)


def _derived(source_format: SourceFormat, column: str) -> Iterator[str]:
    unchanged = set[str]()
    if source_format.input_includes_cached:
        unchanged.update(("tokens_in", "tokens_in_audio", "tokens_in_image"))
    if source_format.output_includes_reasoning:
        unchanged.add("tokens_out")
    own = source_format.fields.keys() - {
        "tokens_in",
        "tokens_in_audio",
        "tokens_in_image",
        "tokens_out",
        "tokens_total",
    }
    return (name for name in _DERIVED.get(column, ()) if name not in unchanged | own)


def _digests(texts: Collection[str]) -> set[str]:
    """Return the columns with digests of these texts."""
    names = {"content_digest", "prompt_digest"} if "prompt" in texts else {"content_digest"}
    return names if texts else set()
