"""What is recommended, and that each number of it comes from the SELECT that is published with it."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from usage_pipeline.errors import QueryError
from usage_pipeline.insights.recommendations.finding import find_recommendations
from usage_pipeline.insights.recommendations.kinds import KINDS, Kind
from usage_pipeline.insights.recommendations.recommendation import Recommendation
from usage_pipeline.insights.recommendations.statement import Days, Statement
from usage_pipeline.insights.recommendations.supplies import family, last_periods
from usage_pipeline.storage.engine import named_rows
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.advised import AS_OF, fill

Found = dict[str, Recommendation]

EXPECTED = {
    ("growing_operations", "growing", None, None): (
        "Operations that take a large part, and that grew, cost 4.00 USD and 40.00 credits in 28 days, after 2.00 "
        "USD and 20.00 credits in as many days before: persona_prompt of feature search."
    ),
    ("cheaper_models", "lavish", "2.7", None): (
        "Prompts of alpha-pro cost 3.00 USD in 28 days. By the prices of 2026-05-31, the cheapest models of the "
        "same family would have cost 0.300000 USD, such as alpha-mini instead of alpha-pro. Models that would "
        "save less than 1 USD are left out. Nothing is known of the quality of the answers."
    ),
    ("uncached_prompts", "repeating", "1.341", None): (
        "1 prompt came 6 times in 7 days with few cached tokens: of feature chat with alpha-mini. At most 14,900 "
        "tokens could have been read from a cache."
    ),
    # 120 calls cost 3 credits each, at least; 20 cost 20 bases and the 120 credits of their tokens.
    ("small_calls", "chatty", "1", "220"): (
        "In 7 days, 120 calls of 200 tokens or less came in the same minute as others like them, with 12,000 "
        "tokens together: persona_consistency_check of feature lookup. Up to 10 in a call, 100 calls less would "
        "do."
    ),
    ("failed_runs", "failing", "5", "2"): (
        "1 of 3 runs in 28 days failed, and some cost something all the same: agent_run of feature report."
    ),
    ("large_plan", "spacious", "49.5", None): (
        "In each of the last 3 billing periods 30.00 of the 1,000.00 credits of the plan large were used at most. "
        "The plan medium has 30.00 for 50.00 USD instead of 99.50 USD. Other terms of the plans are not compared."
    ),
    ("small_plan", "cramped", None, None): (
        "In each of the last 3 billing periods 2.00 credits or more were used, and the plan small has 1.00. The "
        "plan medium has 30.00 for 50.00 USD instead of 10.00 USD. Other terms of the plans are not compared."
    ),
    ("unused_features", "leaving", None, None): (
        "2 features had use before, and none in the last 30 days: old, older. The last use was on 2026-04-30."
    ),
    ("unused_members", "leaving", None, None): (
        "1 member had use before, and none in the last 30 days. The last use was on 2026-04-01."
    ),
}
"""By kind, its only tenant, and what it would save in USD and in credits: the text."""

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture(scope="module")
def advised(open_filled: Callable[..., Storage]) -> Storage:
    """The storage of the tenants."""
    return open_filled(fill)


@pytest.fixture(scope="module")
def found(advised: Storage) -> Found:
    """All recommendations by kind: each kind has one."""
    return {one.kind: one for one in find_recommendations(advised, AS_OF)}


def test_each_kind_is_found_for_the_tenant_that_it_applies_to(advised: Storage) -> None:
    found = find_recommendations(advised, AS_OF)
    expected = {
        (*about, *(saving and Decimal(saving) for saving in savings)): text
        for (*about, usd, of_credits), text in EXPECTED.items()
        for savings in [(usd, of_credits)]
    }
    assert {(one.kind, one.tenant_id, one.saving_usd, one.saving_credits): one.text for one in found} == expected
    assert len(found) == len(expected)
    assert {kind.name for kind in KINDS} == {one.kind for one in found}


@each_kind
def test_every_number_is_recomputed_by_the_published_select(advised: Storage, found: Found, kind: Kind) -> None:
    one = found[kind.name]
    with closing(duckdb.connect()) as duck:
        duck.execute(f"SET file_search_path = '{advised.settings.data_dir}'")
        rows = named_rows(duck.execute(one.sql))
    first = rows[0]
    assert kind.text(rows) == one.text
    assert (first["saving_usd"], first["saving_credits"]) == (one.saving_usd, one.saving_credits)
    assert [{name: row[name] for name in kind.evidence} for row in rows] == list(one.evidence)
    assert re.search(r"\d", kind.says) is None


def test_tenants_alone_have_what_they_have_among_all(advised: Storage, found: Found) -> None:
    assert find_recommendations(advised, AS_OF, ["leaving"]) == [found["unused_features"], found["unused_members"]]
    assert find_recommendations(advised, AS_OF, ["nobody"]) == []


def test_where_a_day_is_not_known_nobody_says_that_something_was_not_used(advised: Storage) -> None:
    # Nothing is known of the days before the calendar.
    early = find_recommendations(advised, date(2023, 1, 10))
    assert early == []


def test_what_is_in_no_number_is_said() -> None:
    (kind,) = (kind for kind in KINDS if kind.name == "failed_runs")
    numbers = {"all_failed_runs": 1, "all_runs": 2, "days": 26, "missing_days": 2, "all_unpriced": 1_500}
    assert kind.text([{**numbers, "type": "agent_run", "feature": "report"}]) == (
        "1 of 2 runs in 26 days failed, and some cost something all the same: agent_run of feature report. 1,500 "
        "tokens of failed runs have no price. 2 days are missing, and in no number."
    )
    assert kind.text([{**numbers, "missing_days": 1, "type": "agent_run", "feature": "report"}]).endswith(
        " 1 day is missing, and in no number."
    )
    assert kind.saves_per({"saving_usd": 1, "saving_credits": None, "days": 26}) == "26 days"


def test_the_first_three_are_named_each_once_and_the_others_counted() -> None:
    (kind,) = (kind for kind in KINDS if kind.name == "unused_features")
    row = {"unused_values": 5, "unused_days": 30, "newest_use": AS_OF, "missing_days": 0}
    text = kind.text([{**row, "unused": name} for name in ("a", "a", "b\nc", "d", "e", "f")])
    assert text.startswith("5 features had use before, and none in the last 30 days: a, b c, d and 2 more. ")


def test_the_published_select_leaves_missing_days_out() -> None:
    kind = KINDS[0]
    known = [date(2026, 5, 29), date(2026, 5, 31)]
    statement = Statement(kind.sql, kind.tables, known, Days(AS_OF, 4), {}, ())
    places = {spec: f"SELECT * FROM {spec.name}" for spec in kind.tables}
    assert (
        "WHERE day BETWEEN DATE '2026-05-29' AND DATE '2026-05-31' AND day NOT IN (DATE '2026-05-30')\n"
        in statement.text(places, None)
    )


def test_a_day_that_is_not_over_is_refused(advised: Storage) -> None:
    with pytest.raises(QueryError, match="2026-06-01: expected a day that is over"):
        find_recommendations(advised, date(2026, 6, 1))


def test_models_of_a_family_differ_in_words_of_size_only() -> None:
    assert family("gpt-4o-mini") == family("gpt-4o") != family("gpt-4o-mini-tts")
    assert family("claude-opus-4-5") == family("claude-haiku-4-5") != family("claude-haiku-4-6")


def test_the_last_periods_are_over() -> None:
    assert [period.first for period in last_periods(31, date(2026, 5, 30))] == [
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
