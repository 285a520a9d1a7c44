"""Checks the words that a question names: dimensions and metrics, each once, of those that there are."""

from collections.abc import Collection, Iterable

from usage_pipeline.errors import QueryError


def check_dimensions(group_by: tuple[str, ...], where: Iterable[tuple[str, str]], known: Collection[str]) -> None:
    """Raise QueryError for a word that is no dimension, or that is grouped by twice."""
    _check_once(group_by)
    for name in (*group_by, *(name for name, _ in where)):
        if name not in known:
            raise QueryError(f"There is no dimension {name!r}; expected one of {', '.join(known)}.")


def check_metrics(metrics: tuple[str, ...], known: Collection[str]) -> None:
    """Raise QueryError for a word that is no metric, or that stands twice, and where there is none."""
    _check_once(metrics)
    if not metrics:
        raise QueryError(f"No metric is named; expected some of {', '.join(known)}.")
    for name in metrics:
        if name not in known:
            raise QueryError(f"There is no metric {name!r}; expected one of {', '.join(known)}.")


def _check_once(words: tuple[str, ...]) -> None:
    if len(set(words)) < len(words):
        raise QueryError(f"{', '.join(words)}: a word stands twice; name each once.")
