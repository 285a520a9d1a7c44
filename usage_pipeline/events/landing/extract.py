"""Generates the SQL of a format: the view `extracted`, with one typed column per column of the canonical record.

It only takes the fields of lines and casts them; `validated_lines.sql` accepts or rejects lines. A field that
cannot be cast is null, and its name is in `invalid_field`.
"""

from collections.abc import Iterable, Iterator, Mapping

from usage_pipeline.events.catalogue import unmetered
from usage_pipeline.events.delivery import deliveries
from usage_pipeline.events.format_parts import METER_OF_FIELD
from usage_pipeline.events.format_paths import LINE
from usage_pipeline.events.format_values import Constant, Join, Presence, Skip, places
from usage_pipeline.events.landing.expected import cast
from usage_pipeline.events.landing.fields import META, PAYLOAD_META, Fields
from usage_pipeline.events.landing.values import Values
from usage_pipeline.events.record import FACTS, TEXTS, VOID_TARGET, WHERE_LANDED
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.events.value_rules import ANY_TYPE
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.tables import Column

_DERIVED_BY_VERDICT = frozenset({"count", "messages", "tokens_in", "tokens_out", "tokens_total", "duration_ms"})
"""Columns that `validated_lines.sql` derives if the format does not have them."""

_COMPARED_NUMBER = "compared_number"
_PAYLOAD_TEXTS = "payload_texts"
"""The digest of the texts that are equal in duplicates, where some are not."""
_PROMPT, _PROMPT_DIGEST = "prompt", "prompt_digest"
_OTHER = "other"
_TEXTS = tuple(column.name for column in TEXTS if column.name != _OTHER)


def extracted_select(source_format: SourceFormat, fields: Fields, digest_key: str) -> str:
    """Return the SELECT of `extracted`, over `lines` (file, line, raw, utf8).

    Typed columns have a SELECT of their own, so that the search for invalid fields does not cast them again.
    """
    values, tenant = Values(fields), source_format.logged_tenant
    type_columns = [*_type_columns(source_format, values)]
    typed_columns = [*_typed_columns(source_format, values), *_prompt_digest(source_format, values, digest_key)]
    columns = [
        ("tenant_text", values.text(tenant) if tenant else "CAST(NULL AS VARCHAR)"),
        ("record_id", _record_id(source_format, values)),
        *_metered_columns(source_format),
        *_content_digests(source_format, values, digest_key),
        *_text_columns(source_format, values),
        *_invalid_columns(source_format, values),
        ("missing_field", _missing_field(source_format, values)),
        ("occurred_at_text", values.time_text(source_format.times["occurred_at"])),
        *_compared_number(source_format, values),
        ("skipped_by", _skipped_by(source_format, fields, values)),
        *_lost_events(source_format, values),
        *((column.name, f"CAST(NULL AS {column.type})") for column in _unmapped(source_format)),
    ]
    # The values come last, when all that are needed have been asked for.
    recognised = f"SELECT *, {_named(type_columns)}\nFROM (\n{values.select()}\n) AS texts"
    typed = f"SELECT *, {_named(typed_columns)}\nFROM (\n{recognised}\n) AS recognised"
    ready = ["file", "line", "raw", "line_fault", "type", "type_text", *fields.numbering[:1], *fields.metas]
    ready += [_PROMPT_DIGEST] if _PROMPT in source_format.content else []
    return f"SELECT {', '.join(ready)},\n    {_named(columns)}\nFROM (\n{typed}\n) AS typed"


def empty_columns(source_format: SourceFormat) -> list[Column]:
    """Return the columns that are null in every line of the format."""
    return [column for column in _unmapped(source_format) if column.name not in _DERIVED_BY_VERDICT]


def _unmapped(source_format: SourceFormat) -> list[Column]:
    digests = {"content_digest": bool(source_format.content), _PROMPT_DIGEST: _PROMPT in source_format.content}
    filled = {
        *source_format.times,
        *source_format.fields,
        *(name for name, is_filled in digests.items() if is_filled),
    }
    facts = [column for column in (*FACTS, *VOID_TARGET) if column.name not in filled | {"type", "unit", META}]
    filled_texts = {name if name in _TEXTS else _OTHER for name in source_format.content}
    texts = [Column(f"text_{name}", "VARCHAR", "") for name in (*_TEXTS, _OTHER) if name not in filled_texts]
    return facts + texts


def _named(columns: Iterable[tuple[str, str]]) -> str:
    return ",\n    ".join(f'{expression} AS "{name}"' for name, expression in columns)


def compared_number(source_format: SourceFormat) -> str | None:
    """Return the column with the number or time by which lines of one id are compared, if one is."""
    return _COMPARED_NUMBER if source_format.compared_field else source_format.greatest


