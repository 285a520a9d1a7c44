"""When each kind of alert on data is raised, resolved and ended."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from usage_pipeline.billing.tables import CLOSED_PERIODS
from usage_pipeline.clock import days_between
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.schema import usage_versions, warehouse_table
from usage_pipeline.storage.state_tables import PARTITION_STATE, USAGE_VERSIONS
from usage_pipeline_tests.alerts.data import DataAlerts

MAY_25, MAY_27, MAY_29, MAY_30, MAY_31 = (date(2026, 5, number) for number in (25, 27, 29, 30, 31))
JUNE_1 = date(2026, 6, 1)
BAD = "persona/2026-05-30/a.jsonl"
GONE = [("persona", 1, "resolved")]


def test_a_source_is_silent_when_the_landing_of_the_day_on_which_it_was_due_has_ended(
    on_data: DataAlerts,
) -> None:
    on_data.files("persona", [MAY_25, MAY_27, MAY_29, MAY_30])
    found = []
    for now in ("2026-05-31T23:59", "2026-06-01T00:00", "2026-06-02T05:59", "2026-06-02T06:00", "2026-06-03"):
        on_data.tick(now)
        found.append(len(on_data.history()))
    assert found == [0, 0, 0, 1, 1]
    assert on_data.history("kind", "tenant_id", "subject", "first_day", "last_day") == [
        ("source_silent", None, "persona", MAY_31, JUNE_1)
    ]
    (text,) = on_data.sent("text")
    assert text.splitlines() == [
        "Nothing comes from the source persona any more.",
        "",
        "Last files: of the landing day 2026-05-30",
        "Usual:      files at least every 2 days, of the last 4 days with files",
        "Silent:     2 days",
    ]


def test_a_source_that_comes_again_resolves_and_its_next_silence_is_a_new_episode(on_data: DataAlerts) -> None:
    on_data.files("persona", days_between(MAY_25, MAY_29))
    on_data.tick("2026-05-31T06:00")
    on_data.files("persona", [MAY_31])
    on_data.tick("2026-05-31T07:00")
    assert on_data.history() == GONE
    on_data.tick("2026-06-02T06:00")
    assert on_data.history() == GONE
    on_data.tick("2026-06-03T06:00")
    assert on_data.history() == [*GONE, ("persona", 2, "raised")]
    assert on_data.sent("subject") == [
        "Nothing comes from the source persona any more",
        "The source persona comes again",
        "Nothing comes from the source persona any more",
    ]


@pytest.mark.parametrize(
    "days",
    [days_between(date(2026, 1, 1), date(2026, 1, 20)), days_between(MAY_27, MAY_29)],
    ids=["of long ago", "too few"],
)
def test_days_without_a_usual_gap_or_of_long_ago_raise_nothing(on_data: DataAlerts, days: list[date]) -> None:
    on_data.files("persona", days)
    on_data.tick("2026-06-01T12:00")
    assert on_data.history() == []


def test_a_file_of_which_no_line_was_accepted_is_told_of(on_data: DataAlerts) -> None:
    on_data.files("persona", [MAY_30], accepted=0, rejected=2)
    on_data.files("persona", [MAY_31], accepted=0, rejected=0)
    on_data.tick()
    assert on_data.history() == [(BAD, 1, "raised")]


def test_a_file_that_nobody_has_decided_about_is_told_of_until_somebody_has(on_data: DataAlerts) -> None:
    old = date(2025, 5, 30)
    on_data.files("persona", [old], FileState.QUARANTINED, "acme/b.jsonl", error="9 of 100 lines were rejected")
    on_data.files("persona", [MAY_30], FileState.FAILED, error="not a whole gzip file")
    on_data.files("persona", [MAY_31])
    on_data.tick()
    on_data.tick()
    assert on_data.history("tenant_id", "subject", "first_day", "state") == [
        ("acme", "persona/2025-05-30/acme/b.jsonl", old, "raised"),
        (None, BAD, MAY_30, "raised"),
    ]
    on_data.files("persona", [MAY_30], FileState.WITHDRAWN)
    on_data.tick("2026-06-01T01:00")
    on_data.files("persona", [MAY_30], FileState.QUARANTINED)
    on_data.tick("2026-06-01T02:00")
    assert [row for row in on_data.history() if row[0] == BAD] == [(BAD, 1, "resolved"), (BAD, 2, "raised")]
    assert on_data.sent("subject") == [
        "2 alerts: 2 about files",
        f"The file {BAD} needs no decision any more",
        f"The file {BAD} counts nowhere",
    ]


def unpriced(day: date, quantity: int = 700, model: str = "m", kind: str = "input") -> dict[str, object]:
    """A row of `tenant_costs` of acme."""
    row = {"day": day, "tenant_id": "acme", "dimension": "model", "value": model, "class": kind}
    return {**row, "quantity": 1000, "unpriced_quantity": quantity}


def rate_again(on_data: DataAlerts) -> None:
    """Let all usage have a price now."""
    with on_data.storage.warehouse.begin() as connection:
        connection.execute(warehouse_table(TENANT_COSTS.spec).update().values(unpriced_quantity=0))


def test_usage_without_a_price_is_one_alert_of_a_tenant_and_model_until_its_days_are_rated(
    on_data: DataAlerts,
) -> None:
    on_data.put(
        TENANT_COSTS.spec,
        unpriced(MAY_30),
        unpriced(MAY_31),
        unpriced(MAY_31, 3, kind="tool_call"),
        unpriced(MAY_31, 0, "priced"),
    )
    on_data.tick()
    on_data.tick("2026-06-01T01:00")
    assert on_data.history("kind", "tenant_id", "subject", "first_day", "last_day") == [
        ("unpriced_usage", "acme", "m", MAY_30, MAY_31)
    ]
    (text,) = on_data.sent("text")
    assert text.splitlines() == [
        "Usage of the model m by acme has no price.",
        "",
        "No price:  1,400 tokens, 3 tool calls",
        "Days:      2026-05-30 to 2026-05-31",
        "Why:       `usage-pipeline costs --tenant acme --group-by model,unpriced` says it",
        "To do:     add the price, then `usage-pipeline rerate` these days",
    ]
    rate_again(on_data)
    on_data.tick("2026-06-01T02:00")
    on_data.put(TENANT_COSTS.spec, unpriced(JUNE_1))
    on_data.tick("2026-06-01T03:00")
    assert on_data.history() == [("m", 1, "resolved"), ("m", 2, "raised")]
    assert on_data.sent("subject")[1:] == [
        "Usage of the model m by acme has a price again",
        "Usage of the model m by acme has no price",
    ]


def test_usage_without_a_price_ends_untold_when_its_days_are_final(on_data: DataAlerts) -> None:
    on_data.put(TENANT_COSTS.spec, unpriced(MAY_31))
    on_data.tick("2026-06-03T23:00")
    on_data.tick("2026-06-04")
    assert (on_data.history(), len(on_data.sent("key"))) == ([("m", 1, "ended")], 1)


def metered(day: date, source: str, tokens: int) -> dict[str, object]:
    """A row of `daily_breakdown` of acme."""
    row = {"day": day, "tenant_id": "acme", "dimension": "source", "value": source}
    return {**row, "tokens_total": tokens, "messages": tokens // 10}


def test_two_sources_that_report_the_same_are_one_alert_until_one_does_not(on_data: DataAlerts) -> None:
    rows = [metered(day, *of) for day in (MAY_30, MAY_31) for of in (("b", 1000), ("a", 1000), ("c", 400))]
    on_data.put(DAILY_BREAKDOWN.spec, *rows)
    on_data.tick()
    assert on_data.history("kind", "tenant_id", "subject", "first_day", "last_day") == [
        ("double_metering", "acme", "a and b", MAY_30, MAY_31)
    ]
    breakdown = warehouse_table(DAILY_BREAKDOWN.spec)
    with on_data.storage.warehouse.begin() as connection:
        connection.execute(breakdown.delete().where(breakdown.c.value == "b"))
    on_data.tick("2026-06-01T01:00")
    assert on_data.history() == [("a and b", 1, "resolved")]
    assert on_data.sent("subject") == [
        "a and b probably report the same usage of acme",
        "a and b do not report the same usage of acme any more",
    ]


def test_a_backfill_of_last_year_raises_nothing_on_days(on_data: DataAlerts) -> None:
    days = days_between(date(2025, 5, 1), date(2025, 5, 31))
    on_data.put(TENANT_COSTS.spec, *map(unpriced, days))
    on_data.put(DAILY_BREAKDOWN.spec, *(metered(day, source, 1000) for day in days for source in "ab"))
    on_data.files("persona", days)
    on_data.tick()
    assert (on_data.history(), on_data.sent("key")) == ([], [])


def change(
    on_data: DataAlerts, amount: int | None, at: str, version: int = 2, table: str = "tenant_costs"
) -> None:
    """Let the cost of 10 March be this from then on."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    of_day = {"table_name": table, "day": date(2026, 3, 10), "version": version}
    key = {**of_day, "tenant_id": "acme", "model": "m", "class": "input", "cause": "late"}
    on_data.put(USAGE_VERSIONS, {**key, "quantity": 10, "amount": amount, "committed_at": moment})
    state = warehouse_table(PARTITION_STATE)
    with on_data.storage.warehouse.begin() as connection:
        connection.execute(state.delete())
    on_data.put(PARTITION_STATE, {**of_day, "state": "committed", "changed_at": moment})


