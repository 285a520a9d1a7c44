"""Records past their term go; the numbers that were made of them stay, whatever is computed afterwards."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from usage_pipeline.errors import PartitionError, QueryError
from usage_pipeline.events.landing import decisions
from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES, REJECTED_LINES
from usage_pipeline.pipeline.explain import explain
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days
from usage_pipeline.pipeline.tables import DAILY_TABLES, TABLES
from usage_pipeline.records.tables import CONFLICTS, EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.retention import pruning
from usage_pipeline.retention.past_term import DATED
from usage_pipeline.series.status import Day, DayReader, DayStatus
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.daily import DailyTable, LandedRows
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import TableSpec, Term, Zone
from usage_pipeline.validation import tallies
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.retention.killing import kept_digests
from usage_pipeline_tests.support import Landing, at, files, land_and_compute, prompt, rows, with_upstream

PLANS = """
default: short
short: {retention_days: 90}
long: {retention_days: null, content_retention_days: 30}
"""
TENANTS = "globex: {plans: [{from: 2020-01-01, plan: long}]}\n"
PAST, KEPT, TODAY = "2026-03-02", "2026-03-03", "2026-06-01"
"""The last day whose records are past the 90 days of the default plan, the first that is kept, and today."""

Run = Callable[[], RefreshSummary]
AddReference = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _plans(add_reference: AddReference) -> None:
    add_reference("plans", PLANS)
    add_reference("tenants", TENANTS)


def event(record_id: str, day: str, tenant: str = "acme", **fields: object) -> dict[str, object]:
    return prompt(record_id, f"{day}T08:00:00Z", tenantId=tenant, **fields)


def prune(storage: Storage, tables: Sequence[DailyTable] = DAILY_TABLES) -> pruning.Outcome:
    return pruning.prune(storage, tables, pruning.plan(storage), "test")


OF_USAGE = with_upstream(("daily_usage",))
"""Tables of records and one that is kept, where the others would tell no more."""


def run_of_usage(storage: Storage) -> None:
    """Land what is new, and compute these."""
    land_and_compute(storage, "daily_usage")


def ids(storage: Storage, table: TableSpec = USAGE_RECORDS.spec) -> list[str]:
    return [name for (name,) in rows(storage, table, "record_id")]


def day_of(storage: Storage, day: str) -> Day:
    with storage.warehouse.connect() as connection:
        (found,) = DayReader(storage, connection).read(date.fromisoformat(day), date.fromisoformat(day))
    return found


@dataclass(frozen=True)
class Before:
    """What there was before the records were pruned, and what went then."""

    digests: dict[tuple[str, date], str | None]
    """Of what outlives the records."""
    removed: list[tuple[str, int]]
    """By day, the records."""


@pytest.fixture
def days(storage: Storage, make_days: Callable[[], None]) -> Storage:
    """A day past the term of acme and other, but not of globex, with duplicates and a conflict, and one within."""
    make_days()
    return storage


@pytest.fixture
def make_days(landing: Landing, run: Run, prepare: Prepare) -> Callable[[], None]:
    """Makes them in the empty storage of the test."""

    def make() -> None:
        of_acme = [event("a", PAST, tokensIn=5), event("a", PAST, tokensIn=5), event("a", PAST, tokensIn=7)]
        of_globex = [event("g", PAST, "globex", tokensIn=5)] * 2
        landing.write("persona", PAST, [*of_acme, *of_globex], name="past.jsonl")
        landing.write("persona", PAST, [event("o", PAST, "other", tokensIn=1)], tenant="other", name="other.jsonl")
        landing.write("persona", KEPT, [event("b", KEPT, tokensIn=1)])
        run()

    return lambda: prepare("days", make)


@pytest.fixture
def before(storage: Storage, make_days: Callable[[], None], prepare: Prepare) -> Before:
    """The storage of `days` is pruned."""

    def make() -> Before:
        make_days()
        digests = kept_digests(storage)
        return Before(digests, [(str(row.day), row.records) for row in prune(storage).removed])

    found: Before = prepare("pruned", make)
    return found


@pytest.fixture
def pruned(storage: Storage, before: Before) -> Storage:  # noqa: ARG001 - it prunes
    """The storage of `days`, pruned."""
    return storage


def test_the_records_of_a_day_go_but_not_those_of_tenants_whose_plan_is_longer(
    pruned: Storage, before: Before
) -> None:
    assert before.removed == [(PAST, 4), (KEPT, 0)]
    assert ids(pruned) == ["b", "g"]
    assert (ids(pruned, EXCLUDED_EVENTS.spec), ids(pruned, CONFLICTS.spec)) == (["g"], [])


def test_all_that_was_made_of_records_stays(pruned: Storage, before: Before) -> None:
    assert kept_digests(pruned) == before.digests
    assert find_stale(pruned) == {}


def test_numbers_of_the_pruned_stay_when_the_day_is_computed_again(
    pruned: Storage, before: Before, landing: Landing, run: Run
) -> None:
    recompute_days(pruned, PlainRunner(pruned), [date.fromisoformat(PAST)], RefreshSummary())
    assert kept_digests(pruned) == before.digests
    landing.write("persona", TODAY, [event("late", PAST, "globex", tokensIn=7)], name="late.jsonl")
    run()
    assert rows(pruned, DAILY_USAGE.spec, "tenant_id", "tokens_in", "records") == [
        ("acme", 1, 1),
        ("acme", 5, 1),
        ("globex", 12, 2),
        ("other", 1, 1),
    ]


def test_nothing_is_missed_or_landed_again(pruned: Storage, run: Run) -> None:
    again = run()
    assert (again.landed, again.computed, list(find_landing_work(pruned).warnings)) == ([], {}, [])
    day = day_of(pruned, PAST)
    assert (day.status, day.records, day.pruned, day.duplicates, day.version) == (DayStatus.FINAL, 1, 4, 1, 1)


def test_checks_of_a_pruned_day_pass(pruned: Storage) -> None:
    day = date.fromisoformat(PAST)
    with pruned.warehouse.connect() as connection:
        totals = tallies.totals(pruned, connection, {name: [day] for name in tallies.COMPARISONS})
        found = [
            tallies.lines_add_up(pruned, connection, [day])[day],
            tallies.lines_are_accounted_for(pruned, connection, [day])[day],
            *(entry[day] for entry in totals.values()),
        ]
    assert [entry.observed for entry in found if " apart" in entry.observed and not entry.success] == []


def test_a_tenant_on_hold_keeps_its_records(days: Storage, add_reference: AddReference) -> None:
    add_reference("tenants", "acme: {legal_hold: {reason: a lawsuit, by: legal, since: 2026-01-01}}")
    prune(days)
    assert ids(days) == ["a", "b"]


def test_a_late_event_of_a_pruned_day_is_rejected_even_after_an_upgrade(
    pruned: Storage, before: Before, landing: Landing, run: Run, add_reference: AddReference
) -> None:
    add_reference("tenants", f"{TENANTS}acme: {{plans: [{{from: 2026-06-01, plan: long}}]}}")
    landing.write("persona", TODAY, [event("late", PAST), event("kept", "2026-03-05")], name="late.jsonl")
    run()
    ((reason, expected),) = rows(pruned, REJECTED_LINES, "reason", "expected")
    assert (reason, expected.partition(" on, ")[2]) == (
        "past_retention",
        "because older records of the tenant are pruned",
    )
    assert kept_digests(pruned).items() >= before.digests.items()
    assert ids(pruned) == ["b", "g", "kept"]


def test_a_line_that_lost_to_a_pruned_one_of_the_day_before_does_not_count_later(
    storage: Storage, landing: Landing, run: Run
) -> None:
    """The persona format says `unique_within_days: 1`."""
    landing.write("persona", PAST, [event("a", PAST)])
    landing.write("persona", KEPT, [event("a", KEPT), event("g", KEPT, "globex")])
    run()
    before = kept_digests(storage)
    prune(storage)
    assert (ids(storage), ids(storage, LANDED_EVENTS)) == (["g"], ["a", "a", "g"])
    assert rows(storage, LANDED_EVENTS, "record_id", "event_day", "model")[0][2] is None
    recompute_days(storage, PlainRunner(storage), [date.fromisoformat(KEPT)], RefreshSummary())
    assert kept_digests(storage) == before


def test_an_id_that_nothing_is_compared_with_any_more_goes(storage: Storage, landing: Landing) -> None:
    landing.write("persona", PAST, [event("a", PAST)])
    landing.write("persona", KEPT, [event("b", KEPT)])
    run_of_usage(storage)
    prune(storage, OF_USAGE)
    assert ids(storage, LANDED_EVENTS) == ["a", "b"]
    prune(at(storage, datetime(2026, 6, 2, 12, tzinfo=UTC)), OF_USAGE)
    assert ids(storage, LANDED_EVENTS) == ["b"]


def test_a_stale_day_holds_back_itself_and_later_days(storage: Storage, landing: Landing) -> None:
    first, second = "2026-02-27", "2026-03-01"
    for day, name in ((first, "a"), (second, "b"), (PAST, "c")):
        landing.write("usage_statistics", day, [counted(name, day)], tenant="acme")
    run_of_usage(storage)
    landing.write("usage_statistics", TODAY, [counted("late", second)], tenant="globex", name="late.jsonl")
    PlainRunner(storage).land([date.fromisoformat(TODAY)])
    (problem,) = prune(storage, OF_USAGE).problems
    assert "Records from 2026-03-01 on are kept for now, because 2026-03-01 is not up to date" in problem
    assert ids(storage) == ["b", "c"]
    run_of_usage(storage)
    assert prune(storage, OF_USAGE).problems == []
    assert ids(storage) == ["late"]


def test_a_rollup_that_is_lost_after_its_records_are_pruned_is_an_error(
    storage: Storage, landing: Landing
) -> None:
    landing.write("persona", PAST, [event("a", PAST)])
    run_of_usage(storage)
    prune(storage, OF_USAGE)
    storage.lake.object(DAILY_USAGE.spec, date.fromisoformat(PAST)).unlink()
    lost = r"daily_usage of 2026-03-02 is gone .* Restore it from your backup"
    with pytest.raises(PartitionError, match=lost):
        run_of_usage(storage)
    (problem,) = prune(storage, OF_USAGE).problems
    assert re.search(lost, problem)


def test_a_record_that_is_pruned_is_explained_as_pruned(pruned: Storage) -> None:
    with pytest.raises(QueryError, match="Records before 2026-03-03 are pruned"):
        explain(pruned, "a")


def test_usage_of_pruned_records_cannot_be_withdrawn(pruned: Storage) -> None:
    with pytest.raises(QueryError, match=r"The records of persona/2026-03-02/other/other.jsonl are pruned"):
        decisions.withdraw(pruned, f"persona/{PAST}/other/other.jsonl", "wrong", "me")


def test_only_one_tenant_is_pruned_if_asked(days: Storage) -> None:
    pruning.prune(days, DAILY_TABLES, pruning.plan(days, tenant="other"), "test")
    assert ids(days) == ["a", "b", "g"]
    assert {name: file.accepted_left for name, file in files(days).items()} == {
        "past.jsonl": 5,
        "other.jsonl": 0,
        "events.jsonl": 1,
    }


def test_a_file_whose_records_are_partly_pruned_keeps_the_format_that_it_landed_with(
    pruned: Storage, before: Before, run: Run
) -> None:
    PlainRunner(pruned).land_again([date.fromisoformat(PAST)])
    assert files(pruned)["past.jsonl"].accepted_pruned == 3
    run()
    assert kept_digests(pruned) == before.digests


def counted(record_id: str, day: str) -> dict[str, object]:
    at_eight = datetime.fromisoformat(f"{day}T08:00:00Z").timestamp()
    return {"id": record_id, "type": "token", "count": 1, "createdAt": int(at_eight * 1000), "meta": {}}


def test_every_table_of_the_lake_has_a_term_and_everything_made_of_it_is_kept() -> None:
    assert {spec.name for spec in TABLES if spec.zone is Zone.LAKE and spec.term is Term.KEPT} == set()
    assert {spec.name for spec in TABLES if spec.zone is not Zone.LAKE and spec.term is not Term.KEPT} == set()


def test_pruning_knows_every_landing_table() -> None:
    """Tables by event day are computed again without what is pruned; those by landing day have rows to remove."""
    assert set(DATED) == set(LANDING_TABLES)
    assert [table.name for table in DAILY_TABLES if table.spec.zone is Zone.LAKE] == [
        table.name for table in DAILY_TABLES if any(isinstance(entry, LandedRows) for entry in table.inputs)
    ]