def payload_columns(source_format: SourceFormat) -> tuple[str, ...]:
    """Return the columns that are equal in duplicates, and not in conflicts."""
    found = deliveries(source_format)
    delivery = {*found.columns, *WHERE_LANDED, META}
    columns = (column.name for column in (*FACTS, *VOID_TARGET) if column.name not in delivery)
    texts = [_PAYLOAD_TEXTS] if found.texts else []
    return (*columns, *texts, PAYLOAD_META if source_format.raw_delivery_fields else META)


def _record_id(source_format: SourceFormat, values: Values) -> str:
    match source_format.identity_fields:
        case ():
            # `staging.py` adds the digest of the file
            return "line || ':' || landing_event" if source_format.each else "CAST(line AS VARCHAR)"
        case (single,):
            return values.text(single) + _suffix(source_format)
        case several:
            return values.text(Join(join=several)) + _suffix(source_format)


def _suffix(source_format: SourceFormat) -> str:
    if not source_format.identity_suffix:
        return ""
    cases = " ".join(
        f"WHEN {literal(name)} THEN {literal(suffix)}" for name, suffix in source_format.identity_suffix.items()
    )
    return f" || (CASE type {cases} ELSE '' END)"


def _skipped_by(source_format: SourceFormat, fields: Fields, values: Values) -> str:
    """Return the SQL of the number of the first test that skips a line; 0 where the line has no event."""
    without_event = fields.numbering[1] if fields.numbering else "false"
    tests = [without_event, *(_skip_test(test, values.text(test.field)) for test in source_format.skip)]
    cases = " ".join(f"WHEN {test} THEN {number}" for number, test in enumerate(tests))
    return f"CAST(CASE {cases} END AS USMALLINT)"


def _lost_events(source_format: SourceFormat, values: Values) -> Iterator[tuple[str, str]]:
    """Yield whether `each` leads nowhere in a line; null where another test skips the line, or it is not read."""
    if source_format.each:
        around = [test for test in source_format.skip if all(path.startswith(LINE) for path in places(test))]
        skipped = " OR ".join(f"({_skip_test(test, values.text(test.field))})" for test in around) or "false"
        yield "is_lost", f"CASE WHEN nowhere AND ({skipped}) THEN NULL ELSE nowhere END"


def _skip_test(test: Skip, text: str) -> str:
    if test.none_of is not None:
        return f"{text} IS NULL OR {text} NOT IN ({', '.join(map(literal, test.none_of))})"
    if isinstance(test.one_of, tuple):
        return f"coalesce({text} IN ({', '.join(map(literal, test.one_of))}), false)"
    return f"{text} IS {'NULL' if test.one_of == 'absent' else 'NOT NULL'}"


def _compared_number(source_format: SourceFormat, values: Values) -> Iterator[tuple[str, str]]:
    """Yield the number by which lines of one id are compared, where no column has it."""
    if source_format.compared_field is not None:
        yield _COMPARED_NUMBER, f"exact_decimal({values.text(source_format.compared_field)})"


def _type_columns(source_format: SourceFormat, values: Values) -> Iterator[tuple[str, str]]:
    match source_format.type:
        case Constant(constant=name):
            yield "type", literal(name)
            yield "type_text", literal(name)
        case Presence(present=field, then=then, otherwise=otherwise):
            chosen = (
                f"CASE WHEN {values.text(field)} IS NOT NULL THEN {literal(then)} ELSE {literal(otherwise)} END"
            )
            yield "type", chosen
            yield "type_text", chosen
        case field:
            yield "type", _type_by_name(source_format, values.text(field))
            yield "type_text", values.text(field)


def _type_by_name(source_format: SourceFormat, text: str) -> str:
    """Return the SQL of the catalogue's type: by name, else by pattern, else that of any other type."""
    names = "".join(
        f" WHEN {literal(name)} THEN {literal(target or name)}"
        for name, target in source_format.types.items()
        if "*" not in name
    )
    patterns = [f"{text} GLOB {literal(name)}" for name in source_format.types if "*" in name and name != ANY_TYPE]
    other = source_format.types.get(ANY_TYPE)
    rest = literal(other) if other else "NULL"
    if patterns:
        # Usage is grouped by the logged name, so its length is limited.
        rest = f"CASE WHEN {' OR '.join(patterns)} THEN dimension_text({text}) ELSE {rest} END"
    return f"CASE {text}{names} ELSE {rest} END" if names else rest


