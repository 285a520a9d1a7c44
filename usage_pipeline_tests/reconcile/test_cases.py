"""Cases from bug reports: exports of providers compared with what was metered, by the shipped prices."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.reconcile.comparing import Question, Reconciliation, reconcile
from usage_pipeline.reconcile.export import Provider
from usage_pipeline.reconcile.reading import read_export
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.cases import persona_with, settings_of_case, with_fields
from usage_pipeline_tests.reconcile.test_comparing import rows
from usage_pipeline_tests.support import shared

New = Callable[..., Settings]
Compare = Callable[[str], Reconciliation]
NONE = Decimal("0.000000")


@contextmanager
def comparing(new_settings: New, case: str, provider: Provider, formats: Path | None = None) -> Iterator[Compare]:
    """Land the case, and compare its files."""
    settings = settings_of_case(new_settings, case, **({"formats_dir": formats} if formats else {}))
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))

        def compare(name: str) -> Reconciliation:
            export = read_export(shared("cases", case, name), provider)
            return reconcile(storage, provider, export, Question(export.whole_days))

        yield compare


def test_dated_names_of_claude_are_one_model_with_the_name_without_a_date(new_settings: New) -> None:
    with comparing(new_settings, "dated-claude-name", Provider.ANTHROPIC) as compare:
        found = compare("usage.json")
    assert rows(found) == [
        ("claude-haiku-4-5", "input", 2000, 2000, NONE, "matched"),
        ("claude-haiku-4-5", "output", 200, 200, NONE, "matched"),
        ("claude-sonnet-4-5", "input", 1000, 1000, NONE, "matched"),
        ("claude-sonnet-4-5", "output", 100, 100, NONE, "matched"),
    ]


@pytest.mark.parametrize(
    ("name", "theirs", "drift", "status"),
    [
        ("costs.json", Decimal("0.0000387"), NONE, "matched"),
        ("costs-digits-only.json", Decimal("0.0000387"), NONE, "matched"),
        ("costs-zero-only.json", None, None, "ours_only"),
    ],
)
def test_amounts_of_openai_have_any_digits_and_exponents(
    new_settings: New, name: str, theirs: Decimal | None, drift: Decimal | None, status: str
) -> None:
    with comparing(new_settings, "openai-cost-amounts", Provider.OPENAI) as compare:
        assert rows(compare(name)) == [("gpt-4o-mini", "amount", Decimal("0.0000387"), theirs, drift, status)]


def test_line_items_of_openai_have_tiers_modalities_and_long_context(new_settings: New, tmp_path: Path) -> None:
    text = {f"tokens_{side}_{part}": '{constant: "0"}' for side in ("in", "out") for part in ("audio", "image")}
    formats = persona_with(tmp_path / "formats", **text)
    with comparing(new_settings, "openai-line-items", Provider.OPENAI, formats) as compare:
        found = compare("costs.json")
    assert rows(found) == [
        ("gpt-5.4", "amount", Decimal("0.0025"), Decimal("0.003"), Decimal("-16.666667"), "different"),
        ("gpt-5.6-sol", "amount", Decimal("2.43"), Decimal("2.43"), NONE, "matched"),
        ("gpt-audio-mini", "amount", Decimal("0.0018"), Decimal("0.0018"), NONE, "matched"),
        ("web search tool calls", "amount", None, Decimal("0.01"), None, "theirs_only"),
    ]


def test_regions_are_one_model_where_the_provider_does_not_split_them(new_settings: New, tmp_path: Path) -> None:
    written = shared("cases", "tier-in-name", "mappings", "claude_geo.yaml").read_text()
    plain = written.replace("{join: [$.model, $.usage.inference_geo]}", "$.model")
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "claude_geo.yaml").write_text(with_fields(plain, region="$.usage.inference_geo"))
    with comparing(new_settings, "tier-in-name", Provider.ANTHROPIC, tmp_path / "formats") as compare:
        tokens, costs = compare("usage.json"), compare("cost.json")
    assert rows(tokens) == [
        ("claude-opus-4-5", "input", 1_000_000, None, None, "ours_only"),
        ("claude-opus-5", "input", 1_000_000, 1_000_000, NONE, "matched"),
    ]
    assert rows(costs) == [
        ("claude-opus-4-5", "amount", Decimal(5), None, None, "ours_only"),
        ("claude-opus-5", "amount", Decimal("5.5"), Decimal("5.5"), NONE, "matched"),
    ]
