"""Which fields become columns, which go to `meta`, and which never leave the landing file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from usage_pipeline.events.format_files import SOURCES, load_format
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import CONFLICTS, USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.each import Became
from usage_pipeline_tests.support import Landing, prompt, rows

Land = Callable[[str], None]
AddFormat = Callable[[str, str], Path]
TIME = "2026-05-01T08:00:00Z"

NESTED = """
    description: Nested fields.
    format: jsonl
    identity: [$.event.id]
    tenant: $.tenant
    type: {constant: request}
    times: {occurred_at: {field: $.event.at, format: iso}}
    fields: {model: '$."the.model".name'}
    content: {prompt: $.body.question}
    delivery_fields: [$.delivery.attempt]
"""


def meta_of(storage: Storage) -> list[Any]:
    return [text and json.loads(text) for _, text in rows(storage, LANDED_EVENTS, "landing_line", "meta")]


def test_fields_that_no_column_takes_go_to_meta_as_json(storage: Storage, landing: Landing, land: Land) -> None:
    extra = {"region": "eu", "tags": ["a", "b"], "limits": {"day": 1.5, "none": None}, "fast": True}
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, **extra)])
    land("2026-05-01")
    assert meta_of(storage) == [extra]


def test_meta_is_null_when_every_field_is_mapped(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    land("2026-05-01")
    assert meta_of(storage) == [None]


def test_an_unmapped_field_is_found_beside_a_mapped_one_that_is_null(
    storage: Storage, landing: Landing, land: Land
) -> None:
    lines = [
        prompt("e1", TIME, response=None),
        prompt("e2", TIME, response=None, region="eu"),
        prompt("e3", TIME, region=None),
    ]
    landing.write("persona", "2026-05-01", lines)
    land("2026-05-01")
    assert meta_of(storage) == [None, {"region": "eu"}, {"region": None}]


def test_fields_whose_names_differ_only_by_case_are_two(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    fields = "fields: {model: $.model, project: $.Model, feature: $.inner.x, agent: $.Inner.x}"
    add_format("cases", NESTED.replace("""fields: {model: '$."the.model".name'}""", fields))
    line = {"event": {"id": 1, "at": TIME}, "tenant": "acme", "model": "m", "Model": "P", "inner": {"x": "f"}}
    landing.write("cases", "2026-05-01", [json.dumps({**line, "Inner": {"x": "A"}})])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "model", "project", "feature", "agent", "meta") == [
        ("m", "P", "f", "A", None)
    ]


def test_meta_is_null_when_the_format_reads_nested_fields_and_nothing_is_left(
    storage: Storage, landing: Landing, land: Land
) -> None:
    line = '{"event": "message_send", "properties": {"prompt_tokens": 1}, "user_id": "u", "time": 1777622400}'
    landing.write("aider", "2026-05-01", [line], tenant="acme")
    land("2026-05-01")
    assert meta_of(storage) == [None]


def test_of_an_object_only_the_fields_that_are_mapped_are_taken_out_of_meta(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("nested", NESTED)
    line = {
        "tenant": "acme",
        "event": {"id": "e1", "at": TIME, "kind": "x"},
        "the.model": {"name": "o3", "size": 7},
        "body": {"question": "Why?", "language": "en"},
        "delivery": {"attempt": 2, "queue": "a"},
    }
    landing.write("nested", "2026-05-01", [line])
    land("2026-05-01")
    assert meta_of(storage) == [
        {
            "event": {"kind": "x"},
            "the.model": {"size": 7},
            "body": {"language": "en"},
            "delivery": {"attempt": 2, "queue": "a"},
        }
    ]
    assert rows(storage, LANDED_EVENTS, "record_id", "model") == [("e1", "o3")]


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
READ = {path.removeprefix("$.") for path in load_format(SOURCES / "persona.yaml").read_fields}


EXTRAS = st.dictionaries(st.text(min_size=1).filter(lambda key: key not in READ), VALUES, min_size=1)


@hypothesis_settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(extras=st.lists(EXTRAS, min_size=12, max_size=12))
def test_meta_holds_any_unmapped_json_as_it_was(
    storage: Storage, landing: Landing, land: Land, extras: list[dict[str, Any]]
) -> None:
    lines = [{**extra, **prompt(f"e{number}", TIME)} for number, extra in enumerate(extras)]
    landing.write("persona", "2026-05-01", lines)
    land("2026-05-01")
    assert meta_of(storage) == extras


CONTENT = ["prompt", "response", "error", "seed", "eventLabel", "reason", "query"]
SECRETS: dict[str, object] = {"text": "a secret", "object": {"text": "a secret"}, "list": ["a secret"]}


@pytest.fixture(scope="module")
def with_secrets(land_each: Callable[..., dict[str, Became]]) -> dict[str, Became]:
    """What became of a line with each of these values in each field of content."""
    return land_each(
        "persona",
        {
            f"{field}: {kind}": prompt("e1", TIME, **{field: SECRETS[kind]})
            for field in CONTENT
            for kind in SECRETS
        },
    )


@pytest.mark.parametrize("field", CONTENT)
@pytest.mark.parametrize("kind", SECRETS)
def test_content_is_in_no_column_of_a_landed_event(with_secrets: dict[str, Became], field: str, kind: str) -> None:
    event = with_secrets[f"{field}: {kind}"]
    assert event["record_id"] == "e1"
    assert "secret" not in str(event.row)


def test_content_under_a_repeated_or_escaped_key_is_in_no_column_either(
    storage: Storage, landing: Landing, land: Land
) -> None:
    start = f'{{"id": "e1", "event": "persona_prompt", "timestamp": "{TIME}", "tenantId": "acme", '
    lines = [
        start + '"prompt": "secret", "prompt": "secret"}',
        start.replace("e1", "e2") + '"pr\\u006fmpt": "secret"}',
    ]
    landing.write("persona", "2026-05-01", lines)
    land("2026-05-01")
    assert len(rows(storage, LANDED_EVENTS, "record_id")) == 2
    assert "secret" not in str(rows(storage, LANDED_EVENTS, *LANDED_EVENTS.column_names))


def test_content_that_is_a_delivery_field_too_is_in_no_column(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("nested", NESTED.replace("[$.delivery.attempt]", "[$.body.question]"))
    line = {"tenant": "acme", "event": {"id": "e1", "at": TIME}, "body": {"question": "a secret"}}
    landing.write("nested", "2026-05-01", [line])
    land("2026-05-01")
    assert "secret" not in str(rows(storage, LANDED_EVENTS, *LANDED_EVENTS.column_names))


def digests_of(
    storage: Storage, landing: Landing, land: Land, lines: list[dict[str, Any]], column: str
) -> list[str | None]:
    landing.write("persona", "2026-05-01", lines)
    land("2026-05-01")
    return [digest for _, digest in rows(storage, LANDED_EVENTS, "landing_line", column)]


def test_without_text_there_is_no_content_digest(storage: Storage, landing: Landing, land: Land) -> None:
    lines = [prompt("e1", TIME), prompt("e2", TIME, prompt=None), prompt("e3", TIME, prompt="")]
    assert digests_of(storage, landing, land, lines, "content_digest") == [None, None, None]


def test_the_content_digest_differs_when_a_text_differs_or_stands_in_another_field(
    storage: Storage, landing: Landing, land: Land
) -> None:
    texts: list[dict[str, Any]] = [
        {"prompt": "a"},
        {"prompt": "b"},
        {"response": "a"},
        {"prompt": "a", "response": "b"},
        {"prompt": "ab"},
        {"prompt": "a", "error": "b"},
    ]
    lines = [prompt(f"e{number}", TIME, **fields) for number, fields in enumerate(texts)]
    assert len(set(digests_of(storage, landing, land, lines, "content_digest"))) == len(texts)


def test_equal_texts_have_equal_digests(storage: Storage, landing: Landing, land: Land) -> None:
    lines = [prompt("e1", TIME, prompt="a", response="b"), prompt("e2", TIME, response="b", prompt="a")]
    first, second = digests_of(storage, landing, land, lines, "content_digest")
    assert first == second


def test_the_prompt_digest_is_that_of_the_prompt_alone(storage: Storage, landing: Landing, land: Land) -> None:
    lines = [prompt("e1", TIME, prompt="a"), prompt("e2", TIME, prompt="a", response="b"), prompt("e3", TIME)]
    first, second, third = digests_of(storage, landing, land, lines, "prompt_digest")
    assert first is not None
    assert (second, third) == (first, None)


def test_an_empty_field_is_an_absent_one(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, modelName="", project=None)])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "model", "project", "feature") == [(None, None, None)]


def test_a_list_is_kept_as_json(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, issueTypes=["age", "employer"])])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "issue_types") == [('["age","employer"]',)]


def test_an_id_of_several_fields_keeps_them_apart(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("nested", NESTED.replace("identity: [$.event.id]", "identity: [$.a, $.b]"))
    lines = [
        {"tenant": "acme", "event": {"at": TIME}, "a": a, "b": b}
        for a, b in [("x:y", "z"), ("x", "y:z"), ("x", "z")]
    ]
    landing.write("nested", "2026-05-01", lines)
    land("2026-05-01")
    found = [record_id for (record_id,) in rows(storage, LANDED_EVENTS, "record_id")]
    assert (len(set(found)), "x:z" in found) == (3, True)


def test_a_delivery_field_of_json_makes_a_duplicate_and_no_conflict(
    storage: Storage, landing: Landing, run: Callable[[], object], add_format: AddFormat
) -> None:
    add_format("nested", NESTED)
    lines = [
        {"tenant": "acme", "event": {"id": "e1", "at": TIME}, "delivery": {"attempt": attempt}}
        for attempt in (1, 2)
    ]
    landing.write("nested", "2026-05-01", lines)
    run()
    assert rows(storage, USAGE_RECORDS.spec, "landing_line") == [(1,)]
    assert rows(storage, CONFLICTS.spec, "record_id") == []
