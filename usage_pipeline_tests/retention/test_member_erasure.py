"""An erased member is nobody's name any more; the usage of the tenant is as before."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.alerts.raising import raise_alerts
from usage_pipeline.delivery.message import Message
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS
from usage_pipeline.limits.refresh import refresh_limits
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention import pruning
from usage_pipeline.retention.erasure.erasing import erase, plan
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW, Prepare, database_url_of
from usage_pipeline_tests.end_to_end.planted import database_texts, other_files, parquet_texts
from usage_pipeline_tests.retention.erased import ALL, sums
from usage_pipeline_tests.retention.killing import kill_at
from usage_pipeline_tests.steps import KilledError
from usage_pipeline_tests.support import Landing, rows

ANN = Subject("acme", "ann-17")
MAY_1, MAY_2 = "2026-05-01", "2026-05-02"
FORMAT = """
description: Calls.
format: jsonl
identity: [$.id]
tenant: $.tenant
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
fields:
  {member_id: $.member, conversation_id: $.talk, session_id: $.session, tokens_in: $.tokens, project: $.project}
content: {prompt: $.prompt}
"""
Run = Callable[[], RefreshSummary]


def call(
    record_id: str, member: str | None, day: str = MAY_1, tenant: str = "acme", **fields: object
) -> dict[str, object]:
    line = {"id": record_id, "tenant": tenant, "at": f"{day}T08:00:00Z", "member": member, "tokens": 10}
    return {**line, "session": f"session of {member}", "extra": f"seen {member}", **fields}


@pytest.fixture
def two(storage: Storage, make_two: Callable[[], None]) -> Storage:
    """Two days of two members of acme who talk with each other, and of a member of globex with the same id."""
    make_two()
    return storage


@pytest.fixture
def make_two(
    landing: Landing, run: Run, prepare: Prepare, add_format: Callable[[str, str], object]
) -> Callable[[], None]:
    """Makes them in the empty storage of the test."""
    add_format("calls", FORMAT)

    def make() -> None:
        first = [
            call("r1", "ann-17", talk="t1", prompt="my words"),
            call("r2", "bob", talk="t1", prompt="other words"),
            call("r3", "bob", prompt="ask ann-17"),
            call("r4", "ann-17", tenant="globex", prompt="words of globex"),
            call("ann-17/5", "ann-17", project="for ann-17"),
        ]
        landing.write("calls", MAY_1, first, name="first.jsonl.gz")
        again = [
            call("r6", "ann-17", MAY_2, talk="t1"),
            call("r1", "ann-17", talk="t1"),
            "{acme ann-17",
            "{ann-17",
        ]
        landing.write("calls", MAY_2, again)
        landing.write("calls", MAY_2, [call("r7", "bob", MAY_2, talk="t1")], name="bob.jsonl")
        run()

    return lambda: prepare("two", make)


def erase_ann(storage: Storage) -> None:
    assert erase(storage, ALL, ANN, by="me", reason="a request") is not None


@dataclass(frozen=True)
class Told:
    """What there was before the erasure."""

    sums: dict[str, list[tuple[Any, ...]]]
    by_tenant: list[tuple[Any, ...]]
    starts: list[tuple[Any, ...]]
    landed: int
    holding: set[str]
    """The places that held the id."""
    first_file: bytes


@dataclass(frozen=True)
class Erased:
    """`two` with limits, alerts and messages, from which the member was erased; and what there was before."""

    storage: Storage
    before: Told


@pytest.fixture
def erased(
    storage: Storage,
    make_two: Callable[[], None],
    prepare: Prepare,
    add_reference: Callable[[str, str], None],
) -> Erased:
    def make() -> Told:
        make_two()
        each = 'tenant: acme, metric: records, period: {rolling_days: 60}, amount: "1", scope: {member_id: "*"}'
        add_reference("limits", f"[{{id: one, {each}}}]")
        refresh_limits(storage)
        raise_alerts(storage)
        written = [("one", "acme", "ann-17"), ("two", "globex", "ann-17"), ("three", None, "ann-17 of acme")]
        messages = [Message(key, ("ops",), subject, "t", NOW, tenant) for key, tenant, subject in written]
        with storage.warehouse.begin() as connection:
            enqueue(connection, messages)
        told = Told(
            sums(storage),
            by_tenant(storage),
            starts(storage),
            len(rows(storage, LANDED_EVENTS, "record_id")),
            set(holding(storage)),
            first_file(storage).read_bytes(),
        )
        erase_ann(storage)
        return told

    return Erased(storage, prepare("erased member", make))


def by_tenant(storage: Storage) -> list[tuple[Any, ...]]:
    return rows(storage, DAILY_USAGE.spec, "day", "tenant_id", "tokens_in", "records")


def starts(storage: Storage) -> list[tuple[Any, ...]]:
    return rows(storage, CONVERSATION_STARTS.spec, "day", "tenant_id", "conversations")


def first_file(storage: Storage) -> Path:
    return storage.settings.landing / "calls" / MAY_1 / "first.jsonl.gz"


def holding(storage: Storage) -> dict[str, str]:
    """The rows and lines that hold the member's id and are not of globex."""
    data_dir = storage.settings.data_dir
    texts = [*parquet_texts(data_dir), *database_texts(database_url_of(storage.settings)), *other_files(data_dir)]
    for path in storage.settings.landing.rglob("*.jsonl*"):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        texts += [(path.name, line) for line in content.decode().splitlines()]
    return {place: text for place, text in texts if "ann-17" in text and "globex" not in text}


