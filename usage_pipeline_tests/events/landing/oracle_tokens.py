"""The tokens of a line, by the rules as people read them: parts within their wholes, and the total."""

from collections.abc import Mapping

from usage_pipeline.events.source_format import SourceFormat

TOKENS = (
    *("tokens_in", "tokens_cached", "tokens_cache_write", "tokens_out", "tokens_reasoning", "tokens_total"),
    *("tokens_cache_write_1h", "tokens_in_audio", "tokens_in_image", "tokens_cached_audio", "tokens_cached_image"),
    *("tokens_out_audio", "tokens_out_image"),
)


class RejectError(Exception):
    """Why a line is rejected."""


def number_of(columns: Mapping[str, object], name: str) -> int | None:
    value = columns.get(name)
    assert value is None or isinstance(value, int)
    return value


def tokens_of(source_format: SourceFormat, name: str, columns: Mapping[str, object]) -> tuple[int | None, ...]:
    found = {column: number_of(columns, column) for column in TOKENS}
    if not source_format.input_includes_cached:
        _add(found, "tokens_in", "tokens_cached", "tokens_cache_write")
        for modality in ("audio", "image"):
            if found[f"tokens_in_{modality}"] is not None:
                _add(found, f"tokens_in_{modality}", f"tokens_cached_{modality}")
    if not source_format.output_includes_reasoning:
        _add(found, "tokens_out", "tokens_reasoning")
    if not _parts_fit({column: number or 0 for column, number in found.items()}, _most_cached(found)):
        raise RejectError("token_invariant")
    if found["tokens_in"] is not None or found["tokens_out"] is not None:
        found["tokens_total"] = (found["tokens_in"] or 0) + (found["tokens_out"] or 0)
    elif found["tokens_total"] is None and name == "token":
        found["tokens_total"] = count_of(columns)
    return tuple(found[column] for column in TOKENS)


def _add(found: dict[str, int | None], whole: str, *parts: str) -> None:
    """Let the whole hold parts that the log does not count in it."""
    if any(found[column] is not None for column in (whole, *parts)):
        found[whole] = sum(found[column] or 0 for column in (whole, *parts))


def _most_cached(found: Mapping[str, int | None]) -> int:
    """How much of the audio and images may be cached, where the log does not say."""
    known = 0
    for modality in ("audio", "image"):
        said, whole = found[f"tokens_cached_{modality}"], found[f"tokens_in_{modality}"] or 0
        known += min(whole, found["tokens_cached"] or 0) if said is None else said
    return known


def _parts_fit(found: Mapping[str, int], most_cached: int) -> bool:
    """Whether no part is larger than its whole."""
    modalities = found["tokens_in_audio"] + found["tokens_in_image"]
    cached = found["tokens_cached"] + found["tokens_cache_write"]
    return all(
        part <= whole
        for part, whole in (
            (cached, found["tokens_in"]),
            (found["tokens_cache_write_1h"], found["tokens_cache_write"]),
            (found["tokens_cached_audio"], found["tokens_in_audio"]),
            (found["tokens_cached_image"], found["tokens_in_image"]),
            (found["tokens_cached_audio"] + found["tokens_cached_image"], found["tokens_cached"]),
            (modalities, found["tokens_in"]),
            (modalities - most_cached + cached, found["tokens_in"]),
            (
                found["tokens_reasoning"] + found["tokens_out_audio"] + found["tokens_out_image"],
                found["tokens_out"],
            ),
        )
    )


def count_of(columns: Mapping[str, object]) -> int:
    count = number_of(columns, "count")
    return 1 if count is None else count
