"""Explains the price of a model on a day, and the rules of names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from usage_pipeline.costs.book.naming import MEANINGS
from usage_pipeline.costs.book.price_book import PriceBook, Resolution, Unpriced
from usage_pipeline.costs.book.prices import CURRENCY, Price, time_range
from usage_pipeline.costs.rates import UsedModel
from usage_pipeline.registry import TokenClass

WHY = {
    Unpriced.NO_MODEL: "the record names no model",
    Unpriced.UNKNOWN_MODEL: "no exact id, alias or rule has this name",
    Unpriced.NO_PROVIDER: "several providers have it, or none that makes it",
    Unpriced.NOT_IN_FORCE: "the model has prices, none of them for this day",
    Unpriced.NO_CONDITION: "its price does not say what this service tier, region or speed costs",
}

_REMEDIES = {
    Unpriced.UNKNOWN_MODEL: "add a price or an alias to prices.yaml",
    Unpriced.NO_PROVIDER: "add an alias to prices.yaml",
    Unpriced.NOT_IN_FORCE: "add a price to prices.yaml",
    Unpriced.NO_CONDITION: "add conditions to prices.yaml",
}
_RERATE = "rate the day again with `usage-pipeline rerate`"


@dataclass(frozen=True, kw_only=True)
class AppliedPrice:
    """The price of one class at one time of day and size of prompt, or the reason why there is none."""

    price_id: str | None = None
    provider: str | None
    model: str | None
    token_class: TokenClass | None = None
    unit_price: Decimal | None = None
    currency: str | None = None
    above_tokens_in: int | None = None
    window: str | None = None
    first: date | None = None
    end: date | None = None
    source: str | None = None
    why: str
    price_book_version: str


def explain_price(
    book: PriceBook, used: UsedModel, day: date, *, current: PriceBook | None = None
) -> list[AppliedPrice]:
    """Return the prices of a model as logged, by class; a single row with the reason if there is none.

    `current` is today's book if the day is rated already, with `book`.
    """
    found = used.resolve(book, day)
    today = used.resolve(current, day).price if current else found.price
    if found.price is not None:
        changed = "" if today == found.price else f"; today's price book has another price: {_RERATE}"
        return list(_applied(book, found.price, day, f"{_why(used, found)}{changed}"))
    assert found.unpriced is not None  # noqa: S101 - a resolution has one of the two
    why = f"{WHY[found.unpriced]}; {_remedy(found.unpriced, today, rated=current is not None)}"
    return [AppliedPrice(provider=found.provider, model=found.model, why=why, price_book_version=book.version)]


def explain_naming(book: PriceBook) -> list[dict[str, str]]:
    """Return the rules of names in their order, then names of providers."""
    rules = (
        {"rule": rule.name, "spelling": MEANINGS[rule.name][0], "stands_for": MEANINGS[rule.name][1]}
        for rule in book.naming.rules
    )
    providers = (
        {"rule": "provider", "spelling": name, "stands_for": f"the provider {known}"}
        for name, known in book.naming.providers.items()
    )
    return [*rules, *providers]


def _remedy(unpriced: Unpriced, today: Price | None, *, rated: bool) -> str:
    if today is not None:
        return f"today's price book has {today.id}: {_RERATE}"
    return f"{_REMEDIES[unpriced]}, then {_RERATE}" if rated else _REMEDIES[unpriced]


def _why(used: UsedModel, found: Resolution) -> str:
    name = _why_named(used.provider, used.model, found)
    return (
        f"{name}, with the conditions on {', '.join(sorted(value for _, value in used.variant))}"
        if used.variant
        else name
    )


def _why_named(provider: str | None, model: str | None, found: Resolution) -> str:
    if found.rules:
        names = ", ".join(rule.name for rule in found.rules)
        return f"{model} is {found.model} of {found.provider} by the rule {names}"
    if found.model != model:
        return f"{model} is an alias of {found.model} of {found.provider}"
    if provider is None:
        return f"{model} is a model of {found.provider}"
    return f"exact id {model} of {provider}"


def _applied(book: PriceBook, price: Price, day: date, why: str) -> Iterator[AppliedPrice]:
    for band in price.bands(day):
        for token_class in TokenClass:
            inherited = token_class is TokenClass.REASONING and token_class not in band.prices
            unit_price = band.price_of(token_class) if inherited else band.prices.get(token_class)
            if unit_price is not None:
                yield AppliedPrice(
                    price_id=price.id,
                    provider=price.provider,
                    model=price.model,
                    token_class=token_class,
                    unit_price=unit_price,
                    currency=CURRENCY,
                    above_tokens_in=max(band.above_tokens_in, 0),
                    window=time_range(band.from_minute, band.to_minute),
                    first=price.first,
                    end=price.end,
                    source=price.source,
                    why=f"{why}; priced as output" if inherited else why,
                    price_book_version=book.version,
                )
