"""Credits by day, tenant and dimension, beside usage, and the operations that are in none."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 3)


@pytest.fixture(scope="module")
def rated(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Prompts of 120 tokens at 120 credits from 2 May on, a list without a rate, and nothing on 3 May."""
    reference = tmp_path_factory.mktemp("reference")
    (reference / "credit_rates.yaml").write_text(
        '- {from: 2026-05-02, operations: {persona_prompt: {per_1k_tokens: {default: "1000"}}}}'
    )
    storage = open_shared(reference_dir=reference)
    landing = Landing(storage.settings.landing)
    lines = [
        prompt("e1", "2026-05-01T08:00:00Z", feature="chat"),
        prompt("e2", "2026-05-02T08:00:00Z", feature="chat"),
        prompt("e3", "2026-05-02T09:00:00Z", feature="drafts"),
        prompt("e4", "2026-05-02T10:00:00Z", feature="drafts", event="persona_list", tokensIn=0, tokensOut=0),
        prompt("e5", "2026-05-02T10:00:00Z", tenantId="globex", event="persona_list", tokensIn=0, tokensOut=0),
    ]
    landing.write("persona", "2026-05-03", lines)
    landing.write("persona", "2026-05-04", [])
    land_and_compute(storage, "records", "rollups", "credits")
    return storage


def answered(storage: Storage, *metrics: str, **query: Any) -> list[tuple[Any, ...]]:
    found = read(storage, UsageQuery(FIRST, LAST, metrics=metrics, **query))
    return [tuple(row.values()) for row in found.rows]


def test_credits_are_null_where_no_operation_has_a_rate_and_zero_without_operations(rated: Storage) -> None:
    assert answered(rated, "credits", group_by=("day", "tenant")) == [
        (date(2026, 5, 1), "acme", None),
        (date(2026, 5, 2), "acme", Decimal(240)),
        (date(2026, 5, 2), "globex", None),
    ]
    assert answered(rated, "credits", group_by=("day",))[-1] == (date(2026, 5, 3), Decimal(0))


def test_the_groups_of_any_dimension_add_up_to_the_total(rated: Storage) -> None:
    metrics = ("operations", "unrated_operations", "credits")
    assert answered(rated, *metrics) == [(5, 3, Decimal(240))]
    assert answered(rated, *metrics, group_by=("feature",)) == [
        ("(none)", 1, 1, None),
        ("chat", 2, 1, Decimal(120)),
        ("drafts", 2, 1, Decimal(120)),
    ]


def test_credits_stand_beside_usage_and_conversations(rated: Storage) -> None:
    found = answered(rated, "credits", "tokens_total", "conversations", group_by=("tenant",))
    assert found == [("acme", Decimal(240), 360, 0), ("globex", None, 0, 0)]


def test_operations_are_grouped_by_the_reason_why_they_have_no_credits(rated: Storage) -> None:
    assert answered(rated, "operations", group_by=("type", "unrated"), where=(("tenant", "acme"),)) == [
        ("persona_list", "no_operation", 1),
        ("persona_prompt", "", 2),
        ("persona_prompt", "no_rates", 1),
    ]


def test_usage_has_no_reason_to_be_unrated() -> None:
    with pytest.raises(QueryError) as error:
        UsageQuery(FIRST, LAST, ("unrated",), metrics=("credits", "tokens_total"))
    assert str(error.value) == (
        "Only operations are unrated: expected some of the metrics operations, unrated_operations, credits, found "
        "tokens_total."
    )
