"""What a SELECT reads besides tables: prices of the price book, credit rates, plans and billing periods."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection

from usage_pipeline.billing.calendar import BillingPeriod, billing_period, month_before
from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.book.price_book import PriceBook
from usage_pipeline.costs.book.prices import CURRENCY, Band, Price
from usage_pipeline.credits import rate_store
from usage_pipeline.credits.charges import Charge, charge_of
from usage_pipeline.credits.rate_file import CreditRates
from usage_pipeline.insights.recommendations.statement import Days, Supply
from usage_pipeline.registry import NONE, TokenClass
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import columns
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

_PERIODS = 3
_RECENT = 28
_DECIMALS = 12
"""Those of unit prices here; what has more is left out instead of rounded."""
_UNIT_PRICE = "DECIMAL(18,12)"
_MOST = Decimal(10**6)
_SIZES = frozenset(
    {
        *("nano", "micro", "mini", "tiny", "small", "medium", "large", "lite", "fast", "flash", "turbo"),
        *("plus", "pro", "max", "ultra", "premier", "haiku", "sonnet", "opus", "latest"),
    }
)
"""Words by which makers tell models of one family apart."""


@dataclass(frozen=True)
class Asked:
    """What supplies are made for: a connection that reads the tables of the kind, a day, and tenants."""

    storage: Storage
    duck: DuckDBPyConnection
    as_of: date
    tenant_ids: Sequence[str]


MakeSupply = Callable[[Asked], Supply]


def _book(asked: Asked) -> PriceBook:
    """Return the price book of the last day up to the one asked for that is rated, or the current one."""
    with asked.storage.warehouse.connect() as connection:
        rated = book_store.pinned(connection, Days(asked.as_of, _RECENT).all)
        if rated:
            return book_store.load(connection, rated[max(rated)])
    from usage_pipeline.costs.book.current import current_price_book  # noqa: PLC0415 - slow to import

    return current_price_book(asked.storage.settings)


def family(model: str) -> str:
    """Return the name of a model without the words that tell its size: `gpt-4o` of `gpt-4o-mini`."""
    return "-".join(part for part in re.split(r"[-_ ]", model.lower()) if part not in _SIZES)


def alternatives(asked: Asked) -> Supply:
    """Return the unit prices, on the day, of the other models of the families of the prices that were paid."""
    book = _book(asked)
    paid = asked.duck.execute(
        "SELECT DISTINCT price_id FROM daily_costs WHERE amount IS NOT NULL ORDER BY price_id"
    ).fetchall()
    rows = [
        (price_id, other.model, str(name), unit_price)
        for (price_id,) in paid
        for other in _family(book, book.by_id.get(price_id), asked.as_of)
        for name, unit_price in _unit_prices(other, asked.as_of)
    ]
    described = columns(
        ("price_id", "VARCHAR", "The price that was paid."),
        ("alternative", "VARCHAR", "Another model of the same provider and family."),
        ("class", "VARCHAR", "Class of its price."),
        ("unit_price", _UNIT_PRICE, "Price of a unit.", "USD"),
    )
    return Supply("alternatives", described, list(dict.fromkeys(rows)))


def _family(book: PriceBook, paid: Price | None, day: date) -> Iterator[Price]:
    if paid is not None:
        others = (price for price in book.prices if price.provider == paid.provider and price.model != paid.model)
        yield from (price for price in others if price.in_force(day) and family(price.model) == family(paid.model))


def _unit_prices(price: Price, day: date) -> Iterator[tuple[TokenClass, Decimal]]:
    """Yield the prices of a model that has the same ones at all times and for all sizes of prompts."""
    bands = list(price.bands(day))
    if len(bands) == 1:
        for name in TokenClass:
            unit_price = _exact(bands[0], name)
            if unit_price is not None:
                yield name, unit_price


def _exact(band: Band, name: TokenClass) -> Decimal | None:
    found = band.price_of(name)
    is_exact = found is not None and -int(found.as_tuple().exponent) <= _DECIMALS and found < _MOST
    return found if is_exact else None


def cache_prices(asked: Asked) -> Supply:
    """Return by how much a cached token is cheaper than another input token, of the models that were used."""
    book = _book(asked)
    used = asked.duck.execute(
        "SELECT DISTINCT provider, model FROM usage_records WHERE prompt_digest IS NOT NULL ORDER BY ALL"
    ).fetchall()
    rows = [
        (provider or "", model or NONE, cheaper_by)
        for provider, model in used
        if (cheaper_by := _cheaper_by(book, provider, model, asked.as_of)) is not None
    ]
    described = columns(
        ("provider", "VARCHAR", "Provider as logged, or empty."),
        ("model", "VARCHAR", "Model as logged."),
        ("cheaper_by", _UNIT_PRICE, "Price of an input token less that of a cached one.", "USD"),
    )
    return Supply("cache_prices", described, rows)


def _cheaper_by(book: PriceBook, provider: str | None, model: str | None, day: date) -> Decimal | None:
    price = book.resolve(provider, model, day).price
    prices = dict(_unit_prices(price, day)) if price else {}
    if not {TokenClass.INPUT, TokenClass.CACHED_INPUT} <= prices.keys():
        return None
    return prices[TokenClass.INPUT] - prices[TokenClass.CACHED_INPUT]


def base_credits(asked: Asked) -> Supply:
    """Return the credits of an operation, without its tokens, by the rates of the day."""
    rates = _rates(asked)
    used = asked.duck.execute(
        "SELECT DISTINCT type, feature, model FROM daily_usage WHERE requests > 0 ORDER BY ALL"
    ).fetchall()
    charges = [(*operation, charge_of(rates, operation[0], operation[2], operation[1])) for operation in used]
    rows = [
        (*operation, round(charge.base, _DECIMALS)) for *operation, charge in charges if isinstance(charge, Charge)
    ]
    described = columns(
        ("type", "VARCHAR", "Event type."),
        ("feature", "VARCHAR", "Feature."),
        ("model", "VARCHAR", "Model."),
        ("credits", "DECIMAL(24,12)", "Credits of an operation without its tokens.", "credits"),
    )
    return Supply("base_credits", described, rows)


def _rates(asked: Asked) -> CreditRates:
    with asked.storage.warehouse.connect() as connection:
        version = rate_store.pinned(connection, [asked.as_of]).get(asked.as_of)
        if version:
            return rate_store.load(connection, version)
    return rate_store.current_rates(asked.storage.settings, [asked.as_of])[asked.as_of]


def tenant_periods(asked: Asked) -> Supply:
    """Return the last billing periods of tenants that had one plan, with a price in US dollars, in all of them."""
    tenants = load_tenants(asked.storage.settings)
    rows = [row for tenant_id in asked.tenant_ids for row in _periods(tenants, tenant_id, asked.as_of)]
    described = columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("period_number", "BIGINT", "1 for the earliest of them."),
        ("first_day", "DATE", "First day of a billing period, UTC."),
        ("last_day", "DATE", "Last day of it."),
        ("plan", "VARCHAR", "The tenant's plan."),
        ("plan_credits", "DECIMAL(38,12)", "Credits that the plan has for a period.", "credits"),
        ("plan_price", "DECIMAL(38,12)", "Price of the plan for a period.", "USD"),
    )
    return Supply("tenant_periods", described, rows)


def _periods(tenants: Tenants, tenant_id: str, as_of: date) -> Iterator[tuple[object, ...]]:
    periods = last_periods(tenants.anchor_day_of(tenant_id), as_of)
    names = {tenants.plan_of(tenant_id, day) for day in (periods[0].first, periods[-1].last, as_of)}
    plan = tenants.plans[min(names)]
    if len(names) == 1 and plan.price is not None and plan.price.currency == CURRENCY:
        for number, period in enumerate(periods, start=1):
            yield (
                *(tenant_id, number, period.first, period.last),
                *(min(names), plan.monthly_credits, plan.price.amount),
            )


def last_periods(anchor_day: int, as_of: date) -> list[BillingPeriod]:
    """Return the last three billing periods that were over at the end of a day, oldest first."""
    found: list[BillingPeriod] = []
    month = as_of
    while len(found) < _PERIODS:
        period = billing_period(anchor_day, month)
        if period.last <= as_of:
            found.insert(0, period)
        month = month_before(month)
    return found


def plans(asked: Asked) -> Supply:
    """Return the plans with a price in US dollars."""
    found = load_tenants(asked.storage.settings).plans.items()
    rows = [
        (name, plan.monthly_credits, plan.price.amount)
        for name, plan in found
        if plan.price is not None and plan.price.currency == CURRENCY
    ]
    described = columns(
        ("new_plan", "VARCHAR", "A plan."),
        ("new_credits", "DECIMAL(38,12)", "Credits that it has for a period.", "credits"),
        ("new_price", "DECIMAL(38,12)", "Its price for a period.", "USD"),
    )
    return Supply("plans", described, rows)
