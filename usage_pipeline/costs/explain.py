"""Says of one model on one day which price applies and why, and which names of the day have none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from usage_pipeline.costs.book import book_store
from usage_pipeline.costs.book.current import current_price_book
from usage_pipeline.costs.book.price_book import PriceBook, Resolution, Unpriced
from usage_pipeline.costs.book.prices import CURRENCY, Price
from usage_pipeline.registry import TokenClass
from usage_pipeline.storage.opened import Storage

WHY = {
    Unpriced.NO_MODEL: "the record names no model",
    Unpriced.UNKNOWN_MODEL: "no exact id and no alias has this name; add a price or an alias to prices.yaml",
    Unpriced.NO_PROVIDER: "several providers have it, or none that makes it; add an alias to prices.yaml",
    Unpriced.NOT_IN_FORCE: "the model has prices, none of them for this day",
}


@dataclass(frozen=True)
class AppliedPrice:
    """The price of one class at one time of day and size of prompt; without a price only `why` is there."""

    price_id: str | None
    provider: str | None
    model: str | None
    token_class: TokenClass | None
    unit_price: Decimal | None
    currency: str | None
    above_tokens_in: int | None
    window: str | None
    first: date | None
    end: date | None
    source: str | None
    why: str
    price_book_version: str


def book_of_day(storage: Storage, day: date) -> PriceBook:
    """The book that the day is rated with; of a day that never was, the book of now."""
    with storage.warehouse.connect() as connection:
        version = book_store.pinned(connection, [day]).get(day)
        return book_store.load(connection, version) if version else current_price_book(storage.settings)


def explain_price(book: PriceBook, provider: str | None, model: str, day: date) -> list[AppliedPrice]:
    """The prices of a model as logged, by class; one row that says why where there is none."""
    found = book.resolve(provider, model, day)
    if found.price is None:
        assert found.unpriced is not None  # noqa: S101 - a resolution has one of the two
        nothing = dict.fromkeys(AppliedPrice.__dataclass_fields__)
        named = {"provider": found.provider, "model": found.model, "why": WHY[found.unpriced]}
        return [AppliedPrice(**{**nothing, **named, "price_book_version": book.version})]  # type: ignore[arg-type]  # by name
    return list(_applied(book, found.price, _why(provider, model, found)))


def _why(provider: str | None, model: str, found: Resolution) -> str:
    if found.model != model:
        return f"{model} is an alias of {found.model} of {found.provider}"
    if provider is None:
        return f"{model} is a model of {found.provider}"
    return f"exact id {model} of {provider}"


def _applied(book: PriceBook, price: Price, why: str) -> Iterator[AppliedPrice]:
    for band in price.bands:
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
                    window=f"{_time(band.from_minute)}-{_time(band.to_minute)}",
                    first=price.first,
                    end=price.end,
                    source=price.source,
                    why=f"{why}; priced as output" if inherited else why,
                    price_book_version=book.version,
                )


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