@pytest.fixture
def closed(on_data: DataAlerts) -> DataAlerts:
    """A deployment that has closed March of acme, in which 10 March cost 10.5 dollars."""
    change(on_data, 10, "2026-03-11", 1)
    with on_data.storage.warehouse.begin() as connection:
        connection.execute(usage_versions.update().values(amount=Decimal("10.5")))
        last_change = connection.execute(usage_versions.select()).mappings().one()["id"]
    period = {"first_day": date(2026, 3, 1), "last_day": date(2026, 3, 31), "late_usage": "restate"}
    on_data.put(CLOSED_PERIODS, {"tenant_id": "acme", **period, "last_change": last_change})
    return on_data


def test_a_closed_period_that_changes_is_news_however_old_it_is(closed: DataAlerts) -> None:
    closed.tick("2026-05-20")
    assert closed.history() == []
    change(closed, 12, "2026-05-20T10:00")
    closed.tick("2026-05-20T11:00")
    closed.tick("2026-05-20T12:00")
    assert closed.history("kind", "tenant_id", "subject", "first_day", "last_day") == [
        ("period_restated", "acme", "2026-03", date(2026, 3, 1), date(2026, 3, 31))
    ]
    (text,) = closed.sent("text")
    assert text.splitlines() == [
        "The closed period 2026-03 of acme has changed.",
        "",
        "Period:    2026-03-01 to 2026-03-31 (UTC)",
        "Costs:     +1.5 USD",
        "Billing:   the statement of the period is another now",
        "Why:       `usage-pipeline cost-diff --tenant acme --from 2026-03-01 --to 2026-03-31` says it",
    ]


