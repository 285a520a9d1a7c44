"""An erased tenant is gone, its usage stays in sums, and nobody else notices."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from usage_pipeline.alerts.raising import raise_alerts
from usage_pipeline.alerts.tables import ALERTS
from usage_pipeline.billing.closing import Closing, close, closed_of
from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.billing.statements import read_statement
from usage_pipeline.billing.tables import CLOSED_COSTS
from usage_pipeline.costs.book.current import rerate
from usage_pipeline.costs.tables import COST_DRIFT, DAILY_COSTS
from usage_pipeline.delivery.message import Message
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.limits.refresh import refresh_limits
from usage_pipeline.limits.tables import LIMIT_DECISIONS, LIMIT_STATUS
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention import pruning
from usage_pipeline.retention.erasure.sums import Kept, kept
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage import audit
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline.storage.tables import Erasure, TableSpec, Zone
from usage_pipeline.validation import tallies
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.costs.generic import FORMAT, price
from usage_pipeline_tests.costs.generic import call as generic
from usage_pipeline_tests.retention.erased import (
    ACME,
    ALL,
    DAY,
    JUNE_2,
    MAY_1,
    MAY_2,
    MAY_3,
    AddReference,
    Run,
    erase_acme,
    event,
    sums,
    tenants,
)
from usage_pipeline_tests.support import Landing, at, rows


def test_all_sums_are_as_before_and_belong_to_the_tenant_erased(mixed: Storage) -> None:
    before = sums(mixed)
    erase_acme(mixed)
    assert sums(mixed) == before
    for table in DAILY_TABLES:
        expected = {"globex"} if table.spec.zone is Zone.LAKE else {"globex", "erased"}
        assert tenants(mixed, table.spec) <= expected, table.name
    assert rows(mixed, DAILY_USAGE.spec, "tenant_id", "member_id", "tokens_in", "records") == [
        ("erased", "(erased)", 0, 1),
        ("erased", "(erased)", 100, 1),
        ("erased", "(erased)", 107, 2),
        ("globex", "(none)", 100, 1),
        ("globex", "(none)", 100, 1),
    ]


def test_nothing_is_left_to_do_and_the_records_of_others_are_as_before(mixed: Storage, run: Run) -> None:
    names = [name for name in LANDED_EVENTS.column_names if name != "landed_at"]
    before = [row for row in rows(mixed, LANDED_EVENTS, *names) if row[0] == "globex"]
    erase_acme(mixed)
    assert rows(mixed, LANDED_EVENTS, *names) == before
    assert find_stale(mixed) == {}
    again = run()
    assert (again.landed, again.computed, list(find_landing_work(mixed).warnings)) == ([], {}, [])


def test_checks_of_erased_days_pass(mixed: Storage) -> None:
    erase_acme(mixed)
    days = [DAY, date.fromisoformat(MAY_2)]
    with mixed.warehouse.connect() as connection:
        found = [
            *tallies.lines_add_up(mixed, connection, days).values(),
            *tallies.lines_are_accounted_for(mixed, connection, days).values(),
            *(
                entry
                for by_day in tallies.totals(mixed, connection, dict.fromkeys(tallies.COMPARISONS, days)).values()
                for entry in by_day.values()
            ),
        ]
    assert [entry.observed for entry in found if entry.success is False] == []


def test_later_events_computations_and_prunings_keep_the_sums(
    mixed: Storage, landing: Landing, run: Run, add_reference: AddReference
) -> None:
    erase_acme(mixed)
    before = sums(mixed, (DAILY_USAGE.spec, CONVERSATION_STARTS.spec))
    recompute_days(mixed, PlainRunner(mixed), [DAY], RefreshSummary())
    assert sums(mixed, (DAILY_USAGE.spec, CONVERSATION_STARTS.spec)) == before
    landing.write("persona", MAY_3, [event("late", "globex", tokensIn=9)], name="late.jsonl")
    run()
    add_reference("plans", "default: short\nshort: {retention_days: 20}")
    pruning.prune(mixed, DAILY_TABLES, pruning.plan(mixed), "test")
    run()
    assert rows(mixed, USAGE_RECORDS.spec, "record_id") == []
    assert rows(mixed, DAILY_USAGE.spec, "tenant_id", "day", "tokens_in") == [
        ("erased", DAY, 0),
        ("erased", DAY, 107),
        ("erased", date.fromisoformat(MAY_2), 100),
        ("globex", DAY, 109),
        ("globex", date.fromisoformat(MAY_2), 100),
    ]


def test_sums_keep_their_price_when_the_day_is_rated_again(
    storage: Storage, landing: Landing, run: Run, add_reference: AddReference
) -> None:
    """Also those of a tenant that is erased after that: then the sums of a day are of two price books."""
    of_tokens = {"model": "gpt-4o", "provider": "openai"}
    add_reference("prices", price("old", 'input: "1"', **of_tokens))
    landing.write("persona", MAY_1, [event("a"), event("i", "initech"), event("g", "globex")])
    run()
    erase_acme(storage)
    add_reference("prices", price("new", 'input: "2"', **of_tokens))
    assert rerate(storage, [DAY]) == [DAY]
    run()
    before = sums(storage)
    erase_acme(storage, "initech")
    assert (sums(storage), find_stale(storage)) == (before, {})
    amounts = rows(storage, DAILY_COSTS.spec, "tenant_id", "amount")
    assert [row for row in amounts if row[1]] == [("erased", 100), ("erased", 200), ("globex", 200)]


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


def test_single_records_of_cost_drift_join_the_others(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object]
) -> None:
    add_format("calls", FORMAT)
    of_model = {"model": "gpt-4o", "provider": "openai", "tokens_in": 1}
    landing.write(
        "calls", MAY_1, [generic("r1", cost="9", **of_model), generic("r2", cost="1", tenant="globex", **of_model)]
    )
    run()
    erase_acme(storage)
    drift = warehouse_table(COST_DRIFT.spec).c
    with storage.warehouse.connect() as connection:
        found = connection.execute(select(drift.tenant_id, drift.record_id, drift.reported_cost, drift.outliers))
        assert sorted(map(tuple, found)) == [("erased", "", 9, 1), ("globex", "r2", 1, 1)]


def test_a_second_tenant_is_added_to_the_sums(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", MAY_1, [event("a"), event("b", "initech"), event("g", "globex")])
    run()
    before = sums(storage)
    erase_acme(storage)
    erase_acme(storage, "initech")
    assert sums(storage) == before
    assert rows(storage, DAILY_USAGE.spec, "tenant_id", "tokens_in") == [("erased", 200), ("globex", 100)]
    assert find_stale(storage) == {}


def test_sums_of_pruned_records_are_erased_too(
    mixed: Storage, landing: Landing, add_reference: AddReference
) -> None:
    add_reference("plans", "default: short\nshort: {retention_days: 20}\nlong: {content_retention_days: null}")
    add_reference("tenants", "globex: {plans: [{from: 2020-01-01, plan: long}]}")
    pruning.prune(mixed, DAILY_TABLES, pruning.plan(mixed), "test")
    before = sums(mixed)
    erase_acme(mixed)
    assert sums(mixed) == before
    assert (tenants(mixed, DAILY_USAGE.spec), find_stale(mixed)) == ({"erased", "globex"}, {})
    assert b"acme" not in (landing.root / "persona" / MAY_2 / "shared.jsonl").read_bytes()


def test_what_happened_before_the_erasure_does_not_land_again(mixed: Storage, landing: Landing, run: Run) -> None:
    own = landing.root / "persona" / MAY_1 / "acme" / "events.jsonl"
    content = own.read_bytes()
    erase_acme(mixed)
    before = sums(mixed)
    own.parent.mkdir()
    own.write_bytes(content)
    landing.write("persona", MAY_3, [event("again", day=MAY_2), event("g3", "globex", MAY_2)], name="new.jsonl")
    run()
    assert rows(mixed, REJECTED_LINES, "tenant_id", "reason", "raw") == [
        *[("acme", "erased", None)] * 3,
        (None, "malformed_json", "{"),
    ]
    assert tenants(mixed, DAILY_USAGE.spec) == {"erased", "globex"}
    landing.write("persona", MAY_3, [], name="new.jsonl")
    run()
    assert sums(mixed) == before


def test_a_tenant_that_comes_back_begins_anew(mixed: Storage, landing: Landing) -> None:
    erase_acme(mixed)
    landing.write("persona", JUNE_2, [event("new", day=JUNE_2, tokensIn=1)], tenant="acme")
    later = at(mixed, NOW + timedelta(days=2))
    refresh(later, PlainRunner(later))
    assert ("acme", 1) in rows(mixed, DAILY_USAGE.spec, "tenant_id", "tokens_in")
    erase_acme(later)
    assert tenants(mixed, DAILY_USAGE.spec) == {"erased", "globex"}


def test_closed_periods_are_summed_and_their_changes_are_no_adjustments(mixed: Storage) -> None:
    versions = warehouse_table(CLOSED_COSTS).c
    before = select(func.sum(versions.quantity), func.sum(versions.amount))
    for tenant in ("acme", "globex"):
        close(mixed, tenant, DAY, Closing("me", "test", forced=True))
    with mixed.warehouse.connect() as connection:
        frozen = connection.execute(before).all()
    erase_acme(mixed)
    with mixed.warehouse.connect() as connection:
        assert connection.execute(before).all() == frozen
        (period,) = closed_of(connection, "erased")
        assert closed_of(connection, "acme") == []
        assert connection.execute(select(usage_versions.c.tenant_id).distinct()).scalars().all() == [
            "erased",
            "globex",
        ]
    statement = read_statement(mixed, "erased", date(2026, 6, 1))
    assert (period.first_day, statement.lines) == (DAY, ())


def test_the_account_of_credits_goes_and_others_stay_append_only(mixed: Storage) -> None:
    ledger = warehouse_table(CREDIT_LEDGER)
    now = mixed.settings.clock.now
    row = {"kind": "topup", "grant_id": "g", "effective_at": now, "amount": 1, "recorded_at": now}
    with mixed.warehouse.begin() as connection:
        connection.execute(ledger.insert(), [{**row, "tenant_id": tenant} for tenant in ("acme", "globex")])
    erase_acme(mixed)
    assert tenants(mixed, CREDIT_LEDGER) == {"globex"}
    with pytest.raises(DBAPIError, match="only grows"), mixed.warehouse.begin() as connection:
        connection.execute(ledger.delete())


def test_messages_of_the_tenant_go_and_those_of_nobody_name_it_no_more(mixed: Storage) -> None:
    texts = {"one": "acme", "two": None, "three": "globex"}
    with mixed.warehouse.begin() as connection:
        enqueue(
            connection,
            [
                Message(f"{key}-acme", ("ops",), "Usage of acme", "t", NOW, tenant, payload={"tenants": ["acme"]})
                for key, tenant in texts.items()
            ],
        )
    erase_acme(mixed)
    with mixed.warehouse.connect() as connection:
        found = connection.execute(select(outbox.c.key, outbox.c.subject, outbox.c.payload).order_by(outbox.c.key))
        assert list(map(tuple, found)) == [
            ("three-acme", "Usage of acme", {"tenants": ["acme"]}),
            ("two-(erased)", "Usage of (erased)", {"tenants": ["(erased)"]}),
        ]


def test_its_limits_go_and_those_of_others_stay(mixed: Storage, add_reference: AddReference) -> None:
    add_reference("limits", '[{id: one, tenant: "*", metric: prompts, period: {rolling_days: 60}, amount: "1"}]')
    refresh_limits(mixed)
    raise_alerts(mixed)
    of_limits = (LIMIT_STATUS, LIMIT_DECISIONS, ALERTS)
    assert [tenants(mixed, table) for table in of_limits] == [{"acme", "globex"}] * 3
    erase_acme(mixed)
    assert [tenants(mixed, table) for table in of_limits] == [{"globex"}] * 3


def test_the_certificate_says_what_was_done_and_not_to_whom(mixed: Storage) -> None:
    certificate = erase_acme(mixed).certificate
    written = (mixed.settings.data_dir / "erasures" / f"{certificate.id}.json").read_text()
    assert "acme" not in written
    assert (certificate.kind, certificate.by, certificate.reason) == ("tenant", "me", "a request")
    assert certificate.subject_digest == ACME.digest(mixed.settings)
    assert {"place": "lake/usage_records", "what": "rows", "becomes": "removed", "number": 4} in certificate.counts
    assert certificate.tables["usage_records"]["before"] != certificate.tables["usage_records"]["after"]
    with mixed.warehouse.connect() as connection:
        (entry,) = audit.entries(connection, certificate.id)
    assert (entry.action, entry.by) == ("erased", "me")


@pytest.mark.parametrize("spec", TABLES, ids=lambda spec: spec.name)
def test_every_table_says_what_becomes_of_an_erased_tenant(spec: TableSpec) -> None:
    assert (spec.of_erased is None) == (spec.tenant_column is None)


SUMMED = (
    *(table.spec for table in DAILY_TABLES if table.outlives_records),
    *ALL.of_state(Erasure.SUMMED),
)


@pytest.mark.parametrize("spec", SUMMED, ids=lambda spec: spec.name)
def test_every_column_of_a_table_that_keeps_sums_is_decided(spec: TableSpec) -> None:
    named = {name for name, _, how in kept(spec) if how is Kept.NAMED}
    assert named == {"member_id", "project", "feature", "agent"}.intersection(spec.column_names)
