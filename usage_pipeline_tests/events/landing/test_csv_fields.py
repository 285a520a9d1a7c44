"""Fields of CSV records: quotes, headers, and rows that do not fit."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import CONFLICTS, USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, files, reject_reasons, rows

Land = Callable[[str], None]
AddFormat = Callable[[str, str], Path]
TIME = "2026-05-01T08:00:00Z"
some_examples = hypothesis_settings(
    max_examples=7, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

TABULAR = """
    description: A table.
    format: csv
    identity: [id]
    tenant: tenant
    type: {constant: request}
    times: {occurred_at: {field: at, format: iso}}
    fields: {feature: feature}
    delivery_fields: [attempt]
"""


@pytest.mark.parametrize(
    ("row", "feature"),
    [
        ("chat", "chat"),
        ('"chat"', "chat"),
        ('"a, b"', "a, b"),
        ('"say ""hi"""', 'say "hi"'),
        ('"two\nlines"', "two\nlines"),
        ('""', None),
        ("", None),
        (" chat ", " chat "),
        ("it's", "it's"),
    ],
)
def test_csv_field(
    storage: Storage, deliver: Callable[..., None], add_format: AddFormat, row: str, feature: str | None
) -> None:
    add_format("tabular", TABULAR)
    lines = ["id,tenant,at,feature,attempt", f"e1,acme,{TIME},{row},1"]
    deliver("tabular", "2026-05-01", lines, name="a.csv")
    assert rows(storage, LANDED_EVENTS, "feature") == [(feature,)]


# An object or a list is no name.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0{["), max_size=8)


@some_examples
@given(table=st.lists(st.tuples(CELLS, CELLS), min_size=10, max_size=30), end=st.sampled_from(["\n", "\r\n"]))
def test_csv_fields_are_those_that_were_written(
    storage: Storage,
    deliver: Callable[..., None],
    add_format: AddFormat,
    table: list[tuple[str, str]],
    end: str,
) -> None:
    add_format("tabular", TABULAR)
    text = io.StringIO(newline="")
    # With "\n" as line end Python leaves a "\r" without quotes, and a field that ends in one would end its line.
    quoting = csv.QUOTE_ALL if end == "\n" else csv.QUOTE_MINIMAL
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerow(["id", "tenant", "at", "attempt", "feature", "note"])
    writer.writerows([f"e{number:02}", "acme", TIME, 1, *cells] for number, cells in enumerate(table))
    deliver("tabular", "2026-05-01", [text.getvalue()], name="a.csv")
    found = rows(storage, LANDED_EVENTS, "record_id", "feature", "meta")
    assert [(feature or "", json.loads(meta)["note"] or "") for _, feature, meta in found] == table


