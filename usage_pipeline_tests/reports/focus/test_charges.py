"""What each charge of a FOCUS export says: quantities, prices, costs, credits, and to whom they belong."""

import csv
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from usage_pipeline.billing.statements import tenant_costs
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.costs.unit_prices import UNIT_PRICE_COLUMNS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.reports.focus.columns import ADJUSTMENT_COLUMNS, FOCUS_COLUMNS, METER_COLUMNS, PERIOD_COLUMNS
from usage_pipeline.reports.focus.export import focus_select
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import empty_select
from usage_pipeline_tests.costs.generic import call, price, write_format
from usage_pipeline_tests.reports.focus.reading import Charge, charges, total
from usage_pipeline_tests.support import Landing, land_and_compute, shared

TIERS = '[{above_tokens_in: 0, prices: {input: "1"}}, {above_tokens_in: 1000, prices: {input: "0.003"}}]'
PRICES = (
    price(
        "one",
        'input: "0.002", output: "0.01"',
        windows='[{from: "01:00", to: "04:00", prices: {input: "0.001"}}]',
        conditions='[{service_tier: batch, multiplier: "0.5"}]',
    )
    + f"- {{id: two, provider: p, model: t, from: 2026-01-01, unit: token, tiers: {TIERS}, source: test}}\n"
)
_INPUTS = {
    "daily_costs": DAILY_COSTS.spec.columns,
    "credit_usage": CREDIT_USAGE.spec.columns,
    "unit_prices": UNIT_PRICE_COLUMNS,
    "meters": METER_COLUMNS,
    "adjustments": ADJUSTMENT_COLUMNS,
    "billing_periods": PERIOD_COLUMNS,
}
WHOSE = {"member": "=ann", "project": "blog", "feature": "drafts"}


