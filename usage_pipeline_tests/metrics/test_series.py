"""The three daily series: a point for every day, zero where nothing happened, null where nothing is known."""

from datetime import date

from usage_pipeline.metrics.queries import SeriesQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.series import known_tenants, series_points
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.reading import Run, series
from usage_pipeline_tests.support import Landing, prompt


def test_a_day_has_a_total_in_each_series(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z", conversationId="c1")])
    run()
    (day,) = series(storage, "2026-05-01", "2026-05-01")
    assert (day.tokens, day.conversations, day.messages) == (120, 1, 2)


def test_an_ingested_day_without_events_is_zero(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [])
    run()
    (day,) = series(storage, "2026-05-01", "2026-05-01")
    assert (day.tokens, day.conversations, day.messages) == (0, 0, 0)


def test_an_ingested_day_of_another_tenant_is_zero(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run()
    (day,) = series(storage, "2026-05-01", "2026-05-01", tenant="zeta")
    assert (day.tokens, day.conversations, day.messages) == (0, 0, 0)


def test_a_missing_day_is_null(storage: Storage, landing: Landing, run: Run) -> None:
    for day in ("2026-05-01", "2026-05-03"):
        landing.write("persona", day, [prompt("e1", f"{day}T08:00:00Z")])
    run()
    _, missing, _ = series(storage, "2026-05-01", "2026-05-03")
    assert (missing.tokens, missing.conversations, missing.messages) == (None, None, None)


def test_without_a_tenant_all_are_together(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [prompt("e1", "2026-05-01T08:00:00Z", tenantId=tenant) for tenant in ("acme", "zeta")]
    landing.write("persona", "2026-05-01", lines)
    run()
    (day,) = series(storage, "2026-05-01", "2026-05-01", tenant=None)
    assert (day.tokens, day.conversations, day.messages) == (240, 0, 4)


def test_points_are_utc_midnights_in_milliseconds(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    run()
    query = SeriesQuery(date(2026, 5, 1), date(2026, 5, 2), of_tenant("acme"))
    assert series_points(read(storage, query).rows) == {
        "tokens": [{"date": 1777593600000, "total": 120}, {"date": 1777680000000, "total": None}],
        "conversations": [{"date": 1777593600000, "total": 0}, {"date": 1777680000000, "total": None}],
        "messages": [{"date": 1777593600000, "total": 2}, {"date": 1777680000000, "total": None}],
    }


def test_midnight_belongs_to_the_day_that_it_starts(storage: Storage, landing: Landing, run: Run) -> None:
    times = ("2026-05-01T23:59:59.9999999Z", "2026-05-02T00:00:00Z")
    landing.write("persona", "2026-05-02", [prompt(time, time) for time in times])
    run()
    assert [day.messages for day in series(storage, "2026-05-01", "2026-05-02")] == [2, 2]


def test_totals_above_what_a_double_holds_are_exact(storage: Storage, landing: Landing, run: Run) -> None:
    counts = [*[999_999_999_999_999] * 10, 1]
    lines = [
        prompt(f"e{number}", "2026-05-01T08:00:00Z", tokensIn=count, tokensOut=0)
        for number, count in enumerate(counts)
    ]
    landing.write("persona", "2026-05-01", lines)
    run()
    assert series(storage, "2026-05-01", "2026-05-01")[0].tokens == 9_999_999_999_999_991


def test_known_tenants_are_those_with_a_series(storage: Storage, landing: Landing, run: Run) -> None:
    lines = [prompt("e1", "2026-05-01T08:00:00Z", tenantId=tenant) for tenant in ("zeta", "acme")]
    landing.write("persona", "2026-05-01", lines)
    run()
    with storage.warehouse.connect() as connection:
        assert known_tenants(connection) == ["acme", "zeta"]
