"""Every published change of a number is kept, with its cause."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.events.landing.decisions import release, withdraw
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, recompute_days
from usage_pipeline.series.tables import TOKEN_SERIES
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state, usage_versions, warehouse_table
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, at, land_and_compute, prompt

token_series = warehouse_table(TOKEN_SERIES.spec)

Run = Callable[[int], object]
DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"


def june(day: int) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC)


@pytest.fixture
def run_on(storage: Storage) -> Run:
    """Lands and computes on a day of June what the series, which alone have versions, are made of."""
    return lambda day: land_and_compute(at(storage, june(day)), "records", "rollups", "series")


@pytest.fixture
def _two_tenants(landing: Landing, run_on: Run, prepare: Prepare) -> None:
    """120 tokens each of acme and globex, published on 1 June."""
    lines = [prompt("e1", TIME), prompt("e2", TIME, tenantId="globex")]
    landing.write("persona", "2026-05-01", lines, name="first.jsonl")
    prepare("two_tenants", lambda: run_on(1))


def versions(storage: Storage, table: str = "token_series", day: date = DAY) -> list[tuple[Any, ...]]:
    """Version, tenant, quantity, cause and the day of June, as they were added."""
    columns = usage_versions.c
    query = usage_versions.select().where(columns.table_name == table, columns.day == day).order_by(columns.id)
    with storage.warehouse.connect() as connection:
        return [
            (row["version"], row["tenant_id"], int(row["quantity"]), row["cause"], row["committed_at"].day)
            for row in connection.execute(query).mappings()
        ]


FIRST = [(1, "acme", 120, "first", 1), (1, "globex", 120, "first", 1)]


@pytest.mark.usefixtures("_two_tenants")
@pytest.mark.parametrize(("table", "quantity"), [("token_series", 120), ("message_series", 2)])
def test_the_first_computation_is_version_1(storage: Storage, table: str, quantity: int) -> None:
    assert versions(storage, table) == [(1, "acme", quantity, "first", 1), (1, "globex", quantity, "first", 1)]


@pytest.mark.usefixtures("_two_tenants")
def test_a_late_event_is_a_new_version_of_the_tenant_that_it_changes(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-05-03", [prompt("e3", TIME)])
    run_on(2)
    assert versions(storage) == [*FIRST, (2, "acme", 240, "late", 2)]


@pytest.mark.usefixtures("_two_tenants")
def test_a_duplicate_is_no_new_version(storage: Storage, landing: Landing, run_on: Run) -> None:
    landing.write("persona", "2026-05-03", [prompt("e1", TIME)])
    run_on(2)
    assert versions(storage) == FIRST


@pytest.mark.usefixtures("_two_tenants")
def test_an_event_that_a_series_does_not_show_is_no_new_version_of_it(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-05-03", [prompt("e3", TIME, event="persona_list", tokensIn=0, tokensOut=0)])
    run_on(2)
    assert versions(storage) == FIRST


@pytest.mark.usefixtures("_two_tenants")
def test_a_recompute_that_changes_nothing_adds_nothing(storage: Storage) -> None:
    recompute_on(storage, 2)
    assert versions(storage) == FIRST


def test_a_first_event_of_a_day_that_was_empty_is_late(storage: Storage, landing: Landing, run_on: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, event="persona_list", tokensIn=0, tokensOut=0)])
    run_on(1)
    landing.write("persona", "2026-05-03", [prompt("e3", TIME)])
    run_on(2)
    assert [row for row in versions(storage) if row[2]] == [(2, "acme", 120, "late", 2)]


@pytest.mark.usefixtures("_two_tenants")
def test_a_withdrawal_is_a_version_and_what_it_takes_away_is_zero(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-05-03", [prompt("e3", TIME)], name="late.jsonl")
    run_on(2)
    withdraw(at(storage, june(3)), "persona/2026-05-01/first.jsonl", "wrong", "ann")
    run_on(4)
    assert versions(storage)[3:] == [(3, "acme", 120, "withdraw", 4), (3, "globex", 0, "withdraw", 4)]


@pytest.mark.usefixtures("_two_tenants")
def test_what_is_released_again_is_late(storage: Storage, run_on: Run) -> None:
    withdraw(at(storage, june(2)), "persona/2026-05-01/first.jsonl", "wrong", "ann")
    run_on(3)
    release(at(storage, june(4)), "persona/2026-05-01/first.jsonl", "right", "ann")
    run_on(5)
    assert versions(storage)[4:] == [(3, "acme", 120, "late", 5), (3, "globex", 120, "late", 5)]


VOID = {"id": "v1", "tenantId": "globex", "source": "persona", "recordId": "e2", "eventDay": "2026-05-01"}


@pytest.mark.usefixtures("_two_tenants")
def test_a_void_is_a_version_of_its_tenant(storage: Storage, landing: Landing, run_on: Run) -> None:
    landing.write("void", "2026-05-03", [VOID])
    run_on(2)
    assert versions(storage) == [*FIRST, (2, "globex", 0, "void", 2)]


@pytest.fixture
def _older_select(storage: Storage, _two_tenants: None) -> None:
    """The tokens of acme as an older SELECT would have left them: another total, another digest."""
    with storage.warehouse.begin() as connection:
        connection.execute(token_series.update().where(token_series.c.tenant_id == "acme").values(total=7))
        of_tokens = partition_state.c.table_name == "token_series"
        connection.execute(partition_state.update().where(of_tokens).values(output_digest="2:7"))


def recompute_on(storage: Storage, day: int) -> None:
    then = at(storage, june(day))
    recompute_days(then, PlainRunner(then), [DAY], RefreshSummary())


@pytest.mark.usefixtures("_older_select")
def test_a_day_that_is_computed_by_another_select_is_restated(storage: Storage) -> None:
    recompute_on(storage, 2)
    assert versions(storage) == [*FIRST, (2, "acme", 120, "restate", 2)]


@pytest.mark.usefixtures("_two_tenants")
def test_a_day_whose_lines_are_read_by_another_format_is_restated(
    storage: Storage, run_on: Run, tmp_path: Path
) -> None:
    persona = (SOURCES / "persona.yaml").read_text(encoding="utf-8")
    swapped = persona.replace("tokens_out: $.tokensOut", "tokens_out: $.tokensIn")
    (tmp_path / "persona.yaml").write_text(swapped, encoding="utf-8")
    later = storage.settings.model_copy(update={"now": june(2), "formats_dir": tmp_path})
    land_days(replace(storage, settings=later), [DAY], "test")
    run_on(2)
    assert versions(storage) == [*FIRST, (2, "acme", 200, "restate", 2), (2, "globex", 200, "restate", 2)]


@pytest.mark.usefixtures("_older_select")
def test_a_file_that_was_quarantined_meanwhile_is_not_the_cause(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    bad = [*(prompt(f"q{number}", TIME) for number in range(90)), *["{"] * 10]
    landing.write("persona", "2026-05-03", bad)
    run_on(2)
    recompute_on(storage, 3)
    assert versions(storage) == [*FIRST, (2, "acme", 120, "restate", 3)]


def talk(record_id: str, time: str) -> dict[str, Any]:
    return prompt(record_id, time, conversationId="c1")


def test_a_conversation_that_moves_is_a_version_of_both_days(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-05-02", [talk("e2", "2026-05-02T08:00:00Z")])
    run_on(1)
    landing.write("persona", "2026-05-03", [talk("e1", TIME)])
    run_on(2)
    assert versions(storage, "conversation_series", DAY) == [(1, "acme", 1, "first", 2)]
    assert versions(storage, "conversation_series", date(2026, 5, 2)) == [
        (1, "acme", 1, "first", 1),
        (2, "acme", 0, "late", 2),
    ]


def test_a_conversation_that_moves_back_because_of_a_withdrawal_says_so(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-05-01", [talk("e1", TIME)])
    landing.write("persona", "2026-05-02", [talk("e2", "2026-05-02T08:00:00Z")])
    run_on(1)
    withdraw(at(storage, june(2)), "persona/2026-05-01/events.jsonl", "wrong", "ann")
    run_on(3)
    of_second_day = versions(storage, "conversation_series", date(2026, 5, 2))
    assert [row for row in of_second_day if row[2]] == [(2, "acme", 1, "withdraw", 3)]


def test_a_withdrawal_on_another_day_is_no_cause_of_a_series_that_is_local_to_its_day(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-04-30", [prompt("e0", "2026-04-30T08:00:00Z")])
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    run_on(1)
    withdraw(at(storage, june(2)), "persona/2026-04-30/events.jsonl", "wrong", "ann")
    landing.write("persona", "2026-05-03", [prompt("e3", TIME)])
    run_on(3)
    assert versions(storage) == [(1, "acme", 120, "first", 1), (2, "acme", 240, "late", 3)]


def test_a_record_that_counts_because_one_of_the_day_before_was_withdrawn_says_so(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-04-30", [prompt("e1", "2026-04-30T23:59:59Z")])
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e2", TIME)])
    run_on(1)
    withdraw(at(storage, june(2)), "persona/2026-04-30/events.jsonl", "wrong", "ann")
    run_on(3)
    assert versions(storage) == [(1, "acme", 120, "first", 1), (2, "acme", 240, "withdraw", 3)]


@pytest.mark.usefixtures("_older_select")
def test_a_file_of_the_next_day_is_no_cause_if_it_decides_no_line_of_the_day(
    storage: Storage, landing: Landing, run_on: Run
) -> None:
    landing.write("persona", "2026-05-02", [prompt("e3", "2026-05-02T08:00:00Z")])
    run_on(2)
    recompute_on(storage, 3)
    assert versions(storage) == [*FIRST, (2, "acme", 120, "restate", 3)]
