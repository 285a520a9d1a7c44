"""Series and costs as they were published, before and after a late file."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.metrics.queries import AsOf, CostQuery, QualityQuery, Query, SeriesQuery, UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.words import PUBLISHED_COST_METRICS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import price, write_prices
from usage_pipeline_tests.series.reading import series
from usage_pipeline_tests.support import Landing, at, land_and_compute, prompt

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 3)
TIME = "2026-05-01T08:00:00Z"


def june(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def landed(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """On 1 June, 1 May and an empty 2 May are published. On 2 June a late file comes; on 3 June one is withdrawn.

    The late file has a prompt of 1 May and one of 2 May, and 3 May lands with it. The other is all that globex
    had. A token of the model m costs 1, one of n has no price.
    """
    reference = tmp_path_factory.mktemp("reference")
    write_prices(reference, price("one", 'input: "1", output: "1"'))
    storage = open_shared(reference_dir=reference)
    landing = Landing(storage.settings.landing)
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, modelName="m")], name="first.jsonl")
    landing.write(
        "persona", "2026-05-01", [prompt("e2", TIME, modelName="m", tenantId="globex")], name="two.jsonl"
    )
    landing.write("persona", "2026-05-02", [])
    compute(storage, 1)
    late = [prompt("e3", TIME, modelName="m"), prompt("e4", "2026-05-02T08:00:00Z", modelName="n")]
    landing.write("persona", "2026-05-03", late)
    compute(storage, 2)
    withdraw(at(storage, june(3)), "persona/2026-05-01/two.jsonl", "wrong", "ann")
    compute(storage, 3)
    return at(storage, june(4))


def compute(storage: Storage, day: int) -> None:
    land_and_compute(at(storage, june(day)), "records", "rollups", "series", "costs")


def tokens(storage: Storage, as_of: AsOf | None, tenant: str | None = "acme") -> list[int | None]:
    return [day.tokens for day in series(storage, "2026-05-01", "2026-05-03", tenant, as_of)]


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param(None, [240, 120, 0], id="now"),
        pytest.param(june(1), [120, 0, None], id="when they were published first"),
        pytest.param(june(1, 23), [120, 0, None], id="before the late file"),
        pytest.param(june(2), [240, 120, 0], id="with the late file"),
        pytest.param(1, [120, 120, 0], id="the first version of each day that had usage"),
        pytest.param(2, [240, 120, 0], id="the second, where there is one"),
    ],
)
def test_series_are_those_of_the_time_or_version(
    landed: Storage, as_of: AsOf | None, expected: list[int | None]
) -> None:
    assert tokens(landed, as_of) == expected


def test_what_was_taken_back_later_was_there_before(landed: Storage) -> None:
    found = {as_of: tokens(landed, as_of, "globex")[0] for as_of in (june(1), june(2), june(3), 1, 2, 3)}
    assert found == {june(1): 120, june(2): 120, june(3): 0, 1: 120, 2: 120, 3: 0}


def test_all_tenants_together_are_their_sum(landed: Storage) -> None:
    assert [tokens(landed, june(day), None)[0] for day in (1, 2, 3)] == [240, 360, 240]


def test_before_the_first_publication_nothing_is_known(landed: Storage) -> None:
    (day,) = series(landed, "2026-05-01", "2026-05-01", as_of=datetime(2026, 5, 31, tzinfo=UTC))
    assert (day.tokens, day.conversations, day.messages) == (None, None, None)


def costs(
    storage: Storage, as_of: AsOf, *group_by: str, where: tuple[tuple[str, str], ...] = ()
) -> list[tuple[Any, ...]]:
    """Groups, tokens and amount."""
    query = CostQuery(FIRST, LAST, group_by, where, PUBLISHED_COST_METRICS, as_of)
    return [tuple(row.values())[:-1] for row in read(storage, query).rows]


def test_costs_are_those_of_the_time_or_version(landed: Storage) -> None:
    found = {as_of: costs(landed, as_of, "model") for as_of in (june(1), june(2), june(3), 1)}
    assert found == {
        june(1): [("m", 240, Decimal(240))],
        june(2): [("m", 360, Decimal(360)), ("n", 120, None)],
        june(3): [("m", 240, Decimal(240)), ("n", 120, None)],
        1: [("m", 240, Decimal(240)), ("n", 120, None)],
    }


def test_costs_by_day_are_null_where_none_was_published(landed: Storage) -> None:
    of_acme = (("tenant", "acme"),)
    assert costs(landed, june(1), "day", where=of_acme) == [
        (date(2026, 5, 1), 120, Decimal(120)),
        (date(2026, 5, 2), 0, Decimal(0)),
        (date(2026, 5, 3), None, None),
    ]
    assert costs(landed, june(2), "day", "class", where=of_acme) == [
        (date(2026, 5, 1), "input", 200, Decimal(200)),
        (date(2026, 5, 1), "output", 40, Decimal(40)),
        (date(2026, 5, 2), "input", 100, None),
        (date(2026, 5, 2), "output", 20, None),
    ]


def test_costs_that_were_published_last_are_those_of_now(landed: Storage) -> None:
    now = read(landed, CostQuery(FIRST, LAST, ("day", "tenant", "model"), metrics=PUBLISHED_COST_METRICS)).rows
    assert costs(landed, june(4), "day", "tenant", "model") == [tuple(row.values())[:-1] for row in now]


def test_a_day_that_was_not_published_is_missing(landed: Storage) -> None:
    query = CostQuery(FIRST, LAST, metrics=PUBLISHED_COST_METRICS, as_of=june(1))
    found = read(landed, query)
    assert (found.missing, [row["missing_days"] for row in found.rows]) == ([date(2026, 5, 3)], [1])


@pytest.mark.parametrize(
    ("ask", "others"),
    [
        pytest.param(lambda: UsageQuery(FIRST, LAST, metrics=("records",), as_of=1), "records", id="usage"),
        pytest.param(
            lambda: QualityQuery(FIRST, LAST, metrics=("checks",), as_of=1), "checks, issue_type", id="quality"
        ),
        pytest.param(
            lambda: CostQuery(FIRST, LAST, as_of=1),
            "fees, unpriced_requests, unpriced_tokens, unpriced_tool_calls",
            id="tokens without a price",
        ),
        pytest.param(
            lambda: CostQuery(FIRST, LAST, ("project",), (("source", "persona"),), PUBLISHED_COST_METRICS, 1),
            "project, source",
            id="other dimensions of costs",
        ),
    ],
)
def test_what_is_not_kept_is_refused_with_what_is(ask: Callable[[], Query], others: str) -> None:
    with pytest.raises(QueryError) as error:
        ask()
    assert str(error.value) == (
        f"Earlier versions of {others} are not kept; expected the series, or tokens and amount of costs by day, "
        "tenant, model and class."
    )


def test_versions_are_counted_from_1() -> None:
    with pytest.raises(
        QueryError, match="There is no version 0; expected 1 for what was published first, or more"
    ):
        SeriesQuery(FIRST, LAST, as_of=0)


def test_a_day_that_had_landed_and_waited_for_its_first_computation_was_not_published(
    storage: Storage, landing: Landing
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, modelName="m")])
    landing.write("persona", "2026-05-02", [])
    land_and_compute(at(storage, june(1)), "records")
    compute(storage, 2)
    now = at(storage, june(4))
    assert [tokens(now, june(day)) for day in (1, 2)] == [[None, 0, None], [120, 0, None]]
    found = read(now, CostQuery(FIRST, FIRST, metrics=PUBLISHED_COST_METRICS, as_of=june(1)))
    assert [row["missing_days"] for row in found.rows] == [1]
