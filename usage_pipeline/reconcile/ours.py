"""Reads the metered usage of one provider's models, in the measures of its exports."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from usage_pipeline.metrics.answers import Row as CostRow
from usage_pipeline.metrics.queries import CostQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.reconcile.export import ALL_MODELS, Export, Measure
from usage_pipeline.reconcile.names import Names, Owned
from usage_pipeline.registry import UNSPLIT, TokenClass
from usage_pipeline.storage.opened import Storage

Key = tuple[date, str, Measure]
Values = Mapping[Key, int | Decimal | None]

_GROUPS = ("day", "model", "class", "price")
_MEASURES: Mapping[str, Measure] = {
    TokenClass.INPUT: Measure.INPUT,
    TokenClass.CACHED_INPUT: Measure.CACHED_INPUT,
    TokenClass.CACHE_WRITE: Measure.CACHE_WRITE,
    TokenClass.CACHE_WRITE_1H: Measure.CACHE_WRITE,
    TokenClass.INPUT_AUDIO: Measure.INPUT,
    TokenClass.INPUT_IMAGE: Measure.INPUT,
    TokenClass.CACHED_AUDIO: Measure.CACHED_INPUT,
    TokenClass.CACHED_IMAGE: Measure.CACHED_INPUT,
    TokenClass.OUTPUT: Measure.OUTPUT,
    TokenClass.REASONING: Measure.OUTPUT,
    TokenClass.OUTPUT_AUDIO: Measure.OUTPUT,
    TokenClass.OUTPUT_IMAGE: Measure.OUTPUT,
    UNSPLIT: Measure.UNSPLIT,
}
"""The classes of tokens; requests, searches and tool calls are only in amounts, as fees."""


@dataclass
class Ours:
    """The metered values, and the usage that the comparison leaves out."""

    values: dict[Key, int | Decimal | None] = field(default_factory=dict)
    missing_days: set[date] = field(default_factory=set)
    unpriced_tokens: int = 0
    """Tokens of the provider's models that are in no amount."""
    unknown: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Tokens of models whose provider is unknown, by name."""


@dataclass(frozen=True)
class _Row:
    day: date
    model: str
    token_class: str
    price_id: str
    cost: CostRow


def read_ours(storage: Storage, export: Export, days: Sequence[date], names: Names, tenant: str | None) -> Ours:
    """Read the metered usage of the provider's models on these days, of one tenant or of all."""
    where = (("tenant", tenant),) if tenant else ()
    answer = read(storage, CostQuery(days[0], days[-1], _GROUPS, where))
    ours = Ours(missing_days=set(answer.missing).intersection(days))
    rows = [
        _Row(day, model, token_class, price_id, cost)
        for (day, model, token_class, price_id), cost in answer.by_group.items()
        if day in set(days)
    ]
    theirs = {names.theirs(model, day) for day, model, _ in export.entries()}
    for row, owned in _owned(rows, names, theirs):
        if owned.provider is None:
            ours.unknown[row.model] += row.cost["tokens"]
        elif owned.provider == names.provider:
            _add(ours, row, owned.model, export)
    return ours


def _owned(rows: Sequence[_Row], names: Names, theirs: Collection[str]) -> Iterable[tuple[_Row, Owned]]:
    """Yield each row with its model.

    A row without a price has the model of the priced rows of its name, if they have only one.
    """
    priced: dict[tuple[date, str], set[Owned]] = defaultdict(set)
    for row in rows:
        owned = names.priced(row.price_id, row.day)
        if owned:
            priced[row.day, row.model].add(owned)
    for row in rows:
        owned = names.priced(row.price_id, row.day)
        if owned is None:
            same = priced[row.day, row.model]
            owned = next(iter(same)) if len(same) == 1 else names.unpriced(row.model, row.day)
        if owned.provider is None and owned.model in theirs:
            owned = Owned(names.provider, owned.model)
        yield row, owned


def _add(ours: Ours, row: _Row, model: str, export: Export) -> None:
    """Add the row to the measure that the export has: an amount, or tokens of its class."""
    if export.of_costs:
        named = model if row.token_class in _MEASURES else f"({row.token_class})"
        key = row.day, named if export.by_model else ALL_MODELS, Measure.AMOUNT
        known = ours.values.get(key)
        ours.values[key] = row.cost["amount"] if known is None else known + (row.cost["amount"] or 0)
        ours.unpriced_tokens += row.cost["unpriced_tokens"]
    elif row.token_class in _MEASURES:
        key = row.day, model, _MEASURES[row.token_class]
        ours.values[key] = (ours.values.get(key) or 0) + row.cost["tokens"]
