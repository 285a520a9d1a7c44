"""Requests, errors and latencies by model and bucket, and what is read from them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.queries import PerformanceQuery, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.registry import NONE
from usage_pipeline.series.breakdown_tables import DAILY_PERFORMANCE
from usage_pipeline.series.latency import ENDLESS_MS, UNMEASURED_MS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import Run, day, usage
from usage_pipeline_tests.support import Landing, prompt

daily_performance = warehouse_table(DAILY_PERFORMANCE.spec)

TIME = "2026-05-01T08:00:00Z"


def stored(storage: Storage) -> list[tuple[Any, ...]]:
    """Tenant, model, bucket, requests, errors and measured of every row."""
    table = daily_performance.c
    query = select(
        table.tenant_id, table.model, table.latency_to_ms, table.requests, table.errors, table.measured
    ).order_by(table.tenant_id, table.model, table.latency_to_ms)
    with storage.warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def performance(
    storage: Storage, first: str, last: str, *group_by: str, tenant: str | None = "acme"
) -> list[tuple[Any, ...]]:
    """Groups; requests, errors, errors in percent; 50, 95 and 99 %; tokens and bytes per request."""
    query = PerformanceQuery(day(first), day(last), group_by, of_tenant(tenant))
    return [tuple(row.values()) for row in read(storage, query).rows]


def test_a_latency_lies_in_the_bucket_that_it_does_not_exceed(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    times = (0, 20, 21, 1012, 1013, 86_400_000, 10**12)
    lines = [prompt(f"e{number}", TIME, modelName="m1", latencyMs=ms) for number, ms in enumerate(times)]
    landing.write("persona", "2026-05-01", lines)
    run_to_breakdowns()
    bounds = [row[2] for row in stored(storage)]
    assert bounds[:5] == [0, 20, 21, 1012, 1062]
    assert bounds[5] in range(86_400_000, 86_400_000 * 105 // 100)
    assert bounds[6] == ENDLESS_MS


def test_equal_buckets_of_a_model_are_one_row(storage: Storage, landing: Landing, run_to_breakdowns: Run) -> None:
    lines = [
        prompt("e1", TIME, modelName="m1", latencyMs=1063),
        prompt("e2", TIME, modelName="m1", latencyMs=1115, status="failed"),
        prompt("e3", TIME, modelName="m1"),
        prompt("e4", TIME, latencyMs=1100, errorCode="E7"),
        prompt("e5", TIME, modelName="m1", latencyMs=1063, tenantId="zeta"),
    ]
    landing.write("persona", "2026-05-01", lines)
    run_to_breakdowns()
    assert stored(storage) == [
        ("acme", NONE, 1115, 1, 1, 1),
        ("acme", "m1", UNMEASURED_MS, 1, 0, 0),
        ("acme", "m1", 1115, 2, 1, 2),
        ("zeta", "m1", 1115, 1, 0, 1),
    ]


def test_a_record_that_is_no_request_counts_only_with_a_latency(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    landing.write("generic", "2026-05-01", [line("e1", "event"), line("e2", "event", latency_ms=7)])
    run_to_breakdowns()
    assert stored(storage) == [("acme", NONE, 7, 0, 0, 1)]


def test_a_run_counts_its_api_calls_as_requests_and_one_latency(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    landing.write("generic", "2026-05-01", [line("e1", "request", api_calls=4, latency_ms=7)])
    run_to_breakdowns()
    assert stored(storage) == [("acme", NONE, 7, 4, 0, 1)]


@pytest.fixture(scope="module")
def landed(computed: Callable[..., Storage]) -> Storage:
    """Requests of 1, 3 and 4 May, where 2 May is missing and 4 May has none of acme."""
    lines = [
        *(prompt(f"a{ms}", TIME, modelName="m1", latencyMs=ms) for ms in range(1, 21)),
        prompt("b1", TIME, modelName="m2", latencyMs=500, status="failed", tokensOut=21),
        prompt("b2", TIME, modelName="m2"),
        prompt("z1", TIME, modelName="m2", latencyMs=7, tenantId="zeta"),
    ]
    late = {"id": "c1", "event": "file_upload", "timestamp": "2026-05-03T08:00:00Z", "tenantId": "acme"}
    uploads = [{**late, "fileSize": 25}, {**late, "id": "c2", "fileSize": 26}]
    return computed(
        {("persona", "2026-05-01"): lines, ("persona", "2026-05-03"): uploads, ("persona", "2026-05-04"): []}
    )


def test_a_model_has_its_shares_percentiles_and_averages(landed: Storage) -> None:
    assert performance(landed, "2026-05-01", "2026-05-02", "model") == [
        ("m1", 20, 0, Decimal("0.0"), 10, 19, 20, Decimal("120.0"), Decimal("0.0")),
        ("m2", 2, 1, Decimal("50.0"), 517, 517, 517, Decimal("120.5"), Decimal("0.0")),
    ]


def test_each_day_has_an_entry_null_if_missing_and_zero_without_requests(landed: Storage) -> None:
    found = performance(landed, "2026-05-01", "2026-05-04", "day")
    assert found == [
        (date(2026, 5, 1), 22, 1, Decimal("4.5"), 11, 20, 517, Decimal("120.0"), Decimal("0.0")),
        (date(2026, 5, 2), *[None] * 8),
        (date(2026, 5, 3), 2, 0, Decimal("0.0"), None, None, None, Decimal("0.0"), Decimal("25.5")),
        (date(2026, 5, 4), 0, 0, *[None] * 6),
    ]


def test_by_day_and_model_a_missing_day_is_one_entry_without_a_model(landed: Storage) -> None:
    found = performance(landed, "2026-05-01", "2026-05-04", "day", "model")
    assert [(on.day, model, requests) for on, model, requests, *_ in found] == [
        (1, "m1", 20),
        (1, "m2", 2),
        (2, None, None),
        (3, NONE, 2),
    ]


def test_without_a_tenant_all_are_together(landed: Storage) -> None:
    ((_, requests, *_, tokens_per_request, _),) = performance(
        landed, "2026-05-01", "2026-05-01", "day", tenant=None
    )
    assert (requests, tokens_per_request) == (23, Decimal("120.0"))


def test_requests_and_errors_of_models_add_up_to_those_of_the_cube(landed: Storage) -> None:
    found = performance(landed, "2026-05-01", "2026-05-04", "model", tenant=None)
    sums = (sum(requests for _, requests, *_ in found), sum(errors for _, _, errors, *_ in found))
    assert sums == usage(landed, "requests", "errors")[0] == (25, 1)


def test_other_groups_are_refused() -> None:
    with pytest.raises(
        QueryError, match="not grouped by 'model,day'; expected one of 'day', 'model', 'day,model'"
    ):
        PerformanceQuery(day("2026-05-01"), day("2026-05-01"), group_by=("model", "day"))
