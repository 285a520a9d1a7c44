"""Reads the prices of the shipped catalogue, genai-prices: exact ids and exact aliases only, without network.

Its patterns (prefixes, contained texts) find no model, because they price models that nobody has checked. What
it prices by facts that no record has, such as pages and seconds, is left out. Tokens of a model with a price for
video have none, because no record counts video apart.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from itertools import pairwise

from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ClauseOr,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from usage_pipeline.costs.book.conditions import UnitPrices
from usage_pipeline.costs.book.naming import bedrock_names
from usage_pipeline.costs.book.prices import Price, Tier, Window, exact
from usage_pipeline.registry import TokenClass

_PRICED = {
    TokenClass.INPUT: ("input_mtok", 1_000_000),
    TokenClass.CACHED_INPUT: ("cache_read_mtok", 1_000_000),
    TokenClass.CACHE_WRITE: ("cache_write_mtok", 1_000_000),
    TokenClass.CACHE_WRITE_1H: ("cache_write_1h_mtok", 1_000_000),
    TokenClass.INPUT_AUDIO: ("input_audio_mtok", 1_000_000),
    TokenClass.INPUT_IMAGE: ("input_image_mtok", 1_000_000),
    TokenClass.CACHED_AUDIO: ("cache_audio_read_mtok", 1_000_000),
    TokenClass.CACHED_IMAGE: ("cache_image_read_mtok", 1_000_000),
    TokenClass.OUTPUT: ("output_mtok", 1_000_000),
    TokenClass.REASONING: ("output_reasoning_mtok", 1_000_000),
    TokenClass.OUTPUT_AUDIO: ("output_audio_mtok", 1_000_000),
    TokenClass.OUTPUT_IMAGE: ("output_image_mtok", 1_000_000),
    TokenClass.REQUEST: ("requests_kcount", 1_000),
    TokenClass.WEB_SEARCH: ("web_searches_kcount", 1_000),
}
"""The catalogue's field for each class, and the number of units of its price."""

_VIDEO = {
    "input_video_mtok": (TokenClass.INPUT, TokenClass.CACHED_INPUT),
    "output_video_mtok": (TokenClass.OUTPUT, TokenClass.REASONING),
}
"""The classes that may hold video, where it has a price of its own."""

_SOURCE = f"genai-prices {version('genai-prices')}"

_RESOLD = {"azure": ("openai", "anthropic")}
"""Sellers at the makers' list prices, as the catalogue says, where it has no price of their own."""


@dataclass(frozen=True)
class Catalogue:
    """All prices, and every exact name of every model by provider."""

    prices: tuple[Price, ...]
    names: dict[tuple[str, str], str]

    def makers(self, name: str, sellers: Iterable[str]) -> list[str]:
        """Return those of the sellers that make the model, by the catalogue's patterns of a provider's own names.

        The patterns only choose among models of exactly this name; they never find a model.
        """
        return [
            provider.id
            for provider in providers
            if provider.id in sellers and provider.model_match and provider.model_match.is_match(name)
        ]


@cache
def load_catalogue() -> Catalogue:
    """Read the catalogue of the installed package."""
    names: dict[tuple[str, str], str] = {}
    prices: list[Price] = []
    for provider in providers:
        for model in provider.models:
            prices += _prices(provider.id, model)
            names |= {(provider.id, name): model.id for name in _names(provider, model)}
    resold = list(_resold_prices(prices, names))
    return Catalogue((*prices, *resold), {**_resold_names(names, resold), **names})


def _names(provider: Provider, model: ModelInfo) -> Iterator[str]:
    """Yield the exact names of a model, and those of Bedrock's regions that the catalogue's patterns confirm."""
    yield from _exact_names(model.match)
    yield model.id
    if provider.id == "aws":
        yield from (name for name in bedrock_names(model.id) if provider.find_model(name) is model)


