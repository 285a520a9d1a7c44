"""Names as tools, clouds and exports spell them, read by the rules of the price book."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usage_pipeline.costs.book.current import current_price_book
from usage_pipeline.costs.book.naming import MEANINGS, NAMING, Naming
from usage_pipeline.costs.book.price_book import PriceBook, Unpriced, price_book
from usage_pipeline.costs.explain import explain_naming, explain_price
from usage_pipeline.costs.rates import UsedModel
from usage_pipeline.registry import TokenClass
from usage_pipeline.settings import Settings
from usage_pipeline_tests.costs.generic import price, write_prices
from usage_pipeline_tests.test_docs import SPAN, document, table

DAY = date(2026, 9, 5)
MILLION = 1_000_000


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    """The catalogue alone."""
    return current_price_book(Settings.load(reference_dir=tmp_path_factory.mktemp("reference")))


def read(book: PriceBook, name: str, provider: str | None = None) -> tuple[str | None, str | None]:
    """The provider and the model of a name; none without a price."""
    found = book.resolve(provider, name, DAY)
    return (found.provider, found.model) if found.price else (None, None)


@pytest.mark.parametrize("provider", [None, "anthropic"])
@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("claude-opus-5-2026-07-01", "claude-opus-5"),
    ],
)
def test_a_dated_id_of_a_first_party_is_the_model(
    book: PriceBook, name: str, model: str, provider: str | None
) -> None:
    assert read(book, name, provider) == ("anthropic", model)


@pytest.mark.parametrize(
    "name",
    [
        "claude-sonnet-4-5-20250932",  # no day
        "claude-sonnet-4-5-2025-0929",
        "claude-sonnet-4-5-202509",
        "claude-sonnet-4-5-v2-20250929",
        "claude-sonnet-4-20250929",  # another name of claude-sonnet-4-0, no id
        "claude-sonnet-4-5-20250929-preview",
        "claude-sonnet-4-5-20250929-20250929",
        "claude-opus-5:us",  # the price of a region is not that of the model
        "gpt-4o-2024",
        "claude-3-5-haiku-20241022",  # Google sells claude-3-5-haiku, and Anthropic has no such id
    ],
)
def test_a_name_of_which_no_exact_id_is_left_is_unknown(book: PriceBook, name: str) -> None:
    assert book.resolve(None, name, DAY).unpriced is Unpriced.UNKNOWN_MODEL


def test_a_dated_id_with_a_price_of_its_own_keeps_it(book: PriceBook) -> None:
    assert read(book, "gpt-4o-2024-05-13") == ("openai", "gpt-4o-2024-05-13")


def test_a_date_names_no_model_of_a_reseller_or_of_the_file(tmp_path: Path) -> None:
    write_prices(tmp_path, price("ours", 'input: "1"', model="m"))
    ours = current_price_book(Settings.load(reference_dir=tmp_path))
    assert read(ours, "m") == ("p", "m")
    assert read(ours, "m-20260101") == (None, None)
    assert read(ours, "gpt-4o-2030-01-01", "github-copilot") == (None, None)


def test_an_alias_has_no_date(tmp_path: Path) -> None:
    write_prices(tmp_path, "- {id: n, provider: openai, model: gpt-4o, aliases: [our-gpt]}\n")
    ours = current_price_book(Settings.load(reference_dir=tmp_path))
    assert (read(ours, "our-gpt"), read(ours, "our-gpt-20260101")) == (("openai", "gpt-4o"), (None, None))


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws",
            "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        (
            "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "aws",
            "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("eu.anthropic.claude-opus-4-5-20251101-v1:0", "aws", "regional.anthropic.claude-opus-4-5-v1:0"),
        ("us.anthropic.claude-opus-4-6-v1", "aws", "regional.anthropic.claude-opus-4-6-v1:0"),
        ("us.anthropic.claude-opus-5", "aws", "regional.anthropic.claude-opus-5"),
        ("bedrock/us.meta.llama3-3-70b-instruct-v1:0", "aws", "meta.llama3-3-70b-instruct-v1:0"),
        ("bedrock/converse/amazon.nova-lite-v1:0", "aws", "amazon.nova-lite-v1:0"),
        ("openai.gpt-5.4", "aws", "openai.gpt-5.4"),
        ("azure/gpt-4o", "azure", "gpt-4o"),
        ("azure/global/gpt-5.4-2026-03-05", "azure", "gpt-5.4"),
        ("azure/o3", "azure", "o3-2025-04-16"),
        ("azure_ai/claude-opus-5", "azure", "claude-opus-5"),
        ("models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("gemini/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("vertex_ai/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("publishers/google/models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("vertex_ai/claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "google", "claude-sonnet-4-5"),
    ],
)
def test_a_prefix_of_a_cloud_names_its_model(book: PriceBook, name: str, provider: str, model: str) -> None:
    assert read(book, name) == read(book, name, provider) == (provider, model)


@pytest.mark.parametrize(
    "name",
    [
        "sa.anthropic.claude-opus-5",  # the catalogue has no price in this region
        "us.openai.gpt-5.4",
        "bedrock/us-east-1/anthropic.claude-opus-5",  # the price of one place
        "azure/eu/gpt-4o",
        "azure/our-deployment",
        "vertex_ai/gpt-4o",
        "models/gpt-4o",
        "anthropic.claude-sonnet-4-5-20250930-v1:0",
    ],
)
def test_a_prefix_takes_no_price_of_another_region_seller_or_model(book: PriceBook, name: str) -> None:
    assert read(book, name) == (None, None)


def test_a_name_of_another_seller_than_the_record_names_is_unknown(book: PriceBook) -> None:
    assert book.resolve("openai", "azure/gpt-4o", DAY).unpriced is Unpriced.UNKNOWN_MODEL


def test_a_region_has_the_price_of_the_region(book: PriceBook) -> None:
    prices = {
        name: found.tiers[0].prices[TokenClass.INPUT] * MILLION
        for name in ("claude-opus-5", "us.anthropic.claude-opus-5", "global.anthropic.claude-opus-5")
        if (found := book.resolve(None, name, DAY).price)
    }
    assert prices == {
        "claude-opus-5": Decimal(5),
        "us.anthropic.claude-opus-5": Decimal("5.5"),
        "global.anthropic.claude-opus-5": Decimal(5),
    }


def test_azure_sells_models_of_openai_at_their_price_where_it_has_none_of_its_own(book: PriceBook) -> None:
    sold, made = (book.resolve(provider, "gpt-4o", DAY).price for provider in ("azure", "openai"))
    assert sold is not None
    assert made is not None
    assert (sold.id, sold.source, sold.tiers) == (
        "catalogue/azure/gpt-4o",
        "genai-prices 0.2.3, as openai",
        made.tiers,
    )


@pytest.mark.parametrize(
    ("provider", "name", "expected"),
    [
        ("bedrock", "us.anthropic.claude-opus-5", ("aws", "regional.anthropic.claude-opus-5")),
        ("aws.bedrock", "anthropic.claude-opus-5", ("aws", "regional.anthropic.claude-opus-5")),
        ("vertex_ai", "claude-sonnet-4-5@20250929", ("google", "claude-sonnet-4-5")),
        ("gcp.gemini", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("azure.ai.openai", "gpt-4o", ("azure", "gpt-4o")),
        ("x_ai", "grok-4", ("x-ai", "grok-4-0709")),
    ],
)
def test_a_provider_as_a_tool_names_it_is_one_of_the_catalogue(
    book: PriceBook, provider: str, name: str, expected: tuple[str, str]
) -> None:
    assert read(book, name, provider) == expected


def test_a_provider_of_the_file_is_meant_as_it_stands(tmp_path: Path) -> None:
    write_prices(tmp_path, price("ours", 'input: "1"', provider="bedrock", model="m"))
    ours = current_price_book(Settings.load(reference_dir=tmp_path))
    assert read(ours, "m", "bedrock") == ("bedrock", "m")
    assert read(ours, "anthropic.claude-opus-5", "bedrock") == (None, None)


def test_the_reason_names_the_rule(book: PriceBook) -> None:
    (first, *_) = explain_price(book, UsedModel(None, "vertex_ai/claude-sonnet-4-5@20250929"), DAY)
    assert first.why == (
        "vertex_ai/claude-sonnet-4-5@20250929 is claude-sonnet-4-5 of google by the rule vertex, vertex_dated"
    )


def test_every_rule_is_listed_with_its_meaning(book: PriceBook) -> None:
    listed = explain_naming(book)
    assert [row["rule"] for row in listed[:7]] == [rule.name for rule in NAMING.rules] == list(MEANINGS)
    assert {"rule": "provider", "spelling": "vertex_ai", "stands_for": "the provider google"} in listed


def test_a_kept_book_keeps_its_rules(book: PriceBook) -> None:
    assert price_book(book.document) == book


def test_a_book_from_before_the_rules_reads_names_as_they_stand(book: PriceBook) -> None:
    before = replace(book, naming=Naming())
    assert "naming" not in before.document
    kept = price_book(before.document)
    assert (kept.version, read(kept, "claude-sonnet-4-5-20250929")) == (before.version, (None, None))
    assert explain_naming(kept) == []


def test_the_document_has_every_rule_and_its_examples_have_a_price(book: PriceBook) -> None:
    rows = table(document("docs/costs.md"), "Names of models")
    assert {rule.strip("` ") for rule, *_ in rows} == {*MEANINGS, "provider"}
    examples = [
        name for rule, spelling, _ in rows if rule.strip("` ") != "provider" for name in SPAN.findall(spelling)
    ]
    assert [name for name in examples if read(book, name) == (None, None)] == []
