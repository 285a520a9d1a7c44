"""The checks of costs: sums that are changed are found, and so are tokens without a price and odd reports."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.checking import check_days
from usage_pipeline.validation.checks import COST_CHECKS, Severity
from usage_pipeline.validation.results import CheckResult
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, prompt

DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"


@pytest.fixture
def day(storage: Storage, landing: Landing, run: Callable[[], object], prepare: Prepare) -> Storage:
    """A day of one tenant with a priced prompt of 120 tokens and one of a model that nobody knows."""
    lines = [prompt("e1", TIME, modelName="gpt-4.1-mini"), prompt("e2", TIME, modelName="nobody-1", tokensIn=7)]
    landing.write("persona", str(DAY), lines)
    prepare("day", run)
    return storage


def failed(storage: Storage) -> list[CheckResult]:
    return [result for result in check_days(storage, COST_CHECKS, [DAY], "test") if result.failed]


def test_tokens_without_a_price_are_a_warning_that_names_the_model(day: Storage) -> None:
    (found,) = failed(day)
    assert (found.check_name, found.severity) == ("tokens_are_priced", Severity.WARNING)
    assert found.in_words == (
        "27 of 147 tokens have no price, 0 of them because they are not split: "
        "model nobody-1, reason unknown_model, tokens 27"
    )
    assert found.expected == (
        "at most 2% of the tokens lack a price, and at most half a split into input and output"
    )


@pytest.mark.parametrize(("unsplit", "fails"), [(120, False), (121, True)])
def test_tokens_without_a_split_are_a_warning_only_if_they_are_most_of_the_day(
    storage: Storage, landing: Landing, run: Callable[[], object], unsplit: int, *, fails: bool
) -> None:
    landing.write("persona", str(DAY), [prompt("e1", TIME, modelName="gpt-4.1-mini")])
    counted = {"id": "u1", "type": "token", "count": unsplit, "createdAt": 1777622400000, "meta": {}}
    landing.write("usage_statistics", str(DAY), [counted], tenant="acme")
    run()
    assert ["tokens_are_priced"] * fails == [result.check_name for result in failed(storage)]


@pytest.mark.parametrize(("tokens", "fails"), [(2, False), (3, True)])
def test_a_model_without_a_price_is_a_warning_above_a_share_of_the_tokens(
    storage: Storage, landing: Landing, run: Callable[[], object], tokens: int, *, fails: bool
) -> None:
    lines = [
        prompt("e1", TIME, modelName="gpt-4.1-mini", tokensIn=100 - tokens, tokensOut=0),
        prompt("e2", TIME, modelName="nobody-1", tokensIn=tokens, tokensOut=0),
    ]
    landing.write("persona", str(DAY), lines)
    run()
    assert ["tokens_are_priced"] * fails == [result.check_name for result in failed(storage)]


@pytest.mark.parametrize(
    ("change", "observed"),
    [
        (
            "SET amount = amount + 1 WHERE dimension = 'model' AND class = 'output'",
            "1 of 10 sums differ: sum USD by model, tenants 1, found 1.000072, expected 0.000072",
        ),
        (
            "SET amount = NULL WHERE dimension = 'project'",
            "1 of 10 sums differ: sum USD by project, tenants 1, found unknown, expected 0.000072",
        ),
    ],
)
def test_an_amount_that_was_changed_is_an_error(day: Storage, change: str, observed: str) -> None:
    with day.warehouse.begin() as connection:
        connection.execute(text(f"UPDATE usage.tenant_costs {change}"))
    found = next(result for result in failed(day) if result.check_name == "costs_add_up")
    assert found.severity is Severity.ERROR
    assert found.in_words == observed
