"""What the simulator says that operations cost in credits: each rule on one event."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.simulation.credits import PICO, event_credits, read_credit_rates
from usage_pipeline_tests.simulation.support import event

DAY = date(2026, 5, 28)
RATES: dict[str, Any] = {
    "from": DAY,
    "minimum_per_operation": "0.1",
    "operations": {
        "persona_prompt": {"base": "1", "per_1k_tokens": {"default": "2", "premium": "10"}},
        "file_upload": {"base": "1", "per_mb": "0.5"},
        "agent_run": {"base": "2", "per_1k_tokens": {"default": "2"}, "per_tool_call": "0.25"},
        "api_call": {"base": "0.01"},
    },
    "model_groups": {"premium": ["gpt-5*", "claude-sonnet-*"]},
    "complexity": {"drafts": "1.5"},
}


def credits_of(tmp_path: Path, *entries: dict[str, Any], **of_event: Any) -> tuple[int, int]:
    """The credits of one event in 10^-12, and whether it is a request without rates."""
    file = tmp_path / "credit_rates.yaml"
    file.write_text(yaml.safe_dump(list(entries or [RATES])), encoding="utf-8")
    found = event_credits(read_credit_rates(file), event(**of_event), DAY)
    return int(found.picocredits[0]), int(found.unrated[0])


@pytest.mark.parametrize(("model", "expected"), [("gpt-4.1", 4), ("claude-sonnet-4-5", 16)])
def test_tokens_are_charged_by_the_group_of_their_model(tmp_path: Path, model: str, expected: int) -> None:
    found = credits_of(tmp_path, of_type="persona_prompt", model=model, requests=1, tokens_total=1500)
    assert found == (expected * PICO, 0)


def test_bytes_are_charged_by_the_million(tmp_path: Path) -> None:
    found = credits_of(tmp_path, of_type="file_upload", requests=1, bytes=3)
    assert found == (1_000_001_500_000, 0)


def test_the_factor_of_the_feature_is_in_base_tokens_and_tool_calls(tmp_path: Path) -> None:
    run = {"model": "gpt-4.1", "requests": 7, "tokens_total": 1000, "tool_calls": 2}
    found = credits_of(tmp_path, of_type="agent_run", feature="drafts", **run)
    assert found == (int(1.5 * (2 + 2 + 0.5) * PICO), 0)


def test_an_operation_costs_at_least_the_minimum(tmp_path: Path) -> None:
    assert credits_of(tmp_path, of_type="api_call", requests=1) == (PICO // 10, 0)


@pytest.mark.parametrize(("tokens", "expected"), [(0, 0), (500, 2 * PICO)])
def test_an_operation_that_failed_is_free_unless_it_used_tokens(
    tmp_path: Path, tokens: int, expected: int
) -> None:
    found = credits_of(tmp_path, of_type="persona_prompt", requests=1, errors=1, tokens_total=tokens)
    assert found == (expected, 0)


def test_credits_are_rounded_half_away_from_zero_to_12_decimals(tmp_path: Path) -> None:
    rates = {"from": DAY, "operations": {"file_upload": {"per_mb": "0.000001"}}, "complexity": {"a": "0.5"}}
    found = credits_of(tmp_path, rates, of_type="file_upload", feature="a", bytes=3)
    assert found == (2, 0)


def test_a_run_of_more_than_2_to_the_63_of_the_smallest_unit_is_exact(tmp_path: Path) -> None:
    found = credits_of(tmp_path, of_type="agent_run", requests=1, tokens_total=2_000_000_001)
    assert found == (4_000_002_002_000_000_000, 0)


@pytest.mark.parametrize(("requests", "unrated"), [(1, 1), (0, 0)])
def test_without_rates_for_its_type_only_a_request_is_an_operation(
    tmp_path: Path, requests: int, unrated: int
) -> None:
    assert credits_of(tmp_path, of_type="persona_list", requests=requests) == (0, unrated)


def test_before_the_first_entry_there_are_no_rates(tmp_path: Path) -> None:
    later = {**RATES, "from": date(2026, 5, 29)}
    assert credits_of(tmp_path, later, of_type="persona_prompt", requests=1) == (0, 1)


def test_the_last_entry_that_has_begun_counts(tmp_path: Path) -> None:
    entries = [
        {"from": first, "operations": {"persona_create": {"base": base}}}
        for first, base in ((date(2026, 5, 1), "1"), (DAY, "2"), (date(2026, 5, 29), "3"))
    ]
    assert credits_of(tmp_path, *entries, of_type="persona_create") == (2 * PICO, 0)


def test_a_rate_with_more_decimals_than_the_simulator_counts_is_refused(tmp_path: Path) -> None:
    rates = {"from": DAY, "operations": {"file_upload": {"per_mb": "0.0000000000001"}}}
    with pytest.raises(ValueError, match="a rate has more decimals than the simulator counts"):
        credits_of(tmp_path, rates, of_type="file_upload")
