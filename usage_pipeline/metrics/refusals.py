"""Words that no query can have: each is refused by a QueryError that says what was expected."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from usage_pipeline.errors import QueryError


def check_known(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that are none of the known ones."""
    for name in names:
        if name not in known:
            raise QueryError(f"There is no {kind} {name!r}; expected one of {', '.join(known)}.")


def check_metrics(metrics: tuple[str, ...], known: Collection[str]) -> None:
    """Refuse no metric at all, and unknown ones."""
    if not metrics:
        raise QueryError(f"No metric is named; expected some of {', '.join(known)}.")
    check_known("metric", metrics, known)


def check_once(words: tuple[str, ...]) -> None:
    """Refuse a word that occurs twice."""
    if len(set(words)) < len(words):
        raise QueryError(f"{', '.join(words)}: a word occurs twice; name each once.")


def check_days_named(values: Iterable[str]) -> None:
    """Refuse what is no day, YYYY-MM-DD."""
    for value in values:
        if not _is_day(value):
            raise QueryError(f"day={value}: expected a day, YYYY-MM-DD.")


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def check_kept(as_of: datetime | int, others: Collection[str]) -> None:
    """Refuse versions before the first, and earlier versions of the other words, which have none."""
    if isinstance(as_of, int) and as_of < 1:
        raise QueryError(f"There is no version {as_of}; expected 1 for what was published first, or more.")
    if others:
        raise QueryError(
            f"Earlier versions of {', '.join(sorted(others))} are not kept; expected the series, or tokens and "
            "amount of costs by day, tenant, model and class."
        )
