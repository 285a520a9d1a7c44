"""Reading all totals, and finding those that differ from what was expected."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.pipeline.totals import BALANCES, Difference, Totals, compare, read_totals
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.costs.generic import price, write_prices
from usage_pipeline_tests.support import Landing, prompt

Run = Callable[[], object]
DAY, FILE = "2026-05-01", "persona/2026-05-01/events.jsonl"
TIME = "2026-05-01T08:00:00Z"


@pytest.fixture(scope="module")
def all_kinds(open_shared: Callable[..., Storage]) -> Storage:
    """Two records, a duplicate, a conflict, a rejected and an empty line; three days later a late record."""
    lines = [
        prompt("e1", TIME, modelName="m1", conversationId="c1"),
        prompt("e2", TIME, tenantId="globex", status="failed"),
        prompt("e1", TIME, modelName="m1", conversationId="c1"),
        prompt("e1", TIME, modelName="m1", conversationId="c1", tokensIn=900),
        "no JSON",
        "",
    ]
    storage = open_shared()
    landing = Landing(storage.settings.landing)
    landing.write("persona", DAY, lines)
    landing.write("persona", "2026-05-04", [prompt("e3", TIME, modelName="m1")])
    refresh(storage, PlainRunner(storage))
    return storage


def test_without_anything_landed_all_totals_are_zero(storage: Storage) -> None:
    assert read_totals(storage).overall.total() == 0


def test_usage_has_every_metric_of_every_day_and_tenant(all_kinds: Storage) -> None:
    acme = {"records": 2, "requests": 2, "prompts": 2, "messages": 4, "conversations": 1}
    globex = {"records": 1, "requests": 1, "prompts": 1, "messages": 1, "errors": 1}
    tokens = {"tokens_in": 100, "tokens_out": 20, "tokens_total": 120, "unpriced_tokens": 120}
    tokens |= {"unrated_operations": 1}
    assert +read_totals(all_kinds).usage == Counter(
        {
            **{(DAY, "acme", name): value for name, value in acme.items()},
            **{(DAY, "acme", name): 2 * value for name, value in tokens.items()},
            **{(DAY, "globex", name): value for name, value in {**globex, **tokens}.items()},
        }
    )


def test_costs_are_counted_in_picodollars(storage: Storage, landing: Landing, run: Run) -> None:
    entry = price("m1", 'input: "2", output: "8"', model="m1", unit="million_tokens")
    storage.settings.reference.mkdir(parents=True)
    write_prices(storage.settings.reference, entry)
    landing.write("persona", DAY, [prompt("e1", TIME, modelName="m1")])
    run()
    assert read_totals(storage).overall["picodollars",] == 100 * 2_000_000 + 20 * 8_000_000


def test_credits_are_counted_in_picocredits_and_balances_at_an_instant(
    storage: Storage, landing: Landing, run: Run
) -> None:
    storage.settings.reference.mkdir(parents=True)
    rates = '- {from: 2026-01-01, operations: {persona_prompt: {base: "0.5"}}}'
    (storage.settings.reference / "credit_rates.yaml").write_text(rates)
    (storage.settings.reference / "tenants.yaml").write_text("without_usage: {}")
    landing.write("persona", DAY, [prompt("e1", TIME, modelName="m1")])
    run()
    half, at = 5 * 10**11, datetime.fromisoformat(TIME)
    before, after = (read_totals(storage, balances_at=at + timedelta(seconds=more)) for more in (0, 1))
    assert (after.overall["picocredits",], after.models["m1", "picocredits"]) == (half, half)
    assert after.usage[DAY, "acme", "picocredits"] == half
    assert dict(before.balances) == dict.fromkeys([("acme", name) for name in BALANCES], 0)
    assert {key: value for key, value in after.balances.items() if value} == {
        ("acme", "used"): half,
        ("acme", "overage"): half,
        ("acme", "balance"): -half,
    }


def test_models_have_their_tokens_and_costs(all_kinds: Storage) -> None:
    assert +read_totals(all_kinds).models == Counter(
        {
            ("(none)", "tokens_in"): 100,
            ("(none)", "tokens_out"): 20,
            ("(none)", "tokens_total"): 120,
            ("(none)", "unpriced_tokens"): 120,
            ("(none)", "unrated_operations"): 1,
            ("m1", "tokens_in"): 200,
            ("m1", "tokens_out"): 40,
            ("m1", "tokens_total"): 240,
            ("m1", "unpriced_tokens"): 240,
            ("m1", "unrated_operations"): 2,
        }
    )


def test_series_have_the_three_numbers_of_every_day_and_tenant(all_kinds: Storage) -> None:
    assert +read_totals(all_kinds).series == Counter(
        {
            (DAY, "acme", "tokens"): 240,
            (DAY, "acme", "conversations"): 1,
            (DAY, "acme", "messages"): 4,
            (DAY, "globex", "tokens"): 120,
            (DAY, "globex", "messages"): 1,
        }
    )


def test_days_say_what_became_of_their_lines(all_kinds: Storage) -> None:
    assert +read_totals(all_kinds).days == Counter(
        {(DAY, "records"): 3, (DAY, "duplicates"): 1, (DAY, "conflicts"): 1, (DAY, "late_records"): 1}
    )


def test_files_say_how_their_lines_were_validated(all_kinds: Storage) -> None:
    late = "persona/2026-05-04/events.jsonl"
    found = read_totals(all_kinds)
    assert +found.files == Counter(
        {
            (FILE, "lines"): 6,
            (FILE, "blank"): 1,
            (FILE, "accepted"): 4,
            (FILE, "rejected"): 1,
            (late, "lines"): 1,
            (late, "accepted"): 1,
        }
    )
    assert found.rejects == Counter({(FILE, "malformed_json"): 1})


def test_a_file_that_does_not_count_has_no_totals(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", DAY, ["no JSON"] * 100)
    run()
    assert read_totals(storage).files == Counter()


def test_totals_that_differ_are_named_with_both_numbers() -> None:
    expected = Totals(usage=Counter({(DAY, "acme", "records"): 3, (DAY, "acme", "errors"): 1}))
    found = Totals(usage=Counter({(DAY, "acme", "records"): 2, (DAY, "acme", "errors"): 1}))
    assert compare(expected, found) == (2, [Difference("usage 2026-05-01 acme records", 3, 2)])


def test_what_only_one_side_has_is_zero_on_the_other() -> None:
    expected = Totals(rejects=Counter({(FILE, "not_utf8"): 1}))
    found = Totals(overall=Counter({("records",): 2, ("errors",): 0}))
    assert compare(expected, found) == (
        3,
        [Difference("overall records", 0, 2), Difference(f"rejects {FILE} not_utf8", 1, 0)],
    )