def _resold_prices(prices: Iterable[Price], names: Mapping[tuple[str, str], str]) -> Iterator[Price]:
    for seller, makers in _RESOLD.items():
        for price in prices:
            if price.provider in makers and (seller, price.model) not in names:
                sold = price.id.replace(f"/{price.provider}/", f"/{seller}/", 1)
                yield replace(price, id=sold, provider=seller, source=f"{price.source}, as {price.provider}")


def _resold_names(names: Mapping[tuple[str, str], str], resold: Iterable[Price]) -> dict[tuple[str, str], str]:
    sold = {(price.provider, price.model) for price in resold}
    return {
        (seller, name): model
        for (provider, name), model in names.items()
        for seller, makers in _RESOLD.items()
        if provider in makers and (seller, model) in sold
    }


def _exact_names(match: object) -> list[str]:
    if isinstance(match, ClauseEquals):
        return [match.equals]
    if isinstance(match, ClauseOr):
        return [name for part in match.or_ for name in _exact_names(part)]
    return []


@dataclass(frozen=True)
class _Period:
    """Prices from a day on, with the times of day that have others."""

    start: date
    prices: ModelPrice
    windows: tuple[Window, ...]


def _prices(provider: str, model: ModelInfo) -> Iterator[Price]:
    """Yield a price for each range of days. If several of the catalogue's periods hold, the last one counts."""
    periods = list(_periods(model))
    starts = sorted({period.start for period in periods} - {date.min})
    edges: list[date | None] = [None, *starts, None]
    for first, end in pairwise(edges):
        period = [period for period in periods if period.start <= (first or date.min)][-1]
        tiers = _tiers(period.prices)
        if any(tier.prices for tier in tiers):
            name = f"catalogue/{provider}/{model.id}" + (f"/{first}" if first else "")
            yield Price(name, provider, model.id, first, end, tiers, _SOURCE, period.windows)


def _periods(model: ModelInfo) -> Iterator[_Period]:
    """Yield the periods of a model. A time of day belongs to the period that it follows in the list.

    The catalogue itself applies it to every day, also before the price from which it is taken.
    """
    conditions = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    begins = [index for index, condition in enumerate(conditions) if not _is_window(condition)]
    for begin, end in pairwise([*begins, len(conditions)]):
        windows = tuple(map(_window, conditions[begin + 1 : end]))
        yield _Period(_start(conditions[begin]), conditions[begin].prices, windows)


def _start(condition: ConditionalPrice) -> date:
    constraint = condition.constraint
    return constraint.start_date if isinstance(constraint, StartDateConstraint) else date.min


def _is_window(condition: ConditionalPrice) -> bool:
    return isinstance(condition.constraint, TimeOfDateConstraint)


def _window(condition: ConditionalPrice) -> Window:
    constraint = condition.constraint
    assert isinstance(constraint, TimeOfDateConstraint)  # noqa: S101 - it is none of the others
    start, end = constraint.start_time, constraint.end_time
    return Window(start.hour * 60 + start.minute, end.hour * 60 + end.minute, _tiers(condition.prices))


def _tiers(prices: ModelPrice) -> tuple[Tier, ...]:
    unknown = {name for key, names in _VIDEO.items() if getattr(prices, key) is not None for name in names}
    by_class = {
        name: (getattr(prices, key), units) for name, (key, units) in _PRICED.items() if name not in unknown
    }
    tiered = (price for price, _ in by_class.values() if isinstance(price, TieredPrices))
    starts = {0, *(tier.start for price in tiered for tier in price.tiers)}
    return tuple(Tier(start, _at(by_class, start)) for start in sorted(starts))


def _at(by_class: dict[TokenClass, tuple[Decimal | TieredPrices | None, int]], start: int) -> UnitPrices:
    return {
        name: exact(_crossed(price, start), units)
        for name, (price, units) in by_class.items()
        if price is not None
    }


def _crossed(price: Decimal | TieredPrices, start: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    crossed: Sequence[Decimal] = [tier.price for tier in price.tiers if tier.start <= start]
    return crossed[-1] if crossed else price.base
