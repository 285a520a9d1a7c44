"""What is kept as of a day, by which numbers, and how forecasts came true."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.kept.keeping import keep_insights
from usage_pipeline.insights.kept.reading import Kept
from usage_pipeline.insights.kept.tables import (
    FORECAST_ACCURACY,
    LIMIT_OUTLOOKS,
    USAGE_ANOMALIES,
    USAGE_FORECASTS,
    USAGE_TRENDS,
)
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline_tests.conftest import FillOnce
from usage_pipeline_tests.insights.advised import prompt
from usage_pipeline_tests.insights.steady import AS_OF, fill
from usage_pipeline_tests.support import Landing, at, land_and_compute

MEASURES = ("tokens_total", "requests")
DAY = timedelta(days=1)


@pytest.fixture
def steady(storage: Storage, fill_once: FillOnce) -> Storage:
    """The storage of a tenant that uses the same every week."""
    fill_once(storage, fill)
    return storage


def rows(storage: Storage, spec: TableSpec, *names: str) -> list[tuple[Any, ...]]:
    """The rows of acme."""
    table = warehouse_table(spec)
    query = select(*(table.c[name] for name in names)).where(table.c.tenant_id == "acme")
    with storage.warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(*table.primary_key.columns))]


def test_a_day_has_the_rows_of_each_table(steady: Storage) -> None:
    assert keep_insights(steady, AS_OF - DAY, MEASURES) == counts(trends=4, forecasts=120)
    assert keep_insights(steady, AS_OF, MEASURES) == counts(trends=4, anomalies=2, forecasts=120, accuracy=4)
    columns = ("measure", "last_day", "value", "week_average", "same_weekday_percent", "not_judged", "hindsight")
    assert rows(steady, USAGE_TRENDS, *columns)[2:] == [
        ("requests", AS_OF, 1, 1, 0, None, False),
        ("tokens_total", AS_OF, 150_000, Decimal("105714.29"), 400, None, False),
    ]
    columns = ("as_of", "measure", "kind", "worst_day", "value", "expected", "severity")
    assert rows(steady, USAGE_ANOMALIES, *columns) == [
        (AS_OF, "tokens_total", "spike", AS_OF, 150_000, 30_000, "high")
    ]
    ahead = rows(steady, USAGE_FORECASTS, "as_of", "measure", "day", "value", "low_80", "method")
    assert (AS_OF - DAY, "tokens_total", AS_OF, 30_000, 30_000, "mean") in ahead
    columns = ("measure", "days_ahead", "expected", "actual", "error", "within_95")
    assert rows(steady, FORECAST_ACCURACY, *columns) == [
        ("requests", 1, 1, 1, 0, True),
        ("tokens_total", 1, 30_000, 150_000, 120_000, False),
    ]


def test_a_day_that_is_made_later_has_what_was_published_then(steady: Storage) -> None:
    keep_insights(steady, AS_OF, MEASURES)
    then = rows(steady, USAGE_TRENDS, *USAGE_TRENDS.column_names)
    later = at(steady, datetime(2026, 6, 10, tzinfo=UTC))
    late = prompt(1000, "acme", "05-30", 999_000)
    Landing(steady.settings.landing).write("persona", "2026-06-05", [late])
    land_and_compute(later, "records", "rollups", "series")
    keep_insights(later, AS_OF, MEASURES)
    requests, tokens = rows(later, USAGE_TRENDS, *USAGE_TRENDS.column_names)
    assert tokens == then[1]
    assert (requests[-1], requests[7]) == (True, Decimal("-50.0000"))  # in hindsight two came on the day before


def test_an_anomaly_of_several_days_is_read_once_as_it_was_found_last(steady: Storage) -> None:
    keep_insights(steady, AS_OF, ["tokens_total"])
    lines = [prompt(2000 + number, "acme", f"06-0{number}", 500_000) for number in (1, 2)]
    Landing(steady.settings.landing).write("persona", "2026-06-02", lines)
    later = at(steady, datetime(2026, 6, 3, 1, tzinfo=UTC))
    land_and_compute(later, "records", "rollups", "series", "breakdowns", "costs", "credits")
    last = AS_OF + 2 * DAY
    keep_insights(later, last, ["tokens_total"])
    assert rows(later, USAGE_ANOMALIES, "as_of", "kind") == [(AS_OF, "spike"), (last, "rise")]
    with later.warehouse.connect() as connection:
        (found,) = Kept(connection, last, ["acme"]).anomalies(AS_OF.replace(day=1))
    assert [found[name] for name in ("kind", "first_day", "last_day")] == ["rise", AS_OF, last]


def test_a_day_replaces_its_own_rows_and_removes_those_past_their_term(steady: Storage) -> None:
    later = at(steady, datetime(2026, 6, 10, tzinfo=UTC))
    short = replace(later, settings=later.settings.model_copy(update={"insight_days": 11}))
    for as_of in (AS_OF - 2 * DAY, AS_OF - DAY, AS_OF - DAY, AS_OF):
        keep_insights(short, as_of, ["requests"])
    assert rows(steady, USAGE_TRENDS, "as_of") == [(AS_OF - DAY,), (AS_OF,)]


def test_limits_have_the_probability_that_they_are_passed(steady: Storage) -> None:
    month = "{id: month, tenant: acme, metric: tokens_total, period: month, amount: '2630000'}"
    of_bytes = "{id: bytes, tenant: acme, metric: bytes, period: month, amount: '1'}"
    (steady.settings.reference / "limits.yaml").write_text(f"- {month}\n- {of_bytes}\n")
    assert keep_insights(steady, AS_OF - DAY, [])["limit_outlooks"] == 2
    columns = ("limit_id", "used", "expected", "probability", "day", "unknown")
    assert rows(steady, LIMIT_OUTLOOKS, *columns) == [
        ("bytes", 0, None, None, None, "nothing was used in the 182 days up to 2026-05-30"),
        # The last day of May is a Sunday.
        ("month", 2_620_000, 2_650_000, 1, date(2026, 5, 31), None),
    ]


def test_a_day_that_is_not_over_is_refused(steady: Storage) -> None:
    with pytest.raises(QueryError, match="2026-06-01: expected a day that is over"):
        keep_insights(steady, AS_OF + DAY)


def counts(**named: int) -> dict[str, int]:
    """The rows of all tables: those that are named, and none of the others."""
    found = {"usage_trends": "trends", "usage_anomalies": "anomalies", "usage_forecasts": "forecasts"}
    found |= {"forecast_accuracy": "accuracy", "limit_outlooks": "limits", "recommendations": "recommendations"}
    return {table: named.get(short, 0) for table, short in found.items()}