def test_a_closed_period_resolves_when_it_is_as_it_was_closed_and_ends_without_a_new_change(
    closed: DataAlerts,
) -> None:
    change(closed, None, "2026-05-20T10:00")
    closed.tick("2026-05-20T11:00")
    with closed.storage.warehouse.begin() as connection:
        connection.execute(usage_versions.delete().where(usage_versions.c.version == 2))
    change(closed, None, "2026-05-20T10:30", 3)
    change(closed, 11, "2026-05-20T10:40", 4)
    closed.tick("2026-05-20T11:00")
    assert closed.history() == [("2026-03", 1, "raised")]
    with closed.storage.warehouse.begin() as connection:
        now = usage_versions.update().where(usage_versions.c.version == 4)
        connection.execute(now.values(amount=Decimal("10.5")))
    closed.tick("2026-05-20T12:00")
    change(closed, 9, "2026-05-20T13:00", 5)
    closed.tick("2026-05-20T14:00")
    closed.tick("2026-05-23T13:00")
    change(closed, 8, "2026-05-24T13:00", 6)
    closed.tick("2026-05-24T14:00")
    assert closed.history() == [
        ("2026-03", 1, "resolved"),
        ("2026-03", 2, "ended"),
        ("2026-03", 3, "raised"),
    ]
    assert len(closed.sent("key")) == 4


def test_credits_of_a_closed_period_that_change_are_told_of_beside_costs(closed: DataAlerts) -> None:
    change(closed, 100, "2026-05-20T10:00", table="credit_usage")
    closed.tick("2026-05-20T11:00")
    (payload,) = closed.sent("payload")
    assert payload["data"]["alerts"][0]["differences"] == {"credits": "100"}
