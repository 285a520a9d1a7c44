"""What the simulator says that events cost: each rule on one event, and a plain count over the written lines."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.simulation.costs import event_costs, read_prices
from usage_pipeline.simulation.simulate import simulate
from usage_pipeline_tests.simulation.support import event, lines_of, small, truth_of

DAY = date(2026, 5, 28)
MODEL = "house-7b-2025"


def cost(tmp_path: Path, entry: dict[str, Any], minute: int = 0, model: str = MODEL, **measures: int) -> list[int]:
    """What one event costs in 10^-12 dollars, and its tokens without a price, by a price list of one entry."""
    file = tmp_path / "prices.yaml"
    file.write_text(yaml.safe_dump([{"model": MODEL, "from": DAY, **entry}]), encoding="utf-8")
    found = event_costs(read_prices(file), event(model, minute, **measures), DAY)
    return [*found.picodollars.tolist(), *found.unpriced_tokens.tolist()]


def test_each_token_is_charged_once_in_its_class(tmp_path: Path) -> None:
    entry = {"prices": {"input": "2", "cached_input": "0.5", "output": "8", "reasoning": "4"}}
    tokens = {"tokens_in": 100, "tokens_cached": 40, "tokens_out": 10, "tokens_reasoning": 3}
    assert cost(tmp_path, entry, **tokens) == [60 * 2_000_000 + 40 * 500_000 + 7 * 8_000_000 + 3 * 4_000_000, 0]


def test_reasoning_without_a_price_is_output(tmp_path: Path) -> None:
    entry = {"prices": {"input": "2", "output": "8"}}
    assert cost(tmp_path, entry, tokens_out=10, tokens_reasoning=3) == [80_000_000, 0]


def test_a_class_without_a_price_is_unpriced(tmp_path: Path) -> None:
    entry = {"prices": {"input": "2", "output": "8"}}
    assert cost(tmp_path, entry, tokens_in=100, tokens_cached=40) == [120_000_000, 40]


def test_tokens_of_which_nobody_says_what_they_are_are_unpriced(tmp_path: Path) -> None:
    assert cost(tmp_path, {"prices": {"input": "2", "output": "8"}}, tokens_total=70) == [0, 70]


def test_a_model_without_a_price_leaves_all_tokens_unpriced(tmp_path: Path) -> None:
    entry = {"prices": {"input": "2", "output": "8"}}
    found = cost(tmp_path, entry, model="gpt-99-preview", tokens_in=100, tokens_out=5, tokens_total=105)
    assert found == [0, 105]


@pytest.mark.parametrize(("tokens", "expected"), [(1000, 1_000_000_000), (1001, 2_002_000_000)])
def test_the_tier_that_the_prompt_crosses_rates_all_of_it(tmp_path: Path, tokens: int, expected: int) -> None:
    tiers = [
        {"above_tokens_in": 0, "prices": {"input": "1", "output": "1"}},
        {"above_tokens_in": 1000, "prices": {"input": "2", "output": "2"}},
    ]
    assert cost(tmp_path, {"tiers": tiers}, tokens_in=tokens) == [expected, 0]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [(1289, 2_000_000), (1290, 1_000_000), (0, 1_000_000), (314, 1_000_000), (315, 2_000_000)],
)
def test_an_off_peak_window_is_half_open_and_goes_over_midnight(
    tmp_path: Path, minute: int, expected: int
) -> None:
    off_peak = {"from": "21:30", "to": "05:15", "prices": {"input": "1"}}
    entry = {"prices": {"input": "2", "output": "8"}, "off_peak": off_peak}
    assert cost(tmp_path, entry, minute, tokens_in=1) == [expected, 0]


@pytest.mark.parametrize(("first", "end"), [(date(2026, 5, 29), date.max), (date(2026, 5, 1), DAY)])
def test_a_price_of_other_days_does_not_count(tmp_path: Path, first: date, end: date) -> None:
    entry = {"prices": {"input": "2", "output": "8"}, "from": first, "to": end}
    assert cost(tmp_path, entry, tokens_in=1) == [0, 1]


def test_requests_and_tool_calls_are_charged_by_the_one(tmp_path: Path) -> None:
    entry = {"prices": {"input": "0", "output": "0", "request": "0.0001", "tool_call": "0.0005"}}
    assert cost(tmp_path, entry, requests=3, tool_calls=2) == [300_000_000 + 1_000_000_000, 0]


def test_a_cost_is_rounded_half_away_from_zero_to_12_decimals(tmp_path: Path) -> None:
    entry = {"prices": {"input": "0.0000005", "output": "0.0000004"}}
    assert cost(tmp_path, entry, tokens_in=1, tokens_out=1) == [1, 0]


def test_a_price_with_more_decimals_than_the_simulator_counts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="input: the simulator counts in"):
        cost(tmp_path, {"prices": {"input": "0.0000000001", "output": "1"}}, tokens_in=1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written")
    simulate(small(seed=5), out)
    return out


def lines(out: Path, source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The good lines of a source with the folder that each is in, in the order in which they land."""
    root = out / "landing" / source
    for path in sorted((p for p in root.rglob("*") if p.is_file()), key=lambda p: p.relative_to(root).parts):
        for line in lines_of(path):
            # Only broken lines have a space after a colon, and the one that is too long.
            if line and b'": ' not in line and b"evt_long" not in line:
                yield path.parent.name, json.loads(line)


