"""What a SELECT reads besides tables: prices of the price book, credit rates, plans and billing periods."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from usage_pipeline.registry import NONE, NOT_TOKENS, TokenClass
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
        fees = _fees(paid, day)
        yield from (
            price
            for price in others
            if price.in_force(day) and family(price.model) == family(paid.model) and _fees(price, day) <= fees
        )


def _fees(price: Price, day: date) -> set[TokenClass]:
    """Return what has a price besides tokens; how many there were is not known where the paid model has none."""
    return {name for band in price.bands(day) for name in NOT_TOKENS if band.price_of(name)}


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
    """Return what cached tokens cost less, and writing them more, than other input tokens, of the models used."""
    rows = [
        (provider, model, prices[TokenClass.INPUT] - prices[TokenClass.CACHED_INPUT], _dearer_by(prices))
        for provider, model, prices in _prices_of_used(asked)
        if {TokenClass.INPUT, TokenClass.CACHED_INPUT} <= prices.keys()
    ]
    described = columns(
        *_OF_MODELS,
        ("cheaper_by", _UNIT_PRICE, "Price of an input token less that of a cached one.", "USD"),
        ("writing_dearer_by", _UNIT_PRICE, "Price of a token that is written to the cache less that.", "USD"),
    )
    return Supply("cache_prices", described, rows)


def _dearer_by(prices: Mapping[TokenClass, Decimal]) -> Decimal:
    writing = prices.get(TokenClass.CACHE_WRITE, prices[TokenClass.INPUT])
    return max(writing - prices[TokenClass.INPUT], Decimal(0))


def request_prices(asked: Asked) -> Supply:
    """Return the price of a request, of the models that were used and have one."""
    rows = [
        (provider, model, prices[TokenClass.REQUEST])
        for provider, model, prices in _prices_of_used(asked)
        if TokenClass.REQUEST in prices
    ]
    return Supply("request_prices", columns(*_OF_MODELS, ("price", _UNIT_PRICE, "Of a request.", "USD")), rows)


_OF_MODELS = (("provider", "VARCHAR", "Provider as logged, or empty."), ("model", "VARCHAR", "Model as logged."))


def _prices_of_used(asked: Asked) -> Iterator[tuple[str, str, Mapping[TokenClass, Decimal]]]:
    """Yield the models of records, as logged, with the prices of the day of those that have one for all sizes."""
    book = _book(asked)
    used = asked.duck.execute("SELECT DISTINCT provider, model FROM usage_records ORDER BY ALL").fetchall()
    for provider, model in used:
        price = book.resolve(provider, model, asked.as_of).price
        if price:
            yield provider or "", model or NONE, dict(_unit_prices(price, asked.as_of))


def call_credits(asked: Asked) -> Supply:
    """Return the credits of operations by the rates of the day: base, minimum, and those of their quantities."""
    rates = _rates(asked)
    used = asked.duck.execute(
        "SELECT DISTINCT type, feature, model FROM daily_usage WHERE requests > 0 ORDER BY ALL"
    ).fetchall()
    charges = [(*operation, charge_of(rates, operation[0], operation[2], operation[1])) for operation in used]
    rows = [
        (*operation, *(round(getattr(charge, name), _DECIMALS) for name in _CHARGED))
        for *operation, charge in charges
        if isinstance(charge, Charge)
    ]
    described = columns(
        ("type", "VARCHAR", "Event type."),
        ("feature", "VARCHAR", "Feature."),
        ("model", "VARCHAR", "Model."),
        *((name, _UNIT_PRICE, meaning, "credits") for name, meaning in _CHARGED.items()),
    )
    return Supply("call_credits", described, rows)


_CHARGED = {
    "base": "Credits of an operation without its tokens.",
    "minimum": "Credits of an operation, at least.",
    "per_token": "Credits of a token.",
    "per_byte": "Credits of a byte.",
    "per_tool_call": "Credits of a tool call.",
}


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
    ends = (day for period in periods for day in (period.first, period.last))
    names = {tenants.plan_of(tenant_id, day) for day in (*ends, as_of)}
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
