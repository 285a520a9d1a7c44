"""Every metric by the values of one dimension at a time: they add up to the tenant's total, however many."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from usage_pipeline.registry import DIMENSION_NAMES, METRIC_NAMES, NONE
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN, OTHER
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import Run, usage
from usage_pipeline_tests.support import Landing, prompt

daily_breakdown = warehouse_table(DAILY_BREAKDOWN.spec)

TIME = "2026-05-01T08:00:00Z"


def broken_down(storage: Storage, dimension: str, *metrics: str, tenant: str = "acme") -> dict[str, Any]:
    """These metrics of a tenant by the values of a dimension."""
    table = daily_breakdown.c
    query = select(table.value, *(table[name] for name in metrics)).where(
        table.tenant_id == tenant, table.dimension == dimension
    )
    with storage.warehouse.connect() as connection:
        return {value: tuple(counts) for value, *counts in connection.execute(query)}


@pytest.fixture(scope="module")
def varied(computed: Callable[..., Storage]) -> Storage:
    """One day of two tenants, with and without values for the dimensions."""
    lines = [
        prompt("e1", TIME, modelName="m1", userId="u1", conversationId="c1", cachedTokensIn=10),
        prompt("e2", TIME, modelName="m2", userId="u1", project="p1"),
        prompt("e3", TIME, userId="u2", status="failed", tokensIn=7),
        prompt("e4", TIME, modelName="m1", tenantId="zeta", conversationId="c1"),
        {"id": "e5", "event": "file_upload", "timestamp": TIME, "tenantId": "acme", "fileSize": 2048},
    ]
    counted = [line("e1", "conversation", count=4, model="m2", agent="a1")]
    return computed({("persona", "2026-05-01"): lines, ("generic", "2026-05-01"): counted})


def test_each_value_of_a_dimension_has_its_metrics(varied: Storage) -> None:
    assert broken_down(varied, "model", "records", "tokens_total", "conversations") == {
        "m1": (1, 120, 1),
        "m2": (2, 120, 4),
        NONE: (2, 27, 0),
    }


def test_a_tenant_has_only_its_own_values(varied: Storage) -> None:
    assert broken_down(varied, "model", "records", "conversations", tenant="zeta") == {"m1": (1, 1)}


@pytest.mark.parametrize("tenant", ["acme", "zeta"])
@pytest.mark.parametrize("metric", METRIC_NAMES)
def test_the_values_of_each_dimension_add_up_to_the_total_of_the_tenant(
    varied: Storage, tenant: str, metric: str
) -> None:
    total = usage(varied, metric, where=(("tenant", tenant),))[0][0]
    found = {
        dimension: sum(count for (count,) in broken_down(varied, dimension, metric, tenant=tenant).values())
        for dimension in DIMENSION_NAMES
    }
    assert found == dict.fromkeys(DIMENSION_NAMES, total)


def test_beyond_1000_values_the_smallest_are_together(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    lines = [
        prompt(f"e{tokens}", TIME, modelName=f"m{tokens}", tokensIn=tokens, tokensOut=0)
        for tokens in range(1, 1003)
    ]
    landing.write("persona", "2026-05-01", lines)
    run_to_breakdowns()
    found = broken_down(storage, "model", "records", "tokens_total")
    assert len(found) == 1001
    assert found[OTHER] == (2, 3)
    assert "m2" not in found
    assert found["m3"] == (1, 3)


def test_a_logged_value_other_is_one_with_the_group_of_that_name(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    lines = [prompt(f"e{n}", TIME, modelName=f"m{n}", tokensIn=5, tokensOut=0) for n in range(1000)]
    large = prompt("large", TIME, modelName=OTHER, tokensIn=1000, tokensOut=0)
    landing.write("persona", "2026-05-01", [*lines, large])
    run_to_breakdowns()
    # Of equal values the last in the alphabet goes: m999.
    assert broken_down(storage, "model", "records", "tokens_total")[OTHER] == (2, 1005)


def test_values_without_tokens_are_ranked_by_records_and_then_by_conversations(
    storage: Storage, landing: Landing, run_to_breakdowns: Run
) -> None:
    lines = [line(f"e{n}", "conversation", model=f"m{n:04}", count=1) for n in range(999)]
    more = [line(f"more{n}", "event", model="z records") for n in range(2)]
    many = line("many", "conversation", model="z conversations", count=3)
    landing.write("generic", "2026-05-01", [*lines, *more, many])
    run_to_breakdowns()
    found = broken_down(storage, "model", "records", "conversations")
    assert (found["z records"], found["z conversations"]) == ((2, 0), (1, 3))
    assert "m0998" not in found
    assert found[OTHER] == (1, 1)


def test_a_day_without_records_has_no_rows(storage: Storage, landing: Landing, run_to_breakdowns: Run) -> None:
    landing.write("persona", "2026-05-01", [])
    run_to_breakdowns()
    with storage.warehouse.connect() as connection:
        assert connection.execute(select(func.count()).select_from(daily_breakdown)).scalar_one() == 0