def usage(out: Path) -> Iterator[tuple[tuple[str, ...], str, datetime, str | None, dict[str, int]]]:
    """Every delivered line that has tokens: its identity, tenant, time, model and quantities."""
    for _, line in lines(out, "persona"):
        if "tokensIn" in line:
            cached, reasoning = line.get("cachedTokensIn", 0), line.get("reasoningTokensOut", 0)
            split = (line["tokensIn"], cached, line["tokensOut"], reasoning)
            at = datetime.fromisoformat(line["timestamp"])
            yield ("p", line["id"]), line["tenantId"], at, line["modelName"], quantities(*split, request=1)
    for _, line in lines(out, "agent_runs"):
        if line["endedAt"]:
            at = datetime.fromisoformat(line["endedAt"])
            charged = {"request": line["apiCalls"], "tool_call": line["toolCalls"]}
            found = quantities(line["tokensIn"], 0, line["tokensOut"], 0, **charged)
            yield ("r", line["runId"]), line["tenantId"], at, line["model"], found
    for tenant, line in lines(out, "usage_statistics"):
        if line["type"] == "token":
            at = datetime.fromtimestamp(line["createdAt"] / 1000, UTC)
            yield ("s", tenant, line["id"]), tenant, at, line["meta"].get("model"), {"unsplit": line["count"]}


def quantities(tokens_in: int, cached: int, tokens_out: int, reasoning: int, **charged: int) -> dict[str, int]:
    split = {"cached_input": cached, "output": tokens_out - reasoning, "reasoning": reasoning}
    return {"input": tokens_in - cached, **split, **charged}


def prices_of(entries: list[dict[str, Any]], model: str | None, at: datetime, tokens_in: int) -> dict[str, str]:
    for entry in entries:
        if entry["model"] == model and entry["from"] <= at.date() < entry.get("to", date.max):
            prices = dict(entry.get("prices", {}))
            for tier in entry.get("tiers", ()):
                prices = tier["prices"] if tokens_in > tier["above_tokens_in"] or not prices else prices
            off_peak = entry.get("off_peak")
            if off_peak and not off_peak["to"] <= at.strftime("%H:%M") < off_peak["from"]:
                prices = {**prices, **off_peak["prices"]}
            return {"reasoning": prices["output"], **prices}
    return {}


def test_costs_are_those_of_a_plain_count_over_the_lines_with_decimals(written: Path) -> None:
    entries = yaml.safe_load((written / "reference" / "prices.yaml").read_text(encoding="utf-8"))
    costs: Counter[tuple[str, str]] = Counter()
    unpriced: Counter[tuple[str, str]] = Counter()
    counted: set[tuple[str, ...]] = set()
    for identity, tenant, at, model, found in usage(written):
        if identity in counted:
            continue
        counted.add(identity)
        cell = (str(at.date()), tenant)
        prices = prices_of(entries, model, at, found.get("input", 0) + found.get("cached_input", 0))
        for name, quantity in found.items():
            if name in prices:
                units = 1 if name in {"request", "tool_call"} else 1_000_000
                amount = quantity * Decimal(prices[name]) / units
                costs[cell] += int(amount.scaleb(12).quantize(Decimal(1), ROUND_HALF_UP))
            elif name not in {"request", "tool_call"}:
                unpriced[cell] += quantity
    days = truth_of(written)["days"].items()
    cells = [(day, tenant, sums) for day, tenants in days for tenant, sums in tenants.items()]
    assert costs == Counter({(day, tenant): sums["picodollars"] for day, tenant, sums in cells})
    assert unpriced == Counter({(day, tenant): sums["unpriced_tokens"] for day, tenant, sums in cells})


def test_every_rule_of_the_price_list_meets_events(written: Path) -> None:
    entries = yaml.safe_load((written / "reference" / "prices.yaml").read_text(encoding="utf-8"))
    met: set[tuple[str, str]] = set()
    for _, _, at, model, found in usage(written):
        tokens_in = found.get("input", 0) + found.get("cached_input", 0)
        met |= {(str(model), name) for name, quantity in found.items() if quantity}
        met |= {(str(model), "above" if tokens_in > 1000 else "below"), (str(model), f"at {at.hour}")}
        met |= {(str(model), f"on {at.date()}")}
    changed = next(entry["to"] for entry in entries if "to" in entry)
    assert {
        (MODEL, "above"),
        (MODEL, "below"),
        (MODEL, "cached_input"),
        (MODEL, "reasoning"),
        (MODEL, "tool_call"),
        (MODEL, "request"),
        (MODEL, f"on {changed}"),
        (MODEL, "on 2026-05-27"),
        ("gpt-99-preview", "input"),
    } <= met
    assert {name for model, name in met if model == MODEL} & {"at 22", "at 23", "at 0", "at 1"}
