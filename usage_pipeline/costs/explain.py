"""Explains the price of a model on a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from usage_pipeline.costs.book.price_book import PriceBook, Resolution, Unpriced
from usage_pipeline.costs.book.prices import CURRENCY, Price, time_range
from usage_pipeline.registry import TokenClass

WHY = {
    Unpriced.NO_MODEL: "the record names no model",
    Unpriced.UNKNOWN_MODEL: "no exact id and no alias has this name; add a price or an alias to prices.yaml",
    Unpriced.NO_PROVIDER: "several providers have it, or none that makes it; add an alias to prices.yaml",
    Unpriced.NOT_IN_FORCE: "the model has prices, none of them for this day",
}


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


def explain_price(book: PriceBook, provider: str | None, model: str, day: date) -> list[AppliedPrice]:
    """Return the prices of a model as logged, by class; a single row with the reason if there is none."""
    found = book.resolve(provider, model, day)
    if found.price is None:
        assert found.unpriced is not None  # noqa: S101 - a resolution has one of the two
        why, version = WHY[found.unpriced], book.version
        return [AppliedPrice(provider=found.provider, model=found.model, why=why, price_book_version=version)]
    return list(_applied(book, found.price, day, _why(provider, model, found)))


def _why(provider: str | None, model: str, found: Resolution) -> str:
    if found.model != model:
        return f"{model} is an alias of {found.model} of {found.provider}"
    if provider is None:
        return f"{model} is a model of {found.provider}"
    return f"exact id {model} of {provider}"


def _applied(book: PriceBook, price: Price, day: date, why: str) -> Iterator[AppliedPrice]:
    for band in price.bands(day):
        for token_class in TokenClass:
            unit_price = band.price_of(token_class)
            if unit_price is not None:
                inherited = token_class is TokenClass.REASONING and token_class not in band.prices
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
