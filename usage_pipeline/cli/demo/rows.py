"""The rows of the tables that the demo prints."""

from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from usage_pipeline.cli.demo.result import Result
from usage_pipeline.cli.output import Row
from usage_pipeline.events.landing.rejects import MEANINGS, listed_as
from usage_pipeline.metrics.answers import coverage, one_decimal
from usage_pipeline.pipeline.totals import amount
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.words import count

_LARGEST = 5
PRUNED = {"files": "landing files", "texts": "texts", "rejects": "rejected lines", "bytes": "bytes"}
_BECAME = {
    "records": "counted",
    "duplicates": "the same line again: it counts once",
    "conflicts": "the same id, other content: the first landed counts",
    "rejected": "not counted; the reasons are below",
    "blank": "empty",
}


def landed(result: Result) -> list[Row]:
    """Return files, lines and bytes of each source and of all sources."""
    sources = sorted({file.source for file in result.files})
    rows = [_landed(source, [file for file in result.files if file.source == source]) for source in sources]
    return [*rows, _landed("all", result.files)]


def _landed(name: str, files: Sequence[LandedFile]) -> Row:
    return {
        "source": name,
        "files": len(files),
        "lines": sum(file.lines for file in files),
        "accepted": sum(file.accepted for file in files),
        "rejected": sum(file.rejected for file in files),
        "bytes": sum(file.size for file in files),
    }


def became(result: Result) -> list[Row]:
    """Return the number of lines by what they became. Together they are all lines."""
    lines = result.became()
    return [{"lines": lines[name], "outcome": name, "meaning": text} for name, text in _BECAME.items()]


def rejects(result: Result) -> list[Row]:
    """Return the rejected lines by reason, most lines first; all columns with a wrong form are one reason."""
    lines = Counter[str]()
    for (_, reason), value in result.found.rejects.items():
        lines[listed_as(reason)] += value
    ordered = sorted(lines.items(), key=lambda entry: (-entry[1], entry[0]))
    return [{"lines": value, "reason": reason, "meaning": MEANINGS[reason]} for reason, value in ordered]


def tenants(result: Result) -> list[Row]:
    """Return a row for each of the largest tenants by tokens, and one for the others."""
    sums = result.by_tenant()
    others = list(sums)[_LARGEST:]
    rows = [_tenant(result, name, sums[name]) for name in sums if name not in others]
    rest = sum((sums[name] for name in others), Counter[str]())
    return [*rows, _tenant(result, count(len(others), "other"), rest)] if others else rows


def _tenant(result: Result, name: str, sums: Counter[str]) -> Row:
    return {
        "tenant": name,
        "plan": result.truth.plans.get(name),
        "tokens": sums["tokens_total"],
        "percent": one_decimal(100 * sums["tokens_total"], result.found.overall["tokens_total",]),
        "conversations": sums["conversations"],
        "messages": sums["messages"],
    }


def costs(result: Result) -> list[Row]:
    """Return the exact costs of each tenant, largest number of tokens first, and of all tenants."""
    sums = result.by_tenant()
    rows = [_costs(name, found) for name, found in sums.items()]
    return [*rows, _costs("all", sum(sums.values(), Counter[str]()))]


def alerts(result: Result) -> list[Row]:
    """Return the alerts that people are told of, in the order in which they were raised."""
    return [
        {
            "tenant": row["tenant_id"],
            "limit": row["limit_id"],
            "alert": "over" if row["used"] > row["amount"] else f"at {row['threshold']} %",
            "used": int(row["used"]),
            "of": int(row["amount"]),
            "metric": row["metric"],
        }
        for row in result.alerts
        if not row["passed"]
    ]


def pruned(result: Result) -> list[Row]:
    """Return what was past its term, in one row; none if nothing was."""
    if not result.pruned:
        return []
    sums = {name: sum(getattr(day, name) for day in result.pruned) for name in PRUNED}
    return [{"landing days": len(result.pruned), **{PRUNED[name]: total for name, total in sums.items()}}]


def _costs(name: str, sums: Counter[str]) -> Row:
    tokens, unpriced, cost = (sums[key] for key in ("tokens_total", "unpriced_tokens", "picodollars"))
    return {
        "tenant": name,
        "tokens": tokens,
        "unpriced": unpriced,
        "coverage": coverage(tokens, unpriced),
        "USD": amount(cost) if cost or unpriced < tokens else None,
    }


_CREDITS = {
    "granted": "granted",
    "topped up": "topped_up",
    "rolled over": "rolled_in",
    "used": "used",
    "expired": "expired",
    "balance": "balance",
}


def balances(result: Result) -> list[Row]:
    """Return what became of each tenant's credits, in whole credits, largest number of tokens first."""
    found = result.found.balances
    return [
        {"tenant": name, **{column: _whole(found[name, of]) for column, of in _CREDITS.items()}}
        for name in result.by_tenant()
    ]


def _whole(picocredits: int) -> int:
    return int(amount(picocredits).quantize(Decimal(1), ROUND_HALF_UP))
