"""A price book as text and back: canonical JSON, from which its version is made. Nothing of it is ever a float."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from usage_pipeline.costs.book.price_file import Alias
from usage_pipeline.costs.book.prices import Price, Tier, Window
from usage_pipeline.registry import TokenClass
from usage_pipeline.storage.digests import fingerprint


def document_of(
    *,
    prices: Iterable[Price],
    aliases: Iterable[Alias],
    names: Mapping[tuple[str, str], str],
    first_parties: Iterable[str],
    makers: Mapping[str, str],
) -> str:
    """The parts of a book as JSON; the order of the prices is that in which they count."""
    content = {
        "prices": [_price(price) for price in prices],
        "aliases": sorted([alias.name, alias.provider, alias.model] for alias in aliases),
        "names": sorted([provider, name, model] for (provider, name), model in names.items()),
        "first_parties": sorted(first_parties),
        **({"makers": dict(makers)} if makers else {}),  # as in books that were kept before there were any
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def version_of(document: str) -> str:
    """The version of the book that this text is."""
    return fingerprint([document])


def parts_of(document: str) -> dict[str, Any]:
    """The parts of a book, by the names that it has for them."""
    content = json.loads(document)
    return {
        "prices": tuple(_read_price(price) for price in content["prices"]),
        "aliases": tuple(Alias(*alias) for alias in content["aliases"]),
        "names": {(provider, name): model for provider, name, model in content["names"]},
        "first_parties": frozenset(content["first_parties"]),
        "makers": content.get("makers", {}),
    }


def _price(price: Price) -> dict[str, Any]:
    return {
        "id": price.id,
        "provider": price.provider,
        "model": price.model,
        "first": price.first and price.first.isoformat(),
        "end": price.end and price.end.isoformat(),
        "tiers": _tiers(price.tiers),
        "windows": [[window.from_minute, window.to_minute, _tiers(window.tiers)] for window in price.windows],
        "source": price.source,
    }


def _tiers(tiers: Iterable[Tier]) -> list[list[Any]]:
    return [[tier.above_tokens_in, {name: f"{value:f}" for name, value in tier.prices.items()}] for tier in tiers]


def _read_price(content: Mapping[str, Any]) -> Price:
    windows = tuple(Window(start, end, _read_tiers(tiers)) for start, end, tiers in content["windows"])
    days = {name: content[name] and date.fromisoformat(content[name]) for name in ("first", "end")}
    return Price(**{**content, **days, "tiers": _read_tiers(content["tiers"]), "windows": windows})


def _read_tiers(content: Sequence[Sequence[Any]]) -> tuple[Tier, ...]:
    return tuple(
        Tier(above, {TokenClass(name): Decimal(value) for name, value in prices.items()})
        for above, prices in content
    )