def test_columns_are_found_by_the_header_in_any_order(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("tabular", TABULAR)
    content = f"\ufefffeature , attempt,at,tenant,id\r\nchat,1,{TIME},acme,e1\r\n"
    landing.write_bytes("tabular", "2026-05-01", content.encode(), name="a.csv")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id", "feature") == [("e1", "chat")]


def test_a_header_without_a_mapped_column_fails_the_file_and_names_the_column(
    storage: Storage, landing: Landing, land: Land
) -> None:
    landing.write("azure_llm", "2026-05-01", ["TIMESTAMP,ContextTokens", f"{TIME},1"], tenant="a", name="a.csv")
    land("2026-05-01")
    assert "'GeneratedTokens'" in str(files(storage)["a.csv"].error)


def test_a_row_with_too_few_or_too_many_fields_is_rejected(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("tabular", TABULAR)
    lines = [
        "id,tenant,at,feature,attempt",
        f"e1,acme,{TIME},chat",
        f"e2,acme,{TIME},chat,1,",
        f"e3,acme,{TIME},,",
    ]
    landing.write("tabular", "2026-05-01", lines, name="a.csv")
    land("2026-05-01")
    assert reject_reasons(storage) == [(2, "malformed_csv"), (3, "malformed_csv")]


def test_a_delivery_field_of_csv_makes_a_duplicate_and_no_conflict(
    storage: Storage, landing: Landing, run: Callable[[], object], add_format: AddFormat
) -> None:
    add_format("tabular", TABULAR)
    lines = ["id,tenant,at,feature,attempt", f"e1,acme,{TIME},chat,1", f"e1,acme,{TIME},chat,2"]
    landing.write("tabular", "2026-05-01", lines, name="a.csv")
    run()
    assert rows(storage, USAGE_RECORDS.spec, "landing_line") == [(2,)]
    assert rows(storage, CONFLICTS.spec, "record_id") == []


def test_a_delivery_field_of_csv_stands_in_meta_like_one_of_json(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("tabular", TABULAR)
    landing.write(
        "tabular", "2026-05-01", ["id,tenant,at,feature,attempt", f"e1,acme,{TIME},chat,2"], name="a.csv"
    )
    land("2026-05-01")
    ((meta,),) = rows(storage, LANDED_EVENTS, "meta")
    assert json.loads(meta) == {"attempt": "2"}


def test_a_field_that_is_not_for_delivery_makes_a_conflict(
    storage: Storage, landing: Landing, run: Callable[[], object], add_format: AddFormat
) -> None:
    add_format("tabular", TABULAR)
    lines = ["id,tenant,at,feature,attempt,note", f"e1,acme,{TIME},chat,1,a", f"e1,acme,{TIME},chat,1,b"]
    landing.write("tabular", "2026-05-01", lines, name="a.csv")
    run()
    assert rows(storage, CONFLICTS.spec, "record_id") == [("e1",)]


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        ('5" screen,1', '5" screen'),
        ('a "quoted" word,1', 'a "quoted" word'),
        (' "chat",1', ' "chat"'),
        ('chat"",1', 'chat""'),
        ('"""chat""",1', '"chat"'),
        ('"a\rb",1', "a\rb"),
    ],
)
def test_a_quote_counts_only_where_a_field_begins_with_it_as_in_python(
    storage: Storage, deliver: Callable[..., None], add_format: AddFormat, fields: str, feature: str
) -> None:
    add_format("tabular", TABULAR)
    deliver("tabular", "2026-05-01", ["id,tenant,at,feature,attempt", f"e1,acme,{TIME},{fields}"], name="a.csv")
    assert rows(storage, LANDED_EVENTS, "feature") == [(feature,)]
    assert next(csv.reader([fields]))[0] == feature


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param('"chat,1', id="a quote that never closes"),
        pytest.param('chat,"1', id="a quote that never closes in the last field"),
        pytest.param('chat,"', id="nothing but a quote"),
        pytest.param('"chat"bot,1', id="text behind a closing quote"),
        pytest.param('"chat" ,1', id="a space behind a closing quote"),
        pytest.param('"chat"""",1', id="an odd number of quotes"),
        pytest.param('"chat"\rbot,1', id="a bare CR and text behind a closing quote"),
    ],
)
def test_a_field_whose_quotes_are_broken_makes_a_line_malformed_and_loses_no_text(
    storage: Storage, deliver: Callable[..., None], add_format: AddFormat, fields: str
) -> None:
    add_format("tabular", TABULAR)
    lines = ["id,tenant,at,feature,attempt", f"e1,acme,{TIME},{fields}", f"e2,acme,{TIME},chat,1"]
    deliver("tabular", "2026-05-01", lines, name="a.csv")
    assert reject_reasons(storage) == [(2, "malformed_csv")]
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e2",)]


@pytest.mark.parametrize(
    "header", ["id,tenant,at,feature,attempt,feature", 'id,tenant,at,attempt,feature," feature"']
)
def test_a_header_that_names_a_column_twice_fails_the_file_and_names_the_column(
    storage: Storage, deliver: Callable[..., None], add_format: AddFormat, header: str
) -> None:
    add_format("tabular", TABULAR)
    deliver("tabular", "2026-05-01", [header, f"e1,acme,{TIME},a,1,b"], name="a.csv")
    assert files(storage)["a.csv"].error == (
        "its header names the column 'feature' twice; which of the two counts cannot be told. "
        "Deliver the file with a name for each column"
    )


def test_a_header_longer_than_the_csv_module_takes_fails_the_file(
    storage: Storage, deliver: Callable[..., None], add_format: AddFormat
) -> None:
    add_format("tabular", TABULAR)
    deliver("tabular", "2026-05-01", ["x" * 200_000], name="a.csv")
    assert str(files(storage)["a.csv"].error).startswith("its first line is no CSV header; ")
