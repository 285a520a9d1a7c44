"""Which landed line becomes the record, and how the others are accounted for."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.records.tables import CONFLICTS, USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt, rows, write_persona

Run = Callable[[], object]

DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """More sources: like `persona`, with ids of one day, and with lines that say how often they were delivered."""
    persona = (SOURCES / "persona.yaml").read_text()
    updated = "times:\n  updated_at: {field: $.updatedAt, format: iso}\n"
    delivery = "delivery_fields: [$.attemptCount, updated_at]\n"
    formats = tmp_path / "formats"
    formats.mkdir()
    (formats / "mirror.yaml").write_text(persona)
    write_persona(formats, "daily", 0)
    (formats / "delivered.yaml").write_text(persona.replace("times:\n", updated) + delivery)
    return new_settings(formats_dir=formats)


def counted(storage: Storage) -> list[tuple[Any, ...]]:
    """Id, input tokens and line of every record."""
    return rows(storage, USAGE_RECORDS.spec, "record_id", "tokens_in", "landing_line")


def accounted(storage: Storage) -> dict[str, int | None]:
    with storage.warehouse.connect() as connection:
        partition = state.partitions(connection, USAGE_RECORDS.name)[DAY]
    return {
        "records": partition.rows,
        "duplicates": partition.duplicates,
        "conflicts": partition.conflicts,
        "late_records": partition.late_records,
    }


def test_the_same_line_delivered_twice_counts_once(storage: Storage, landing: Landing, run: Run) -> None:
    line = prompt("e1", TIME)
    landing.write("persona", "2026-05-01", [line, line])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id", "landing_line") == [("e1", 1)]
    assert rows(storage, CONFLICTS.spec, "record_id") == []


def test_the_file_of_a_day_has_every_column_with_its_type_however_few_are_filled(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    run()
    file = storage.lake.object(USAGE_RECORDS.spec, DAY)
    with session(storage.engine) as duck:
        found = duck.execute(f"DESCRIBE FROM {parquet_scan([file])}").fetchall()
    assert [(name, kind) for name, kind, *_ in found] == [
        (column.name, column.type) for column in USAGE_RECORDS.spec.columns
    ]


def test_the_order_of_a_lines_fields_is_no_difference(storage: Storage, landing: Landing, run: Run) -> None:
    line = prompt("e1", TIME)
    landing.write("persona", "2026-05-01", [line, dict(reversed(line.items()))])
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 1, "conflicts": 0, "late_records": 0}


def test_the_same_line_on_a_later_landing_day_counts_once(storage: Storage, landing: Landing, run: Run) -> None:
    for day in ("2026-05-01", "2026-05-02"):
        landing.write("persona", day, [prompt("e1", TIME)])
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 1, "conflicts": 0, "late_records": 0}


@pytest.mark.parametrize(
    "change",
    [
        {"tokensIn": 101},
        {"timestamp": "2026-05-01T08:00:00.000001Z"},
        {"status": "failed"},
        {"modelName": "other"},
        {"userId": "u1"},
        {"response": "another text"},
        {"unmapped": 1},
    ],
)
def test_the_same_id_with_another_payload_is_a_conflict(
    storage: Storage, landing: Landing, run: Run, change: dict[str, Any]
) -> None:
    line = prompt("e1", TIME)
    landing.write("persona", "2026-05-01", [line, {**line, **change}])
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 0, "conflicts": 1, "late_records": 0}


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (("2026-05-01", "z.jsonl"), ("2026-05-02", "a.jsonl")),  # the landing day comes before the path
        (("2026-05-01", "a.jsonl"), ("2026-05-01", "b.jsonl")),
        (("2026-05-01", "Z.jsonl"), ("2026-05-01", "a.jsonl")),  # paths are ordered by their bytes
    ],
)
def test_the_first_landed_line_counts_whichever_file_was_written_first(
    storage: Storage, landing: Landing, run: Run, first: tuple[str, str], later: tuple[str, str]
) -> None:
    for (day, name), tokens in ((later, 2), (first, 1)):
        landing.write("persona", day, [prompt("e1", TIME, tokensIn=tokens)], name=name)
    run()
    assert counted(storage) == [("e1", 1, 1)]


def test_of_two_lines_in_a_file_the_first_counts(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, tokensIn=tokens) for tokens in (3, 1, 2)])
    run()
    assert counted(storage) == [("e1", 3, 1)]


def test_a_file_that_lands_late_but_on_an_earlier_day_takes_the_count(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-02", [prompt("e1", TIME, tokensIn=2)])
    run()
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, tokensIn=1)])
    run()
    assert counted(storage) == [("e1", 1, 1)]


def test_a_conflict_says_which_line_counts(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", ["", prompt("e1", TIME, tokensIn=1)], name="a.jsonl")
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, tokensIn=2)], name="b.jsonl")
    run()
    names = ("record_id", "tokens_in", "landing_file", "landing_line", "counted_file", "counted_line")
    assert rows(storage, CONFLICTS.spec, *names) == [
        ("e1", 2, "persona/2026-05-01/b.jsonl", 1, "persona/2026-05-01/a.jsonl", 2)
    ]


def test_the_same_id_on_another_day_is_another_record(storage: Storage, landing: Landing, run: Run) -> None:
    times = ("2026-05-01T23:59:59.999999Z", "2026-05-02T00:00:00Z")
    landing.write("daily", "2026-05-02", [prompt("e1", time) for time in times])
    run()
    assert counted(storage) == [("e1", 100, 1), ("e1", 100, 2)]


def test_the_same_id_of_another_tenant_is_another_record(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, tenantId=tenant) for tenant in ("acme", "zeta")])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "tenant_id", "record_id") == [("acme", "e1"), ("zeta", "e1")]


def test_the_same_id_from_another_source_is_another_record(storage: Storage, landing: Landing, run: Run) -> None:
    for source in ("persona", "mirror"):
        landing.write(source, "2026-05-01", [prompt("e1", TIME)])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "source", "record_id") == [("mirror", "e1"), ("persona", "e1")]


def test_fields_about_the_delivery_are_no_difference(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [
        prompt("e1", TIME, attemptCount=attempt, updatedAt=f"2026-05-01T09:0{attempt}:00Z") for attempt in (1, 2)
    ]
    landing.write("delivered", "2026-05-01", lines)
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 1, "conflicts": 0, "late_records": 0}


def test_a_source_that_names_no_delivery_fields_takes_them_for_a_difference(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, attemptCount=attempt) for attempt in (1, 2)])
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 0, "conflicts": 1, "late_records": 0}


def test_a_duplicate_of_a_conflict_is_a_conflict(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, tokensIn=tokens) for tokens in (1, 2, 2, 1)])
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 1, "conflicts": 2, "late_records": 0}
    assert rows(storage, CONFLICTS.spec, "landing_line", "counted_line") == [(2, 1), (3, 1)]


@pytest.mark.parametrize(("landing_day", "late"), [("2026-05-01", 0), ("2026-05-02", 0), ("2026-05-03", 1)])
def test_a_record_is_late_when_it_lands_after_the_day_that_follows_its_own(
    storage: Storage, landing: Landing, run: Run, landing_day: str, late: int
) -> None:
    landing.write("persona", landing_day, [prompt("e1", TIME)])
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 0, "conflicts": 0, "late_records": late}


def test_a_late_duplicate_is_no_late_record(storage: Storage, landing: Landing, run: Run) -> None:
    for day in ("2026-05-01", "2026-05-09"):
        landing.write("persona", day, [prompt("e1", TIME)])
    run()
    assert accounted(storage) == {"records": 1, "duplicates": 1, "conflicts": 0, "late_records": 0}