def test_totals_of_tenants_and_days_are_as_before(erased: Erased) -> None:
    assert sums(erased.storage) == erased.before.sums
    assert by_tenant(erased.storage) == erased.before.by_tenant
    assert find_stale(erased.storage) == {}


def test_records_stay_without_what_could_name_the_person(erased: Erased) -> None:
    names = ("tenant_id", "record_id", "member_id", "session_id", "meta", "project")
    found = rows(erased.storage, USAGE_RECORDS.spec, *names)
    acme = [row[1:] for row in found if row[0] == "acme"]
    assert [row for row in acme if row[1] == "(erased)"] == [
        (acme[0][0], "(erased)", None, None, "(erased)"),
        ("r1", "(erased)", None, None, None),
        ("r6", "(erased)", None, None, None),
    ]
    assert ("r2", "bob", "session of bob", '{"extra":"seen bob"}', None) in acme
    assert [row[2] for row in found if row[0] == "globex"] == ["ann-17"]


def test_nothing_of_the_tenant_holds_the_id(erased: Erased) -> None:
    assert {"usage.limit_status", "usage.alerts"} <= erased.before.holding
    assert holding(erased.storage) == {}
    assert rows(erased.storage, CONTENT, "prompt") == [("other words",), ("words of globex",)]


def test_messages_of_the_tenant_name_the_member_no_more(erased: Erased) -> None:
    with erased.storage.warehouse.connect() as connection:
        found = dict(map(tuple, connection.execute(select(outbox.c.key, outbox.c.subject))))
    assert found == {"one": "(erased)", "two": "ann-17", "three": "(erased) of acme"}


def test_a_conversation_still_counts_once(erased: Erased) -> None:
    storage, before = erased.storage, erased.before.starts
    assert starts(storage) == before
    recompute_days(storage, PlainRunner(storage), [date.fromisoformat(MAY_1)], RefreshSummary())
    assert starts(storage) == before


def test_pruned_days_are_renamed_too(two: Storage, add_reference: Callable[[str, str], None]) -> None:
    add_reference("plans", "default: short\nshort: {retention_days: 30}")
    pruning.prune(two, DAILY_TABLES, pruning.plan(two), "test")
    assert [day for (day,) in rows(two, USAGE_RECORDS.spec, "record_id")] == ["r6", "r7"]
    before = sums(two)
    erase_ann(two)
    assert (sums(two), holding(two)) == (before, {})


def test_nothing_lands_again(erased: Erased, run: Run) -> None:
    storage, again = erased.storage, run()
    assert (again.landed, again.computed, list(find_landing_work(storage).warnings)) == ([], {}, [])
    PlainRunner(storage).land_again([date.fromisoformat(MAY_1), date.fromisoformat(MAY_2)])
    assert len(rows(storage, LANDED_EVENTS, "record_id")) == erased.before.landed
    assert find_stale(storage) == {}


def test_other_rules_and_a_file_that_is_put_back_change_no_total(
    erased: Erased, run: Run, add_reference: Callable[[str, str], None]
) -> None:
    storage = erased.storage
    first_file(storage).write_bytes(erased.before.first_file)
    add_reference("plans", "default: long\nlong: {retention_days: 400}")
    PlainRunner(storage).land_again([date.fromisoformat(MAY_1), date.fromisoformat(MAY_2)])
    run()
    assert (sums(storage), list(find_landing_work(storage).warnings)) == (erased.before.sums, [])


def test_lines_that_are_put_back_are_erased_again(erased: Erased, run: Run) -> None:
    storage = erased.storage
    first_file(storage).write_bytes(erased.before.first_file)
    run()
    assert "first.jsonl.gz" in holding(storage)
    erase_ann(storage)
    assert holding(storage) == {}
    assert erase(storage, ALL, ANN, by="me", reason="again") is None


def test_ids_of_conversations_of_others_that_hold_the_id_go(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object]
) -> None:
    add_format("calls", FORMAT)
    landing.write("calls", MAY_1, [call("r1", "ann-17"), call("r2", "bob", talk="ann-17 and bob")])
    run()
    before = sums(storage)
    erase_ann(storage)
    assert (holding(storage), sums(storage)) == ({}, before)


def test_the_plan_says_what_is_renamed(two: Storage) -> None:
    counts = {(count.place, count.becomes): count.number for count in plan(two, ALL, ANN).counts}
    assert counts["landing", "blanked"] == 7
    assert counts["lake/usage_records", "renamed"] == 3
    assert counts["lake/content", "removed"] == 2
    assert counts["usage.daily_breakdown", "renamed"] > 0


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.acceptance)])
def test_an_erasure_of_a_member_that_is_killed_is_completed_by_the_next(two: Storage, run: Run, step: int) -> None:
    before = sums(two)
    for operation in range(0, 99, step):
        try:
            with kill_at(operation):
                erase_ann(two)
            break
        except KilledError:
            if operation % 2:
                run()
    else:
        pytest.fail("it is killed for ever")
    assert operation > 2 * step
    assert (sums(two), find_stale(two)) == (before, {})
    assert holding(two) == {}
