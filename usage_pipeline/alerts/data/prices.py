"""Usage without a price on days that are not final, by tenant and model."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Connection, func, select

from usage_pipeline.alerts.data.finding import Finding, Key, Look, Raised
from usage_pipeline.alerts.data.open_days import ended_among, span_of_open_days
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.clock import in_words
from usage_pipeline.costs.tables import TENANT_COSTS
from usage_pipeline.registry import NOT_TOKENS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.words import count

tenant_costs = warehouse_table(TENANT_COSTS.spec)

_NOUNS = {"request": "request", "web_search": "web search", "tool_call": "tool call"}


def look_at_prices(storage: Storage, connection: Connection, raised: Sequence[Raised]) -> Look:
    """Find models without a price, for all or some of their usage; one that is not found may only be final."""
    first, last = span_of_open_days(storage.settings.clock)
    by_model: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    days: defaultdict[tuple[str, str], set[date]] = defaultdict(set)
    costs = tenant_costs.c
    of_class = (costs.tenant_id, costs.value, costs["class"])
    query = select(*of_class, func.sum(costs.unpriced_quantity), func.min(costs.day), func.max(costs.day))
    query = query.where(_unpriced(first, last)).group_by(*of_class).order_by(*of_class)
    for tenant_id, model, name, quantity, *between in connection.execute(query):
        by_model[tenant_id, model][name] = int(quantity)
        days[tenant_id, model].update(between)
    found = [_finding(*key, quantities, days[key]) for key, quantities in by_model.items()]
    return Look(found, ended_among(raised, found, lambda *span: _days_unpriced(connection, *span)))


def _unpriced(first: date, last: date) -> ColumnElement[bool]:
    costs = tenant_costs.c
    return (
        costs.day.between(first, last)
        & (costs.dimension == "model")
        & (costs.unpriced_quantity > 0)
        & (costs.tenant_id != ERASED_TENANT)
    )


def _days_unpriced(connection: Connection, first: date, last: date) -> set[tuple[Key, date]]:
    costs = tenant_costs.c
    query = select(costs.tenant_id, costs.value, costs.day).where(_unpriced(first, last)).distinct()
    return {(_key(tenant_id, model), day) for tenant_id, model, day in connection.execute(query)}


def _key(tenant_id: str, model: str) -> Key:
    return Key(AlertKind.UNPRICED_USAGE, tenant_id, model)


def _finding(tenant_id: str, model: str, quantities: Mapping[str, int], days: set[date]) -> Finding:
    numbers = {
        "tokens": sum(quantity for name, quantity in quantities.items() if name not in NOT_TOKENS),
        **{f"{name}s": quantities[name] for name in _NOUNS if name in quantities},
    }
    tokens = [count(numbers["tokens"], "token")] if numbers["tokens"] else []
    fees = [count(quantities[name], noun) for name, noun in _NOUNS.items() if name in quantities]
    return Finding(
        _key(tenant_id, model),
        facts=(
            ("No price", ", ".join([*tokens, *fees])),
            ("Days", in_words(days)),
            ("Why", f"`usage-pipeline costs --tenant {tenant_id} --group-by model,unpriced` says it"),
            ("To do", "add the price, then `usage-pipeline rerate` these days"),
        ),
        numbers=numbers,
        first_day=min(days),
        last_day=max(days),
    )
