"""What comes after an erasure: later events, prices, prunings and erasures, and the tenant itself."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.costs.book.current import rerate
from usage_pipeline.costs.tables import COST_DRIFT, DAILY_COSTS
from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention import pruning
from usage_pipeline.retention.erasure.erasing import erase, plan
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.costs.generic import call, price, write_format, write_prices
from usage_pipeline_tests.retention.erased import (
    ACME,
    ALL,
    DAY,
    JUNE_2,
    MAY_1,
    MAY_2,
    MAY_3,
    AddReference,
    Erased,
    Run,
    erase_acme,
    event,
    own_file,
    sums,
    tenants,
)
from usage_pipeline_tests.support import Landing, at, reject_reasons, rows


def test_later_events_computations_and_prunings_keep_the_sums(
    erased: Erased, landing: Landing, run: Run, add_reference: AddReference
) -> None:
    storage = erased.storage
    before = sums(storage, (DAILY_USAGE.spec, CONVERSATION_STARTS.spec))
    recompute_days(storage, PlainRunner(storage), [DAY], RefreshSummary())
    assert sums(storage, (DAILY_USAGE.spec, CONVERSATION_STARTS.spec)) == before
    landing.write("persona", MAY_3, [event("late", "globex", tokensIn=9)], name="late.jsonl")
    run()
    add_reference("plans", "default: short\nshort: {retention_days: 20}")
    pruning.prune(storage, DAILY_TABLES, pruning.plan(storage), "test")
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == []
    assert rows(storage, DAILY_USAGE.spec, "tenant_id", "day", "tokens_in") == [
        ("erased", DAY, 0),
        ("erased", DAY, 107),
        ("erased", date.fromisoformat(MAY_2), 100),
        ("globex", DAY, 109),
        ("globex", date.fromisoformat(MAY_2), 100),
    ]


def test_what_happened_before_the_erasure_does_not_land_again(erased: Erased, landing: Landing, run: Run) -> None:
    storage, own = erased.storage, own_file(landing)
    own.parent.mkdir()
    own.write_bytes(erased.before.own_file)
    landing.write("persona", MAY_3, [event("again", day=MAY_2), event("g3", "globex", MAY_2)], name="new.jsonl")
    run()
    assert rows(storage, REJECTED_LINES, "tenant_id", "reason", "raw") == [
        *[("acme", "erased", None)] * 3,
        (None, "malformed_json", "{"),
    ]
    assert tenants(storage, DAILY_USAGE.spec) == {"erased", "globex"}
    landing.write("persona", MAY_3, [], name="new.jsonl")
    run()
    assert sums(storage) == erased.before.sums


def test_a_tenant_that_comes_back_begins_anew(erased: Erased, landing: Landing) -> None:
    landing.write("persona", JUNE_2, [event("new", day=JUNE_2, tokensIn=1)], tenant="acme")
    later = at(erased.storage, NOW + timedelta(days=2))
    refresh(later, PlainRunner(later))
    assert ("acme", 1) in rows(later, DAILY_USAGE.spec, "tenant_id", "tokens_in")
    erase_acme(later)
    assert tenants(later, DAILY_USAGE.spec) == {"erased", "globex"}


def test_the_tenant_of_the_sums_has_no_events_of_its_own(erased: Erased, landing: Landing, run: Run) -> None:
    landing.write("persona", MAY_3, [event("e", "erased")], name="new.jsonl")
    run()
    assert (1, "invalid_tenant_id") in reject_reasons(erased.storage)


def test_of_an_erased_tenant_there_is_nothing_to_erase(erased: Erased) -> None:
    storage = erased.storage
    assert plan(storage, ALL, ACME).obstacle is None
    assert erase(storage, ALL, ACME, by="me", reason="again") is None
    assert len(list((storage.settings.data_dir / "erasures").iterdir())) == 1


@dataclass(frozen=True)
class Twice:
    """A day of three tenants, two of which are erased one after the other, at another price each."""

    storage: Storage
    first: tuple[dict[str, Any], dict[str, Any]]
    """All sums before the first erasure, and after it."""
    second: tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def twice(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Twice:
    storage = open_shared(formats_dir=write_format(tmp_path_factory.mktemp("formats") / "formats"))
    landing = Landing(storage.settings.landing)
    of_tokens = {"model": "gpt-4o", "provider": "openai"}
    of_call = {**of_tokens, "tokens_in": 1}
    storage.settings.reference.mkdir()
    write_prices(storage.settings.reference, price("old", 'input: "1"', **of_tokens))
    landing.write("persona", MAY_1, [event("a"), event("i", "initech"), event("g", "globex")])
    calls = [call("r1", cost="90", **of_call), call("r2", cost="30", tenant="globex", **of_call)]
    landing.write("calls", MAY_1, calls)
    refresh(storage, PlainRunner(storage))
    first = erasing(storage, "acme")
    write_prices(storage.settings.reference, price("new", 'input: "2"', **of_tokens))
    assert rerate(storage, [DAY]) == [DAY]
    refresh(storage, PlainRunner(storage))
    return Twice(storage, first, erasing(storage, "initech"))


def erasing(storage: Storage, tenant: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Erase a tenant; all sums before and after."""
    before = sums(storage)
    erase_acme(storage, tenant)
    return before, sums(storage)


