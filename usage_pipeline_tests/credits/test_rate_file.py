from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.credits.rate_file import NO_RATES, CreditRates, rates_on, read_rates
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline_tests.credits.rating import credits_of, rates_of
from usage_pipeline_tests.support import shared
from usage_pipeline_tests.test_docs import ROOT, blocks, document

OPERATION = '{persona_create: {base: "5"}}'


def entry(first: str = "2026-01-01", operations: str = OPERATION, more: str = "") -> str:
    return f"- from: {first}\n  operations: {operations}\n{more}"


def test_the_shared_example_is_read(tmp_path: Path) -> None:
    (rates,) = rates_of(tmp_path, shared("reference", "credit_rates.yaml").read_text())
    assert rates.from_ == date(2026, 1, 1)
    assert rates.model_groups == {"premium": ("gpt-5*", "claude-opus-*", "o3")}


def test_the_shipped_rates_and_those_of_the_document_are_read(tmp_path: Path) -> None:
    assert len(read_rates(ROOT / "data" / "reference" / "credit_rates.yaml")) == 1
    (written,) = blocks(document("docs/credits.md"), "yaml")
    (rates,) = rates_of(tmp_path, written)
    assert credits_of(rates, type="persona_prompt", tokens_total=1500, model="gpt-5-mini", feature="drafts") == 24


def test_an_entry_holds_from_its_day_until_the_next_begins(tmp_path: Path) -> None:
    entries = rates_of(tmp_path, entry("2026-03-01") + entry("2026-01-01"))
    begun = [rates_on(entries, date(*day)).from_ for day in ((2026, 1, 1), (2026, 2, 28), (2026, 3, 1))]
    assert begun == [date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 1)]
    assert rates_on(entries, date(2025, 12, 31)) == NO_RATES


def test_stored_rates_are_those_of_the_file_and_keep_their_version(tmp_path: Path) -> None:
    (rates,) = rates_of(tmp_path)
    stored = CreditRates.model_validate_json(rates.document)
    assert (stored, stored.version) == (rates, rates.version)


def test_a_kept_document_keeps_its_version() -> None:
    """A key that is added later must not change the version of rates that are without it."""
    document = '{"from":"2026-01-01","operations":{"persona_create":{"base":"5"}}}'
    assert CreditRates.model_validate_json(document).document == document


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("acme: {}", "expected a list of entries, each as in `- from: …`"),
        ("- {operations: {}}", "entry 1: from: it is missing."),
        ("- {from: 2026-01-01}", "from 2026-01-01: operations: it is missing."),
        (
            entry(operations="{agent_run: {base: 1}}"),
            "agent_run.base: expected a decimal number in quotes",
        ),
        (entry(operations='{agent_run: {base: "-1"}}'), "operations.agent_run.base: expected 0 or more"),
        (entry(operations='{agent_run: {base: "0.0000001"}}'), "base: expected at most 6 decimals"),
        (entry(operations='{agent_run: {base: "1e9"}}'), "base: expected at most 6 decimals"),
        (entry(operations='{agent_run: {bas: "1"}}'), "operations.agent_run.bas: there is no such key"),
        (
            entry(operations='{agent_run: {per_1k_tokens: {premium: "1"}}}'),
            "operations.agent_run: per_1k_tokens needs a rate for default, the models of no other group.",
        ),
        (
            entry(operations='{agent_run: {per_1k_tokens: {default: "1", fast: "1"}}}'),
            "operations.agent_run.per_1k_tokens: there is no group 'fast'; expected default or one of",
        ),
        (entry(more="  model_groups: {default: [m]}\n"), "model_groups: default has the models of no"),
        (
            entry(more='  failed_operations: "no"\n'),
            "failed_operations: expected 'free' or 'charged', found",
        ),
        (
            entry(operations='{persona_promt: {base: "1"}, agent_run: {base: "1"}}'),
            (
                "from 2026-01-01: operations.persona_promt: expected a type of the event catalogue, found "
                "'persona_promt'; did you mean 'persona_prompt'"
            ),
        ),
        (
            entry(operations='{"command_a*": {base: "1"}}'),
            (
                "operations.command_a*: expected a type of the event catalogue, found 'command_a*'; did you mean "
                "'command_*'"
            ),
        ),
        (entry(operations='{"*": {base: "1"}}'), "operations.*: expected a type of the event catalogue"),
        (entry() + entry(), "from 2026-01-01: 2 entries begin on this day; keep one of them."),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ReferenceFileError) as error:
        rates_of(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'credit_rates.yaml'}: ")
    assert told in str(error.value)