def _typed_columns(source_format: SourceFormat, values: Values) -> Iterator[tuple[str, str]]:
    for name, time in source_format.times.items():
        yield _typed(name), values.time(time)
    for name, value in source_format.fields.items():
        macro, _ = cast(name)
        yield _typed(name), f"{macro}({values.text(value, macro)})"


def _typed(name: str) -> str:
    return f"typed_{name}"


def _missing_field(source_format: SourceFormat, values: Values) -> str:
    """Return the SQL of the first required column that a line lacks; some types need no quantities."""
    texts = {name: values.time_text(time) for name, time in source_format.times.items()}
    texts |= {name: values.text(value, cast(name)[0]) for name, value in source_format.fields.items()}
    without_quantities = ", ".join(map(literal, unmetered(source_format.record_types)))
    spared = f" AND coalesce(type NOT IN ({without_quantities}), true)" if without_quantities else ""
    cases = [
        f"WHEN {texts[name]} IS NULL{spared if name in METER_OF_FIELD else ''} THEN {literal(name)}"
        for name in source_format.required
    ]
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"


def _metered_columns(source_format: SourceFormat) -> Iterator[tuple[str, str]]:
    """Yield the typed columns under their own names, null where the type of a record has no quantities."""
    without_quantities = ", ".join(map(literal, unmetered(source_format.record_types)))
    for name in (*source_format.times, *source_format.fields):
        if without_quantities and name in METER_OF_FIELD:
            yield name, f"CASE WHEN type IN ({without_quantities}) THEN NULL ELSE {_typed(name)} END"
        else:
            yield name, _typed(name)


def _prompt_digest(source_format: SourceFormat, values: Values, digest_key: str) -> Iterator[tuple[str, str]]:
    if _PROMPT in source_format.content:
        prompt = values.text(source_format.content[_PROMPT])
        yield _PROMPT_DIGEST, f"text_digest({literal(digest_key)} || chr(31) || {prompt})"


def _content_digests(source_format: SourceFormat, values: Values, digest_key: str) -> Iterator[tuple[str, str]]:
    texts = {name: values.text(place) for name, place in source_format.content.items()}
    if texts:
        yield "content_digest", _digest_of_texts(texts, digest_key)
    delivered = deliveries(source_format).texts
    if delivered:
        kept = {name: text for name, text in texts.items() if name not in delivered}
        yield _PAYLOAD_TEXTS, _digest_of_texts(kept, digest_key) if kept else "CAST(NULL AS VARCHAR)"


def _digest_of_texts(texts: Mapping[str, str], digest_key: str) -> str:
    # The digest of a prompt, which may be long, replaces the prompt.
    parts = [_PROMPT_DIGEST if name == _PROMPT else text for name, text in texts.items()]
    # A mark before each text distinguishes an empty one from an absent one.
    marked = ", ".join(f"coalesce('=' || {part}, '')" for part in parts)
    digest = f"text_digest(concat_ws(chr(31), {literal(digest_key)}, {marked}))"
    return f"CASE WHEN coalesce({', '.join(texts.values())}) IS NOT NULL THEN {digest} END"


def _text_columns(source_format: SourceFormat, values: Values) -> Iterator[tuple[str, str]]:
    """Yield the columns of `content` that the format fills; texts under other names are one JSON object."""
    others = {name: values.text(place) for name, place in source_format.content.items() if name not in _TEXTS}
    for name in _TEXTS:
        if name in source_format.content:
            yield f"text_{name}", values.text(source_format.content[name])
    if others:
        pairs = ", ".join(f"{literal(name)}, {text}" for name, text in others.items())
        # The patch removes those that are null.
        patched = f"CAST(json_merge_patch('{{}}', json_object({pairs})) AS VARCHAR)"
        yield f"text_{_OTHER}", f"CASE WHEN coalesce({', '.join(others.values())}) IS NOT NULL THEN {patched} END"


def _invalid_columns(source_format: SourceFormat, values: Values) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of the first field that cannot be cast."""
    checked = [(name, values.time_text(time)) for name, time in source_format.times.items()]
    checked += [
        (name, values.text(value, macro))
        for name, value in source_format.fields.items()
        if not isinstance(value, Constant) and (macro := cast(name)[0]) != "plain_text"
    ]
    tests = [(name, text, f"{text} IS NOT NULL AND {_typed(name)} IS NULL") for name, text in checked]
    names = " ".join(f"WHEN {test} THEN '{name}'" for name, _, test in tests)
    found = " ".join(f"WHEN {test} THEN {text}" for _, text, test in tests)
    yield "invalid_field", f"CASE {names} END"
    yield "invalid_text", f"CASE WHEN {' OR '.join(f'({test})' for _, _, test in tests)} THEN CASE {found} END END"
