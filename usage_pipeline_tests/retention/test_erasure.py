"""An erased tenant is gone, its usage stays in sums, and nobody else notices."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from usage_pipeline.billing.closing import closed_of
from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.billing.statements import read_statement
from usage_pipeline.delivery.outbox import outbox
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.retention import pruning
from usage_pipeline.retention.erasure.sums import Kept, kept
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import audit
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline.storage.tables import Erasure, TableSpec, Zone
from usage_pipeline.validation import tallies
from usage_pipeline_tests.retention.erased import (
    ACME,
    ALL,
    DAY,
    MAY_2,
    OF_LIMITS,
    AddReference,
    Erased,
    Run,
    closed,
    erase_acme,
    landed_of_others,
    shared_file,
    sums,
    tenants,
)
from usage_pipeline_tests.support import Landing, rows


def test_all_sums_are_as_before_and_belong_to_the_tenant_erased(erased: Erased) -> None:
    storage = erased.storage
    assert sums(storage) == erased.before.sums
    for table in DAILY_TABLES:
        expected = {"globex"} if table.spec.zone is Zone.LAKE else {"globex", "erased"}
        assert tenants(storage, table.spec) <= expected, table.name
    assert rows(storage, DAILY_USAGE.spec, "tenant_id", "member_id", "tokens_in", "records") == [
        ("erased", "(erased)", 0, 1),
        ("erased", "(erased)", 100, 1),
        ("erased", "(erased)", 107, 2),
        ("globex", "(none)", 100, 1),
        ("globex", "(none)", 100, 1),
    ]


def test_nothing_is_left_to_do_and_the_records_of_others_are_as_before(erased: Erased, run: Run) -> None:
    storage = erased.storage
    assert landed_of_others(storage) == erased.before.landed_of_others
    assert {tenant for (tenant,) in rows(storage, LANDED_EVENTS, "tenant_id")} == {"globex"}
    assert find_stale(storage) == {}
    again = run()
    assert (again.landed, again.computed, list(find_landing_work(storage).warnings)) == ([], {}, [])


def test_checks_of_erased_days_pass(erased: Erased) -> None:
    storage = erased.storage
    days = [DAY, date.fromisoformat(MAY_2)]
    with storage.warehouse.connect() as connection:
        totals = tallies.totals(storage, connection, dict.fromkeys(tallies.COMPARISONS, days))
        found = [
            *tallies.lines_add_up(storage, connection, days).values(),
            *tallies.lines_are_accounted_for(storage, connection, days).values(),
            *(entry for by_day in totals.values() for entry in by_day.values()),
        ]
    assert [entry.observed for entry in found if entry.success is False] == []


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
    assert b"acme" not in shared_file(landing).read_bytes()


def test_closed_periods_are_summed_and_their_changes_are_no_adjustments(erased: Erased) -> None:
    storage = erased.storage
    assert closed(storage) == erased.before.closed
    with storage.warehouse.connect() as connection:
        (period,) = closed_of(connection, "erased")
        assert closed_of(connection, "acme") == []
        assert connection.execute(select(usage_versions.c.tenant_id).distinct()).scalars().all() == [
            "erased",
            "globex",
        ]
    statement = read_statement(storage, "erased", date(2026, 6, 1))
    assert (period.first_day, statement.lines) == (DAY, ())


def test_the_account_of_credits_goes_and_others_stay_append_only(erased: Erased) -> None:
    assert tenants(erased.storage, CREDIT_LEDGER) == {"globex"}
    with pytest.raises(DBAPIError, match="only grows"), erased.storage.warehouse.begin() as connection:
        connection.execute(warehouse_table(CREDIT_LEDGER).delete())


def test_messages_of_the_tenant_go_and_those_of_nobody_name_it_no_more(erased: Erased) -> None:
    with erased.storage.warehouse.connect() as connection:
        found = connection.execute(select(outbox.c.key, outbox.c.subject, outbox.c.payload).order_by(outbox.c.key))
        assert list(map(tuple, found)) == [
            ("three-acme", "Usage of acme", {"tenants": ["acme"]}),
            ("two-(erased)", "Usage of (erased)", {"tenants": ["(erased)"]}),
        ]


def test_its_limits_go_and_those_of_others_stay(erased: Erased) -> None:
    assert erased.before.limited == [{"acme", "globex"}] * 3
    assert [tenants(erased.storage, table) for table in OF_LIMITS] == [{"globex"}] * 3


def test_the_certificate_says_what_was_done_and_not_to_whom(erased: Erased) -> None:
    storage, certificate = erased.storage, erased.outcome.certificate
    written = (storage.settings.data_dir / "erasures" / f"{certificate.id}.json").read_text()
    assert "acme" not in written
    assert (certificate.kind, certificate.by, certificate.reason) == ("tenant", "me", "a request")
    assert certificate.subject_digest == ACME.digest(storage.settings)
    assert {"place": "lake/usage_records", "what": "rows", "becomes": "removed", "number": 4} in certificate.counts
    assert any("tmp/listing-*" in told for told in certificate.out_of_scope)
    assert certificate.tables["usage_records"]["before"] != certificate.tables["usage_records"]["after"]
    with storage.warehouse.connect() as connection:
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
