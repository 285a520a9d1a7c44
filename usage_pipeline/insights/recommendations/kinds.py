"""The kinds of recommendations: what each reads, by which thresholds, and what it says of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.insights.recommendations.recommendation import UNUSED_DAYS, Row
from usage_pipeline.insights.recommendations.supplies import (
    MakeSupply,
    alternatives,
    cache_prices,
    call_credits,
    plans,
    request_prices,
    tenant_periods,
)
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.registry import NONE, PRICING_DIMENSIONS
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.words import count

_USED_BEFORE = 90
_MONTH, _WEEK = 28, 7
_THREE_PERIODS = 123
"""Days that hold three whole billing periods, whenever they began."""
_PLACES, _PLACES_OF_LITTLE = 2, 6
_NAMED = 3


@dataclass(frozen=True)
class Written:
    """A value of a text: `{days}` is a number, `{days:day}` one with its noun, `{days:day|is|are}` also a verb."""

    value: object

    def __format__(self, noun: str) -> str:
        """Return amounts with two decimals, or six below one."""
        match self.value:
            case int() if noun:
                name, *verbs = noun.split("|")
                return " ".join([count(self.value, name), *verbs[self.value != 1 :][:1]])
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
    """The text, with names of columns in braces: of the first row, and each row has the sums of all.

    `{named}` are the names of the first rows.
    """
    evidence: Sequence[str]
    """The columns that are shown of each row."""
    names: str = ""
    """What a row is about, with names of columns in braces."""
    parameters: Mapping[str, int | Decimal] = field(default_factory=dict)
    """The thresholds, by the names that the SELECT reads."""
    supplies: Sequence[MakeSupply] = ()
    names_members: bool = False
    """Whether its evidence has ids of members, which are in no table that is kept."""
    certain_days: int = 0
    """The last days of which all have to be known: of these it is said that something did not happen."""
    saving_per: str | None = None
    """The time that savings are for, in the words of texts."""
    leaves_out: Mapping[str, str] = field(default_factory=dict)
    """What it says in addition, by the column that says how much of it there is."""

    def text(self, rows: Sequence[Row]) -> str:
        """Return what it says of the rows of a tenant."""
        row = {**rows[0], "named": self._named(rows)}
        left_out = {**self.leaves_out, _MISSING: _OF_MISSING}
        said = [self.says, *(words for name, words in left_out.items() if row[name])]
        return " ".join(_written(words, row) for words in said)

    def _named(self, rows: Sequence[Row]) -> str:
        """Return the first names of what the rows are about, each on one line, and how many more there are."""
        found = list(dict.fromkeys(" ".join(_written(self.names, row).split()) for row in rows))
        more = len(found) - _NAMED
        return ", ".join(found[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")

    def saves_per(self, row: Row) -> str | None:
        """Return the time that the savings of a row are for; None if there are none."""
        has_saving = row["saving_usd"] is not None or row["saving_credits"] is not None
        return _written(self.saving_per, row) if self.saving_per and has_saving else None

    def values(self, as_of: date, known_days: int) -> dict[str, object]:
        """Return what the SELECT reads as `parameters`, given how many of its days are known."""
        missing = {"days": known_days, _MISSING: self.days - known_days}
        return {"as_of": as_of, **missing, **self._unused(as_of), **self._half(as_of), **self.parameters}

    def _unused(self, as_of: date) -> dict[str, object]:
        if "unused_days" not in self.parameters:
            return {}
        return {"unused_since": as_of - timedelta(days=int(self.parameters["unused_days"]) - 1)}

    def _half(self, as_of: date) -> dict[str, object]:
        """Return, of a kind that compares two spans, how long they are, and days by which they and use begin."""
        if "least_growth_percent" not in self.parameters:
            return {}
        half = self.days // 2
        since = as_of - timedelta(days=half - 1)
        return {"since": since, "days": half, "begun_by": since - timedelta(days=half - _WEEK + 1)}


def _written(words: str, row: Row) -> str:
    return words.format_map({name: Written(value) for name, value in row.items()})


_MISSING, _OF_MISSING = "missing_days", "{missing_days:day|is|are} missing, and in no number."
_ALL_DAYS = "{days:day}"
_OPERATION = "{type} of feature {feature}"
_COSTS = (DAILY_USAGE.spec, DAILY_COSTS.spec, CREDIT_USAGE.spec)
_USUAL_VALUES = tuple(
    (dimension.name, tuple(map(literal, sorted({NONE, *dimension.usual})))) for dimension in PRICING_DIMENSIONS
)


def _unused_kind(name: str, noun: str, dimension: str, unused_days: int) -> Kind:
    # Ids of members are in no text either: texts are kept, and mailed with reports.
    names_members = dimension == "member_id"
    return Kind(
        name=name,
        title=f"{noun.capitalize()}s that nobody uses",
        sql=SqlFile.beside(__file__, "unused", dimension=dimension),
        tables=_COSTS,
        days=_USED_BEFORE + unused_days,
        says=(
            f"{{unused_values:{noun}}} had use before, and none in the last {{unused_days:day}}"
            f"{'' if names_members else ': {named}'}. The last use was on {{newest_use}}."
        ),
        evidence=("unused", "last_used", "records", "cost", "credits"),
        names="{unused}",
        parameters={"unused_days": unused_days},
        names_members=names_members,
        certain_days=unused_days,
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
        certain_days=_THREE_PERIODS,
        saving_per=saving_per,
        leaves_out={"unrated_operations": "{unrated_operations:operation} had no rate, and used none of these."},
    )


def kinds(unused_days: int = UNUSED_DAYS) -> tuple[Kind, ...]:
    """Return all kinds, in the order in which a tenant's recommendations come where they save as much."""
    return (
        *_OF_COSTS,
        _plan_kind(
            "large", "{most_credits} of the {plan_credits} credits of the plan {plan} were used at most", "month"
        ),
        _plan_kind(
            "small", "{least_credits} credits or more were used, and the plan {plan} has {plan_credits}", None
        ),
        _unused_kind("unused_features", "feature", "feature", unused_days),
        _unused_kind("unused_members", "member", "member_id", unused_days),
    )