@pytest.fixture(scope="module")
def used(open_shared: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Four days of acme, whose billing periods begin on the 20th, and one of globex."""
    storage = open_shared(formats_dir=write_format(tmp_path_factory.mktemp("formats") / "own"))
    reference, landing = storage.settings.reference, Landing(storage.settings.landing)
    reference.mkdir(parents=True)
    (reference / "prices.yaml").write_text(PRICES)
    (reference / "credit_rates.yaml").write_text('- {from: 2026-01-01, operations: {request: {base: "1.5"}}}')
    (reference / "tenants.yaml").write_text("acme: {name: Acme, billing_anchor_day: 20}\n")
    landing.write(
        "calls",
        "2026-05-21",
        [
            call("a1", "2026-05-18T08:00:00Z", tokens_in=100, tokens_cached=40, tokens_out=10, **WHOSE),
            call("a2", "2026-05-18T02:00:00Z", tokens_in=10),
            call("a3", "2026-05-20T08:00:00Z", tokens_in=10, service_tier="batch"),
            call("a4", "2026-05-20T09:00:00Z", tokens_in=2000, model="t", region="global"),
            call("a5", "2026-05-20T10:00:00Z", tokens_in=7, model="unheard-of", region="eu"),
            call("g1", "2026-05-18T08:00:00Z", "globex", tokens_in=1),
        ],
    )
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")
    return storage


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("focus")


@pytest.fixture(scope="module")
def acme(used: Storage, folder: Path) -> list[Charge]:
    return charges(used, folder, "2026-05-18", "2026-05-21", tenant_id="acme")


def _of(rows: list[Charge], currency: str, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows if row["PricingCurrency"] == currency]


def test_a_class_of_tokens_has_its_quantity_unit_price_and_cost(acme: list[Charge]) -> None:
    names = ("ChargeDescription", "ConsumedQuantity", "ListUnitPrice", "BilledCost")
    assert _of(acme, "USD", *names) == [
        ("Cached Input Tokens of m, without a price: no_class_price", 40, None, 0),
        ("Input Tokens of m", 60, Decimal("0.002"), Decimal("0.12")),
        ("Input Tokens of m", 10, Decimal("0.001"), Decimal("0.01")),
        ("Output Tokens of m", 10, Decimal("0.01"), Decimal("0.1")),
        ("Input Tokens of m", 10, Decimal("0.001"), Decimal("0.01")),
        ("Input Tokens of t", 2000, Decimal("0.003"), Decimal(6)),
        ("Input Tokens of unheard-of, without a price: unknown_model", 7, None, 0),
    ]


def test_a_price_of_a_size_time_or_tier_is_another_sku_price_of_the_same_sku(acme: list[Charge]) -> None:
    assert _of(acme, "USD", "SkuId", "SkuPriceId", "SkuPriceDetails", "x_PriceId") == [
        ("m/cached_input", None, None, None),
        ("p/m/input", "p/m/input", None, "one"),
        ("p/m/input", "p/m/input/01:00-04:00", '{"x_TimeOfDay":"01:00-04:00"}', "one"),
        ("p/m/output", "p/m/output", None, "one"),
        ("p/m/input", "p/m/input/batch", '{"x_ServiceTier":"batch"}', "one"),
        ("p/t/input", "p/t/input/above 1000 tokens", '{"x_AboveTokensIn":1000}', "two"),
        ("unheard-of/input", None, None, None),
    ]


def test_what_has_no_price_costs_nothing_and_says_why(acme: list[Charge]) -> None:
    unpriced = [row for row in acme if row["x_UnpricedReason"]]
    names = (
        "x_UnpricedReason",
        "EffectiveCost",
        "ListUnitPrice",
        "PricingCategory",
        "PricingQuantity",
        "PublisherName",
    )
    assert [tuple(row[name] for name in names) for row in unpriced] == [
        ("no_class_price", 0, None, None, 40, "AI platform"),
        ("unknown_model", 0, None, None, 7, "AI platform"),
    ]


def test_credits_are_charges_in_a_currency_of_their_own_that_cost_no_money(acme: list[Charge]) -> None:
    names = (
        "ConsumedQuantity",
        "ConsumedUnit",
        "PricingQuantity",
        "PricingUnit",
        "PricingCurrencyEffectiveCost",
        "BilledCost",
    )
    assert _of(acme, "Credits", *names) == [(1, "Operations", Decimal("1.5"), "Credits", Decimal("1.5"), 0)] * 5


def test_the_billing_period_is_that_of_the_tenant(used: Storage, tmp_path: Path) -> None:
    rows = charges(used, tmp_path, "2026-05-18", "2026-05-21")
    periods = {
        (row["BillingAccountId"], f"{row['ChargePeriodStart']:%m-%d}", f"{row['BillingPeriodStart']:%m-%d}")
        for row in rows
    }
    assert periods == {
        ("acme", "05-18", "04-20"),
        ("acme", "05-20", "05-20"),
        ("globex", "05-18", "05-01"),
    }


def test_project_and_tags_say_whose_it_is(acme: list[Charge]) -> None:
    row = next(row for row in acme if row["SkuPriceId"] == "p/m/output")
    assert (row["BillingAccountName"], row["SubAccountId"], row["SubAccountType"]) == ("Acme", "blog", "Project")
    assert json.loads(row["Tags"]) == {"project": "blog", "feature": "drafts", "member_id": "=ann"}


def test_the_sum_of_costs_is_that_of_the_tenant(used: Storage, acme: list[Charge]) -> None:
    costs = tenant_costs.c
    query = select(func.sum(costs.amount)).where(costs.tenant_id == "acme", costs.dimension == "model")
    with used.warehouse.connect() as connection:
        stored = connection.execute(query).scalar_one()
    assert total(acme) == sum(row["EffectiveCost"] for row in acme) == stored == Decimal("6.24")


def test_filters_let_only_their_charges_through(used: Storage, tmp_path: Path) -> None:
    rows = charges(used, tmp_path, "2026-05-18", "2026-05-21", filters=(("project", ("blog",)),))
    assert {row["SubAccountId"] for row in rows} == {"blog"}
    assert total(rows) == Decimal("0.22")


def test_csv_has_the_same_rows_in_the_same_order(acme: list[Charge], folder: Path) -> None:
    with (folder / "focus.csv").open(encoding="utf-8", newline="") as file:
        _, *read = csv.reader(file)
    assert read == [list(map(_text, row.values())) for row in acme]


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def test_an_export_without_charges_has_its_columns(used: Storage, tmp_path: Path) -> None:
    assert charges(used, tmp_path, "2026-05-01", "2026-05-02") == []
    header = (tmp_path / "focus.csv").read_bytes().decode().removesuffix("\r\n")
    assert [name.strip('"') for name in header.split(",")] == [column.name for column in FOCUS_COLUMNS]


def test_the_same_charges_are_the_same_bytes(
    used: Storage, acme: list[Charge], folder: Path, tmp_path: Path
) -> None:
    assert charges(used, tmp_path, "2026-05-18", "2026-05-21", tenant_id="acme") == acme
    for name in ("focus.csv", "focus.parquet"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_each_value_is_one_that_the_specification_allows(used: Storage, tmp_path: Path) -> None:
    columns, rows = _specification(), charges(used, tmp_path, "2026-05-18", "2026-05-21")
    assert rows
    assert [
        (name, value)
        for row in rows
        for name, value in row.items()
        if not name.startswith("x_") and not _is_allowed(columns[name], value)
    ] == []


def _is_allowed(column: dict[str, str], value: object) -> bool:
    if value is None:
        return column["allows_nulls"] == "True"
    if column["allowed_values"]:
        return value in column["allowed_values"].split("; ")
    match column["type"]:
        case "Decimal":
            return isinstance(value, Decimal)
        case "Date/Time":
            return isinstance(value, datetime) and value.utcoffset() == timedelta(0)
        case "JSON":
            found = json.loads(str(value))
            return bool(found) and not any(isinstance(part, dict | list) for part in found.values())
        case _:
            return isinstance(value, str) and bool(value.strip())


def test_columns_are_those_of_the_specification_and_ours_after_them() -> None:
    columns = _specification()
    names = [column.name for column in FOCUS_COLUMNS]
    of_focus = [name for name in names if not name.startswith("x_")]
    assert names == [*sorted(of_focus), *sorted(name for name in names if name.startswith("x_"))]
    assert set(of_focus) <= columns.keys()
    assert {name for name, column in columns.items() if column["level"] == "Mandatory"} <= set(of_focus)


def _specification() -> dict[str, dict[str, str]]:
    with shared("focus", "columns_1_2.csv").open(encoding="utf-8") as file:
        return {row["column"]: row for row in csv.DictReader(file)}


def test_the_select_gives_the_columns_that_are_described(used: Storage) -> None:
    with session(used.engine) as duck:
        for name, columns in _INPUTS.items():
            duck.execute(f'CREATE TEMP VIEW "{name}" AS {empty_select(columns)}')
        found = duck.execute(f"DESCRIBE ({focus_select('=our platform').text})").fetchall()
    assert [tuple(row[:2]) for row in found] == [(column.name, column.type) for column in FOCUS_COLUMNS]
