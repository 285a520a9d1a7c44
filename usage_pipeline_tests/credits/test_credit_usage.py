from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.credits.charges import Charge, charge_of
from usage_pipeline.credits.rate_file import NO_RATES, CreditRates
from usage_pipeline.credits.tables import CREDIT_SECONDS, CREDIT_USAGE
from usage_pipeline.registry import DIMENSION_NAMES, NONE
from usage_pipeline_tests.credits.rating import DAY, credits_of, rates_of, rating


@pytest.fixture
def rates(tmp_path: Path) -> CreditRates:
    return rates_of(tmp_path)[0]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"type": "persona_create"}, "5"),
        ({"type": "persona_prompt", "tokens_total": 1500}, "4"),
        ({"type": "persona_prompt", "tokens_total": 1500, "model": "gpt-4o"}, "4"),
        ({"type": "persona_prompt", "tokens_total": 1500, "model": "gpt-5-mini"}, "16"),
        ({"type": "persona_prompt", "tokens_total": 1500, "model": "o3-mini"}, "4"),
        ({"type": "persona_prompt", "tokens_total": 1500, "feature": "drafts"}, "6"),
        ({"type": "persona_prompt", "tokens_total": 1}, "1.002"),
        ({"type": "file_upload", "bytes": 3}, "1.0000015"),
        ({"type": "agent_run", "tokens_total": 1000, "tool_calls": 3, "api_calls": 9}, "4.75"),
        ({"type": "persona_list"}, "0.1"),
        ({"type": "persona_list", "feature": "drafts"}, "0.1"),
        ({"type": "persona_update"}, "0"),
    ],
)
def test_an_operation_costs_what_its_rates_say(rates: CreditRates, record: dict[str, Any], expected: str) -> None:
    assert credits_of(rates, **record) == Decimal(expected)


def test_a_pattern_of_the_catalogue_rates_the_types_that_have_no_rates_of_their_own(tmp_path: Path) -> None:
    operations = '{"command_*": {base: "1"}, command_add: {base: "3"}}'
    (rates,) = rates_of(tmp_path, f"- from: 2026-01-01\n  operations: {operations}\n")
    found = [credits_of(rates, type=name) for name in ("command_add", "command_drop", "command_")]
    assert found == [3, 1, 1]
    assert charge_of(rates, "exit", NONE, NONE) == "no_operation"


def test_an_operation_without_a_rate_is_counted_and_has_no_credits(rates: CreditRates) -> None:
    with rating(rates, [{"type": "persona_delete"}, {"type": "persona_create"}]) as rated:
        found = {row["unrated"]: (row["operations"], row["credits"]) for row in rated.rows()}
    assert found == {"no_operation": (1, None), "": (1, Decimal(5))}


def test_before_the_first_rates_no_operation_has_credits() -> None:
    with rating(NO_RATES, [{"type": "persona_create"}]) as rated:
        (row,) = rated.rows()
    assert (row["unrated"], row["credits"]) == ("no_rates", None)


def test_a_record_that_is_no_request_and_has_no_rate_is_no_operation(rates: CreditRates) -> None:
    with rating(rates, [{"type": "agent_run_started"}]) as rated:
        assert rated.rows() == []


@pytest.mark.parametrize(("failed_operations", "expected"), [("free", 0), ("charged", 1)])
@pytest.mark.parametrize("failure", [{"status": "failed"}, {"error_code": "402"}])
def test_a_failed_operation_without_tokens_is_free_unless_it_is_charged(
    rates: CreditRates, failure: dict[str, str], failed_operations: str, expected: int
) -> None:
    rates = rates.model_copy(update={"failed_operations": failed_operations})
    assert credits_of(rates, type="persona_prompt", **failure) == expected
    assert credits_of(rates, type="persona_prompt", tokens_total=500, **failure) == 2


def test_reported_credits_stand_beside_computed_ones_and_replace_none(rates: CreditRates) -> None:
    reporting = {"type": "persona_create", "reported_credits": "4.000000000000000000000001"}
    with rating(rates, [reporting, {"type": "persona_create"}]) as rated:
        (row,) = rated.rows()
    assert (row["credits"], row["operations"]) == (Decimal(10), 2)
    assert (row["reported_credits"], row["reporting_records"]) == (Decimal("4.000000000000000000000001"), 1)


def test_credits_that_only_a_source_reports_are_no_operation(rates: CreditRates) -> None:
    with rating(rates, [{"type": "persona_callback", "reported_credits": "3"}]) as rated:
        (row,) = rated.rows()
    assert (row["operations"], row["credits"], row["reported_credits"]) == (0, None, Decimal(3))