_OF_COSTS = (
    Kind(
        name="growing_operations",
        title="Costly operations that grow",
        sql=SqlFile.beside(__file__, "growing_operations"),
        tables=(DAILY_COSTS.spec, CREDIT_USAGE.spec),
        days=2 * _MONTH,
        says=(
            "Operations that take a large part, and that grew, cost {costs} USD and {sum_of_credits} credits in "
            "{days:day}, after {costs_before} USD and {sum_of_credits_before} credits in as many days before: "
            "{named}."
        ),
        evidence=(
            *("type", "feature", "cost", "cost_before", "credits", "credits_before"),
            *("all_cost", "all_credits"),
        ),
        names=_OPERATION,
        parameters={"least_cost": 1, "least_credits": 10, "least_share_percent": 20, "least_growth_percent": 25},
        certain_days=2 * _MONTH,
    ),
    Kind(
        name="cheaper_models",
        title="Cheaper models of the same family",
        sql=SqlFile.beside(__file__, "cheaper_models", usual_values=_USUAL_VALUES),
        tables=(DAILY_USAGE.spec, DAILY_COSTS.spec),
        days=_MONTH,
        says=(
            "Prompts of {named} cost {costs} USD in {days:day}. By the prices of {as_of}, the cheapest models of "
            "the same family would have cost {other_costs} USD, such as {alternative} instead of {model}. Models "
            "that would save less than {least_saving} USD are left out. Nothing is known of the quality of the "
            "answers."
        ),
        evidence=("model", "price_id", "alternative", "prompts", "cost", "other_cost"),
        names="{model}",
        parameters={"least_saving": 1},
        supplies=(alternatives,),
        saving_per=_ALL_DAYS,
    ),
    Kind(
        name="uncached_prompts",
        title="Repeated prompts with few cached tokens",
        sql=SqlFile.beside(__file__, "uncached_prompts"),
        tables=(USAGE_RECORDS.spec,),
        days=_WEEK,
        says=(
            "{all_prompts:prompt} came {all_times:time} in {days:day} with few cached tokens: of {named}. At most "
            "{all_uncached_tokens:token} could have been read from a cache."
        ),
        evidence=(
            *("model", "feature", "repeated_prompts", "times"),
            *("tokens_in", "tokens_cached", "uncached_tokens"),
        ),
        names="feature {feature} with {model}",
        parameters={"least_times": 5, "most_cached_percent": 20, "least_tokens": 10_000},
        supplies=(cache_prices,),
        saving_per=_ALL_DAYS,
        leaves_out={"all_unpriced": "{all_unpriced:token} of them have no price from a cache."},
    ),
    Kind(
        name="small_calls",
        title="Many small calls",
        sql=SqlFile.beside(__file__, "small_calls"),
        tables=(DAILY_USAGE.spec, USAGE_RECORDS.spec),
        days=_WEEK,
        says=(
            "In {days:day}, {all_requests:call} of {most_tokens:token} or less came in the same minute as others "
            "like them, with {all_tokens:token} together: {named}. Up to {batch} in a call, {all_fewer:call} less "
            "would do."
        ),
        evidence=("type", "feature", "model", "requests", "tokens", "fewer_requests"),
        names=_OPERATION,
        parameters={"batch": 10, "fewer": Decimal("0.9"), "least_fewer": 100, "most_tokens": 200},
        supplies=(request_prices, call_credits),
        saving_per=_ALL_DAYS,
    ),
    Kind(
        name="failed_runs",
        title="Failed runs that cost",
        sql=SqlFile.beside(__file__, "failed_runs"),
        tables=_COSTS,
        days=_MONTH,
        says=(
            "{all_failed_runs} of {all_runs:run} in {days:day} failed, and some cost something all the same: "
            "{named}."
        ),
        evidence=("type", "feature", "model", "runs", "failed_runs", "cost", "credits"),
        names=_OPERATION,
        saving_per=_ALL_DAYS,
        leaves_out={"all_unpriced": "{all_unpriced:token} of failed runs have no price."},
    ),
)
KINDS = kinds()
"""All kinds, with the usual number of days without use."""
