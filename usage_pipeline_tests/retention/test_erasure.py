"""An erased tenant is gone, its usage stays in sums, and nobody else notices."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from usage_pipeline.billing.closing import Closing, close, closed_of
from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.billing.statements import read_statement
from usage_pipeline.billing.tables import CLOSED_COSTS
from usage_pipeline.costs.book.current import rerate
from usage_pipeline.costs.tables import COST_DRIFT, DAILY_COSTS
from usage_pipeline.errors import ErasureError
from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention import pruning
from usage_pipeline.retention.erasure.erasing import Outcome, Tables, erase, plan
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.retention.erasure.sums import Kept, kept
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.storage import audit, landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline.storage.tables import Erasure, TableSpec, Zone
from usage_pipeline.validation import tallies
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.costs.generic import FORMAT, price
from usage_pipeline_tests.costs.generic import call as generic
from usage_pipeline_tests.support import Landing, digests, files, prompt, reject_reasons, rows

ALL = Tables(TABLES, DAILY_TABLES)
ACME = Subject("acme")
MAY_1, MAY_2, MAY_3 = "2026-05-01", "2026-05-02", "2026-05-03"
DAY = date.fromisoformat(MAY_1)

Run = Callable[[], RefreshSummary]
AddReference = Callable[[str, str], None]


def event(record_id: str, tenant: str = "acme", day: str = MAY_1, **fields: object) -> dict[str, object]:
    return prompt(record_id, f"{day}T08:00:00Z", tenantId=tenant, modelName="gpt-4o", **fields)


def erase_acme(storage: Storage, tenant: str = "acme") -> Outcome:
    outcome = erase(storage, ALL, Subject(tenant), by="me", reason="a request")
    assert outcome is not None
    return outcome


def sums(storage: Storage, specs: tuple[TableSpec, ...] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """The sums of all tenants by day, of every number in rollups and warehouse."""
    found = {}
    for spec in specs or [table.spec for table in DAILY_TABLES if table.spec.zone is not Zone.LAKE]:
        names = [column.name for column in spec.columns if column.type == "BIGINT" or column.type[:3] == "DEC"]
        names = [name for name in names if name not in {"latency_to_ms", "above_tokens_in"}]
        if spec.zone is Zone.ROLLUPS:
            values = rows(storage, spec, "day", *names)
        else:
            columns = warehouse_table(spec).c
            with storage.warehouse.connect() as connection:
                values = list(connection.execute(select(columns.day, *(columns[name] for name in names))))
        totals: dict[date, list[Decimal]] = {}
        for day, *numbers in values:
            known = totals.setdefault(day, [Decimal(0)] * len(names))
            totals[day] = [total + (number or 0) for total, number in zip(known, numbers, strict=True)]
        found[spec.name] = sorted(totals.items())
    return found


def tenants(storage: Storage, spec: TableSpec) -> set[str]:
    """The tenants that a table has rows of."""
    if spec.zone is not Zone.WAREHOUSE:
        return {tenant for (tenant,) in rows(storage, spec, "tenant_id")}
    with storage.warehouse.connect() as connection:
        return set(connection.execute(select(warehouse_table(spec).c.tenant_id)).scalars())


def write_mixed(landing: Landing) -> None:
    """Two days of acme and globex, in files of their own and in one that they share."""
    own = {"sessionId": "s", "userId": "ann", "conversationId": "c1", "latencyMs": 40, "prompt": "words"}
    landing.write("persona", MAY_1, [event("a1", **own), event("a2", tokensIn=7)], tenant="acme")
    landing.write(
        "persona",
        MAY_2,
        [event("g1", "globex"), event("a3", day=MAY_2, status="failed"), event("g2", "globex", MAY_2), "{"],
        name="shared.jsonl",
    )
    started = {"id": "v1", "type": "conversation", "count": 3, "createdAt": 1777622400000, "meta": {}}
    landing.write("usage_statistics", MAY_1, [started], tenant="acme", name="counted.jsonl")


@pytest.fixture
def mixed(storage: Storage, landing: Landing, run: Run, prepare: Prepare) -> Storage:
    """These days, landed and computed."""

    def make() -> None:
        write_mixed(landing)
        run()

    prepare("mixed", make)
    return storage


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


def test_lines_of_the_tenant_are_blank_and_every_other_byte_stays(mixed: Storage, landing: Landing) -> None:
    path = landing.root / "persona" / MAY_2 / "shared.jsonl"
    before = path.read_bytes().split(b"\n")
    erase_acme(mixed)
    assert path.read_bytes().split(b"\n") == [before[0], b"", *before[2:]]
    assert [p.name for p in landing.root.rglob("*") if p.is_file()] == ["shared.jsonl"]
    assert set(files(mixed)) == {"shared.jsonl"}


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


def test_what_killed_writers_and_uploads_left_of_the_tenant_goes(mixed: Storage, landing: Landing) -> None:
    left = mixed.lake.object(USAGE_RECORDS.spec, DAY).with_name(".usage_records.parquet.1f.part")
    left.write_text("acme")
    upload = landing.write("persona", MAY_3, [event("a9")], tenant="acme", name="more.jsonl")
    upload.rename(upload.with_name(".more.jsonl.part"))
    erase_acme(mixed)
    assert not left.exists()
    assert not upload.parent.exists()


def test_a_file_that_the_pipeline_does_not_know_is_named(mixed: Storage, landing: Landing) -> None:
    unknown = landing.write("persona", MAY_1, [event("a9")], name="notes.txt.gz")
    with pytest.raises(ErasureError, match=r"The id is still in landing/persona/2026-05-01/notes.txt.gz \(1\)"):
        erase_acme(mixed)
    unknown.unlink()
    erase_acme(mixed)


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


def test_a_tenant_that_comes_back_begins_anew(mixed: Storage, landing: Landing, run: Run) -> None:
    erase_acme(mixed)
    landing.write("persona", MAY_3, [event("new", day=MAY_1, tokensIn=1)], tenant="acme")
    run()
    assert ("acme", 1) in rows(mixed, DAILY_USAGE.spec, "tenant_id", "tokens_in")
    erase_acme(mixed)
    assert tenants(mixed, DAILY_USAGE.spec) == {"erased", "globex"}


def test_decisions_about_a_shared_file_hold_for_what_is_left_of_it(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", MAY_1, [event("a"), event("g", "globex")])
    run()
    withdraw(storage, f"persona/{MAY_1}/events.jsonl", "wrong", "me")
    run()
    erase_acme(storage)
    file = files(storage)["events.jsonl"]
    storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name).unlink()
    run()
    assert files(storage)["events.jsonl"].state is landed_files.FileState.WITHDRAWN


def test_lines_without_ids_keep_theirs_when_their_file_lands_again(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object]
) -> None:
    add_format("calls", CALLS)
    landing.write("calls", MAY_1, [call("acme"), call("globex"), call("acme")])
    run()
    before = [row for row in rows(storage, LANDED_EVENTS, "tenant_id", "record_id") if row[0] == "globex"]
    erase_acme(storage)
    file = files(storage)["events.jsonl"]
    storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name).unlink()
    run()
    assert rows(storage, LANDED_EVENTS, "tenant_id", "record_id") == before
    assert tenants(storage, DAILY_USAGE.spec) == {"erased", "globex"}


CALLS = """
description: Calls.
format: jsonl
identity: position
tenant: $.tenant
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
"""


def call(tenant: str) -> dict[str, object]:
    return {"tenant": tenant, "at": f"{MAY_1}T08:00:00Z"}


LINES_OF_SEVERAL = """
description: Calls, several in a line.
format: jsonl
each: $.calls[*]
identity: [$.id]
tenant: $.tenant
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
"""


def test_a_line_with_events_of_several_tenants_is_blanked_and_their_events_stay(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object]
) -> None:
    add_format("batches", LINES_OF_SEVERAL)
    calls = [{"id": f"r{number}", **call(tenant)} for number, tenant in enumerate(("globex", "acme", "initech"))]
    path = landing.write("batches", MAY_1, [{"calls": calls}, {"calls": calls[:1]}])
    run()
    kept_line = path.read_text().splitlines()[1]
    erase_acme(storage)
    assert path.read_text().splitlines() == ["", kept_line]
    PlainRunner(storage).land_again([DAY])
    run()
    found = rows(storage, LANDED_EVENTS, "tenant_id", "landing_line", "landing_event")
    assert found == [("globex", 1, 1), ("globex", 2, 1), ("initech", 1, 3)]


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


def test_a_tenant_that_is_still_listed_is_refused(storage: Storage, add_reference: AddReference) -> None:
    add_reference("tenants", "acme: {}")
    refusal = "tenants.yaml still lists acme. Remove it there first, then erase it."
    with pytest.raises(ErasureError, match=refusal):
        erase_acme(storage)
    assert plan(storage, ALL, ACME).obstacle == refusal


def test_a_tenant_on_hold_is_refused(storage: Storage, add_reference: AddReference) -> None:
    add_reference("tenants", "acme: {legal_hold: {reason: case 4711, by: legal, since: 2026-01-01}}")
    with pytest.raises(ErasureError, match="acme is on legal hold"):
        erase_acme(storage)


def test_a_name_of_the_pipeline_is_refused(storage: Storage) -> None:
    for name in ("persona", "usage_records", "tenant_id", "erased"):
        with pytest.raises(ErasureError, match="is also the name of a format, a table or a column"):
            erase_acme(storage, name)


def test_of_a_tenant_that_nobody_knows_there_is_nothing_to_erase(mixed: Storage) -> None:
    assert erase(mixed, ALL, Subject("acmee"), by="me", reason="a request") is None
    assert not (mixed.settings.data_dir / "erasures").exists()


def test_a_reason_with_the_id_is_refused(storage: Storage) -> None:
    with pytest.raises(ErasureError, match="must not hold the id"):
        erase(storage, ALL, ACME, by="me", reason="acme asked for it")


def test_a_day_that_is_not_up_to_date_holds_the_erasure_back(mixed: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", MAY_3, [event("late", "globex")], name="late.jsonl")
    with pytest.raises(ErasureError, match=r"late.jsonl has not landed yet as it is now"):
        erase_acme(mixed)
    PlainRunner(mixed).land([date.fromisoformat(MAY_3)])
    with pytest.raises(ErasureError, match=r"Not up to date: 2026-05-01 .* Run `usage-pipeline run`, then erase"):
        erase_acme(mixed)
    run()
    erase_acme(mixed)


def test_a_shared_file_that_is_named_after_the_tenant_holds_the_erasure_back(
    storage: Storage, landing: Landing, run: Run
) -> None:
    path = landing.write("persona", MAY_1, [event("a"), event("g", "globex")], name="acme.jsonl")
    run()
    with pytest.raises(ErasureError, match=r"acme.jsonl is named after the tenant and holds lines of others"):
        erase_acme(storage)
    path.rename(path.with_name("all.jsonl"))
    run()
    withdraw(storage, f"persona/{MAY_1}/acme.jsonl", "renamed", "me")
    run()
    erase_acme(storage)
    assert rows(storage, DAILY_USAGE.spec, "tenant_id", "tokens_in") == [("erased", 100), ("globex", 100)]
    assert set(files(storage)) == {"all.jsonl"}


def test_names_that_only_begin_like_the_tenant_are_others(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write(
        "persona", MAY_1, [event("a"), event("e", "acme-eu", prompt="acme-eu says"), event("x", "acme2")]
    )
    run()
    erase_acme(storage)
    assert tenants(storage, LANDED_EVENTS) == {"acme-eu", "acme2"}
    assert rows(storage, CONTENT, "prompt") == [("acme-eu says",)]


def test_what_others_say_of_the_tenant_stays_and_is_counted(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", MAY_1, [event("a"), event("g", "globex", prompt="write to acme")])
    run()
    assert erase_acme(storage).mentions == 2  # the text, and the line
    assert rows(storage, CONTENT, "prompt") == [("write to acme",)]


def test_rejected_lines_that_name_the_tenant_go(storage: Storage, landing: Landing, run: Run) -> None:
    mismatch = event("m", "acme")
    landing.write("persona", MAY_1, ['{"tenantId": "acme"', event("no-type", event="?"), '{"tenantId": "globex"'])
    landing.write("persona", MAY_1, [mismatch], tenant="globex")
    run()
    assert len(reject_reasons(storage)) == 4
    erase_acme(storage)
    assert rows(storage, REJECTED_LINES, "raw") == [('{"tenantId": "globex"',)]


def test_the_plan_counts_and_changes_nothing(mixed: Storage) -> None:
    before = digests(mixed)
    found = plan(mixed, ALL, ACME)
    counts = {(count.place, count.what): count.number for count in found.counts}
    assert found.obstacle is None
    assert counts["landing", "files"] == 2
    assert counts["landing", "lines"] == 1
    assert counts["lake/usage_records", "rows"] == 4
    assert counts["rollups/daily_usage", "rows"] == 4
    assert digests(mixed) == before
    assert tenants(mixed, LANDED_EVENTS) == {"acme", "globex"}


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
