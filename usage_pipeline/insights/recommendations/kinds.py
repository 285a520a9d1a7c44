"""The kinds of recommendations: what each reads, by which thresholds, and what it says of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.insights.recommendations.recommendation import Row
from usage_pipeline.insights.recommendations.supplies import (
    MakeSupply,
    alternatives,
    base_credits,
    cache_prices,
    plans,
    tenant_periods,
)
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.registry import NONE, PRICING_DIMENSIONS
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.words import count

UNUSED_DAYS = 30
_MONTH, _WEEK = 28, 7
_THREE_PERIODS = 123
"""Days that hold three whole billing periods, whenever they began."""
_PLACES, _PLACES_OF_LITTLE = 2, 6


@dataclass(frozen=True)
class Written:
    """A value as a text has it: `{days}` is a number, `{days:day}` a number with its noun."""

    value: object

    def __format__(self, noun: str) -> str:
        """Return amounts with two decimals, or six below one."""
        match self.value:
            case int() if noun:
                return count(self.value, noun)
            case int():
                return f"{self.value:,}"
            case Decimal():
                places = _PLACES if abs(self.value) >= 1 else _PLACES_OF_LITTLE
                return f"{round(self.value, places):,}"
            case _:
                return str(self.value)


@dataclass(frozen=True)
class Kind:
    """A kind of recommendations: one for a tenant at most, from all rows that its SELECT yields for the tenant."""

    name: str
    title: str
    sql: SqlFile
    tables: Sequence[TableSpec]
    days: int
    """The days that are read, up to the one that recommendations are as of."""
    says: str
    """The text, with names of columns in braces: of the first row, and each row has the sums of all."""
    evidence: Sequence[str]
    """The columns that are shown of each row."""
    parameters: Mapping[str, int | Decimal] = field(default_factory=dict)
    """The thresholds, by the names that the SELECT reads."""
    supplies: Sequence[MakeSupply] = ()
    names_members: bool = False
    """Whether its evidence has ids of members, which are in no table that is kept."""
    certain_days: int = 0
    """The last days of which all have to be known: of these it is said that something did not happen."""
    saving_per: str | None = None

    def text(self, row: Row) -> str:
        """Return what it says of a row."""
        return self.says.format_map({name: Written(value) for name, value in row.items()})

    def values(self, as_of: date) -> dict[str, object]:
        """Return what the SELECT reads as `parameters`."""
        since = as_of - timedelta(days=UNUSED_DAYS - 1)
        of_unused = {"unused_since": since} if "unused_days" in self.parameters else {}
        return {"as_of": as_of, "days": self.days, **of_unused, **self._half(as_of), **self.parameters}

    def _half(self, as_of: date) -> dict[str, object]:
        """Return, of a kind that compares two spans, how long they are, and days by which they and use begin."""
        if "least_growth_percent" not in self.parameters:
            return {}
        half = self.days // 2
        since = as_of - timedelta(days=half - 1)
        return {"since": since, "days": half, "begun_by": since - timedelta(days=half - _WEEK + 1)}


_COSTS = (DAILY_USAGE.spec, DAILY_COSTS.spec, CREDIT_USAGE.spec)
_USUAL_VALUES = tuple(
    (dimension.name, tuple(map(literal, sorted({NONE, *dimension.usual})))) for dimension in PRICING_DIMENSIONS
)


def _unused_kind(name: str, noun: str, dimension: str) -> Kind:
    return Kind(
        name=name,
        title=f"{noun.capitalize()}s that nobody uses",
        sql=SqlFile.beside(__file__, "unused", dimension=dimension),
        tables=_COSTS,
        days=90 + UNUSED_DAYS,
        says=(
            f"{{unused_values:{noun}}} had use before, and none in {{unused_days:day}}. The last use was on "
            "{newest_use}."
        ),
        evidence=("unused", "last_used", "records", "cost", "credits"),
        parameters={"unused_days": UNUSED_DAYS},
        names_members=dimension == "member_id",
        certain_days=UNUSED_DAYS,
    )


def _plan_kind(size: str, used: str, saving_per: str | None) -> Kind:
    return Kind(
        name=f"{size}_plan",
        title=f"A plan that is too {size}",
        sql=SqlFile.beside(__file__, "plan_size", size=size),
        tables=(CREDIT_USAGE.spec,),
        days=_THREE_PERIODS,
        says=(
            f"In each of the last {{periods}} billing periods {used}. The plan {{new_plan}} has {{new_credits}} "
            "for {new_price} USD instead of {plan_price} USD. Other terms of the plans are not compared."
        ),
        evidence=("first_day", "last_day", "operations", "credits", "plan_credits"),
        supplies=(tenant_periods, plans),
        certain_days=_THREE_PERIODS if size == "large" else 0,
        saving_per=saving_per,
    )


KINDS = (
    Kind(
        name="growing_operations",
        title="Costly operations that grow",
        sql=SqlFile.beside(__file__, "growing_operations"),
        tables=(DAILY_COSTS.spec, CREDIT_USAGE.spec),
        days=2 * _MONTH,
        says=(
            "Operations that take a large part, and that grew, cost {costs} USD and {sum_of_credits} credits in "
            "{days:day}, after {costs_before} USD and {sum_of_credits_before} credits in as many days before."
        ),
        evidence=(
            *("type", "feature", "cost", "cost_before", "credits", "credits_before"),
            *("all_cost", "all_credits"),
        ),
        parameters={"least_cost": 1, "least_credits": 10, "least_share_percent": 20, "least_growth_percent": 25},
        certain_days=2 * _MONTH,
        saving_per=f"{_MONTH} days",
    ),
    Kind(
        name="cheaper_models",
        title="Cheaper models of the same family",
        sql=SqlFile.beside(__file__, "cheaper_models", usual_values=_USUAL_VALUES),
        tables=(DAILY_USAGE.spec, DAILY_COSTS.spec),
        days=_MONTH,
        says=(
            "What was asked in {days:day} cost {costs} USD. By the prices of {as_of}, the cheapest models of the "
            "same families would have cost {other_costs} USD, such as {alternative} instead of {model}. Nothing "
            "is known of the quality of their answers."
        ),
        evidence=("model", "price_id", "alternative", "prompts", "cost", "other_cost"),
        parameters={"least_saving": 1},
        supplies=(alternatives,),
        saving_per=f"{_MONTH} days",
    ),
    Kind(
        name="uncached_prompts",
        title="Repeated prompts with few cached tokens",
        sql=SqlFile.beside(__file__, "uncached_prompts"),
        tables=(USAGE_RECORDS.spec,),
        days=_WEEK,
        says=(
            "{all_prompts:prompt} came {all_times:time} in {days:day} with few cached tokens. "
            "{all_uncached_tokens:token} could have been read from a cache."
        ),
        evidence=(
            *("model", "feature", "repeated_prompts", "times"),
            *("tokens_in", "tokens_cached", "uncached_tokens"),
        ),
        parameters={"least_times": 5, "most_cached_percent": 20, "least_tokens": 10_000},
        supplies=(cache_prices,),
        saving_per=f"{_WEEK} days",
    ),
    Kind(
        name="small_calls",
        title="Many small calls",
        sql=SqlFile.beside(__file__, "small_calls"),
        tables=_COSTS,
        days=_MONTH,
        says=(
            "{all_requests:request} in {days:day} had {all_tokens:token} together. They could be put together, "
            "{batch} in a call."
        ),
        evidence=("type", "feature", "model", "requests", "tokens"),
        parameters={"batch": 10, "fewer": Decimal("0.9"), "least_requests": 1000, "most_tokens": 200},
        supplies=(base_credits,),
        saving_per=f"{_MONTH} days",
    ),
    Kind(
        name="failed_runs",
        title="Failed runs that cost",
        sql=SqlFile.beside(__file__, "failed_runs"),
        tables=_COSTS,
        days=_MONTH,
        says="{all_failed_runs} of {all_runs:run} in {days:day} failed, and cost something all the same.",
        evidence=("type", "feature", "model", "runs", "failed_runs", "cost", "credits"),
        saving_per=f"{_MONTH} days",
    ),
    _plan_kind(
        "large", "{most_credits} of the {plan_credits} credits of the plan {plan} were used at most", "month"
    ),
    _plan_kind("small", "{least_credits} credits or more were used, and the plan {plan} has {plan_credits}", None),
    _unused_kind("unused_features", "feature", "feature"),
    _unused_kind("unused_members", "member", "member_id"),
)
"""All kinds, in the order in which a tenant's recommendations come where they save as much."""