def test_an_event_is_of_the_second_that_it_happened_in(rates: CreditRates) -> None:
    times = ("00:00:00", "14:59:59.999999", "15:00:00", "15:00:00.4", "23:59:59.999999")
    records = [{"type": "persona_create", "occurred_at": f"{DAY} {time}"} for time in times]
    with rating(rates, [*records, {"type": "persona_delete"}]) as rated:
        rows = rated.rows(CREDIT_SECONDS)
    assert [(str(row["used_at"]), row["credits"]) for row in rows] == [
        ("2026-05-01 00:00:00", Decimal(5)),
        ("2026-05-01 14:59:59", Decimal(5)),
        ("2026-05-01 15:00:00", Decimal(10)),
        ("2026-05-01 23:59:59", Decimal(5)),
    ]


def test_the_largest_rates_are_exact() -> None:
    largest = "999999999.999999"
    rates = CreditRates.model_validate(
        {
            "from": DAY,
            "operations": {"agent_run": {"base": largest, "per_mb": largest}},
            "complexity": {"drafts": largest},
        }
    )
    charge = charge_of(rates, "agent_run", NONE, "drafts")
    assert isinstance(charge, Charge)
    assert str(charge.base) == "999999999999998000.000000000001"
    assert str(charge.per_byte) == "999999999999.998000000000000001"


@pytest.mark.parametrize("table", [CREDIT_USAGE, CREDIT_SECONDS], ids=lambda table: table.name)
def test_no_step_of_rating_is_a_float(rates: CreditRates, table: Any) -> None:
    with rating(rates, [{"type": "persona_create"}]) as rated:
        steps = (table.sql.text, "SELECT * FROM credited_records", "SELECT * FROM credit_charges")
        types = {row[1] for sql in steps for row in rated.duck.execute(f"DESCRIBE ({sql})").fetchall()}
    assert types & {"DOUBLE", "FLOAT"} == set()


amounts = st.decimals(min_value=0, max_value=1000, places=6, allow_nan=False)
counts = st.integers(min_value=0, max_value=10**9)
record_strategy = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["agent_run", "file_upload", "persona_list"]),
        "tokens_total": counts,
        "bytes": counts,
        "tool_calls": st.integers(0, 1000),
        "model": st.sampled_from(["m", "n", None]),
        "feature": st.sampled_from(["drafts", "chat", None]),
        "occurred_at": st.sampled_from([f"{DAY} 00:00:00.5", f"{DAY} 09:30:00", f"{DAY} 23:59:59"]),
    }
)


@settings(max_examples=25)
@given(st.lists(record_strategy, max_size=12), st.lists(amounts, min_size=6, max_size=6))
def test_any_grouping_sums_to_what_decimals_make_of_the_records(
    records: list[dict[str, Any]], written: list[Decimal]
) -> None:
    base, per_token, premium, per_mb, per_call, factor = written
    operation = {
        "base": base,
        "per_1k_tokens": {"default": per_token, "premium": premium},
        "per_mb": per_mb,
        "per_tool_call": per_call,
    }
    rates = CreditRates.model_validate_json(
        CreditRates.model_construct(
            from_=DAY,
            minimum_per_operation=Decimal(1),
            operations=dict.fromkeys(("agent_run", "file_upload"), operation),
            model_groups={"premium": ("m",)},
            complexity={"drafts": factor},
        ).model_dump_json(by_alias=True, warnings=False)
    )
    with localcontext(prec=80):

        def expected(record: dict[str, Any]) -> Decimal:
            if record["type"] == "persona_list":
                return Decimal(0)
            of_tokens = record["tokens_total"] * (premium if record["model"] == "m" else per_token) / 1000
            others = record["bytes"] * per_mb / 1_000_000 + record["tool_calls"] * per_call
            whole = (base + of_tokens + others) * (factor if record["feature"] == "drafts" else 1)
            return max(whole.quantize(Decimal("1E-12"), ROUND_HALF_UP), Decimal(1))

        total = sum(map(expected, records), Decimal(0))
        with rating(rates, records) as rated:
            rows, seconds = rated.rows(), rated.rows(CREDIT_SECONDS)
        assert sum((Decimal(str(row["credits"])) for row in seconds), Decimal(0)) == total
        for dimension in DIMENSION_NAMES:
            groups: dict[object, Decimal] = {}
            for row in rows:
                groups[row[dimension]] = groups.get(row[dimension], Decimal(0)) + Decimal(str(row["credits"] or 0))
            assert sum(groups.values(), Decimal(0)) == total