def test_a_second_tenant_is_added_to_the_sums(twice: Twice) -> None:
    assert rows(twice.storage, DAILY_USAGE.spec, "source", "tenant_id", "tokens_in") == [
        ("calls", "erased", 1),
        ("calls", "globex", 1),
        ("persona", "erased", 200),
        ("persona", "globex", 100),
    ]


def test_no_sum_changes_with_the_first_erasure(twice: Twice) -> None:
    assert twice.first[0] == twice.first[1]


def test_no_sum_changes_when_sums_are_of_two_price_books(twice: Twice) -> None:
    assert twice.second[0] == twice.second[1]
    assert find_stale(twice.storage) == {}


def test_sums_keep_their_price_when_the_day_is_rated_again(twice: Twice) -> None:
    amounts = rows(twice.storage, DAILY_COSTS.spec, "source", "tenant_id", "amount")
    assert [row for row in amounts if row[2]] == [
        ("calls", "erased", 1),
        ("calls", "globex", 2),
        ("persona", "erased", 100),
        ("persona", "erased", 200),
        ("persona", "globex", 200),
    ]


def test_single_records_of_cost_drift_join_the_others(twice: Twice) -> None:
    drift = warehouse_table(COST_DRIFT.spec).c
    with twice.storage.warehouse.connect() as connection:
        found = connection.execute(select(drift.tenant_id, drift.record_id, drift.reported_cost, drift.outliers))
        assert sorted(map(tuple, found)) == [("erased", "", 90, 1), ("globex", "r2", 30, 1)]


def test_prices_of_others_are_known_after_the_erasure_of_a_namesake(
    storage: Storage, landing: Landing, run: Run, add_reference: AddReference
) -> None:
    add_reference("prices", price("own", 'input: "1"', model="gpt-4o", provider="openai"))
    landing.write("persona", MAY_1, [event("o", "openai"), event("g", "globex")])
    run()
    erase_acme(storage, "openai")
    landing.write("persona", MAY_2, [event("late", "globex")], name="late.jsonl")
    run()
    amounts = rows(storage, DAILY_COSTS.spec, "tenant_id", "amount")
    assert [row for row in amounts if row[1]] == [("erased", 100), ("globex", 200)]


def test_rejected_lines_of_before_the_erasure_come_again_without_a_copy(
    erased: Erased, landing: Landing, run: Run
) -> None:
    storage = erased.storage
    faulty = [
        event("old", day="2025-01-01"),
        event("typeless", event="?"),
        event("timeless", timestamp="?"),
        event("spaced", " acme "),
        event("folder", "globex"),
        event("kept", "initech", event="?"),
    ]
    landing.write("persona", MAY_3, faulty, name="new.jsonl")
    landing.write("persona", MAY_3, ["{acme", *faulty[:1]], tenant="acme")
    landing.write("persona", MAY_3, faulty[:2], tenant="globex", name="mismatch.jsonl")
    run()
    found = rows(storage, REJECTED_LINES, "reason", "found", "raw")
    assert [row for row in found if "acme" in str(row)] == []
    assert ("unknown_type", "?", json.dumps(faulty[5])) in found
    assert [reason for reason, *_ in found].count("erased") == 8


def test_a_day_on_which_only_the_erased_had_records_stays_known(
    storage: Storage, landing: Landing, run: Run
) -> None:
    """It has no landing folder of its own."""
    landing.write("persona", MAY_1, [event("g", "globex")])
    landing.write("persona", MAY_3, [event("a", day=MAY_2)], tenant="acme")
    run()
    assert status_of(storage, MAY_2) is DayStatus.FINAL
    erase_acme(storage)
    assert status_of(storage, MAY_2) is DayStatus.RESTATED
    assert run().computed == {}
    assert status_of(storage, MAY_2) is DayStatus.RESTATED


def status_of(storage: Storage, day: str) -> DayStatus:
    with storage.warehouse.connect() as connection:
        (status,) = DayReader(storage, connection).statuses([date.fromisoformat(day)]).values()
    return status
